"""Enters the containers of a live pod and measures from inside each."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Optional

from pidshare_components.analysis.facts import Container, Pod
from pidshare_components.live.compare import Inside
from pidshare_components.live.doors import FORBIDDEN, Door, ExecDoor, attached
from pidshare_components.live.errors import LiveError, NotEnteredError
from pidshare_components.live.kubectl import Kubectl
from pidshare_components.live.owners import owners
from pidshare_components.live.probe import SCRIPT
from pidshare_components.live.running import Running
from pidshare_components.live.snapshot import read_snapshot
from pidshare_components.live.verification import Entry


@dataclass(frozen=True)
class Live:
    """A live pod.

    Attributes:
        name: its name.
        pod: its spec.
        states: the states of its containers.
    """

    name: str
    pod: Pod
    states: Mapping[str, Running]

    def runs(self, container: str) -> bool:
        """Return whether a container runs."""
        return container in self.states and self.states[container].runs


@dataclass
class Visit:
    """What came of entering.

    Attributes:
        entries: how each container was entered.
        doors: the way into each that was.
        insides: what was measured from inside it.
    """

    entries: list[Entry] = field(default_factory=list)
    doors: dict[str, Door] = field(default_factory=dict)
    insides: dict[str, Inside] = field(default_factory=dict)


def enter_all(
    kubectl: Kubectl, live: Live, shell: Optional[str], stack: ExitStack, progress: Callable[[str], None]
) -> Visit:
    """Measure from inside every container that can be entered.

    Args:
        kubectl: for the pod's namespace.
        live: the pod.
        shell: the container to attach to; None for none.
        stack: ends what is attached.
        progress: told what is being done.

    Raises:
        LiveError: the shell cannot be attached to, or no container can be entered.
    """
    visit = Visit()
    forbidden = False
    for name, container in ((container.name, container) for container in live.pod.containers):
        if not live.runs(name):
            visit.entries.append(Entry(name, why="it does not run"))
            continue
        if forbidden and name != shell:
            visit.entries.append(Entry(name, why=FORBIDDEN))
            continue
        progress(f"measuring from inside {name}")
        try:
            _enter(kubectl, live, container, visit, stack if name == shell else None)
        except NotEnteredError as error:
            if name == shell:
                raise LiveError(f"container {name} cannot be attached to: {error}") from None
            forbidden = forbidden or error.forbidden
            visit.entries.append(Entry(name, why=str(error)))
    if not visit.insides:
        raise LiveError(_nowhere(live, visit.entries, forbidden=forbidden))
    return visit


def _enter(kubectl: Kubectl, live: Live, container: Container, visit: Visit, stack: Optional[ExitStack]) -> None:
    """Enter a container, by attach if there is a stack that ends it, and add it to the visit."""
    name = container.name
    if stack is None:
        door: Door = ExecDoor(kubectl, live.name, name)
    elif is_interactive(container):
        door = stack.enter_context(attached(kubectl, live.name, name))
    else:
        raise NotEnteredError("it has no stdin and tty")
    visit.insides[name] = look(door, live, name, by_attach=stack is not None)
    visit.doors[name] = door
    visit.entries.append(Entry(name, by="exec" if stack is None else "attach"))


def is_interactive(container: Container) -> bool:
    """Return whether somebody can type at what a container runs."""
    return container.tree.get("stdin") is True and container.tree.get("tty") is True


def look(door: Door, live: Live, name: str, *, by_attach: bool) -> Inside:
    """Measure from inside a container.

    Raises:
        NotEnteredError: it cannot be entered, or the measuring did not come to its end.
    """
    try:
        snapshot = read_snapshot(door.run(SCRIPT))
    except ValueError as error:
        raise NotEnteredError(str(error)) from None
    names = {state.id: container for container, state in live.states.items() if state.id}
    return Inside(snapshot, owners(snapshot, name, names, live.pod.sharing), by_attach)


def _nowhere(live: Live, entries: list[Entry], *, forbidden: bool) -> str:
    whys = "; ".join(f"{entry.container}: {entry.why}" for entry in entries)
    shells = [container.name for container in live.pod.containers if is_interactive(container)]
    hint = f"; attach to a shell with -c {shells[0]}" if forbidden and shells else ""
    return f"no container can be entered ({whys}){hint}"
