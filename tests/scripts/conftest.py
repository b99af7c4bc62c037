"""Pods of this machine's namespaces, in a folder that every user may reach, and the shells that scripts are for."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.cluster import ClusterError, debian
from tests.conftest import cannot_run
from tests.scripts.pod import SHELLS, Pod


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may reach: pytest's own are their user's alone."""
    yield from _open_folder("pod-")


def _open_folder(prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def busybox() -> Iterator[tuple[str, ...]]:
    """The shell of the cluster's busybox, with its own applets and nothing else, as in its image."""
    try:
        program = debian.executable(debian.packages(), "busybox")
    except ClusterError as error:
        cannot_run(error)
        raise
    for folder in _open_folder("busybox-"):
        shutil.copy(program, folder)
        for applet in subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split():
            if applet != "busybox":
                (folder / applet).symlink_to("busybox")
        yield ("env", f"PATH={folder}", "busybox", "sh")


@pytest.fixture
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The shell that a test is parametrized with, by default the one of busybox."""
    return _called(getattr(request, "param", "busybox"), request)


def _called(name: str, request: pytest.FixtureRequest) -> tuple[str, ...]:
    return request.getfixturevalue("busybox") if name == "busybox" else (name,)


@pytest.fixture(params=SHELLS)
def pod(open_folder: Path, request: pytest.FixtureRequest) -> Iterator[Pod]:
    """A pod, once with each shell."""
    made = Pod(open_folder, _called(request.param, request))
    try:
        yield made
    finally:
        made.close()
