"""Who can act on whom in a pod: for each ordered pair of containers what a process of one may do to the other.

"From" is a process with what its container starts with, as `kubectl exec` starts one. "On" is the other container's
main process, its worker processes where its image is known to have some of other users, and the sandbox's process.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple, Optional

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.capabilities import CHANGES_USER, Runtime
from pidshare_components.analysis.confinement import allows
from pidshare_components.analysis.facts import Container, ContainerKind, Id, OpenId, Pod, Setting, Sharing
from pidshare_components.analysis.kernel import (
    Action,
    Answer,
    Cell,
    Credentials,
    Ground,
    Program,
    Rules,
    Var,
    judge,
)
from pidshare_components.analysis.tree import UNKNOWN

NODE = "/node"
"""Name of a process of the node as the target of a pod in the node's process namespace: one of root, such as PID 1."""


@dataclass(frozen=True)
class Pair:
    """What a process of one container may do to a process of another.

    Attributes:
        source: the container that it is from.
        target: what it acts on: the other container, its worker processes (`NAME/worker`), or the pause process.
        cells: the answer for each action, and the rule that decided it.
        switching: actions that it may not take as it starts, but surely after it has changed its user or group, as
            its capabilities SETUID and SETGID allow.
    """

    source: Container
    target: Container
    cells: Mapping[Action, Cell]
    switching: tuple[Action, ...] = ()

    def answer(self, action: Action) -> Answer:
        """Return whether it may."""
        return self.cells[action].answer


def exposure(pod: Pod) -> tuple[Pair, ...]:
    """Return every ordered pair of a pod: by source, then by target, each in the order in which they start."""
    targets = [(target, _closed(target)) for target in _targets(pod)]
    sources = [(source, own) for source, own in targets if source.path and not source.name.endswith(_WORKER)]
    return tuple(
        _judge(pod.setting, source, target)
        for source in sources
        for target in targets
        if target[0].path != source[0].path
    )


_WORKER = "/worker"
_NOTHING = {
    ground: MappingProxyType(dict.fromkeys(Action, Cell(Answer.NO, ground)))
    for ground in (Ground.OTHER_NAMESPACE, Ground.NEVER_TOGETHER)
}


def _targets(pod: Pod) -> Iterator[Container]:
    for container in pod.containers:
        yield container
        yield from _workers(container)
    # CRI-O makes no process for a sandbox in the node's namespace (`drop_infra_ctr` of crio.conf(5)).
    if pod.sharing is not Sharing.NODE or pod.node.runtime is not Runtime.CRI_O:
        yield pod.pause
    if pod.sharing is Sharing.NODE:
        yield pod.pause._replace(
            name=NODE,
            uid=0,
            gid=0,
            least=capabilities.ALL,
            most=capabilities.ALL,
        )


def _workers(container: Container) -> Iterator[Container]:
    """Yield a container's worker processes as a target of their own."""
    if container.uid == 0 and container.least & CHANGES_USER == CHANGES_USER:
        for worker in container.workers:
            program = Program((worker.ids.uid, worker.ids.gid), worker.dumpable)
            yield container._replace(name=f"{container.name}{_WORKER}", program=program)


def judge_pair(setting: Setting, source: Container, target: Container) -> Pair:
    """Return what a process of one container may do to one of another."""
    return _judge(setting, (source, None), (target, None))


_Side = tuple[Container, Optional[Credentials]]
"""A container, and its credentials if they are made already."""


def _judge(setting: Setting, one: _Side, other: _Side) -> Pair:
    (source, own), (target, others) = one, other
    apart = _apart(setting.sharing, source, target)
    if apart in _NOTHING:
        return Pair(source, target, _NOTHING[apart])
    limits = _Limits(
        allows(setting.node.security_module, source.confinement, target.confinement, sandbox=not target.path),
        source.confinement.may_lack_system_calls,
        apart is None,
    )
    # Open ids are numbered pair by pair: pairs that differ in names alone are judged once.
    variables: dict[OpenId, Var] = {}
    own, others = own or _credentials(source, variables), others or _credentials(target, variables)
    return Pair(source, target, *_judged(own, others, setting.rules, limits))


