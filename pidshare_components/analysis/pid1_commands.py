"""What commands do to PID 1, or to processes of other containers, in a shared process namespace."""

import re
from collections.abc import Iterator, Sequence
from signal import Signals
from typing import NamedTuple, Optional

from pidshare_components.analysis.quoting import SOMETHING
from pidshare_components.analysis.rule import Rule, Severity
from pidshare_components.analysis.shell import Command, program

SIGNALS_PID_1 = Rule(
    "signals-pid-1",
    Severity.HIGH,
    "A command signals PID 1",
    "PID 1 gets only signals that it handles when they come from inside its namespace, not even SIGKILL"
    " (pid_namespaces(7)); /pause handles SIGINT and SIGTERM, at which it exits, and SIGCHLD (Kubernetes'"
    " build/pause/linux/pause.c). When it exits the kubelet replaces the sandbox and restarts every container.",
)
SIGNALS_EVERY_PROCESS = Rule(
    "signals-every-process",
    Severity.HIGH,
    "A command signals every process",
    "A signal to PID -1 goes to every process in the namespace that the sender may signal, but for PID 1 (kill(2)):"
    " to other containers' too.",
)
READS_PROC_1 = Rule(
    "reads-proc-1",
    Severity.MEDIUM,
    "Something uses /proc/1",
    "/proc/1 is the sandbox's /pause in a shared namespace: its environment, its files and its output, not those of"
    " the container (proc(5)); they open only to processes that pass the ptrace access check (ptrace(2)).",
)
ENTERS_PID_1 = Rule(
    "enters-pid-1",
    Severity.HIGH,
    "A command enters the namespaces of PID 1",
    "nsenter(1) takes the namespaces of the process that it gets. Those of /pause are the sandbox's: the container's"
    " own but for the mounts, and there is no program in its filesystem. Those of PID 1 on the node are the node's.",
)
SIGNALS_BY_NAME = Rule(
    "signals-by-name",
    Severity.MEDIUM,
    "A command picks processes by name",
    "pkill(1), killall(1), pidof(8) and pgrep(1) look through all processes that /proc shows: in a shared namespace"
    " those of all containers.",
)
RULES = (SIGNALS_PID_1, SIGNALS_EVERY_PROCESS, READS_PROC_1, ENTERS_PID_1, SIGNALS_BY_NAME)

TRIGGERS = ("kill", "pidof", "pgrep", "nsenter", "/proc/1/")
"""One of these is in every command that these rules say something of, once its quotes are gone."""

_PATH = re.compile(r"(?<![\w.\0-])/proc/1/(fd/|fdinfo/|root|cwd)?")
_NOT_BY_NAME = re.compile(r"-[PFgs]|--(parent|pidfile|pgroup|session)\b")
_OWN_PROCESS = "signal the process of this container: with its own command (`nginx -s quit`), or by a PID file of it"
_FIND_MAIN = "find this container's main process (its parent is 0 and its /proc/PID/cgroup the same)"


class Remark(NamedTuple):
    """A finding before it has its place."""

    rule: Rule
    severity: Severity
    message: str
    fix: str


def remarks(lines: Sequence[Command], *, on_node: bool) -> Iterator[Remark]:
    """Yield what there is to say of commands, the same thing once.

    Args:
        lines: what a command line runs.
        on_node: whether the namespace is the node's and not the pod's.
    """
    names = [program(line.words[0]) if line.words else "" for line in lines]
    found: dict[Remark, None] = {}
    for line, name in zip(lines, names, strict=True):
        if name == "kill":
            found.update(dict.fromkeys(_of_kill(line.words, on_node=on_node)))
        elif name == "killall5":
            found[_to_every_process(name, on_node=on_node)] = None
        elif name == "nsenter":
            found.update(dict.fromkeys(_of_nsenter(line.words, on_node=on_node)))
        elif name in ("pkill", "killall", "pidof", "pgrep"):
            found.update(dict.fromkeys(_by_name(name, line.words, kills="kill" in names, on_node=on_node)))
        for word in (*line.words, *line.others):
            # In what may be a script, only a shell's reading tells a path from a comment.
            if word != line.script and not (SOMETHING in name + "".join(line.words[1:2]) and len(word.split()) > 1):
                found.update(dict.fromkeys(of_text(word, on_node=on_node)))
    yield from found


def of_text(text: str, *, on_node: bool) -> Iterator[Remark]:
    """Yield what there is to say of the paths in a text."""
    for match in _PATH.finditer(text) if "/proc/1/" in text else ():
        part = match[1] or ""
        if on_node:
            yield Remark(
                READS_PROC_1,
                Severity.MEDIUM,
                f"`/proc/1/{part}` belongs to PID 1, the node's init, and not to this container's main process",
                _FIND_MAIN,
            )
            continue
        what = "describes PID 1, the sandbox's /pause, and not this container's main process"
        if part.startswith("fd"):
            what = "is what PID 1, the sandbox's /pause, has open: no container's log shows what is written to it"
        elif part:
            what = "is the filesystem of PID 1, the sandbox's /pause, and not this container's"
        yield Remark(READS_PROC_1, Severity.MEDIUM, f"`/proc/1/{part}` {what}", _FIND_MAIN)


def _of_kill(words: Sequence[str], *, on_node: bool) -> Iterator[Remark]:
    signal, targets = _signal_and_targets(words)
    if any(re.fullmatch(r"\+?0*1", target) for target in targets):
        yield _to_pid_1(signal, on_node=on_node)
    if signal != "0" and any(re.fullmatch(r"-0*1", target) for target in targets):
        yield _to_every_process("kill", on_node=on_node)


