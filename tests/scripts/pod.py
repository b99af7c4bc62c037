"""A pod as the kubelet and the runtime make one, out of namespaces: as far as a process of it can see.

One process namespace with a sandbox as PID 1; main processes and those of `kubectl exec` enter it from outside; each
container has a mount namespace with its termination message mounted, which is a file in a folder named after it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pytest

from tests.live.processes import Who, command_as

SHELLS = ("busybox", "dash")
"""What scripts are for."""

ROOT = Who(0, 0)
USER = Who(1000, 1000)

needs_pods = pytest.mark.skipif(
    (os.geteuid() != 0 or not shutil.which("nsenter")) and not os.environ.get("CI"),
    reason="makes namespaces, which needs root and util-linux",
)

_SANDBOX = "mount -t proc proc /proc && echo ready && exec sleep 1000000"
_CONTAINER = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'


class Member:
    """A process of a container, started from outside."""

    def __init__(self, process: subprocess.Popen[str], host_pid: int) -> None:
        self.process = process
        self.host_pid = host_pid
        status = Path(f"/proc/{host_pid}/status").read_text()
        self.pid = int(next(line.split()[-1] for line in status.splitlines() if line.startswith("NSpid:")))
        """Its PID as the pod sees it."""

    @property
    def stdout(self) -> IO[str]:
        """What it prints."""
        assert self.process.stdout
        return self.process.stdout


class Pod:
    """The pod. Everything in it ends with it."""

    def __init__(self, folder: Path, shell: Sequence[str]) -> None:
        """Make a pod.

        Args:
            folder: for its files, which every user may reach.
            shell: that runs scripts.
        """
        self.folder = folder
        self.shell = shell
        self._ends = ExitStack()
        self._mount_point = folder / "termination-log"
        self._mount_point.touch()
        command = ["unshare", "--pid", "--mount", "--fork", "--kill-child", "sh", "-c", _SANDBOX]
        self._sandbox = self.popen(command)
        assert self._sandbox.stdout
        assert self._sandbox.stdout.readline() == "ready\n"
        self._init = _child(self._sandbox.pid)

    def close(self) -> None:
        """End all processes."""
        self._ends.close()

    def popen(self, command: Sequence[str], environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self._ends.enter_context(process)
        self._ends.callback(process.kill)
        return process

    def termination_log(self, container: str, run: str = "0") -> Path:
        """Return the file of one run of a container."""
        path = self.folder / "kubelet/pods/0f3c/containers" / container / run
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        return path

    def command(self, container: str, who: Who, *command: str, run: str = "0") -> list[str]:
        """Return a command that is run in a container, as its main process or by `kubectl exec`."""
        return self.command_with(self.termination_log(container, run), who, *command)

    def command_with(self, mounted: Path, who: Who, *command: str) -> list[str]:
        """Return a command that is run with any file as its termination message."""
        enter = ["nsenter", f"--target={self._init}", "--pid", "--mount", "--", "unshare", "--mount"]
        shell = ["sh", "-c", _CONTAINER, "sh", str(mounted), str(self._mount_point)]
        return [*enter, *shell, *command_as(who, *command)]

    def start(self, command: Sequence[str], **environment: str) -> Member:
        """Start a command of this pod and wait for the line `ready` of it."""
        process = self.popen(command, environment)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return Member(process, _child(process.pid))

    def run(self, container: str, script: str, *, who: Who = USER, run: str = "0") -> Member:
        """Start a script in a container, as its main process or by `kubectl exec`; it says `ready` when it is."""
        return self.start(self.command(container, who, *self.shell, "-c", script, run=run))

    def output(self, container: str, script: str, *, who: Who = USER) -> tuple[int, str, str]:
        """Run a script in a container; return its status and what it printed, also as errors."""
        done = subprocess.run(
            self.command(container, who, *self.shell, "-c", script),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout.strip(), done.stderr.strip()


def _child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
