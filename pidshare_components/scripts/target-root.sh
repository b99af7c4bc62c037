#!/bin/sh
# Behind process.sh: runs a shell, given as the arguments, in the root file system of another container. The shell's own
# programs act on the files there, so the other image needs none.
#
# When that shell is left, the next one finds the container anew: after a restart it has another process.
set -eu

: "${TARGET:?}" # the name of the other container

# Ctrl-C ends what runs in the shell, not this.
trap : INT

# enter: changes into the root file system of the target's main process. Sets TARGET_PID, TARGET_ROOT and the prompt,
# which shows whose files these are.
enter() {
    told=
    until TARGET_PID=$(find_process "$TARGET" '' '' 2>&1); do
        [ "$TARGET_PID" = "$told" ] || echo "waiting: $TARGET_PID" >&2
        told=$TARGET_PID
        sleep 1 || :
    done
    TARGET_ROOT=/proc/$TARGET_PID/root
    if cd "$TARGET_ROOT" 2>/dev/null; then
        PS1="$TARGET:\$PWD \$ "
    else
        echo "process $TARGET_PID of '$TARGET' may not be inspected by this user with these capabilities" >&2
        cd /
        PS1="\$PWD \$ "
    fi
    export PS1 TARGET_PID TARGET_ROOT
}

while :; do
    enter
    # A command that the image does not have fails at once, again and again.
    "$@" || sleep 1 || :
done