def _signal_and_targets(words: Sequence[str]) -> tuple[Optional[str], Sequence[str]]:
    """Return which signal kill(1) sends to whom; the signal is None where it is not known, or is none.

    As the kills of dash, bash, busybox and procps take it: a word after the signal that begins with `-` is a target.
    """
    signal, at = "TERM", 1
    option = words[1] if len(words) > 1 else ""
    if option in ("-s", "-n", "--signal"):
        signal, at = "".join(words[2:3]), 3
    elif option.startswith(("-l", "-L", "--list", "--table")):
        return None, ()
    elif option.startswith("-") and option not in ("-", "--"):
        value = option.removeprefix("--signal=")
        signal, at = (value if value != option else re.sub(r"\A-(s(?=[A-Z0-9]))?", "", option)), 2
    elif SOMETHING in option:
        signal = SOMETHING
    if words[at : at + 1] == ("--",):
        at += 1
    return _signal_name(signal), words[at:]


def _signal_name(signal: str) -> Optional[str]:
    name = signal.upper().removeprefix("SIG")
    if name.isascii() and name.isdigit():
        known = {int(each): each.name.removeprefix("SIG") for each in Signals}
        return "0" if int(name) == 0 else known.get(int(name))
    return name if f"SIG{name}" in Signals.__members__ else None


def _to_pid_1(signal: Optional[str], *, on_node: bool) -> Remark:
    severity = Severity.MEDIUM
    if signal == "0":
        whose = "the node's init" if on_node else "the sandbox's /pause"
        said = f"`kill` asks whether PID 1 is there: that is {whose}, and says nothing of this container"
    elif on_node:
        severity = Severity.HIGH
        said = f"`kill` sends {_sig(signal)} to PID 1, the node's init, which may stop, reload or reboot the node"
    elif signal in ("TERM", "INT"):
        severity = Severity.HIGH
        said = (
            f"`kill` sends {_sig(signal)} to PID 1, the sandbox's /pause: it exits, and every container of the pod is"
            " restarted"
        )
    elif signal is None:
        said = (
            "`kill` sends a signal to PID 1, the sandbox's /pause: it ignores all but SIGINT and SIGTERM, at which"
            " every container of the pod is restarted"
        )
    else:
        said = f"`kill` sends {_sig(signal)} to PID 1, the sandbox's /pause, which ignores it: nothing happens"
    return Remark(SIGNALS_PID_1, severity, said, _OWN_PROCESS)


def _sig(signal: Optional[str]) -> str:
    return f"SIG{signal}" if signal else "a signal"


def _to_every_process(name: str, *, on_node: bool) -> Remark:
    where = "on the whole node" if on_node else "in all containers of the pod"
    said = f"`{name}` signals every process that it may, {where}"
    return Remark(SIGNALS_EVERY_PROCESS, Severity.HIGH, said, _OWN_PROCESS)


def _of_nsenter(words: Sequence[str], *, on_node: bool) -> Iterator[Remark]:
    options = list(words[1:])
    target, mounts = False, False
    while options and options[0].startswith("-") and options[0] != "--":
        option = options.pop(0)
        if option == "--target" or re.fullmatch(r"-[a-zA-Z]*t", option):
            target = target or (bool(options) and options.pop(0) == "1")
        elif re.fullmatch(r"-[a-zA-Z]*[SG]|--set[ug]id", option):
            del options[:1]
        elif option == "--target=1" or re.fullmatch(r"-[a-zA-Z]*t1", option):
            target = True
        mounts = mounts or bool(re.match(r"-[a-zA-Z]*[am]|--all|--mount", option))
    if not target:
        return
    if on_node:
        yield Remark(
            ENTERS_PID_1,
            Severity.HIGH,
            "`nsenter` enters the namespaces of PID 1, which are the node's: what it runs is outside of all containers",
            "keep it in a pod of its own that only administrators may change and exec into",
        )
        return
    said = "which are the ones this container shares with the pod anyway"
    if mounts:
        said = "the sandbox's /pause, in whose filesystem there is no program to run"
    yield Remark(
        ENTERS_PID_1,
        Severity.HIGH if mounts else Severity.MEDIUM,
        f"`nsenter` enters the namespaces of PID 1, {said}",
        "give `nsenter` the PID of a process in the container that is meant",
    )


def _by_name(name: str, words: Sequence[str], *, kills: bool, on_node: bool) -> Iterator[Remark]:
    # By a parent, a group, a session or a PID file it is not by name.
    # What is not known may be such an option, but for the last word.
    if name in ("pkill", "pgrep") and (any(map(_NOT_BY_NAME.match, words[1:])) or SOMETHING in "".join(words[1:-1])):
        return
    where = "on the node" if on_node else "of other containers"
    if name in ("pkill", "killall") and "-0" not in words:
        said = f"`{name}` signals processes by their name, those {where} with the same name, too"
    elif name in ("pidof", "pgrep") and kills:
        said = f"`{name}` finds processes to signal by their name, those {where} with the same name, too"
    else:
        said = f"`{name}` looks for processes by their name, and those {where} with the same name answer, too"
        yield Remark(SIGNALS_BY_NAME, Severity.LOW, said, "ask the service itself, or use a PID file of it")
        return
    yield Remark(SIGNALS_BY_NAME, Severity.MEDIUM, said, _OWN_PROCESS)
