"""Executables that the engine finds on PATH by their names, and that run code of this checkout."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from dev.paths import ROOT


def write_executable(folder: Path, name: str, module: str, *options: str) -> Path:
    """Write an executable that runs the function `main` of a module of this checkout.

    Python runs isolated (-I), so that neither the folder of a Pulumi program nor its environment shadows a module.

    Args:
        folder: made if it is not there; to be put at the front of the engine's PATH.
        name: of the executable.
        module: with the function.
        options: more options of Python.

    Returns:
        The executable.
    """
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from {module} import main; main()"
    command = shlex.join([sys.executable, "-I", *options, "-c", start])
    folder.mkdir(parents=True, exist_ok=True)
    executable = folder / name
    executable.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    executable.chmod(0o755)
    return executable
