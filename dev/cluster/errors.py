"""The one error of this package, and programs that raise it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

_LAST_LINES = 12
_LINE_LENGTH = 400


class ClusterError(Exception):
    """A cluster cannot be brought up, found or taken down; the message says what, why and what to do."""


def output_of(argv: Sequence[str | Path], *, cwd: Path | None = None) -> str:
    """Run a program to its end and return what it printed.

    Raises:
        ClusterError: it is not installed or failed; with its last lines.
    """
    program = Path(argv[0]).name
    try:
        done = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise ClusterError(f"{program} is not installed, and the cluster needs it") from None
    if done.returncode != 0:
        said = last_lines(done.stderr or done.stdout)
        raise ClusterError(f"{program} failed with status {done.returncode}: {' '.join(map(str, argv))}\n{said}")
    return done.stdout


def last_lines(text: str) -> str:
    """Return the end of a program's output: where the reason of its failure is."""
    return "\n".join(line[:_LINE_LENGTH] for line in text.strip().splitlines()[-_LAST_LINES:])
