"""Stand-ins for Pulumi's language hosts, for machines that cannot have them, and for tests.

They run what is there: a program in TypeScript or Go, and a component package in Python. They install no
dependencies, write no SDKs, and know nothing of what a program requires.
"""

from __future__ import annotations

from pathlib import Path

from dev.executables import write_executable

__all__ = ["install"]


def install(folder: Path) -> None:
    """Write the executables by whose names the engine finds the hosts on PATH.

    Args:
        folder: made if it is not there; to be put at the front of the engine's PATH.
    """
    for runtime in ("go", "nodejs", "python"):
        write_executable(folder, f"pulumi-language-{runtime}", f"dev.languages.hosts.{runtime}")
