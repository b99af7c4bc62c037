"""Where things are: the checkout, the caches, the state of `make up`."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout of this project."""


def cache_dir() -> Path:
    """Return the directory of everything that can be made again, `${XDG_CACHE_HOME:-~/.cache}/pidshare`."""
    base = os.environ.get("XDG_CACHE_HOME")
    directory = (Path(base) if base else Path.home() / ".cache") / "pidshare"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def state_dir() -> Path:
    """Return the directory of what `make up` must remember, inside the checkout and unknown to git."""
    directory = ROOT / ".pidshare"
    directory.mkdir(exist_ok=True)
    return directory


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of `path` (the file `path.lock`) against other processes, and wait for it first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f"{path.name}.lock")
    while True:
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not _is_at(lock, file.fileno()):
                continue  # who held it before took the file away: this is the lock of nothing
            try:
                yield
            finally:
                lock.unlink()
            return


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
