#!/bin/sh
# Behind process.sh: signals a process of another container when watched files have changed, and sees whether it took
# them up. Arguments, if any, are a command that proves it.
#
# The process is signalled only while it is proved to be the one (find_process) and to handle the signal. What remains
# is the moment between the last look and the signal. Only a pidfd closes it, and a shell has none.
set -eu

: "${TARGET:?}"      # the name of the container whose process it is
: "${EXECUTABLE=}"   # the program of the process, and
: "${PID_FILE=}"     # its pid file, both as the target sees them; empty: its main process
: "${WATCH:?}"       # files and folders, one a line
: "${SIGNAL:?}"      # HUP, USR1 or USR2
: "${INTERVAL:?}"    # seconds from one look at the files to the next
: "${PATIENCE:?}"    # seconds from the signal to the proof
: "${STATE:?}"       # a folder that lives as long as the pod

say() { echo "reloader: $TARGET: $*"; }

# Set `content` to a checksum of what is in the watched files, and of their names; or say in `problem` why it cannot be
# read. Not of `..data` and the like: the kubelet exchanges these links and folders, also under the same content.
read_content() {
    problem=$(
        set -f
        IFS='
'
        # shellcheck disable=SC2086
        find -L $WATCH -name '..?*' -prune -o -type f -exec sha256sum {} + 2>&1 >"$STATE/sums" || echo "cannot be read"
    )
    problem=${problem%%
*}
    content=$(sort "$STATE/sums" | sha256sum)
    [ -z "$problem" ]
}

# Print the children of process $1.
children() {
    grep -l "^PPid:[[:space:]]*$1\$" /proc/[1-9]*/status 2>/dev/null || :
}

# Whether there is a new child that was there at the last look too, so is no passing helper.
new_children() {
    fresh=''
    lasting=1
    for child in $(children "$pid"); do
        case $old in *"$child"*) continue ;; esac
        fresh="$fresh$child "
        case $seen in *"$child"*) lasting=0 ;; esac
    done
    seen=$fresh
    return $lasting
}

# Whether the reload shows within PATIENCE seconds; if not, say in `problem` what is wrong.
proved() {
    waited=0 seen='' job=''
    while [ "$waited" -lt "$PATIENCE" ]; do
        sleep 1
        waited=$((waited + 1))
        same_process "$pid" "$start" || { problem="process $pid ended on SIG$SIGNAL"; return 1; }
        if [ "$#" -eq 0 ]; then
            if new_children; then
                proof="has new child processes"
                return 0
            fi
        elif [ -z "$job" ] || ! kill -0 "$job" 2>/dev/null; then
            if [ -n "$job" ] && wait "$job"; then
                proof="the command that proves it succeeded"
                return 0
            fi
            "$@" >/dev/null 2>&1 &
            job=$!
        fi
    done
    [ -z "$job" ] || kill -KILL "$job" 2>/dev/null || :
    problem="process $pid got SIG$SIGNAL, but after $PATIENCE s it has no new child processes"
    [ "$#" -eq 0 ] || problem="process $pid got SIG$SIGNAL, but for $PATIENCE s the command that proves it failed"
    return 1
}

# Find the process, signal it and see the effect; if that fails, say in `problem` why.
reload() {
    problem=$(find_process "$TARGET" "$EXECUTABLE" "$PID_FILE" 2>&1) || return 1
    pid=$problem
    start=$(start_time "$pid") || { problem="process $pid ended"; return 1; }
    kill -0 "$pid" 2>/dev/null || { problem="process $pid may not be signalled: that needs its user"; return 1; }
    takes_signal "$pid" "$SIGNAL" || { problem="process $pid has no handler for SIG$SIGNAL"; return 1; }
    old=$(children "$pid")
    # From here on nobody knows what is loaded until it is proved, whatever happens to this container.
    echo unknown >"$STATE/loaded"
    same_process "$pid" "$start" || { problem="process $pid ended"; return 1; }
    kill -s "$SIGNAL" "$pid" || { problem="process $pid could not be signalled"; return 1; }
    proved "$@"
}

# For the readiness probe: how long this counts, in seconds after boot, so that nothing that hangs looks well.
vouch() {
    last=''
    read -r now _ </proc/uptime
    echo "$((${now%.*} + INTERVAL + PATIENCE + 10))" >"$STATE/ready.new"
    mv "$STATE/ready.new" "$STATE/ready"
}

fail() {
    rm -f "$STATE/ready"
    [ "$*" = "$last" ] || say "not reloaded: $*"
    last=$*
}

# Whether the target's container runs, or may do so.
target_runs() {
    find_process "$TARGET" '' '' >/dev/null 2>&1 || [ "$?" -ne 1 ]
}

last=''
while :; do
    # A file that has just gone may be the kubelet's exchange: it is there again at once.
    if ! read_content && { sleep 1; ! read_content; }; then
        fail "$problem"
    elif [ -e "$STATE/loaded" ] && [ "$content" = "$(cat "$STATE/loaded")" ]; then
        vouch
    elif [ ! -e "$STATE/loaded" ] && ! target_runs; then
        # It will read what is there when it starts. One that runs already may have read something older.
        echo "$content" >"$STATE/loaded"
        vouch
    elif reload "$@"; then
        echo "$content" >"$STATE/loaded"
        vouch
        say "reloaded: process $pid got SIG$SIGNAL and $proof"
    else
        fail "$problem"
    fi
    sleep "$INTERVAL"
done
