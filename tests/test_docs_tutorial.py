"""The way of docs/tutorial.md leads where it says: without a cluster as far as it goes, and the whole of it on one."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dev.cluster import Cluster
from dev.deployment import Deployment
from dev.paths import ROOT
from pidshare_components import ArgumentsError, Container, SharedProcessPodArgs
from pidshare_components.live import AttachedShell, Process
from pidshare_components.render import render
from tests.pages import assert_shows, blocks, run, runnable, write_files

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BEFORE, AFTER = PAGE.split("### What the shell really needs\n")
PROGRAM = "__main__.py"
TERMINALS = [block.text for block in blocks(PAGE) if block.text.startswith("/ # ")]
RELOAD_SECONDS = 20


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder after step 2."""
    write_files(PAGE, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_its_commands_print_what_is_shown(folder: Path) -> None:
    first, second = runnable(BEFORE), runnable(AFTER)
    for command, shown in first:
        assert_shows(shown, run(command))
    (other,) = [block.text for block in blocks(AFTER) if block.language == "python"]
    (shell,) = re.findall(r"DebugShell\(.*?\)", other)
    file = folder / PROGRAM
    file.write_text(re.sub(r"DebugShell\(.*?\)", shell, file.read_text(encoding="utf-8")), encoding="utf-8")
    for command, shown in second:
        assert_shows(shown, run(command))
    assert len(first) == 2
    assert len(second) == 1


def test_the_preview_warns_in_these_words(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    render(folder)
    (warning,) = [block.text for block in blocks(PAGE) if block.text.startswith("sys-ptrace")]
    assert " ".join(warning.split()) in capfd.readouterr().err


def test_the_mistake_it_names_is_one() -> None:
    (image,) = re.findall(r"With `image=\"(.*?)\"`", PAGE)
    with pytest.raises(ArgumentsError, match=r"containers\[0\].image"):
        SharedProcessPodArgs(containers=[Container(name="nginx", image=image)])


def commands_of(processes: list[Process]) -> list[str]:
    return sorted(process.command for process in processes)


def shown_processes(terminal: str) -> dict[str, str]:
    """Return the last table of a terminal: PIDs by command."""
    rows = re.findall(r"^ *(\d+) \w+ +\S+ (.*)$", terminal.rpartition("PID ")[2], re.MULTILINE)
    return {command: pid for pid, command in rows if command != "ps ax"}


def worker(processes: list[Process]) -> list[int]:
    return [process.pid for process in processes if "worker" in process.command]


@pytest.mark.engine
@pytest.mark.cluster
def test_all_of_it_on_a_cluster(
    cluster: Cluster,
    deployment: Deployment,
    kubectl: Callable[..., str],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (folder / "Pulumi.dev.yaml").write_text("config: {}\n", encoding="utf-8")  # as `pulumi stack init` leaves it
    stack = deployment.project(folder, "dev")
    lines: list[str] = []
    stack.up(on_output=lines.append)
    try:
        (resources,) = [block.text for block in blocks(PAGE) if block.text.startswith("Resources:")]
        assert resources in "".join(f"{line.rstrip()}\n" for line in lines)
        outputs = {name: output.value for name, output in stack.outputs().items()}
        attach_and_walk(cluster, outputs)
        verify(cluster, outputs["pod"], monkeypatch)
        # An interactive shell takes no notice of SIGTERM: `pulumi destroy` would wait for the end of its 30 s of grace.
        kubectl("delete", "pod", outputs["pod"], "--now")
    finally:
        stack.destroy()


def attach_and_walk(cluster: Cluster, outputs: dict[str, Any]) -> None:
    (shown,) = re.findall(r"^\$ (kubectl attach .*)$", PAGE, re.MULTILINE)
    attach = outputs["commands"]["attach"]
    assert re.sub(r"nginx-\w+", outputs["pod"], shown) == attach
    see, reload, read = TERMINALS
    with AttachedShell(cluster.command(*attach.split()[1:])) as shell:
        before = shell.processes()
        assert commands_of(before) == sorted(shown_processes(see))
        (master,) = (str(process.pid) for process in before if "master" in process.command)
        shown_master = next(pid for command, pid in shown_processes(see).items() if "master" in command)

        def typed(terminal: str) -> str:
            command = terminal.splitlines()[0].removeprefix("/ # ")
            return re.sub(rf"\b{shown_master}\b", master, command)

        assert shell.run(typed(reload)).strip() == ""
        deadline = time.monotonic() + RELOAD_SECONDS
        while set(worker(after := shell.processes())) & set(worker(before)) or not worker(after):
            assert time.monotonic() < deadline, "the workers were not replaced"
        assert commands_of(after) == sorted(shown_processes(reload))
        assert [master] == [str(process.pid) for process in after if "master" in process.command]
        printed = shell.run(typed(read)).replace("\r", "")
        assert "".join(read.splitlines(keepends=True)[1:]).strip() in printed


def verify(cluster: Cluster, pod: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{cluster.kubectl.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    (command,) = re.findall(r"^\$ (pidshare verify POD .*)$", PAGE, re.MULTILINE)
    assert "no differences" in run(command.replace("POD", pod))
