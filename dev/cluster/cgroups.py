"""The control group that holds all pods of a one-node cluster, in cgroup version 1 or 2."""

from __future__ import annotations

import os
import time
from pathlib import Path

from dev.cluster.errors import ClusterError

_MOUNTS = Path("/proc/self/mountinfo")
_UNIFIED = Path("/sys/fs/cgroup")
_EMPTYING_SECONDS = 10.0


def create(name: str) -> None:
    """Create the cgroup in every hierarchy the kubelet uses, with all controllers.

    Raises:
        ClusterError: version 2, and a controller cannot be passed on.
    """
    if _version_2():
        _pass_on_controllers()
        (_UNIFIED / name).mkdir(exist_ok=True)
        return
    for hierarchy in _hierarchies("cgroup"):
        (hierarchy / name).mkdir(exist_ok=True)


def delete(name: str) -> None:
    """Delete the cgroup and those below it, in every hierarchy; their processes must be dead.

    Raises:
        ClusterError: a process is still in it after 10 s.
    """
    deadline = time.monotonic() + _EMPTYING_SECONDS
    for hierarchy in [*_hierarchies("cgroup"), *_hierarchies("cgroup2")]:
        while not _deleted(hierarchy / name):
            # A dead process leaves its cgroup a moment after its parent was told.
            if time.monotonic() > deadline:
                raise ClusterError(f"{hierarchy / name} cannot be deleted: a process is still in it")
            time.sleep(0.05)


def _deleted(cgroup: Path) -> bool:
    try:
        for directory, _, _ in os.walk(cgroup, topdown=False):
            Path(directory).rmdir()
    except OSError:
        return False
    return True


def _pass_on_controllers() -> None:
    controllers = (_UNIFIED / "cgroup.controllers").read_text().split()
    subtree = _UNIFIED / "cgroup.subtree_control"
    for controller in controllers:
        if controller in subtree.read_text().split():
            continue
        try:
            subtree.write_text(f"+{controller}")
        except OSError as error:
            raise ClusterError(
                f"the cgroup controller {controller} cannot be passed on to the cluster's pods ({error.strerror}): "
                f"{_UNIFIED} has processes of its own, as in a container; run this on the machine itself"
            ) from None


def _version_2() -> bool:
    return (_UNIFIED / "cgroup.controllers").exists()


def _hierarchies(kind: str) -> list[Path]:
    """Return the mount points of the cgroup file systems of one version (proc_pid_mountinfo(5))."""
    lines = [line.split() for line in _MOUNTS.read_text().splitlines()]
    return [Path(fields[4]) for fields in lines if fields[fields.index("-") + 1] == kind]
