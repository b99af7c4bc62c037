"""The Kubernetes programs, compiled from the Go module in `node` into one binary."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from dev.cluster.errors import ClusterError, output_of
from dev.paths import cache_dir, locked
from dev.progress import step

_MODULE = Path(__file__).parent / "node"
_PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kubectl")
PAUSE = "pause"
"""Beside them: the first process of a pod with a shared process namespace, for its image."""

_SKEW = 1
"""How many minor versions kubectl and the API server may be apart: Kubernetes' own version skew policy."""


def programs() -> Path:
    """Return a directory with the Kubernetes programs; they are compiled when the sources or Go changed.

    Raises:
        ClusterError: Go or the C compiler is missing, or the compilation failed.
    """
    directory = cache_dir() / "kubernetes" / _key()
    with locked(directory):
        if not directory.is_dir():
            with step(f"compiling Kubernetes {version()} (some minutes the first time)"):
                _compile(directory)
    return directory


def version() -> str:
    """Return the version of Kubernetes that the Go module names, such as `v1.34.2`."""
    match = re.search(r"^\tk8s\.io/kubernetes (v\S+)$", (_MODULE / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise ClusterError(f"{_MODULE / 'go.mod'} requires no k8s.io/kubernetes")
    return match[1]


def kubectl_on_path(server_version: str) -> Path | None:
    """Return the kubectl on PATH, if there is one whose version goes with that of the API server."""
    found = shutil.which("kubectl")
    if found is None:
        return None
    done = subprocess.run([found, "version", "--client"], capture_output=True, text=True, check=False)
    client, server = _minor(done.stdout), _minor(server_version)
    return Path(found) if client is not None and server is not None and abs(client - server) <= _SKEW else None


def _key() -> str:
    """Return a name for what the compilation depends on."""
    digest = hashlib.sha256()
    for file in (_MODULE / "go.mod", _MODULE / "go.sum", _MODULE / "main.go", Path(__file__)):
        digest.update(file.read_bytes())
    digest.update(output_of(["go", "version"], cwd=_MODULE).encode())
    return digest.hexdigest()[:16]


def _compile(directory: Path) -> None:
    git_version = version()
    major, minor = git_version.lstrip("v").split(".")[:2]
    stamp = {"gitVersion": git_version, "gitMajor": major, "gitMinor": minor}
    flags = "-s -w " + " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in stamp.items())
    with tempfile.TemporaryDirectory(dir=directory.parent) as name:
        temporary = Path(name) / "programs"
        # Not in a git checkout of Kubernetes: nothing to stamp from there.
        output_of(
            ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", temporary / "node", "."],
            cwd=_MODULE,
        )
        for program in _PROGRAMS:
            (temporary / program).symlink_to("node")
        module = output_of(["go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"], cwd=_MODULE).strip()
        output_of(["gcc", "-Os", "-static", "-s", "-o", temporary / PAUSE, f"{module}/build/pause/linux/pause.c"])
        temporary.rename(directory)


def _minor(text: str) -> int | None:
    match = re.search(r"v1\.(\d+)", text)
    return int(match[1]) if match else None
