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
    # One id that the spec leaves open is one variable in the whole pod.
    variables: dict[OpenId, Var] = {}
    targets = [(target, _credentials(target, variables)) for target in _targets(pod)]
    sources = [(source, own) for source, own in targets if source.path and source.name[-len(_WORKER) :] != _WORKER]
    return tuple(
        _judge(pod.setting, (source, own), (target, others))
        for source, own in sources
        for target, others in targets
        if target.path != source.path
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
    if container.uid == 0:
        for worker in container.workers:
            program = Program((worker.ids.uid, worker.ids.gid), worker.dumpable)
            yield container._replace(name=f"{container.name}{_WORKER}", program=program)


def judge_pair(setting: Setting, source: Container, target: Container) -> Pair:
    """Return what a process of one container may do to one of another."""
    variables: dict[OpenId, Var] = {}
    return _judge(setting, (source, _credentials(source, variables)), (target, _credentials(target, variables)))


def _judge(setting: Setting, one: tuple[Container, Credentials], other: tuple[Container, Credentials]) -> Pair:
    (source, own), (target, others) = one, other
    apart = _apart(setting.sharing, source, target)
    if apart in _NOTHING:
        return Pair(source, target, _NOTHING[apart])
    limits = _Limits(
        allows(setting.node.security_module, source.confinement, target.confinement, sandbox=not target.path),
        source.confinement.may_lack_system_calls,
        apart is None,
    )
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
    if sharing in (Sharing.POD, Sharing.NODE):
        return None
    # An ephemeral container enters the process namespace of its target.
    if _namespace(source) == _namespace(target):
        return None
    return Ground.NAMESPACE_UNKNOWN if sharing is Sharing.UNKNOWN else Ground.OTHER_NAMESPACE


def _namespace(container: Container) -> str:
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


def _credentials(container: Container, variables: dict[OpenId, Var]) -> Credentials:
    """Return what the kernel looks at, with open ids numbered in order: pairs that differ in names alone are one."""
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
