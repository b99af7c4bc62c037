"""The kernel's rules for what one process may do to another in the same process namespace.

Sources: kill(2), ptrace(2) ("Ptrace access mode checking"), proc(5), capabilities(7), credentials(7), and the kernel's
`__ptrace_may_access`, `cap_ptrace_access_check`, `may_access_mm`, `task_dump_owner`, `yama_ptrace_access_check`. Every
rule was compared with a running kernel: tests/analysis/test_exposure_cluster.py.

What the spec leaves open is decided in every world that it allows: an answer is yes or no only if all of them agree.
"""

from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from itertools import product
from typing import NamedTuple, Optional, Union

from pidshare_components.analysis.capabilities import (
    CHANGES_USER,
    KILL,
    NONE,
    PERFMON,
    READS_ANY_FILE,
    SETGID,
    SETUID,
    SYS_PTRACE,
)


class Action(Enum):
    """What one process may do to another."""

    SEE = "see"
    """See it in the process list, with its command line."""
    ENVIRON = "environ"
    """Read its environment: `/proc/PID/environ`."""
    ROOT = "root"
    """Reach its file system: `/proc/PID/root/`."""
    SIGNAL = "signal"
    """Send it a signal."""
    PTRACE = "ptrace"
    """Attach to it with ptrace(2): read and write its memory, and act as it."""


