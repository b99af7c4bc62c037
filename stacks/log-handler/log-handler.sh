#!/bin/sh
# Keeps the log of another container of the pod small: moves it aside when it has grown, and makes the application
# reopen it by SIGUSR1. Ends with an error when that does not come out as it must; the next start takes up the work.
#
# The application is the process that its own pid file names, and only while it is proved to be that:
#   - not PID 1, which is the sandbox of the whole pod;
#   - a program of the expected name, in a container that has this same pid file, with this same log open for writing;
#   - one and the same process through all of that: its start time stays. A PID alone may come to mean another process.
# What remains is the moment between the last look and the signal. Only a pidfd closes it, and a shell has none.
#
# For the shells dash and busybox. `-ef` compares files themselves (device and inode), not names.
# shellcheck disable=SC3013
set -eu

: "${LOG_FILE:?}"    # the log, as this container sees it
: "${PID_FILE:?}"    # the application's pid file, an absolute path that is the same in both containers
: "${PROGRAM:?}"     # the name of the application's program (/proc/PID/comm)
: "${MAX_BYTES:?}"   # move the log aside when it is larger
: "${KEEP:?}"        # how many old logs to keep, LOG_FILE.1 the youngest
: "${INTERVAL:?}"    # seconds from one look at the log to the next
: "${PATIENCE:?}"    # seconds before an application that is not found, or does not reopen its log, is an error

# Whether process $1 has the file $2 open for writing.
writes() {
    for fd in "/proc/$1/fd"/*; do
        [ "$fd" -ef "$2" ] || continue
        while read -r key flags; do
            # open(2)'s flags in octal; the access mode is in the last digit's two low bits, 0 is O_RDONLY.
            case $key$flags in flags:*[04]) ;; flags:*) return 0 ;; esac
        done <"/proc/$1/fdinfo/${fd##*/}"
    done 2>/dev/null
    return 1
}

# Set `parent` and `started` (clock ticks after boot) of process $1. Fails when there is none.
look_at() {
    stat=
    # The program's name, in parentheses, may hold anything, also line ends: the fields are counted from behind it.
    while read -r line; do stat="$stat $line"; done 2>/dev/null <"/proc/$1/stat" || return 1
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    parent=${2-} started=${20-}
    [ -n "$started" ]
}

# Whether the kernel lets this process look into process $1: same user and group, and no capability more than here.
may_inspect() {
    [ -e "/proc/$1/root/." ]
}

# Set `app` to the PID of the application, or say in `problem` why it cannot be told for sure.
find_app() {
    app='' pid='' name='' before=''
    # Not every program ends the line, so a failure of `read` says nothing.
    { read -r pid <"$PID_FILE"; } 2>/dev/null || :
    case $pid in
    '') problem="$PID_FILE cannot be read, or is empty"; return 1 ;;
    1) problem="$PID_FILE names PID 1, the sandbox of the pod"; return 1 ;;
    0* | *[!0-9]*) problem="$PID_FILE holds '$pid', which is no PID"; return 1 ;;
    esac
    if look_at "$pid"; then
        before=$started
        { read -r name <"/proc/$pid/comm"; } 2>/dev/null || :
    fi
    if [ -z "$before" ]; then
        problem="there is no process $pid, which $PID_FILE names"
    elif [ "$name" != "$PROGRAM" ]; then
        problem="process $pid is '$name', not '$PROGRAM': $PID_FILE is out of date"
    elif ! may_inspect "$pid"; then
        problem="process $pid may not be inspected; run this with its user, its group and its capabilities"
    elif ! [ "/proc/$pid/root$PID_FILE" -ef "$PID_FILE" ]; then
        problem="process $pid is in another container, which does not have this $PID_FILE"
    elif ! writes "$pid" "$LOG_FILE" && ! writes "$pid" "$LOG_FILE.1"; then
        problem="process $pid does not write $LOG_FILE"
    elif ! look_at "$pid" || [ "$started" != "$before" ]; then
        problem="process $pid ended while it was looked at"
    else
        app=$pid
    fi
    [ -n "$app" ]
}

# Whether the application writes a new log, and nobody the old one any more; if not, say in `problem` what is wrong.
reopened() {
    if ! writes "$app" "$LOG_FILE"; then
        problem="$PROGRAM (process $app) did not reopen $LOG_FILE"
        return 1
    fi
    for process in /proc/[1-9]*; do
        process=${process#/proc/}
        if writes "$process" "$LOG_FILE.1"; then
            problem="process $process still writes $LOG_FILE.1"
            return 1
        fi
        # A process that cannot be inspected proves nothing; of the application itself that is not good enough.
        if look_at "$process" && [ "$parent" = "$app" ] && ! may_inspect "$process"; then
            problem="process $process, started by $PROGRAM, may not be inspected: whether it writes is not known"
            return 1
        fi
    done
}

# Signal the application and see whether it did what it was asked for.
reopen() {
    find_app || return 1
    kill -USR1 "$app" || { problem="process $app could not be signalled"; return 1; }
    sleep 1
    reopened
}

# Repeat a step every second or so until it succeeds, and end with an error when it does not.
insist() {
    waited=0
    until "$@"; do
        [ "$waited" -lt "$PATIENCE" ] || { echo "log-handler: $problem" >&2; exit 1; }
        waited=$((waited + 1))
        sleep 1
    done
}

rotate() {
    # Before anything is moved: without the application, nobody would write a new log.
    insist find_app
    age=$KEEP
    while [ "$age" -gt 1 ]; do
        younger=$((age - 1))
        [ ! -e "$LOG_FILE.$younger" ] || mv -f "$LOG_FILE.$younger" "$LOG_FILE.$age"
        age=$younger
    done
    mv -f "$LOG_FILE" "$LOG_FILE.1"
    insist reopen
    echo "log-handler: moved $LOG_FILE to $LOG_FILE.1; $PROGRAM (process $app) writes a new one"
}

# Whether the log has been moved aside and somebody still writes to it: what an earlier run did not bring to its end.
unfinished() {
    for process in /proc/[1-9]*; do
        ! writes "${process#/proc/}" "$LOG_FILE.1" || return 0
    done
    return 1
}

if [ -e "$LOG_FILE.1" ] && unfinished; then
    insist reopen
    echo "log-handler: finished what an earlier run began; $PROGRAM (process $app) writes a new $LOG_FILE"
fi
while :; do
    if [ -e "$LOG_FILE" ] && [ "$(wc -c <"$LOG_FILE")" -gt "$MAX_BYTES" ]; then
        rotate
    fi
    sleep "$INTERVAL"
done
