"""Directories of a cluster mounted over fixed paths of the machine, for the cluster's own processes only."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

from dev.cluster.machine import exclusive

_TARGETS = (
    "/run/containerd",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/log/pods",
)
"""Paths of containerd and the kubelet; some of them are not configurable."""

_KERNEL_SETTINGS = {"vm/overcommit_memory": "1", "kernel/panic": "10", "kernel/panic_on_oops": "1"}
"""What the kubelet wants to find in /proc/sys, and else sets for the whole machine."""

_MADE_BY_US = "trusted.pidshare"
"""Extended attribute of a directory that was not there before."""


def mount_private(root: Path) -> None:
    """Mount directories below `root`; the caller must be in a mount and a process namespace of its own."""
    _mount("-t", "proc", "proc", "/proc")
    with exclusive():
        for target in map(Path, _TARGETS):
            source = root / target.relative_to("/")
            source.mkdir(parents=True)
            if not target.exists():
                target.mkdir()
                with contextlib.suppress(OSError):  # A file system without such attributes: an empty directory stays.
                    os.setxattr(target, _MADE_BY_US, b"")
            _mount("--bind", str(source), str(target))
    for setting, value in _KERNEL_SETTINGS.items():
        source = root / setting.replace("/", ".")
        source.write_text(f"{value}\n")
        _mount("--bind", str(source), f"/proc/sys/{setting}")


def delete_targets() -> None:
    """Delete the directories that were made to mount on, unless another cluster uses them."""
    with exclusive():
        used = _mounted_anywhere()
        for target in _TARGETS:
            # Deleting it would also take the mount on it away from the other cluster.
            if target not in used and _made_by_us(target):
                Path(target).rmdir()


def overlays_work(directory: Path) -> bool:
    """Return whether overlays can be mounted there; on the root file system of a container they cannot be stacked."""
    layers = {name: directory / "overlay" / name for name in ("lower", "upper", "work", "merged")}
    for each in layers.values():
        each.mkdir(parents=True)
    options = f"lowerdir={layers['lower']},upperdir={layers['upper']},workdir={layers['work']}"
    command = ["mount", "--no-mtab", "-t", "overlay", "overlay", "-o", options, str(layers["merged"])]
    if subprocess.run(command, check=False).returncode != 0:
        return False
    subprocess.run(["umount", "--no-mtab", str(layers["merged"])], check=True)
    return True


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", "--no-mtab", *arguments], check=True)


def _made_by_us(target: str) -> bool:
    try:
        return _MADE_BY_US in os.listxattr(target)
    except OSError:
        return False


def _mounted_anywhere() -> set[str]:
    """Return the mount points in the mount namespaces of all processes."""
    points: set[str] = set()
    for mounts in Path("/proc").glob("[0-9]*/mountinfo"):
        with contextlib.suppress(OSError):  # The process ended meanwhile.
            points |= {line.split()[4] for line in mounts.read_text().splitlines()}
    return points
