"""What the script measured from inside one container, see `probe`."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Optional

from pidshare_components.analysis.kernel import Action
from pidshare_components.live.probe import MARK

_ACTIONS = (Action.SEE, Action.ENVIRON, Action.ROOT, Action.SIGNAL, Action.PTRACE)
_FIRST = 7  # as many words of a process stand before its answers; its groups and its name follow


class Reading(Enum):
    """What came of an action."""

    YES = "y"
    NO = "n"
    HIDDEN = "mode"
    """The mode of the file in which the answer shows refuses before the kernel comes to it."""
    ABSENT = "none"
    """The kernel has no such file."""


@dataclass(frozen=True)
class Identity:
    """Whom the kernel takes a process for.

    Attributes:
        uid: real user id.
        gid: real group id.
        capabilities: permitted ones.
    """

    uid: int
    gid: int
    capabilities: int


@dataclass(frozen=True)
class Seen:
    """A process that was seen.

    Attributes:
        pid: its id, as the container counts.
        parent: that of its parent; 0 if it was started from outside.
        start: when it started, in clock ticks.
        identity: whom the kernel takes it for.
        survives_hangup: whether it handles or ignores SIGHUP, which ends all others.
        readings: what came of each action on it.
        groups: its control groups.
        name: what the kernel calls it, 15 letters of its program mostly.
    """

    pid: int
    parent: int
    start: int
    identity: Identity
    survives_hangup: bool
    readings: dict[Action, Reading]
    groups: str
    name: str


@dataclass(frozen=True)
class Snapshot:
    """Everything that one run of the script says.

    Attributes:
        identity: whom the kernel takes the shell itself for.
        groups: its control groups.
        ptrace_scope: kernel.yama.ptrace_scope; 0 without Yama.
        kernel: version of the kernel; None if it is not told.
        label: what a security module calls the shell; "" without one.
        processes: what it sees.
    """

    identity: Identity
    groups: str
    ptrace_scope: int
    kernel: Optional[tuple[int, int]]
    label: str
    processes: tuple[Seen, ...]

    def process(self, pid: int) -> Optional[Seen]:
        """Return the process with an id."""
        return next((seen for seen in self.processes if seen.pid == pid), None)


def read_snapshot(text: str) -> Snapshot:
    """Read what the script printed, among whatever else a terminal shows.

    Raises:
        ValueError: it did not come to its end, or said something else.
    """
    # A name may hold any other sign that Python takes for the end of a line.
    said = [line.removeprefix(MARK) for line in text.replace("\r", "").split("\n") if line.startswith(MARK)]
    if not said or said[-1] != "end":
        raise ValueError("the measuring script did not come to its end")
    whole: dict[str, str] = {}
    processes = []
    for line in said:
        kind, _, rest = line.partition(" ")
        if kind == "process":
            processes.append(_process(rest))
        whole[kind] = rest
    uid, gid, capabilities, groups = whole["self"].split(" ", 3)
    return Snapshot(
        Identity(int(uid), int(gid), int(capabilities, 16)),
        groups,
        int(whole["scope"]),
        _version(whole["kernel"]),
        whole["label"].strip(),
        tuple(processes),
    )


def _version(text: str) -> Optional[tuple[int, int]]:
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def _process(text: str) -> Seen:
    last = _FIRST + len(_ACTIONS)
    words = text.split(" ", last + 1)
    pid, parent, start, uid, gid, capabilities, hangup = words[:_FIRST]
    groups, name = words[last:]
    return Seen(
        int(pid),
        int(parent),
        int(start),
        Identity(int(uid), int(gid), int(capabilities, 16)),
        hangup == "y",
        {action: Reading(answer) for action, answer in zip(_ACTIONS, words[_FIRST:last], strict=True)},
        groups,
        name,
    )