class _Limits(NamedTuple):
    """What can only take away from what the kernel's rules allow.

    Attributes:
        allowed: whether the node's security module lets the one at the other; None if that is not known.
        may_lack_system_calls: whether a seccomp profile may forbid kill(2) and ptrace(2).
        together: whether they are surely in one process namespace.
    """

    allowed: Optional[bool]
    may_lack_system_calls: bool
    together: bool


@lru_cache(maxsize=65536)
def _judged(
    caller: Credentials, target: Credentials, rules: Rules, limits: _Limits
) -> tuple[Mapping[Action, Cell], tuple[Action, ...]]:
    verdict = judge(caller, target, rules)
    cells = {Action.SEE: Cell(Answer.YES, Ground.SAME_NAMESPACE)}
    cells.update((action, _limited(limits, action, cell)) for action, cell in verdict.cells)
    if limits.together:
        return MappingProxyType(cells), verdict.switching if limits.allowed else ()
    return MappingProxyType({key: _doubted(cell, Ground.NAMESPACE_UNKNOWN) for key, cell in cells.items()}), ()


def _limited(limits: _Limits, action: Action, cell: Cell) -> Cell:
    if cell.answer is Answer.NO:
        return cell
    if limits.allowed is False:
        return Cell(Answer.NO, Ground.SECURITY_MODULE)
    if limits.allowed is None:
        return _doubted(cell, Ground.SECURITY_MODULE)
    if limits.may_lack_system_calls and action in (Action.SIGNAL, Action.PTRACE):
        return _doubted(cell, Ground.SECCOMP)
    return cell


def _doubted(cell: Cell, ground: Ground) -> Cell:
    return cell if cell.answer is Answer.NO else Cell(Answer.UNKNOWN, ground)


def _apart(sharing: Sharing, source: Container, target: Container) -> Optional[Ground]:
    """Return why two never meet in one process namespace; None if they do."""
    if not _meet(source, target):
        return Ground.NEVER_TOGETHER
    if sharing is not Sharing.NONE and ContainerKind.UNKNOWN in (source.kind, target.kind) and target.path:
        return Ground.NAMESPACE_UNKNOWN
    if sharing in (Sharing.POD, Sharing.NODE):
        return None
    # An ephemeral container enters the process namespace of its target.
    if UNKNOWN in (source.target, target.target):
        return Ground.NAMESPACE_UNKNOWN
    if _namespace(source) == _namespace(target):
        return None
    return Ground.NAMESPACE_UNKNOWN if sharing is Sharing.UNKNOWN else Ground.OTHER_NAMESPACE


def _namespace(container: Container) -> object:
    """Return the container whose process namespace it is in where none is shared."""
    return container.target or container.name.removesuffix(_WORKER)


def _meet(source: Container, target: Container) -> bool:
    """Return whether two containers ever run at one time: an init container runs with the sidecars before it alone."""
    for init, other in ((source, target), (target, source)):
        if init.kind is ContainerKind.INIT:
            if other.kind is ContainerKind.SIDECAR:
                return other.order < init.order
            return other.kind is ContainerKind.EPHEMERAL or not other.path
    return True


def _closed(container: Container) -> Optional[Credentials]:
    """Return its credentials, which are the same in every pair; None where an id of it is open."""
    known = isinstance(container.uid, int) and isinstance(container.gid, int)
    return _credentials(container, {}) if known else None


def _credentials(container: Container, variables: dict[OpenId, Var]) -> Credentials:
    """Return what the kernel looks at."""
    return Credentials(
        _id(container.uid, variables),
        _id(container.gid, variables),
        container.least,
        container.most,
        container.no_new_privs,
        container.program,
    )


def _id(value: Id, variables: dict[OpenId, Var]) -> "int | Var":
    if isinstance(value, int):
        return value
    return variables.setdefault(value, Var(len(variables), value.maybe_root))
