"""What the status of a live pod says: which containers run, as which ids of the runtime."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from pidshare_components.analysis.capabilities import Runtime

_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
# What a container's id begins with. Docker's default capabilities are containerd's.
_RUNTIMES = {"containerd": Runtime.CONTAINERD, "docker": Runtime.CONTAINERD, "cri-o": Runtime.CRI_O}


@dataclass(frozen=True)
class Running:
    """The state of a container.

    Attributes:
        name: its name.
        id: its id, without the runtime's name; "" before it has one.
        runtime: that name.
        runs: whether it runs.
        restarts: how often it was started anew.
    """

    name: str
    id: str
    runtime: str
    runs: bool
    restarts: int


def states_of(pod: Mapping[str, Any]) -> dict[str, Running]:
    """Return the state of each container of a live pod that has one, by its name."""
    return {state.name: state for state in _states(pod)}


def _states(pod: Mapping[str, Any]) -> Iterator[Running]:
    for key in _STATUSES:
        for status in pod.get("status", {}).get(key) or ():
            runtime, _, identifier = (status.get("containerID") or "").partition("://")
            runs = "running" in (status.get("state") or {})
            yield Running(status["name"], identifier, runtime, runs, status.get("restartCount", 0))


def runtime_of(states: Mapping[str, Running]) -> Optional[Runtime]:
    """Return the container runtime, as the containers' ids name it; None if it is no known one."""
    named = {state.runtime for state in states.values() if state.runtime}
    return _RUNTIMES.get(named.pop()) if len(named) == 1 else None


def changes(before: Mapping[str, Running], after: Mapping[str, Running]) -> list[str]:
    """Return the names of containers that are not what they were."""
    return [name for name in {**before, **after} if before.get(name) != after.get(name)]
