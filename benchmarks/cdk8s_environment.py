"""cdk8s-plus-32 in an environment of its own, in the cache: nothing of it gets into this project's."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import BenchmarkError
from dev.paths import cache_dir, locked

_REQUIREMENTS = Path(__file__).parent / "cdk8s-requirements.txt"
_DIGEST = "DIGEST"
_SECONDS = 300


def python() -> Path:
    """Return the Python of the environment, which is made when it is not there, or not as it was made.

    Raises:
        BenchmarkError: it cannot be made here.
    """
    if shutil.which("node") is None:
        raise BenchmarkError("it runs on Node.js, which is not on PATH")
    uv = shutil.which("uv", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))))
    if uv is None:
        raise BenchmarkError("uv, which installs it, is not on PATH")
    folder = cache_dir() / "benchmarks" / "cdk8s"
    with locked(folder):
        if not _is_kept(folder):
            _make(folder, uv)
    return folder / "bin" / "python"


def _is_kept(folder: Path) -> bool:
    try:
        return (folder / _DIGEST).read_text() == _digest(folder)
    except OSError:
        return False


def _make(folder: Path, uv: str) -> None:
    """Install beside the place and rename: half an installation is never found there."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        made = Path(name) / folder.name
        _run([uv, "venv", "--quiet", "--no-project", "--relocatable", "--python", sys.executable, str(made)])
        install = [uv, "pip", "install", "--quiet", "--python", str(made / "bin" / "python"), "--require-hashes"]
        _run([*install, "--requirement", str(_REQUIREMENTS)])
        (made / _DIGEST).write_text(_digest(made))
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def _run(command: list[str]) -> None:
    try:
        # Not in this checkout: uv would read the constraints of its pyproject.toml.
        done = subprocess.run(command, cwd=cache_dir(), capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise BenchmarkError(f"it cannot be installed: {problem}") from None
    if done.returncode:
        raise BenchmarkError(f"it cannot be installed: {(done.stderr.strip().splitlines() or ['no reason'])[0]}")


def _digest(folder: Path) -> str:
    """Return a digest of what is to be installed, of this Python, and of all files but compiled ones."""
    whole = hashlib.sha256(_REQUIREMENTS.read_bytes() + sys.version.encode())
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name != _DIGEST and "__pycache__" not in file.parts:
            whole.update(str(file.relative_to(folder)).encode() + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()
