"""Puts what was measured from inside the containers beside what the analysis predicts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Optional

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.exposure import NODE, Pair
from pidshare_components.analysis.facts import PAUSE, Container
from pidshare_components.analysis.kernel import Action
from pidshare_components.analysis.result import Analysis
from pidshare_components.live.owners import Owners
from pidshare_components.live.running import Running
from pidshare_components.live.snapshot import Reading, Seen, Snapshot
from pidshare_components.live.verification import IdentityRow, Predicted, Row

_UNTOLD = {
    Reading.HIDDEN: "the mode of /proc/PID/personality hides it",
    Reading.ABSENT: "this kernel has no /proc/PID/personality",
}


@dataclass(frozen=True)
class Inside:
    """What was measured from inside a container.

    Attributes:
        snapshot: the measurement.
        owners: whose its processes are.
        by_attach: whether it was measured by the container's main process itself.
    """

    snapshot: Snapshot
    owners: Owners
    by_attach: bool


def compare_exposure(
    analysis: Analysis, insides: Mapping[str, Inside], states: Mapping[str, Running]
) -> tuple[Row, ...]:
    """Return the row of each action of each container that was entered."""
    return tuple(
        _row(pair, action, inside.owners, states)
        for pair in analysis.pairs
        for inside in [insides.get(pair.source.name)]
        if inside
        for action in Action
    )


def _row(pair: Pair, action: Action, owners: Owners, states: Mapping[str, Running]) -> Row:
    target, cell = pair.target, pair.cells[action]
    measured, why = _measured(target, action, owners, states)
    return Row(pair.source.name, target.name, action, cell.answer, cell.ground, measured, why)


def _measured(
    target: Container, action: Action, owners: Owners, states: Mapping[str, Running]
) -> tuple[Optional[bool], str]:
    """Return what was measured, or why nothing was."""
    container, is_worker = container_of(target)
    if container not in (PAUSE, NODE) and not (container in states and states[container].runs):
        return None, f"{container} does not run"
    if not owners.main(container):
        if not owners.complete:
            return None, "the control groups do not tell whose the processes are"
        return False, ""
    processes = workers(target, owners) if is_worker else [owners.of[container][0]]
    if not processes:
        return None, f"{container} has no process of user {_worker_user(target)} now"
    readings = {seen.readings[action] for seen in processes}
    if len(readings) > 1:
        return None, f"the processes of user {_worker_user(target)} differ"
    reading = readings.pop()
    return (None, _UNTOLD[reading]) if reading in _UNTOLD else (reading is Reading.YES, "")


def container_of(target: Container) -> tuple[str, bool]:
    """Return the container of a target, and whether the target is its workers."""
    # `NAME/worker`; the sandbox and the node begin with the slash.
    name, slash, _ = target.name.partition("/")
    return (name, bool(slash)) if name else (target.name, False)


def _worker_user(target: Container) -> int:
    """Return the user of a target that is a container's workers."""
    return target.program.becomes[0] if target.program and target.program.becomes else -1


def workers(target: Container, owners: Owners) -> list[Seen]:
    """Return the processes that are a container's workers of one user."""
    container, _ = container_of(target)
    return [seen for seen in owners.offspring(container) if seen.identity.uid == _worker_user(target)]


def compare_identities(analysis: Analysis, insides: Mapping[str, Inside]) -> tuple[IdentityRow, ...]:
    """Return whom processes were predicted to be and are: of each container what measured, the main one, the workers.

    Not the sandbox's: what is predicted of it was measured before.
    """
    return tuple(row for container in analysis.pod.containers for row in _identities(analysis, insides, container))


def _identities(analysis: Analysis, insides: Mapping[str, Inside], container: Container) -> Iterator[IdentityRow]:
    inside = insides.get(container.name)
    if inside and not inside.by_attach:
        yield IdentityRow(f"{container.name} (exec)", _start(container), inside.snapshot.identity)
    seen = [each.owners for each in insides.values() if each.owners.main(container.name)]
    for each in seen[:1]:
        yield IdentityRow(container.name, _main(container), each.of[container.name][0].identity)
    targets = {
        pair.target.name: pair.target for pair in analysis.pairs if container_of(pair.target) == (container.name, True)
    }
    for name, target in targets.items():
        for worker in [worker for each in seen for worker in workers(target, each)][:1]:
            yield IdentityRow(name, _main(target), worker.identity)


def _start(container: Container) -> Predicted:
    """Return what a process of a container starts as."""
    uid = container.uid if isinstance(container.uid, int) else None
    gid = container.gid if isinstance(container.gid, int) else None
    if uid is None:
        return Predicted(gid=gid)
    if uid:
        return Predicted(uid, gid, capabilities.NONE)
    # What "all" are, the kernel and the machine of the runtime decide: it cannot give what it does not have.
    known = container.least == container.most != capabilities.ALL
    return Predicted(uid, gid, container.least if known else None)


def _main(container: Container) -> Predicted:
    """Return what a container's main process is once it runs."""
    start, program = _start(container), container.program
    if program is None or start.uid is None:
        return Predicted()
    if program.becomes and start.uid == 0 and container.least & capabilities.CHANGES_USER == capabilities.CHANGES_USER:
        return Predicted(*program.becomes, capabilities.NONE)
    gains = program.file_capabilities & container.most if container.no_new_privs is not True else capabilities.NONE
    if start.uid and gains:
        sure = container.no_new_privs is False and program.file_capabilities & container.least == gains
        return Predicted(start.uid, start.gid, gains if sure else None)
    return start


def unpredicted(analysis: Analysis, insides: Mapping[str, Inside]) -> tuple[str, ...]:
    """Return remarks on processes of other users than any that was predicted."""
    known: dict[str, set[int]] = {}
    for target in (pair.target for pair in analysis.pairs):
        name, is_worker = container_of(target)
        if is_worker:
            known.setdefault(name, set()).add(_worker_user(target))
    remarks: dict[tuple[str, int], str] = {}
    for inside in insides.values():
        for name in (container.name for container in analysis.pod.containers):
            main = inside.owners.main(name)
            users = {*known.get(name, ()), *([main.identity.uid] if main else [])}
            for seen in inside.owners.offspring(name):
                if seen.identity.uid not in users:
                    remarks[name, seen.identity.uid] = (
                        f"{name} has processes of user {seen.identity.uid}, such as {seen.name} ({seen.pid}): "
                        f"nothing was predicted for them"
                    )
    return tuple(remarks.values())
