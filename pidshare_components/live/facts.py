"""The facts of the node that show from inside a pod."""

from collections.abc import Iterable, Mapping
from typing import Optional

from pidshare_components.analysis.capabilities import Runtime
from pidshare_components.analysis.facts import PAUSE
from pidshare_components.analysis.images import Ids
from pidshare_components.analysis.node import Node, SecurityModule
from pidshare_components.live.compare import Inside

_SELINUX_PARTS = 3  # user:role:type, and mostly a level
_MODES = ("(enforce)", "(complain)", "(unconfined)", "(kill)", "(mixed)")


def node_facts(insides: Mapping[str, Inside], runtime: Runtime) -> Node:
    """Return what was measured from inside the containers; what none of them shows is not known.

    Args:
        insides: the measurements.
        runtime: the container runtime.
    """
    snapshots = [inside.snapshot for inside in insides.values()]
    pauses = [inside.owners.main(PAUSE) for inside in insides.values()]
    pause = next((seen.identity for seen in pauses if seen), None)
    return Node(
        runtime,
        pause_user=Ids(pause.uid, pause.gid) if pause else None,
        security_module=_security_module({snapshot.label for snapshot in snapshots}),
        ptrace_scope=max(snapshot.ptrace_scope for snapshot in snapshots),
        kernel=snapshots[0].kernel,
    )


def _security_module(labels: Iterable[str]) -> Optional[SecurityModule]:
    """Tell the module from what it calls processes, see proc(5) on /proc/PID/attr/current; None if it is no known."""
    for label in labels:
        if label == "unconfined" or label.endswith(_MODES):
            return SecurityModule.APPARMOR
        if label.count(":") + 1 >= _SELINUX_PARTS:
            return SecurityModule.SELINUX
        if label:
            return None
    return SecurityModule.NONE
