"""A throw-away Kubernetes cluster for this project: by kind where Docker is, else made of package registries alone.

`up` brings it up, or returns the one that runs; `down` leaves nothing of it. Clusters of different names run side by
side. The user's own kubeconfig and clusters are never touched.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from dev.cluster import kind, onenode
from dev.cluster.errors import ClusterError, output_of
from dev.cluster.state import Cluster, check_name, run_dir
from dev.paths import locked
from dev.progress import step

__all__ = ["Cluster", "ClusterError", "down", "image_digest", "running", "up"]

_TERMINATED = 128 + signal.SIGTERM


def up(name: str) -> Cluster:
    """Bring a cluster up and return it, or return the one of this name that runs.

    A failure or an interrupt takes everything down again.

    Raises:
        ClusterError: the name is not a short one, the machine lacks something, or the cluster does not become ready.
    """
    check_name(name)
    with _terminated_like_interrupted(), locked(run_dir(name)):
        cluster = _running(name)
        if cluster:
            return cluster
        # What a machine that was switched off, or a process that was killed, has left of an earlier one.
        _down(name)
        try:
            cluster = kind.up(name) if kind.available() else onenode.up(name)
            _ready(name).touch()
        except BaseException:
            _down(name)
            raise
        return cluster


def running(name: str) -> Cluster | None:
    """Return the cluster of this name if it runs.

    Raises:
        ClusterError: the name is not a short one.
    """
    check_name(name)
    return _running(name)


def down(name: str) -> None:
    """Take the cluster of this name down, if there is one, and remove every trace of it but the caches.

    Raises:
        ClusterError: the name is not a short one, or something of the cluster cannot be stopped.
    """
    check_name(name)
    with locked(run_dir(name)):
        if run_dir(name).exists():
            with step(f"taking the cluster {name!r} down"):
                _down(name)


def image_digest(cluster: Cluster, reference: str) -> str:
    """Return an image of the node as `repository@sha256:…`, the name to pin it by.

    Args:
        cluster: that has the image, imported or pulled.
        reference: the image in full, such as `docker.io/library/nginx:latest`.

    Raises:
        ClusterError: the node does not have the image.
    """
    nodes = json.loads(output_of(cluster.command("get", "nodes", "--output=json")))
    names = [image["names"] for node in nodes["items"] for image in node["status"]["images"]]
    for name in (name for each in names if reference in each for name in each):
        if "@sha256:" in name:
            return str(name)
    raise ClusterError(f"the node of the cluster {cluster.name!r} does not have the image {reference}")


def _ready(name: str) -> Path:
    """Return the file that says that a cluster became ready: else `up` was killed while it waited for that."""
    return run_dir(name) / "ready"


def _running(name: str) -> Cluster | None:
    if not _ready(name).exists():
        return None
    return onenode.running(name) or kind.running(name)


def _down(name: str) -> None:
    onenode.down(name)
    kind.down(name)
    shutil.rmtree(run_dir(name), ignore_errors=True)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Turn SIGTERM into an exception, as Python does with SIGINT, so that what was begun is taken down."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        sys.exit(_TERMINATED)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
