"""The attached shell, with a shell of this machine in place of kubectl: a terminal is a terminal."""

from __future__ import annotations

import os
import shlex

import pytest

from pidshare_components.live import AttachedShell, ShellError

SHELL = ["env", "PS1=/ # ", "ENV=", "sh", "-i"]


def test_a_command_gives_its_output_and_a_transcript() -> None:
    lines: list[str] = []
    with AttachedShell(SHELL, transcript=lines.append) as shell:
        assert shell.run("echo one; echo two") == "one\ntwo\n"
        assert shell.run("true") == ""
    assert lines == ["/ # echo one; echo two", "one", "two", "/ # true"]


def test_processes_are_read_from_whatever_table_ps_prints() -> None:
    tables = {
        "PID USER COMMAND": "7 root nginx: master process",
        "PID USER TIME COMMAND": "7 root 0:00 nginx: master process",
        "PID TTY STAT TIME COMMAND": "7 ? Ss 0:00 nginx: master process",
    }
    for header, row in tables.items():
        with AttachedShell(SHELL) as shell:
            shell.run(
                f"ps() {{ echo '{header}'; echo '{row}'; echo '{row.replace('nginx: master process', 'ps ax')}'; }}"
            )
            assert [(process.pid, process.command) for process in shell.processes()] == [(7, "nginx: master process")]


def test_this_machines_own_table_has_the_shell() -> None:
    with AttachedShell(SHELL) as shell:
        here = os.getpid()
        assert here in [process.pid for process in shell.processes()]


def test_a_shell_without_ps_says_so() -> None:
    with AttachedShell(SHELL) as shell:
        shell.run("ps() { echo 'sh: not found'; }")
        with pytest.raises(ShellError, match="no table of processes, but: sh: not found"):
            shell.processes()


def test_a_prompt_that_is_drawn_twice_is_one() -> None:
    with AttachedShell([part.replace("/ # ", "/ # / # ") for part in SHELL]) as shell:
        assert shell.run("echo on") == "on\n"


def test_a_first_command_that_was_lost_is_typed_again() -> None:
    with AttachedShell(["sh", "-c", f"read lost; exec {shlex.join(SHELL)}"]) as shell:
        assert shell.run("echo on") == "on\n"


def test_an_attach_that_ends_is_an_error_with_its_words() -> None:
    with (
        pytest.raises(ShellError, match=r"attaching: kubectl ended.*not allowed"),
        AttachedShell(["echo", "not allowed"]),
    ):
        pass


def test_a_command_that_never_ends_is_an_error() -> None:
    with AttachedShell(SHELL, timeout=2) as shell, pytest.raises(ShellError, match=r"'cat': no prompt came in 2 s"):
        shell.run("cat")
