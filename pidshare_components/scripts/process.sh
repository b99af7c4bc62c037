# shellcheck shell=sh
# Which process of a shared process namespace is meant. To be read before a script that calls these functions.
#
# For the shells of busybox (1.28 and later) and dash. No function leaves anything behind but what it prints, if it is
# called as a command substitution.
#
# What tells whose a process is:
#   - /proc/PID/mountinfo, which everybody may read. The kubelet mounts a file of its own into every container, for the
#     termination message: .../pods/<uid of the pod>/containers/<name of the container>/<one run of it>. The prefix and
#     the device must be those of this container's own file, so no volume can look like it; and no process without
#     CAP_SYS_ADMIN gets a mount from the container of another.
#   - /proc/PID/cgroup, for a process that shows no such mount because it has changed its root (chroot(2)): all
#     processes of one container have the same.
#   - /proc/PID/stat: the runtime starts the main process of a container and those of `kubectl exec` and exec probes
#     from outside, so that they have the parent 0; an orphan gets the parent 1. The runtime enters no container whose
#     main process does not run, so that one is the oldest. (One that has ended does not matter: the runtime kills the
#     others then. Where it does not, and starts the container again, there are two runs, which is refused.)
#   - /proc/PID/exe and /proc/PID/root, which the kernel shows only to somebody with the user, the group and the
#     capabilities of the process (ptrace(2), PTRACE_MODE_READ).
#
# Not covered: a container whose main process changes its root, and runtimes with a kernel of their own (gVisor, Kata).

# read_stat PID: sets `state`, `parent` and `started` (clock ticks after boot). Fails when there is no such process.
read_stat() {
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # The name of the program, in parentheses, may hold anything: the fields are counted from behind it.
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    [ "$#" -ge 20 ] || return 1
    state=$1 parent=$2 started=${20}
}

# start_time PID: prints when it was started. With it a PID names one process for ever.
start_time() {
    read_stat "$1" && echo "$started"
}

# same_process PID START: whether that process still runs, and did not make room for another one.
same_process() {
    read_stat "$1" && [ "$started" = "$2" ] && [ "$state" != Z ] && [ "$state" != X ]
}

