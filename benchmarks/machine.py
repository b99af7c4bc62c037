"""What the figures are figures of: the machine and the versions."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("pidshare_components", "pulumi", "pulumi-kubernetes", "pydantic", "protobuf", "PyYAML", "typer")


def describe() -> str:
    """Return a line about the machine, and one about the versions of what runs on it."""
    one, five, fifteen = os.getloadavg()
    machine = (
        f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.release()}, "
        f"load {one:.1f} {five:.1f} {fifteen:.1f}"
    )
    versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return f"{machine}\nPython {platform.python_version()}, {versions}, Node.js {_node()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _node() -> str:
    try:
        return subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not installed"
