#!/bin/sh
# Behind process.sh: copies the log of another container to standard output (SHIP), keeps it small (MAX_BYTES), or both.
# A rotation moves the log aside and makes its writer open a new one by a signal. Ends with an error when that does not
# come out as it must; the next start takes up the work.
#
# The writer is signalled only while it is proved to be that: found by find_process, with this very log open for writing
# (device and inode, not the name), one and the same process through all of it, and with a handler for the signal. What
# remains is the moment between the last look and the signal. Only a pidfd closes it, and a shell has none.
#
# For the shells dash and busybox (1.28 and later), which have `-ef`.
set -eu

: "${TARGET:?}"      # the name of the container that writes the log
: "${EXECUTABLE=}"   # the writer's program, and
: "${PID_FILE=}"     # its pid file, both as the target sees them; empty: its main process
: "${LOG_FILE:?}"    # the log, an absolute path that is the same in both containers
: "${INTERVAL:?}"    # seconds from one look at the log to the next
: "${SHIP=}"         # not empty: copy the log to standard output
: "${MAX_BYTES=}"    # move the log aside when it is larger; empty: leave it where it is
: "${KEEP=}"         # how many old logs to keep, LOG_FILE.1 the youngest
: "${PATIENCE=}"     # seconds before a writer that is not found, or does not reopen its log, is an error
: "${SIGNAL=}"       # what makes the writer reopen its log

say() { echo "log-handler: $1" >&2; }

# Sleep, but hear a signal at once.
pause() {
    sleep "$1" >/dev/null 2>&1 &
    wait $!
}

# --- the log that descriptor 3 has open: cat goes on from where an earlier one stopped, as they share its position ---

copy() { [ -z "$SHIP" ] || cat <&3; }

# Whether another file has the log's name now.
# shellcheck disable=SC3013
moved() { [ -e "$LOG_FILE" ] && ! [ /proc/self/fd/3 -ef "$LOG_FILE" ]; }

# Whether the log is shorter than what was copied of it.
cut_off() {
    read -r _ position </proc/self/fdinfo/3
    [ -n "$(find "$LOG_FILE" -size "-${position}c" 2>/dev/null)" ]
}

follow() {
    if cut_off; then
        exec 3<"$LOG_FILE"
    elif moved; then
        # Somebody else rotates: whoever still writes the old log has a moment for that.
        copy
        pause "$INTERVAL"
        copy
        exec 3<"$LOG_FILE"
    fi
    copy
}

# --- rotation ---

# Whether process $1 has the file $2 open for writing.
# shellcheck disable=SC3013
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

# Whether the kernel lets this process look into process $1: same user and group, and no capability more than here.
may_inspect() { [ -e "/proc/$1/root/." ]; }

# Set `writer` to the PID of the process to signal, or say in `problem` why it cannot be told for sure.
find_writer() {
    problem=
    if ! writer=$(find_process "$TARGET" "$EXECUTABLE" "$PID_FILE" 2>&1); then
        problem=$writer
    elif ! born=$(start_time "$writer"); then
        problem="process $writer ended while it was looked at"
    elif ! may_inspect "$writer"; then
        problem="process $writer may not be inspected; it has another user or group, or more capabilities"
    elif ! writes "$writer" "$LOG_FILE" && ! writes "$writer" "$LOG_FILE.1"; then
        problem="process $writer does not write $LOG_FILE"
    elif ! same_process "$writer" "$born"; then
        problem="process $writer ended while it was looked at"
    elif ! takes_signal "$writer" "$SIGNAL"; then
        problem="process $writer has no handler for SIG$SIGNAL: it would end"
    fi
    [ -z "$problem" ]
}

# Signal the writer. Once in a rotation: it may take its time, and some programs do something on each signal.
ask() {
    find_writer || return 1
    kill -s "$SIGNAL" "$writer" || { problem="process $writer could not be signalled"; return 1; }
}

# Whether the writer has a new log open, and nobody the old one any more; if not, say in `problem` what is wrong.
reopened() {
    # One that has ended meanwhile may have a successor, which opens the new log by itself.
    same_process "$writer" "$born" || find_writer || return 1
    if ! writes "$writer" "$LOG_FILE"; then
        problem="process $writer did not reopen $LOG_FILE"
        return 1
    fi
    for process in /proc/[1-9]*; do
        process=${process#/proc/}
        if writes "$process" "$LOG_FILE.1"; then
            problem="process $process still writes $LOG_FILE.1"
            return 1
        fi
    done
    # A process that cannot be inspected proves nothing; of the writer's own container that is not good enough.
    find_members "$TARGET" 2>/dev/null || { problem="container '$TARGET' ended"; return 1; }
    for process in $members; do
        if ! may_inspect "$process" && read_stat "$process" && [ "$state" != Z ]; then
            problem="process $process of '$TARGET' may not be inspected: whether it writes is not known"
            return 1
        fi
    done
}

# Repeat a step every second or so until it succeeds, and end with an error when it does not within PATIENCE.
insist() {
    waited=0
    until "$@"; do
        [ "$waited" -lt "$PATIENCE" ] || { say "$problem"; exit 1; }
        waited=$((waited + 1))
        pause 1
        copy
    done
}

# Finish a rotation: from here on nobody writes the old log.
renew() {
    insist ask
    insist reopened
    copy
    [ -z "$SHIP" ] || exec 3<"$LOG_FILE"
    say "$1; process $writer of '$TARGET' writes a new one"
}

rotate() {
    # Before anything is moved: without its writer, nobody would write a new log.
    insist find_writer
    age=$KEEP
    while [ "$age" -gt 1 ]; do
        younger=$((age - 1))
        [ ! -e "$LOG_FILE.$younger" ] || mv -f "$LOG_FILE.$younger" "$LOG_FILE.$age"
        age=$younger
    done
    mv -f "$LOG_FILE" "$LOG_FILE.1"
    renew "moved $LOG_FILE to $LOG_FILE.1"
}

too_large() { [ -n "$MAX_BYTES" ] && [ -n "$(find "$LOG_FILE" -size "+${MAX_BYTES}c" 2>/dev/null)" ]; }

# Whether the log has been moved aside and somebody still writes to it: what an earlier run did not bring to its end.
unfinished() {
    [ -n "$MAX_BYTES" ] && [ -e "$LOG_FILE.1" ] || return 1
    for process in /proc/[1-9]*; do
        ! writes "${process#/proc/}" "$LOG_FILE.1" || return 0
    done
    return 1
}

exec 3</dev/null
# The containers before this one have ended: what they wrote last is copied too.
[ -z "$SHIP" ] || trap 'copy; ! moved || cat "$LOG_FILE"; exit 0' TERM
if unfinished; then
    exec 3<"$LOG_FILE.1"
    renew "finished what an earlier run began with $LOG_FILE"
fi
while :; do
    [ -z "$SHIP" ] || follow
    ! too_large || rotate
    pause "$INTERVAL"
done
