"""A stand-in for the official `pulumi-resource-kubernetes`, for machines that cannot have it, and for CI.

It does what this project's programs need, for any kind the API server knows: server-side apply, waiting until a thing
is ready, diff, replacement, refresh and delete. It imitates the official plugin, the fields it replaces for included,
so that one test suite runs against either. It has no schema, no functions, no Helm and no Patch resources.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from dev.paths import ROOT

__all__ = ["install"]

_EXECUTABLE = "pulumi-resource-kubernetes"

# Isolated (-I), so that neither the folder of a Pulumi program nor its environment shadows a module.
_START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from dev.kubernetes_plugin.server import main; main()"


def install(folder: Path) -> Path:
    """Write the executable by whose name the engine finds this plugin on PATH.

    Args:
        folder: made if it is not there; to be put at the front of the engine's PATH.

    Returns:
        The executable.
    """
    folder.mkdir(parents=True, exist_ok=True)
    executable = folder / _EXECUTABLE
    executable.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I -c {shlex.quote(_START)} "$@"\n')
    executable.chmod(0o755)
    return executable
