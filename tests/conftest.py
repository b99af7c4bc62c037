"""One cluster and one Pulumi backend for the whole run, made by the project's own scripts and gone at its end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest

from dev import cluster as clusters
from dev.cluster import Cluster, ClusterError
from dev.deployment import Deployment
from dev.engine import Engine, EngineError, engine
from tests.namespaces import fresh_namespace

Kubectl = Callable[..., str]


def pytest_configure() -> None:
    """End on SIGTERM as on Ctrl-C: with the fixtures' ends."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def cannot_run(error: Exception) -> NoReturn:
    """Skip on a machine that lacks something; in CI it must not."""
    if os.environ.get("CI"):
        raise error
    pytest.skip(str(error))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster of this run's own."""
    name = f"test-{os.getpid()}"
    try:
        try:
            yield clusters.up(name)
        except ClusterError as error:
            cannot_run(error)
    finally:
        clusters.down(name)


@pytest.fixture(scope="session")
def pulumi_engine() -> Engine:
    """The Pulumi engine."""
    try:
        return engine()
    except EngineError as error:
        cannot_run(error)


@pytest.fixture(scope="session")
def deployment(cluster: Cluster, pulumi_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Pulumi on that cluster, with a backend of this run's own."""
    return Deployment(tmp_path_factory.mktemp("pulumi"), pulumi_engine, cluster)


@pytest.fixture(scope="session")
def kubectl(cluster: Cluster) -> Kubectl:
    """Run kubectl on that cluster and return what it printed."""

    def run(*arguments: str, standard_input: str = "", check: bool = True) -> str:
        done = subprocess.run(
            cluster.command(*arguments), input=standard_input, capture_output=True, text=True, check=False
        )
        if check:
            assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout if check else done.stdout + done.stderr

    return run


@pytest.fixture
def namespace(kubectl: Kubectl) -> Iterator[str]:
    """A fresh namespace in which pods can be made."""
    with fresh_namespace(kubectl) as name:
        yield name
