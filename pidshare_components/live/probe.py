r"""The script that measures from inside a container what a process of it may do to every process that it sees.

It needs a POSIX shell and no other program, changes nothing and sends no signal but 0. It may be typed at a prompt, so
no single quote, tab or exclamation mark is in it, nor a line that a terminal would wrap.

A line for each thing that it says, words apart by one space:

- `self UID GID CAPABILITIES GROUPS`: itself. GROUPS is /proc/PID/cgroup, its lines joined by semicolons.
- `scope NUMBER`: kernel.yama.ptrace_scope; 0 on a kernel without Yama.
- `kernel TEXT`: its version.
- `label TEXT`: what a security module calls this process; nothing where there is no module.
- `process PID PARENT START UID GID CAPABILITIES HUP SEE ENVIRON ROOT SIGNAL PTRACE GROUPS NAME`: a process. START is
  in clock ticks since the machine started, CAPABILITIES are the permitted ones. HUP is whether it handles or ignores
  SIGHUP. The five actions are y or n; `mode` where the mode of the file hides the answer, `none` where there is no
  such file.
- `end`: that was all.

What tells whether ptrace(2) would be permitted: reading /proc/PID/personality makes the kernel check the same access,
`PTRACE_MODE_ATTACH`, which Yama and the security modules decide too, without touching the process (`lock_trace` in the
kernel's fs/proc/base.c; /proc/PID/syscall is guarded alike, but not every architecture has it). Before that check
stands the file's mode, 0400 for the process's user. Where it refuses, only a refused `PTRACE_MODE_READ` is an answer:
attaching takes no less. The file of a process namespace, /proc/PID/ns/pid, is behind that one alone. A seccomp profile
that refuses ptrace(2) is not measured.
"""

MARK = "pidshare:"
"""What each line begins with: a terminal shows other things too."""

SCRIPT = (
    f"mark={MARK}"
    r"""
exec 2>/dev/null

say() { printf "%s%s\n" "$mark" "$*"; }

# Whether a file can be opened. A failed redirection of a group does not end the shell.
opens() { { :; } <"$1"; }

# Sets uid, gid, caps, hup and name.
identify() {
  uid="" gid="" caps="" name="" caught="" ignored=""
  while read -r key value rest; do
    case $key in
      Name:) name="$value${rest:+ $rest}" ;;
      Uid:) uid=$value ;;
      Gid:) gid=$value ;;
      SigIgn:) ignored=$value ;;
      SigCgt:) caught=$value ;;
      CapPrm:) caps=$value ;;
    esac
  done <"$1/status"
  # SIGHUP is the lowest bit.
  case ${caught#"${caught%?}"}${ignored#"${ignored%?}"} in
    *[13579bdf]*) hup=y ;;
    *) hup=n ;;
  esac
}

# Sets groups.
group() {
  groups=""
  while read -r line; do
    groups="$groups${groups:+;}$line"
  done <"$1/cgroup"
}

# Sets parent and start. A name may hold anything, a closing parenthesis and an end of line too.
place() {
  stat="" parent="" start=""
  while read -r line; do
    stat=$line
  done <"$1/stat"
  # shellcheck disable=SC2086
  set -- ${stat##*) }
  parent=$2 start=${20}
}

# Adds an answer: whether a command succeeds.
try() {
  if "$@"; then answers="$answers y"; else answers="$answers n"; fi
}

# The same for ptrace: see above.
try_ptrace() {
  if opens "$1/personality"; then
    word=""
    read -r word <"$1/personality"
    try [ -n "$word" ]
  elif [ -e "$1/ns/pid" ]; then
    if opens /proc/self/personality; then answers="$answers mode"; else answers="$answers none"; fi
  else
    answers="$answers n"
  fi
}

identify /proc/self
group /proc/self
say self "$uid" "$gid" "$caps" "$groups"
scope=0
read -r scope </proc/sys/kernel/yama/ptrace_scope
say scope "$scope"
kernel=""
read -r kernel </proc/sys/kernel/osrelease
say kernel "$kernel"
label=""
read -r label </proc/self/attr/current
say label "$label"
for dir in /proc/[0-9]*; do
  answers=""
  pid=${dir#/proc/}
  place "$dir"
  first=$start
  identify "$dir"
  group "$dir"
  try opens "$dir/cmdline"
  try opens "$dir/environ"
  try [ -d "$dir/root/." ]
  try kill -0 "$pid"
  try_ptrace "$dir"
  # It may have ended meanwhile.
  place "$dir"
  case $start in
    "" | 0) ;;
    "$first") say process "$pid" "$parent" "$start" "$uid" "$gid" "$caps" "$hup$answers" "$groups" "$name" ;;
  esac
done
say end
"""
)
