"""A stand-in for the official `pulumi-resource-kubernetes`, for machines that cannot have it, and for CI.

It does what this project's programs need, for any kind the API server knows: server-side apply, waiting until a thing
is ready, diff, replacement, refresh and delete. It imitates the official plugin, the fields it replaces for included,
so that one test suite runs against either. It has no schema, no functions, no Helm and no Patch resources.
"""

from __future__ import annotations

from pathlib import Path

from dev.executables import write_executable

__all__ = ["install"]

_EXECUTABLE = "pulumi-resource-kubernetes"


def install(folder: Path) -> Path:
    """Write the executable by whose name the engine finds this plugin on PATH.

    Args:
        folder: made if it is not there; to be put at the front of the engine's PATH.

    Returns:
        The executable.
    """
    return write_executable(folder, _EXECUTABLE, "dev.kubernetes_plugin.server")
