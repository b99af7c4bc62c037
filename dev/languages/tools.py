"""The tools, compiled or installed once for each change of what they are made of, and checked before each use."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dev.engine.cache import SUMS, sums
from dev.engine.errors import EngineError, output_of, without_pulumi_settings
from dev.languages.node import npm
from dev.paths import cache_dir, locked
from dev.progress import step

_HERE = Path(__file__).parent
_GO_BUILD = ["go", "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w"]


@dataclass(frozen=True)
class Tools:
    """Where the tools are.

    Attributes:
        generator: executable that writes an SDK.
        yaml_host: Pulumi's language host of YAML.
        node_modules: Pulumi's SDK of Node, TypeScript, and what they depend on.
    """

    generator: Path
    yaml_host: Path
    node_modules: Path


def tools() -> Tools:
    """Find the tools, or bring them: some minutes at worst, the first time.

    Raises:
        EngineError: one is not there and cannot be made here; the message says why.
    """
    generator = _made("generator", ["go.mod", "go.sum", "main.go"], "compiling Pulumi's generators", _compile_generator)
    yaml = _made("yaml", ["go.mod", "go.sum"], "compiling Pulumi's language host of YAML", _compile_yaml_host)
    npm = _made("npm", ["package.json", "package-lock.json"], "installing Pulumi's SDK of Node", _install_node_packages)
    return Tools(generator / "generator", yaml / "pulumi-language-yaml", npm / "node_modules")


def _compile_generator(folder: Path) -> None:
    _run([*_GO_BUILD, "-o", folder / "generator", "."], _HERE / "generator")


def _compile_yaml_host(folder: Path) -> None:
    _run(
        [*_GO_BUILD, "-o", folder / "pulumi-language-yaml", "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"],
        _HERE / "yaml",
    )


def _install_node_packages(folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_HERE / "npm" / name, folder)
    # Refuses what is not as the lock file has it. No package needs its own scripts run.
    _run([*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)


def _run(command: list[str | Path], folder: Path) -> None:
    output_of(command, environment={**without_pulumi_settings(), "GOWORK": "off"}, cwd=folder)


def _made(name: str, sources: list[str], what: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of a tool, made if it is not there or is not as it was made."""
    home = cache_dir() / "languages" / name
    digest = hashlib.sha256(b"\0".join((_HERE / name / source).read_bytes() for source in sources)).hexdigest()[:16]
    folder = home / digest
    with locked(home):
        if _kept(folder):
            return folder
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        with step(f"{what} (once)"), tempfile.TemporaryDirectory(dir=home.parent) as scratch:
            made = Path(scratch) / digest
            made.mkdir()
            try:
                make(made)
            except EngineError as error:
                raise EngineError(f"{what} failed: {error}") from None
            (made / SUMS).write_text(sums(made))
            made.rename(folder)
    return folder


def _kept(folder: Path) -> bool:
    recorded = folder / SUMS
    return recorded.exists() and recorded.read_text() == sums(folder)
