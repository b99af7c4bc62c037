"""The programs that come from Debian packages, unpacked into the cache: nothing is installed, no service starts."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from pathlib import Path

from dev.cluster.errors import ClusterError, output_of
from dev.paths import cache_dir, locked
from dev.progress import step

_PACKAGES = (
    "etcd-server",
    "containerd",
    "runc",
    "containernetworking-plugins",
    "busybox",
    # Which of these has the binary differs between releases of Debian and Ubuntu.
    "nginx-light",
    "nginx",
    "nginx-common",
)
_CANDIDATE = re.compile(r"^'(?P<uri>[^']+)' (?P<file>\S+) \d+ SHA256:(?P<sha256>[0-9a-f]{64})$", re.MULTILINE)
_EXECUTABLES = ("usr/bin", "usr/sbin", "bin", "sbin")
_CNI_PLUGINS = "usr/lib/cni"


def packages() -> Path:
    """Return the root directory of the unpacked packages; they are downloaded when a version of them is new.

    Raises:
        ClusterError: the machine is none with apt, or no repository has a package.
    """
    try:
        return _unpacked(_candidates())
    except ClusterError:
        # The lists are missing or older than the repository: a superseded version is gone from there.
        with step("apt-get update"):
            output_of(["apt-get", "update", "--quiet"])
        return _unpacked(_candidates())


def executable(root: Path, name: str) -> Path:
    """Return the path of a program in the unpacked packages.

    Raises:
        ClusterError: no package has it.
    """
    for directory in _EXECUTABLES:
        path = root / directory / name
        if path.exists():
            return path
    raise ClusterError(f"the Debian packages {', '.join(_PACKAGES)} hold no program {name!r}")


def search_path(root: Path) -> str:
    """Return the PATH entries of the unpacked programs."""
    return ":".join(str(root / directory) for directory in _EXECUTABLES)


def cni_plugins(root: Path) -> Path:
    """Return the directory of the unpacked CNI plugins."""
    return root / _CNI_PLUGINS


def _candidates() -> dict[str, str]:
    """Return file name and SHA-256 of the version of each package that apt would install now."""
    listing = output_of(["apt-get", "download", "--print-uris", *_PACKAGES])
    found = {match["file"]: match["sha256"] for match in _CANDIDATE.finditer(listing)}
    if len(found) != len(_PACKAGES):
        raise ClusterError(f"apt names {len(found)} of the {len(_PACKAGES)} packages {', '.join(_PACKAGES)}")
    return found


def _unpacked(candidates: dict[str, str]) -> Path:
    """Return the root directory of exactly these packages."""
    key = hashlib.sha256(repr(sorted(candidates.items())).encode()).hexdigest()[:16]
    root = cache_dir() / "debian" / key
    with locked(root):
        if not root.is_dir():
            with step(f"downloading {len(candidates)} Debian packages"):
                _download(candidates, root)
    return root


def _download(candidates: dict[str, str], root: Path) -> None:
    with tempfile.TemporaryDirectory(dir=root.parent) as name:
        temporary = Path(name)
        # apt would download as the user _apt, who may not write here.
        output_of(["apt-get", "download", "--quiet", "-o", "APT::Sandbox::User=root", *_PACKAGES], cwd=temporary)
        unpacked = temporary / "root"
        for file, sha256 in candidates.items():
            _check(temporary / file, sha256)
            output_of(["dpkg-deb", "--extract", temporary / file, unpacked])
        shutil.move(unpacked, root)


def _check(package: Path, sha256: str) -> None:
    if not package.exists():
        raise ClusterError(f"apt-get did not download {package.name}: its version changed meanwhile, try again")
    actual = hashlib.sha256(package.read_bytes()).hexdigest()
    if actual != sha256:
        raise ClusterError(f"{package.name} has SHA-256 {actual}, not {sha256} as apt's list says: not used")
