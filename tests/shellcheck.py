"""ShellCheck, from the development dependencies: a wheel of PyPI holds the program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def complaints(script: str) -> str:
    """Return what ShellCheck says of a script for POSIX shells; nothing if it is clean."""
    program = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([program, "--shell=sh", "-"], input=script, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
