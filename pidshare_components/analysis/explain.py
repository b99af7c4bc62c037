"""Why a cell of the matrix says what it says, and the smallest change of the spec that turns it round."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Optional

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.capabilities import names_of
from pidshare_components.analysis.change import Change
from pidshare_components.analysis.exposure import Pair
from pidshare_components.analysis.facts import Container, ContainerKind, Pod
from pidshare_components.analysis.kernel import Action, Answer, Ground
from pidshare_components.analysis.tree import child
from pidshare_components.analysis.turning import making_known, turning
from pidshare_components.analysis.wording import held, id_of, ids_of, name_of, open_ids, user_of


@dataclass(frozen=True)
class Reason:
    """Why.

    Attributes:
        ground: the rule that decided.
        why: one sentence without a final stop.
        change: the smallest change that turns yes into no and no into yes; for an unknown one what makes it known. None
            where no change of one container's settings does.
    """

    ground: Ground
    why: str
    change: Optional[Change]


def explain(pod: Pod, pair: Pair, action: Action) -> Reason:
    """Return why a process of one container may or may not act so on one of another."""
    cell = pair.cells[action]
    why = _WHY[cell.ground](pair, action)
    if action in pair.switching:
        why += f"; but it has {_switches(pair)}, and may after it has changed to {':'.join(ids_of(pair.target))}"
    if action is Action.ROOT and cell.answer is not Answer.NO and isinstance(pair.source.uid, int):
        why += f"; {_beyond_the_link(pair)}"
    if cell.answer is Answer.UNKNOWN:
        return Reason(cell.ground, why, making_known(pair, cell.ground))
    return Reason(cell.ground, why, turning(pod, pair, action))


def _beyond_the_link(pair: Pair) -> str:
    """Return who one is among the other's files: from there on their permissions decide."""
    source = pair.source
    groups = [str(group) for group in source.groups if group != source.gid]
    who = f"user {id_of(source.uid)}, group {' and '.join([id_of(source.gid), *groups])}"
    powers = names_of(held(source) & capabilities.READS_ANY_FILE)
    opens = f", and {' and '.join(powers)} opens every file" if powers else ""
    writes = ", to read only" if pair.target.read_only else ""
    return f"there it is {who}{opens}{writes}"


def _switches(pair: Pair) -> str:
    return " and ".join(names_of(pair.source.least & capabilities.CHANGES_USER))


def _same_user(pair: Pair, action: Action) -> str:
    source, target = name_of(pair.source), name_of(pair.target)
    if action is Action.SIGNAL:
        return f"both run as user {user_of(pair.target)} (kill(2))"
    ids = ":".join(ids_of(pair.target))
    return f"both run as {ids}, and {source} has every capability that {target} has (ptrace(2))"


def _other_user(pair: Pair, action: Action) -> str:
    source, target = name_of(pair.source), name_of(pair.target)
    lacks = "KILL" if action is Action.SIGNAL else "SYS_PTRACE"
    users = f"{source} runs as user {id_of(pair.source.uid)}, {target} as {user_of(pair.target)}"
    return f"{users}, and {source} lacks {lacks}{_inert(pair.source, lacks)}"


def _file_mode(pair: Pair, _: Action) -> str:
    owner, source = user_of(pair.target), name_of(pair.source)
    return f"the file belongs to user {owner} with mode 0400, and {source} lacks DAC_OVERRIDE and DAC_READ_SEARCH"


def _seccomp(pair: Pair, _: Action) -> str:
    if pair.source.confinement.seccomp is None:
        return f"the seccomp profile of {name_of(pair.source)} is not known yet"
    return f"a seccomp profile of the node's own confines {name_of(pair.source)}"


def _security_module(pair: Pair, _: Action) -> str:
    both = (pair.source.confinement, pair.target.confinement)
    if any(one.apparmor is None or one.selinux is None or one.privileged is None for one in both):
        return "what AppArmor or SELinux makes of them is not known yet"
    return f"AppArmor or SELinux confines {name_of(pair.source)} and {name_of(pair.target)} differently"


def _perfmon(pair: Pair, _: Action) -> str:
    powers = " and ".join(names_of(pair.source.least & capabilities.PERFMON))
    return f"{name_of(pair.source)} has {powers}, which reads every environment from Linux 6.15 on"


def _inert(source: Container, name: str) -> str:
    added = child(source.tree, "securityContext", "capabilities", "add")
    is_added = isinstance(added, list) and name in added and source.uid != 0
    return " (added, but a process that does not start as root gets none)" if is_added else ""


def _more_capabilities(pair: Pair, _: Action) -> str:
    more = names_of(held(pair.target) & ~held(pair.source))
    shown = ", ".join(more[:3]) + (f" and {len(more) - 3} more" if len(more) > 3 else "")  # noqa: PLR2004
    return f"{name_of(pair.target)} has capabilities that {name_of(pair.source)} lacks ({shown or 'from its file'})"


def _never_together(pair: Pair, _: Action) -> str:
    first = pair.source if pair.source.kind is ContainerKind.INIT else pair.target
    other = pair.target if first is pair.source else pair.source
    if other.kind is ContainerKind.INIT and other.order < first.order:
        first, other = other, first
    return f"the init container {name_of(first)} has ended before {name_of(other)} starts"


def _open(pair: Pair, _: Action) -> str:
    reasons = list(dict.fromkeys(value.what for value in open_ids(pair)))
    if pair.target.program is None:
        reasons.append(f"nobody knows whether the program of {name_of(pair.target)} changes its user or capabilities")
    elif pair.source.least != pair.source.most or pair.target.least != pair.target.most:
        reasons.append("the capabilities are not known yet")
    return "; ".join(reasons) or "what its file's capabilities give is not known yet"


_WHY: dict[Ground, Callable[[Pair, Action], str]] = {
    Ground.SAME_NAMESPACE: lambda *_: "every process of the namespace is listed, with its command line (proc(5))",
    Ground.OTHER_NAMESPACE: lambda pair, _: (
        f"{name_of(pair.source)} and {name_of(pair.target)} are in different process namespaces"
    ),
    Ground.NAMESPACE_UNKNOWN: lambda *_: "whether the process namespace is shared is not known yet",
    Ground.NEVER_TOGETHER: _never_together,
    Ground.CAP_KILL: lambda pair, _: f"{name_of(pair.source)} has KILL (kill(2))",
    Ground.CAP_SYS_PTRACE: lambda pair, _: f"{name_of(pair.source)} has SYS_PTRACE (ptrace(2))",
    Ground.CAP_PERFMON: _perfmon,
    Ground.SAME_USER: _same_user,
    Ground.OTHER_USER: _other_user,
    Ground.OTHER_GROUP: lambda pair, _: (
        f"both run as user {user_of(pair.target)}, but in groups {id_of(pair.source.gid)} and "
        f"{ids_of(pair.target)[1]}, and {name_of(pair.source)} lacks SYS_PTRACE"
    ),
    Ground.NOT_DUMPABLE: lambda pair, _: (
        f"the process of {name_of(pair.target)} is not dumpable: it has changed its user or got capabilities from its "
        "file (PR_SET_DUMPABLE)"
    ),
    Ground.MORE_CAPABILITIES: _more_capabilities,
    Ground.FILE_MODE: _file_mode,
    Ground.YAMA: lambda *_: "the node's kernel.yama.ptrace_scope lets only parents trace without SYS_PTRACE if it is 1",
    Ground.SECCOMP: _seccomp,
    Ground.SECURITY_MODULE: _security_module,
    Ground.OPEN: _open,
}
