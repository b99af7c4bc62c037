"""The README's words are true: its program works, its errors read so, its commands are there."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from dev.paths import ROOT
from pidshare_components import ArgumentsError, SharedProcessPodArgs
from pidshare_components.render import render_program
from tests.pages import blocks

README = (ROOT / "README.md").read_text()


def texts(language: str) -> list[str]:
    return [block.text for block in blocks(README) if block.language == language]


def test_the_program_makes_what_it_says() -> None:
    pod, deployment, accepting = texts("python")
    exec(accepting, {})  # noqa: S102 - our own README
    program = f"{pod}\n{deployment}"
    manifests = render_program(lambda: exec(program, {}), allow_unknown=True)  # noqa: S102 - our own README
    kinds = [item.kind for item in manifests]
    assert sorted(kinds) == ["Deployment", "NetworkPolicy", "Pod", "Role", "RoleBinding", "ServiceAccount"]


def test_mistakes_read_as_shown() -> None:
    with pytest.raises(ArgumentsError) as raised:
        SharedProcessPodArgs.model_validate(
            {
                "containers": [
                    {
                        "name": "nginx",
                        "image": "nginx 1.29",
                        "ports": [{"container_port": 80800}],
                        "volume_mounts": [{"name": "logs", "mount_path": "/var/log/nginx"}],
                    },
                    {
                        "name": "nginx",
                        "image": "busybox:1.37",
                        "security_context": {"run_as_user": 1000, "capabilities": {"add": ["SYS_PTRACE"]}},
                    },
                ]
            }
        )
    (shown,) = [block for block in texts("text") if "mistakes" in block]
    said = str(raised.value).splitlines()
    assert len(said) == len(shown.splitlines())
    for line, full in zip(shown.splitlines(), said, strict=True):
        assert full.startswith(line.removesuffix("…"))


def test_the_matrix_is_the_one_that_is_printed() -> None:
    (shown,) = [block for block in texts("text") if "from \\ on" in block]
    command = [sys.executable, "-m", "pidshare_components", "exposure", "stacks/nginx"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown in printed


def test_every_make_target_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^(?:\$ )?make ([a-z-]+)|`make ([a-z-]+)", README, re.MULTILINE))
    assert {one or other for one, other in named} <= targets


def test_every_link_to_a_file_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target
