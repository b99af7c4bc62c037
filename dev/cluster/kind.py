"""A cluster by kind, where a Docker engine answers."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from dev.cluster import kubernetes_programs
from dev.cluster.errors import ClusterError, output_of
from dev.cluster.state import Cluster, run_dir
from dev.progress import step

_DOCKER_SECONDS = 20


def available() -> bool:
    """Return whether kind is installed and a Docker engine answers."""
    if shutil.which("kind") is None or shutil.which("docker") is None:
        return False
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=_DOCKER_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def up(name: str) -> Cluster:
    """Create a cluster and wait until its node is ready.

    Raises:
        ClusterError: kind says why.
    """
    kubeconfig = run_dir(name) / "kubeconfig"
    kubeconfig.parent.mkdir(parents=True)
    _mark(name).touch()
    with step(f"creating the kind cluster {_kind_name(name)}"):
        output_of(
            ["kind", "create", "cluster", "--name", _kind_name(name), "--kubeconfig", kubeconfig, "--wait", "180s"]
        )
    return _cluster(name)


def running(name: str) -> Cluster | None:
    """Return the cluster if kind knows it and its kubeconfig file is there."""
    if not (run_dir(name) / "kubeconfig").exists() or not available() or not _known(name):
        return None
    return _cluster(name)


def down(name: str) -> None:
    """Delete the cluster, in whatever state it is, if it is there.

    Raises:
        ClusterError: it was created, but Docker is not there to delete it.
    """
    if not available():
        if _mark(name).exists():
            raise ClusterError(f"the kind cluster {_kind_name(name)} is Docker's: start Docker to take it down")
        return
    if _known(name):
        output_of(
            ["kind", "delete", "cluster", "--name", _kind_name(name), "--kubeconfig", run_dir(name) / "kubeconfig"]
        )


def _known(name: str) -> bool:
    return _kind_name(name) in output_of(["kind", "get", "clusters"]).split()


def _mark(name: str) -> Path:
    """Return the file that says that the cluster is kind's, from before it is created."""
    return run_dir(name) / "kind"


def _kind_name(name: str) -> str:
    return f"pidshare-{name}"


def _cluster(name: str) -> Cluster:
    kubeconfig = run_dir(name) / "kubeconfig"
    client = shutil.which("kubectl") or _compiled_kubectl()
    version = json.loads(output_of([client, f"--kubeconfig={kubeconfig}", "version", "--output=json"]))
    server = version["serverVersion"]["gitVersion"]
    return Cluster(
        name=name,
        kubeconfig=kubeconfig,
        context=f"kind-{_kind_name(name)}",
        kubectl=kubernetes_programs.kubectl_on_path(server) or _compiled_kubectl(),
        kind="kind",
    )


def _compiled_kubectl() -> Path:
    return kubernetes_programs.programs() / "kubectl"
