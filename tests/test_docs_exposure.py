"""The words of docs/exposure.md are true: every command in it runs, and prints what it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dev.paths import ROOT
from pidshare_components.analysis.kernel import Action
from pidshare_components.report.matrix import LETTERS
from tests.pages import unexplained_options

DOC = (ROOT / "docs" / "exposure.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.*)$", DOC, re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the commands want it: the stacks, a pod, and the files that the page shows."""
    for name in ("stacks", "Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "pod.yaml").symlink_to(ROOT / "tests" / "data" / "exposure.yaml")
    for name, content in re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def run(command: str, folder: Path) -> str:
    stdin = b""
    for part in command.split(" | "):
        program, *arguments = shlex.split(part)
        assert program == "pidshare"
        done = subprocess.run(
            [Path(sys.executable).parent / program, *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            cwd=folder,
            env={**os.environ, "COLUMNS": "80"},
        )
        assert done.returncode == 0, done.stderr.decode()
        stdin = done.stdout
    return stdin.decode()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_runs_and_prints_what_is_shown(command: str, folder: Path) -> None:
    (shown,) = re.findall(rf"^\$ {re.escape(command)}\n(.*?)(?=^```|^\$ )", DOC, re.MULTILINE | re.DOTALL)
    printed = run(command, folder)
    assert printed
    for piece in shown.split("[…]\n"):
        assert piece in printed


def test_every_option_is_explained() -> None:
    assert unexplained_options("exposure", DOC) == set()


def test_every_action_is_explained() -> None:
    for action in Action:
        assert re.search(rf"^\| `{LETTERS[action]}` \| .* \| `{action.value}` \|", DOC, re.MULTILINE)


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", DOC):
        assert (ROOT / "docs" / target).exists(), target
