"""Which container a process belongs to, by its control groups.

`/proc/PID/cgroup` is readable for everyone, and a runtime puts each container into a group that its id names. How the
path looks depends on who asks:

- in the host's cgroup namespace (cgroup v1 mostly, and privileged containers) it is whole:
  `/kubepods/burstable/podUID/ID`, or `/kubepods.slice/…/cri-containerd-ID.scope`;
- in a container's own (cgroup v2 mostly) it is relative to that container's group: `/` for its own processes,
  `/../cri-containerd-ID.scope` for those of another one.
"""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pidshare_components.analysis.exposure import NODE
from pidshare_components.analysis.facts import PAUSE, Sharing
from pidshare_components.live.snapshot import Seen, Snapshot

_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_OUTSIDE = "/.."


@dataclass(frozen=True)
class Owners:
    """The processes of a snapshot by the container that they are of, each list the oldest first.

    Attributes:
        of: by the container's name; the sandbox's under PAUSE, PID 1 of the node under NODE.
        complete: whether every process is known to be somebody's: else one that is missing may be among the others.
    """

    of: dict[str, list[Seen]]
    complete: bool

    def main(self, container: str) -> "Seen | None":
        """Return a container's main process: everything else in it was started by it, or later by `kubectl exec`."""
        processes = self.of.get(container)
        return processes[0] if processes else None

    def offspring(self, container: str) -> list[Seen]:
        """Return what a container's main process has started, and what these have."""
        main = self.main(container)
        if main is None:
            return []
        family = {main.pid}
        # Each one is younger than its parent.
        for seen in self.of[container]:
            if seen.parent in family:
                family.add(seen.pid)
        return [seen for seen in self.of[container] if seen.pid in family and seen is not main]


def owners(snapshot: Snapshot, own: str, names: Mapping[str, str], sharing: Sharing) -> Owners:
    """Sort the processes of a snapshot.

    Args:
        snapshot: of a container.
        own: the container's name.
        names: the names of the pod's containers, by their ids.
        sharing: whose process namespace they are in.
    """
    found: dict[str, list[Seen]] = {}
    strangers = 0
    sandboxes = _sandbox_folders(snapshot, names)
    for seen in sorted(snapshot.processes, key=lambda process: (process.start, process.pid)):
        owner = _container(seen.groups, names) or ("" if _is_outside(seen.groups, snapshot, names) else own)
        if not owner and _is_sandbox(seen, sharing, sandboxes):
            owner = PAUSE
        if owner:
            found.setdefault(owner, []).append(seen)
        else:
            strangers += 1
        if sharing is Sharing.NODE and seen.pid == 1:
            found.setdefault(NODE, []).append(seen)
    return Owners(found, complete=not strangers or sharing is Sharing.NODE)


def _container(groups: str, names: Mapping[str, str]) -> str:
    """Return the name of the pod's container whose id a path holds; another runtime's may be around it or in it."""
    return next((names[found] for found in _ID.findall(groups) if found in names), "")


def _is_outside(groups: str, snapshot: Snapshot, names: Mapping[str, str]) -> bool:
    """Return whether a process that no id names is none of the container's own."""
    if _container(snapshot.groups, names):
        return True  # the paths are whole: its own processes have its id
    return any(path.startswith(_OUTSIDE) for path in _paths(groups))


def _is_sandbox(seen: Seen, sharing: Sharing, folders: set[str]) -> bool:
    if sharing is Sharing.POD:
        return seen.pid == 1
    # The pod's groups lie side by side.
    return any(not folders.isdisjoint(_folders(path)) for path in _paths(seen.groups))


def _sandbox_folders(snapshot: Snapshot, names: Mapping[str, str]) -> set[str]:
    """Return the groups in which those of the pod's containers are."""
    folders = set() if _container(snapshot.groups, names) else {_OUTSIDE}
    paths = (path for seen in snapshot.processes for path in _paths(seen.groups))
    return folders.union(*(_folders(path, names) for path in paths))


def _folders(path: str, names: "Mapping[str, str] | None" = None) -> set[str]:
    """Return the groups in which a path has one that an id names, perhaps one of these."""
    found = (each for each in _ID.finditer(path) if names is None or each[0] in names)
    return {posixpath.dirname(path[: each.end()]) for each in found}


def _paths(groups: str) -> list[str]:
    """Return the paths of `NUMBER:CONTROLLERS:PATH;…`."""
    return [line.split(":", 2)[-1] for line in groups.split(";") if line.count(":") > 1]
