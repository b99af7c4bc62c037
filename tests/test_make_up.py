"""The README's first command, as somebody types it who has just cloned the project."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.cluster.state import run_dir
from dev.paths import ROOT
from pidshare_components.live import AttachedShell

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

# Whatever is newer than the installation: these tests must not install a clone into it.
MAKE = ["make", "--assume-old=.venv/.installed"]
_NOT_CLONED = shutil.ignore_patterns(".git", ".venv", ".pidshare", ".*_cache", "__pycache__")


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Path]:
    """A checkout of its own, with the virtual environment that is already there."""
    folder = tmp_path / "clone"
    shutil.copytree(ROOT, folder, ignore=_NOT_CLONED, symlinks=True)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    yield folder
    subprocess.run([*MAKE, "down"], cwd=folder, check=True)


def start(folder: Path, target: str) -> subprocess.Popen[str]:
    """Start make as a shell does: in a process group that Ctrl-C reaches."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [*MAKE, target],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def without_numbers(text: str) -> str:
    """Return a text without what differs from run to run: process ids and names made of digits."""
    return re.sub(r"PID \d+|'demo-[0-9a-f]+'", "#", text)


README = re.findall(r"^# .*:$|^    1 .*|^make down$", without_numbers((ROOT / "README.md").read_text()), re.MULTILINE)
"""What the README's picture of this shows."""


def nothing_is_left(folder: Path) -> bool:
    name = f"demo-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
    return not run_dir(name).exists() and not list((folder / ".pidshare").glob("*"))


def test_make_up_walks_through_and_make_down_leaves_nothing(clone: Path) -> None:
    with start(clone, "up") as process:
        said, _ = process.communicate()
    assert process.returncode == 0, said
    assert "worker_processes" in said
    assert [sentence for sentence in README if sentence not in without_numbers(said)] == []
    attach = next(line for line in said.splitlines() if "--kubeconfig" in line)
    with AttachedShell(attach.split()) as shell:
        assert any(process.command.startswith("nginx: master") for process in shell.processes())
    again = subprocess.run([*MAKE, "up"], cwd=clone, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "unchanged" in again.stdout
    # A run that fails leaves alone what an earlier one brought up.
    (clone / "Pulumi.dev.yaml").write_text("config: {}")
    assert subprocess.run([*MAKE, "up"], cwd=clone, check=False).returncode != 0
    assert not nothing_is_left(clone)
    with start(clone, "down") as process:
        said, _ = process.communicate()
    assert process.returncode == 0, said
    assert nothing_is_left(clone)


@pytest.mark.parametrize("moment", ["starting Kubernetes", "pulumi up of", "kubectl attach to"])
def test_ctrl_c_leaves_nothing_running(clone: Path, moment: str) -> None:
    with start(clone, "up") as process:
        assert process.stdout
        said = []
        for line in process.stdout:
            said.append(line)
            if moment in line:
                os.killpg(process.pid, signal.SIGINT)
                break
        said.append(process.stdout.read())
    assert process.returncode != 0, said
    assert "Traceback" not in "".join(said), "".join(said)
    assert nothing_is_left(clone)


def test_a_context_that_is_not_there_is_an_error_and_touches_nothing(clone: Path) -> None:
    (clone / ".pidshare/other").mkdir(parents=True)
    environment = {**os.environ, "KUBECONFIG": str(clone / "none")}
    command = [*MAKE, "up", "CONTEXT=typo"]
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "typo" in done.stderr or "kubectl is not installed" in done.stderr
    assert [entry.name for entry in (clone / ".pidshare").iterdir()] == ["other"]
