"""The SDKs of a component package, as `pulumi package add` puts them into a project."""

from __future__ import annotations

import shutil
from pathlib import Path

from dev.engine.errors import output_of, without_pulumi_settings
from dev.languages.node import node
from dev.languages.tools import Tools


def generate_node_sdk(tools: Tools, schema: Path, folder: Path) -> None:
    """Write the SDK of TypeScript and compile it; `node_modules` must be found from its folder.

    Raises:
        EngineError: what is written is no TypeScript.
    """
    _run([tools.generator, schema, "nodejs", folder], folder.parent)
    _run([node(), tools.node_modules / "typescript" / "bin" / "tsc", "--project", folder], folder)
    shutil.copy(folder / "package.json", folder / "bin")  # from where the SDK reads its version


def generate_go_sdk(tools: Tools, schema: Path, folder: Path) -> None:
    """Write the SDK of Go."""
    _run([tools.generator, schema, "go", folder], folder.parent)


def _run(command: list[str | Path], cwd: Path) -> None:
    cwd.mkdir(parents=True, exist_ok=True)
    output_of(command, environment=without_pulumi_settings(), cwd=cwd)