# takes_signal PID SIGNAL: whether the process does something on HUP, USR1 or USR2 other than to end or to overlook it:
# signal(7), proc_pid_status(5).
takes_signal() {
    case $2 in HUP) bit=1 ;; USR1) bit=0x200 ;; USR2) bit=0x800 ;; *) return 1 ;; esac
    while read -r key mask; do
        # Caught, or blocked for sigwait(3) or signalfd(2). The low half of 64 bits will do.
        case $key in
        SigCgt: | SigBlk:) [ $((0x${mask#????????} & bit)) -eq 0 ] || return 0 ;;
        esac
    done <"/proc/$1/status"
    return 1
}

# no_process STATUS REASON...: how find_process fails.
no_process() {
    status=$1
    shift
    echo "$*" >&2
    return "$status"
}

hidden_process() {
    no_process 2 "process $1 of container '$2' may not be inspected: that needs its user, group and capabilities"
}

# find_containers: sets `folder` to what all containers of this pod have in their mountinfo: the device and the folder
# of their termination messages.
find_containers() {
    while read -r _ _ device folder _; do
        name=${folder%/*/*}
        case $name in */pods/*/containers) ;; *) continue ;; esac
        pod=${name%/containers}
        case ${pod%/*} in */pods) ;; *) continue ;; esac
        folder=" $device $name/"
        return 0
    done </proc/self/mountinfo
    return 1
}

# find_members CONTAINER: sets `members` to the PIDs of that container, and `main` to its main process. Fails like
# find_process.
find_members() {
    find_containers || no_process 1 "this is no container of Kubernetes: it has no termination log" || return
    files=$(grep -lF "$folder$1/" /proc/[1-9]*/mountinfo 2>/dev/null)
    [ -n "$files" ] || no_process 1 "container '$1' does not run" || return
    runs=$(grep -hF "$folder$1/" /proc/[1-9]*/mountinfo 2>/dev/null | cut -d ' ' -f 4 | sort -u | wc -l)
    [ "$runs" -le 1 ] || no_process 2 "container '$1' has processes of $runs runs" || return
    main='' rival='' members=''
    for process in $files; do
        process=${process#/proc/} process=${process%/mountinfo}
        read_stat "$process" || continue
        members="$members $process"
        [ "$parent" = 0 ] || continue
        if [ -z "$main" ] || [ "$started" -lt "$oldest" ]; then
            main=$process oldest=$started rival=''
        elif [ "$started" -eq "$oldest" ]; then
            rival=$process
        fi
    done
    [ -n "$main" ] || no_process 1 "container '$1' has no main process" || return
    [ -z "$rival" ] || no_process 2 "processes $main and $rival of container '$1' are equally old" || return
    cgroup=$(cat "/proc/$main/cgroup" 2>/dev/null) || no_process 1 "process $main of container '$1' ended" || return
    files=$(grep -LF "$folder" /proc/[1-9]*/mountinfo 2>/dev/null)
    for process in $files; do
        process=${process#/proc/} process=${process%/mountinfo}
        # PID 1 is the sandbox of the pod.
        [ "$process" != 1 ] || continue
        [ "$(cat "/proc/$process/cgroup" 2>/dev/null)" != "$cgroup" ] || members="$members $process"
    done
}

# is_one_of PID LIST
is_one_of() {
    case " $2 " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

# descends PID LIST: whether an ancestor of it is in the list.
descends() {
    read_stat "$1" || return 1
    while [ "$parent" -gt 1 ]; do
        ! is_one_of "$parent" "$2" || return 0
        read_stat "$parent" || return 1
    done
    return 1
}

# narrow_by_executable CONTAINER EXECUTABLE: sets `found` to the one member that runs it and is no child of another.
narrow_by_executable() {
    same='' hidden='' found=''
    for process in $members; do
        if program=$(readlink "/proc/$process/exe" 2>/dev/null); then
            [ "$program" != "$2" ] || same="$same $process"
        else
            hidden="$hidden $process"
        fi
    done
    for process in $hidden; do
        { read_stat "$process" && [ "$state" != Z ]; } || continue
        # What one of them has started is not the one, whatever it runs.
        descends "$process" "$same" ||
            hidden_process "$process" "$1" || return
    done
    for process in $same; do
        ! descends "$process" "$same" || continue
        [ -z "$found" ] || no_process 2 "processes $found and $process of container '$1' both run $2" || return
        found=$process
    done
    [ -n "$found" ] || no_process 1 "no process of container '$1' runs $2"
}

# read_pid_file CONTAINER PID_FILE: sets `named` to the PID in it, if that is a member.
read_pid_file() {
    root=/proc/$main/root named=''
    [ -e "$root/." ] || hidden_process "$main" "$1" || return
    # An absolute link would be followed in the container of this process.
    part=$2
    while [ -n "$part" ]; do
        [ ! -L "$root$part" ] || no_process 2 "$part is a link in container '$1': write the path without it" || return
        part=${part%/*}
    done
    [ -f "$root$2" ] || no_process 1 "container '$1' has no file $2" || return
    # Not every program ends the line, so a failure of `read` says nothing.
    { read -r named <"$root$2"; } 2>/dev/null || :
    case $named in
    '' | 0* | *[!0-9]*) no_process 1 "$2 of container '$1' holds no PID" || return ;;
    esac
    is_one_of "$named" "$members" || no_process 1 "$2 names $named, which is no process of container '$1'"
}

# find_process CONTAINER EXECUTABLE PID_FILE: prints the PID of the one process that is meant. The last two may be
# empty.
#   - neither: the main process of the container.
#   - EXECUTABLE, the path that /proc/PID/exe shows: the process that runs it and is no child of another such one, as
#     a master that has workers.
#   - PID_FILE, an absolute path as the container has it, without links: the process that it names.
#   - both: the process that PID_FILE names, if it is the one that runs EXECUTABLE.
# On failure nothing is printed but the reason, in one line on the standard error. Status 1: there is none, or none that
# can be proved. Status 2: there are two, or one may not be inspected.
find_process() {
    find_members "$1" || return
    found=$main
    [ -z "$2" ] || narrow_by_executable "$1" "$2" || return
    if [ -n "$3" ]; then
        read_pid_file "$1" "$3" || return
        [ -z "$2" ] || [ "$named" = "$found" ] ||
            no_process 2 "$3 names $named, but process $found of container '$1' runs $2" || return
        found=$named
    fi
    [ "$found" -gt 1 ] || no_process 1 "PID 1 is the sandbox of the pod" || return
    echo "$found"
}
