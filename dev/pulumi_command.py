"""The engine's command line for the Automation API, ended in order when this process is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import IO, Any

from pulumi import automation
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from dev.engine import Engine
from dev.engine.cache import version_of

_END_SECONDS = 60.0


class Pulumi(automation.PulumiCommand):
    """Runs the engine that was found, in a session of its own.

    A terminal sends Ctrl-C to this process and its children at once. The engine must get it from here alone: the SDK
    forgets a child that it was waiting for, and a second one makes the engine give up what it was writing.
    """

    def __init__(self, engine: Engine) -> None:  # the SDK's asks PATH
        self.command = str(engine.pulumi)
        self.version = VersionInfo.parse(version_of(engine.pulumi).removeprefix("v"))
        self._path = [str(folder) for folder in (engine.pulumi.parent, *engine.path)]

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> automation.CommandResult:
        """Run a command to its end.

        Raises:
            CommandError: it failed.
        """
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        environment["PATH"] = os.pathsep.join([*self._path, environment["PATH"]])
        with subprocess.Popen(
            [self.command, "--non-interactive", *args],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            streams = [_Reader(process.stdout, on_output), _Reader(process.stderr, on_error)]
            try:
                process.wait()
            except BaseException:
                _end(process)
                raise
            stdout, stderr = (stream.text() for stream in streams)
        result = automation.CommandResult(stdout, stderr, process.returncode)
        if process.returncode != 0:
            raise create_command_error(result)
        return result


class _Reader(threading.Thread):
    """Reads a pipe to its end: one that is full stops the writer."""

    def __init__(self, stream: IO[str] | None, tell: Callable[[str], Any] | None) -> None:
        super().__init__(daemon=True)
        self._stream, self._tell = stream, tell
        self._lines: list[str] = []
        self.start()

    def run(self) -> None:
        for line in self._stream or ():
            self._lines.append(line.rstrip())
            if self._tell is not None:
                self._tell(self._lines[-1])

    def text(self) -> str:
        self.join()
        return "\n".join(self._lines)


def _end(process: subprocess.Popen[str]) -> None:
    """Let the engine write down what it did, but not forever."""
    try:
        process.send_signal(signal.SIGINT)
        process.wait(_END_SECONDS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
