"""The Pythons of this machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dev.paths import ROOT

_CLASSIFIER = re.compile(r'"Programming Language :: Python :: (3\.\d+)"')
VERSIONS = _CLASSIFIER.findall((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
"""Those that the package says it is for, oldest first."""


def find(version: str) -> Path | None:
    """Return an interpreter of a version such as `3.12`: this one, one on PATH, or one of pyenv's."""
    return next((path for path in _candidates(version) if _is(version, path)), None)


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    if found := shutil.which(f"python{version}"):
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted((pyenv / "versions").glob(f"{version}.*/bin/python{version}"))


def _is(version: str, interpreter: Path) -> bool:
    # What is on PATH may be a shim of pyenv that starts nothing.
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([interpreter, "-I", "-c", program], capture_output=True, text=True, check=False)
    return done.stdout.strip() == version
