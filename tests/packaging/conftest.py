"""What is published, built once for the whole run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.paths import ROOT

UV = str(Path(sys.executable).with_name("uv"))
_NOT_PUBLISHED = shutil.ignore_patterns(
    ".*", "node_modules", "sdks", "venv", "__pycache__", "*.egg-info", "build", "dist"
)

Build = Callable[..., Path]


@dataclass(frozen=True)
class Distributions:
    """What is published."""

    wheel: Path
    sdist: Path


def build(source: Path, target: Path, kind: str) -> Path:
    """Build one distribution by the backend that is installed here, without looking for another one."""
    command = [UV, "build", "--quiet", "--offline", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([*command, f"--{kind}", "--out-dir", target, source], check=True)
    (built,) = target.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Wheel and source distribution, both of a copy of this checkout: building leaves files behind."""
    folder = tmp_path_factory.mktemp("distributions")
    shutil.copytree(ROOT, folder / "checkout", ignore=_NOT_PUBLISHED, symlinks=True)
    return Distributions(
        wheel=build(folder / "checkout", folder / "dist", "wheel"),
        sdist=build(folder / "checkout", folder / "dist", "sdist"),
    )
