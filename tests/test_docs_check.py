"""The words of docs/check.md are true: every command in it runs, and prints what it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dev.paths import ROOT
from pidshare_components.check import RULES
from tests.pages import unexplained_options

DOC = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ (.*)$", DOC, re.MULTILINE)
VIOLATIONS = 1

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      shareProcessNamespace: true
      automountServiceAccountToken: false
      containers:
      - name: app
        image: busybox:1.37
        command: [sleep, infinity]
        env:
        - {name: DB_PASSWORD, value: hunter2-canary}
        securityContext: {runAsUser: 1000, runAsGroup: 1000}
      - name: log-handler
        image: busybox:1.37
        command: [sleep, infinity]
        securityContext: {runAsUser: 1000, runAsGroup: 1000}
"""
OTHERS = "kind: Service\nmetadata: {name: web, namespace: shop}\n---\nkind: Namespace\nmetadata: {name: shop}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as the commands want it: the stacks, manifests, and the files that the page shows."""
    for name in ("stacks", "Pulumi.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "k8s").mkdir()
    (tmp_path / "k8s" / "web.yaml").write_text(WEB)
    (tmp_path / "k8s" / "others.yaml").write_text(OTHERS)
    (tmp_path / "more.yaml").write_text(OTHERS)
    for name, content in re.findall(r"^```yaml\n# (\w+\.yaml)\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def run(command: str, folder: Path) -> str:
    """Run a command; what is before a pipe makes manifests, and is not here."""
    *before, last = command.split(" | ")
    program, *arguments = shlex.split(last)
    assert program == "pidshare"
    done = subprocess.run(
        [Path(sys.executable).parent / program, *arguments],
        input=WEB.encode() if before else b"",
        capture_output=True,
        check=False,
        cwd=folder,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert done.stderr == b""
    assert b"canary" not in done.stdout
    fails = ("check" in arguments) and "pidshare.yaml" not in arguments and "stacks/nginx" not in arguments
    assert done.returncode == (VIOLATIONS if fails else 0)
    return done.stdout.decode()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_runs_and_prints_what_is_shown(command: str, folder: Path) -> None:
    (shown,) = re.findall(rf"^\$ {re.escape(command)}\n(.*?)(?=^```|^\$ )", DOC, re.MULTILINE | re.DOTALL)
    printed = run(command, folder)
    assert printed
    for piece in shown.split("[…]\n"):
        assert piece in printed


def test_the_workflow_runs_a_command_of_this_page(folder: Path) -> None:
    (text,) = re.findall(r"^```yaml\n# \.github/\S+\n(.*?)^```", DOC, re.MULTILINE | re.DOTALL)
    steps = yaml.safe_load(text)["jobs"]["pidshare"]["steps"]
    (command,) = (step["run"] for step in steps if step.get("run", "").startswith("pidshare"))
    command, file = command.split(" > ")
    assert '"version": "2.1.0"' in run(command, folder)
    assert steps[-1]["with"]["sarif_file"] == file


def test_every_option_is_explained() -> None:
    assert unexplained_options("check", DOC) == set()


def test_every_rule_that_is_named_is_one() -> None:
    named = set(re.findall(r"`([a-z]+-[a-z-]+)`", DOC)) | set(re.findall(r"^([a-z]+-[a-z-]+):", DOC, re.MULTILINE))
    assert named <= RULES.keys()


def test_every_link_leads_somewhere() -> None:
    for target, heading in re.findall(r"\]\((?!https?:)([^)#]+)(?:#([^)]+))?", DOC):
        page = ROOT / "docs" / target
        assert page.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings}
