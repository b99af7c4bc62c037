"""The one engine in the cache: made beside its place and renamed, checked before each use."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from dev.engine.errors import EngineError, output_of

SUMS = "SHA256SUMS"
"""Name of the file beside what is kept, with what `sums` returned when that was made."""
_VERSION_SECONDS = 30.0


def kept(folder: Path, version: str) -> bool:
    """Tell whether a folder holds an engine of this version that works and is as it was made."""
    try:
        recorded = (folder / SUMS).read_text()
        return recorded == sums(folder) and version_of(folder / "pulumi") == version
    except (OSError, EngineError):
        return False


def keep(folder: Path, version: str, make: Callable[[Path], None]) -> None:
    """Put an engine into the cache, instead of any other; the caller has the lock of the folder's parent.

    Args:
        folder: where it is to be.
        version: what the engine must say of itself.
        make: makes the engine in the folder that it is called with.

    Raises:
        EngineError: it could not be made, or is of another version.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        made = Path(name) / folder.name
        made.mkdir()
        make(made)
        (made / SUMS).write_text(sums(made))
        said = version_of(made / "pulumi")
        if said != version:
            raise EngineError(f"what should be Pulumi {version} says it is {said!r}")
        for other in folder.parent.iterdir():
            if other != made.parent:
                shutil.rmtree(other)
        made.rename(folder)


def version_of(pulumi: Path) -> str:
    """Return what an engine says is its version, such as `v3.259.0`.

    Raises:
        EngineError: it does not run.
    """
    # Even this makes a folder for logs in PULUMI_HOME, which is ~/.pulumi whatever HOME says.
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "PULUMI_HOME": home, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        return output_of([pulumi, "version"], environment=environment, seconds=_VERSION_SECONDS).strip()


def numbers(version: str) -> tuple[int, ...]:
    """Return major, minor and patch of a version; nothing when it is none."""
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", version)
    return tuple(map(int, match.groups())) if match else ()


def sums(folder: Path) -> str:
    """Return the SHA-256 of each file below a folder but that of the sums, in the format of `sha256sum`."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file != folder / SUMS)
    return "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder)}\n" for file in files)