class Answer(Enum):
    """Whether it may."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Ground(Enum):
    """The rule that decided."""

    SAME_NAMESPACE = "same-namespace"
    OTHER_NAMESPACE = "other-namespace"
    NEVER_TOGETHER = "never-together"
    NAMESPACE_UNKNOWN = "namespace-unknown"
    CAP_KILL = "cap-kill"
    CAP_SYS_PTRACE = "cap-sys-ptrace"
    CAP_PERFMON = "cap-perfmon"
    SAME_USER = "same-user"
    OTHER_USER = "other-user"
    OTHER_GROUP = "other-group"
    NOT_DUMPABLE = "not-dumpable"
    MORE_CAPABILITIES = "more-capabilities"
    FILE_MODE = "file-mode"
    YAMA = "yama"
    SECCOMP = "seccomp"
    SECURITY_MODULE = "security-module"
    OPEN = "open"
    """The spec leaves it open: it allows worlds with a yes and worlds with a no."""


class Process(NamedTuple):
    """A process. Its real, effective, saved and file system ids are the same, as are its two capability sets."""

    uid: int
    gid: int
    capabilities: int
    """Permitted and effective."""
    dumpable: bool = True


class Var(NamedTuple):
    """An id that the spec leaves open. Those of one number are one id."""

    number: int
    maybe_root: bool = True


Id = Union[int, Var]


class Program(NamedTuple):
    """What a container's main process does to its credentials once it runs.

    Attributes:
        becomes: user and group that it changes to when it is started as root with SETUID and SETGID: without these it
            stays root, or fails. None if it stays what it is.
        dumpable: whether it is dumpable after that change, see PR_SET_DUMPABLE in prctl(2); None if it is not known.
        file_capabilities: capabilities that its file gives to whoever starts it without being root.
        known_as_root: whether it is known what it does when it is started as root.
    """

    becomes: Optional[tuple[int, int]] = None
    dumpable: Optional[bool] = True
    file_capabilities: int = NONE
    known_as_root: bool = True


KEEPS = Program()
"""Stays what it starts as."""


class Credentials(NamedTuple):
    """What the spec says of how a container's processes start.

    Attributes:
        uid: user id.
        gid: primary group id.
        least: the capabilities that it surely has if it starts as root; the bounding set otherwise.
        most: those that it may have.
        no_new_privs: whether set-uid and file capabilities give nothing; None if it is not known.
        program: what the main process does then; None if it is not known.
    """

    uid: Id
    gid: Id
    least: int
    most: int
    no_new_privs: Optional[bool]
    program: Optional[Program]


class Cell(NamedTuple):
    """An answer, and the rule that decided it."""

    answer: Answer
    ground: Ground


class Verdict(NamedTuple):
    """What a process may do to another that it sees.

    Attributes:
        cells: the answer for each action but seeing, in their order.
        switching: actions that it surely may take once it has changed its user or group, which its capabilities
            SETUID and SETGID allow, and surely may not before.
    """

    cells: tuple[tuple[Action, Cell], ...]
    switching: tuple[Action, ...]


_JUDGED = (Action.ENVIRON, Action.ROOT, Action.SIGNAL, Action.PTRACE)

# Ids that nobody has named: one that nobody else has, one that two containers may share, and one for each open id.
_NOBODY = 1 << 31
_SHARED = _NOBODY + 1
_OWN = _SHARED + 1

Judgement = tuple[bool, Ground]


def may_signal(sender: Process, target: Process) -> Judgement:
    """Judge kill(2)."""
    if sender.capabilities & KILL:
        return True, Ground.CAP_KILL
    if sender.uid == target.uid:
        return True, Ground.SAME_USER
    return False, Ground.OTHER_USER


def may_access(caller: Process, target: Process) -> Judgement:
    """Judge the ptrace access mode check, which guards `/proc/PID/root` and ptrace(2)."""
    if caller.capabilities & SYS_PTRACE:
        return True, Ground.CAP_SYS_PTRACE
    if caller.uid != target.uid:
        return False, Ground.OTHER_USER
    if caller.gid != target.gid:
        return False, Ground.OTHER_GROUP
    if not target.dumpable:
        return False, Ground.NOT_DUMPABLE
    if target.capabilities & ~caller.capabilities:
        return False, Ground.MORE_CAPABILITIES
    return True, Ground.SAME_USER


def may_read_environ(caller: Process, target: Process, *, perfmon_reads: bool) -> Judgement:
    """Judge reading `/proc/PID/environ`: that check, or PERFMON, and the file's mode, 0400 for the process's user."""
    permitted, ground = may_access(caller, target)
    if not permitted and perfmon_reads and caller.capabilities & PERFMON:
        permitted, ground = True, Ground.CAP_PERFMON
    owner = target.uid if target.dumpable else 0
    if permitted and caller.uid != owner and not caller.capabilities & READS_ANY_FILE:
        return False, Ground.FILE_MODE
    return permitted, ground


class Rules(NamedTuple):
    """What differs between kernels.

    Attributes:
        ptrace_scope: kernel.yama.ptrace_scope; None if it is 0, 1 or 2.
        perfmon_reads: whether PERFMON reads every process's environment; None if it is not known. That came with Linux
            6.15 ("mm,procfs: allow read-only remote mm access under CAP_PERFMON"), and not for user namespaces.
    """

    ptrace_scope: Optional[int]
    perfmon_reads: Optional[bool]


def _may_trace(caller: Process, target: Process, scope: Optional[int]) -> tuple[Judgement, ...]:
    """Judge ptrace(2); two judgements where Yama decides and its scope is not known."""
    access = may_access(caller, target)
    no = (False, Ground.YAMA)
    traces_any = bool(caller.capabilities & SYS_PTRACE)
    if not access[0] or scope == 0 or (traces_any and scope != 3):  # noqa: PLR2004 - the scopes of Yama
        return (access,)
    return (access, no) if scope is None else (no,)


def _may_read(caller: Process, target: Process, perfmon_reads: Optional[bool]) -> tuple[Judgement, ...]:
    """Judge reading the environment; two judgements where PERFMON decides and the kernel is not known."""
    if perfmon_reads is not None or not caller.capabilities & PERFMON:
        return (may_read_environ(caller, target, perfmon_reads=perfmon_reads is True),)
    return tuple(dict.fromkeys(may_read_environ(caller, target, perfmon_reads=reads) for reads in (False, True)))


def _judgements(caller: Process, target: Process, rules: Rules) -> tuple[tuple[Judgement, ...], ...]:
    return (
        _may_read(caller, target, rules.perfmon_reads),
        (may_access(caller, target),),
        (may_signal(caller, target),),
        _may_trace(caller, target, rules.ptrace_scope),
    )


@lru_cache(maxsize=65536)
def judge(caller: Credentials, target: Credentials, rules: Rules) -> Verdict:
    """Return what a process of one container may do to the main process of another.

    Args:
        caller: what the process starts as: nothing that it does to itself counts.
        target: what the other container starts as, and what its main process becomes.
        rules: of the kernel.
    """
    grounds: list[dict[bool, Ground]] = [{} for _ in _JUDGED]
    switching = [True] * len(_JUDGED)
    for one, other in _worlds(caller, target):
        for index, judgements in enumerate(_judgements(one, other, rules)):
            for permitted, ground in judgements:
                grounds[index].setdefault(permitted, ground)
        switched = _judgements(_switched(one, other), other, rules)
        switching = [so_far and all(yes for yes, _ in now) for so_far, now in zip(switching, switched, strict=True)]
    cells = tuple((action, _cell(found)) for action, found in zip(_JUDGED, grounds, strict=True))
    gained = zip(cells, switching, strict=True)
    return Verdict(cells, tuple(action for (action, cell), after in gained if after and cell.answer is Answer.NO))


def _cell(grounds: dict[bool, Ground]) -> Cell:
    if len(grounds) > 1:
        node = grounds[False] is Ground.YAMA, grounds[True] is Ground.CAP_PERFMON
        ground = Ground.YAMA if node[0] else Ground.CAP_PERFMON if node[1] else Ground.OPEN
        return Cell(Answer.UNKNOWN, ground)
    ((permitted, ground),) = grounds.items()
    return Cell(Answer.YES if permitted else Answer.NO, ground)


def _switched(caller: Process, target: Process) -> Process:
    """Return what a process can make of itself to get at another: its capabilities outlast it (PR_SET_KEEPCAPS)."""
    return caller._replace(
        uid=target.uid if caller.capabilities & SETUID else caller.uid,
        gid=target.gid if caller.capabilities & SETGID else caller.gid,
    )


def _worlds(caller: Credentials, target: Credentials) -> Iterator[tuple[Process, Process]]:
    """Yield every pair of processes that differs in what the rules look at."""
    domains = {
        **_domains(caller.uid, target.uid, _becomes(target, 0)),
        **_domains(caller.gid, target.gid, _becomes(target, 1)),
    }
    for values in product(*domains.values()):
        ids = dict(zip(domains, values, strict=True))
        for one in _started(caller, ids):
            for start in _started(target, ids):
                for other in _running(start, target, one):
                    yield one, other


def _becomes(target: Credentials, which: int) -> Optional[int]:
    return target.program.becomes[which] if target.program and target.program.becomes else None


def _domains(one: Id, other: Id, third: Optional[int]) -> dict[Var, list[int]]:
    """Return the values to try for each open id: all that are named, one that is shared and one of its own."""
    named = {value for value in (one, other, third) if isinstance(value, int)} | {0}
    return {
        var: [value for value in (*sorted(named), _SHARED, _OWN + var.number) if value or var.maybe_root]
        for var in (one, other)
        if isinstance(var, Var)
    }


def _started(credentials: Credentials, ids: dict[Var, int]) -> Iterator[Process]:
    """Yield what the first process may be: without being root it gets no capability (no ambient set is made)."""
    uid = ids[credentials.uid] if isinstance(credentials.uid, Var) else credentials.uid
    gid = ids[credentials.gid] if isinstance(credentials.gid, Var) else credentials.gid
    yield Process(uid, gid, NONE if uid else credentials.least)
    if not uid and credentials.least != credentials.most:
        yield Process(uid, gid, credentials.most)


def _running(start: Process, target: Credentials, other: Process) -> Iterator[Process]:
    """Yield what the main process may be once it runs."""
    program, gains = target.program, target.no_new_privs is not True
    if program is None or (start.uid == 0 and not program.known_as_root):
        yield start
        yield from _changed(start, target, other, gains=gains)
    elif program.becomes and start.uid == 0 and start.capabilities & CHANGES_USER == CHANGES_USER:
        for dumpable in (True, False) if program.dumpable is None else (program.dumpable,):
            yield Process(*program.becomes, NONE, dumpable)
    elif start.uid and gains and program.file_capabilities & target.most:
        yield start._replace(capabilities=program.file_capabilities & target.most, dumpable=False)
        if target.no_new_privs is None or not program.file_capabilities & target.least:
            yield start
    else:
        yield start


def _changed(start: Process, target: Credentials, other: Process, *, gains: bool) -> Iterator[Process]:
    """Yield what a program that nobody knows may have made of itself.

    Not that of which no spec could rule it out: a set-uid entry point, a program that hides itself by prctl(2).
    """
    if start.capabilities:
        yield start._replace(capabilities=NONE)
        for ids in (other, Process(_NOBODY, _NOBODY, NONE, dumpable=False)):
            changed = _switched(start, ids)
            if (changed.uid, changed.gid) != (start.uid, start.gid):
                yield changed._replace(capabilities=NONE, dumpable=ids.dumpable)
    elif gains and start.uid and target.most:
        yield start._replace(capabilities=target.most, dumpable=False)
