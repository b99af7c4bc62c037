"""A cluster of the user's own, when told so by the name of its context."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.cluster.errors import ClusterError, output_of
from dev.cluster.state import Cluster, write_text


@contextmanager
def existing(context: str) -> Iterator[Cluster]:
    """Give the cluster of a context in the user's kubeconfig, which is only read.

    What is used is a copy with this context alone: no other cluster of the user's can be met by mistake. It holds
    credentials, so it is deleted in the end.

    Raises:
        ClusterError: there is no kubectl or no such context.
    """
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise ClusterError("kubectl is not installed, and a cluster of yours needs it")
    view = [kubectl, "config", "view", "--minify", "--flatten", "--raw", f"--context={context}"]
    directory = Path(tempfile.mkdtemp(prefix="pidshare-"))
    try:
        kubeconfig = directory / "kubeconfig"
        write_text(kubeconfig, output_of(view))
        yield Cluster(context, kubeconfig, context, Path(kubectl), "existing")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
