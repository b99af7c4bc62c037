"""The one error of this package, and programs that raise it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from dev.cluster.errors import last_lines


class EngineError(Exception):
    """The Pulumi engine cannot be had; the message says what, why and what to do."""


def without_pulumi_settings() -> dict[str, str]:
    """Return this process's environment for a program that is none of Pulumi's: no token, no passphrase."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}


def output_of(
    argv: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    cwd: Path | None = None,
    seconds: float | None = None,
) -> str:
    """Run a program to its end and return what it printed.

    It gets a process group of its own, which an exception here, such as that of Ctrl-C, kills as a whole.

    Raises:
        EngineError: it is not installed, failed (with its last lines) or took longer than `seconds`.
    """
    program = Path(argv[0]).name
    try:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise EngineError(f"{program} is not installed") from None
    except OSError as error:
        raise EngineError(f"{argv[0]} cannot be run: {error.strerror}") from None
    with process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except BaseException as error:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise EngineError(f"{program} did not end within {seconds:.0f} s") from None
            raise
    if process.returncode != 0:
        raise EngineError(last_lines(errors or output) or f"{program} failed with status {process.returncode}")
    return output
