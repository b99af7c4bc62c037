"""What users import: the names, and that nobody is shown to import more than those."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import pidshare_components
from dev.paths import ROOT
from tests.packaging import public_api
from tests.pages import blocks

GOLDEN = ROOT / "tests" / "golden" / "public-api.txt"
PROGRAMS = [path for folder in ("examples", "policy", "stacks") for path in sorted((ROOT / folder).rglob("*.py"))]
PAGES = [
    ROOT / "README.md",
    *(path for folder in ("docs", "examples", "policy") for path in sorted((ROOT / folder).rglob("*.md"))),
]


def test_all_is_every_public_name_in_order() -> None:
    names = [
        name
        for name in dir(pidshare_components)
        if not name.startswith("_") and not isinstance(getattr(pidshare_components, name), ModuleType)
    ]
    assert sorted(names) == pidshare_components.__all__


def test_a_name_is_read_when_it_is_first_used() -> None:
    program = """
import sys
import pidshare_components
assert not {"pulumi", "pydantic", "yaml"} & sys.modules.keys()
from pidshare_components import Container, Problem
assert pidshare_components.Container is Container
try:
    pidshare_components.NoSuchName
except AttributeError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout == "module 'pidshare_components' has no attribute 'NoSuchName'\n", done.stderr


def test_every_public_name_says_what_it_is() -> None:
    for name in pidshare_components.__all__:
        assert getattr(pidshare_components, name).__doc__, name


def test_the_package_is_typed() -> None:
    assert (Path(pidshare_components.__file__).parent / "py.typed").is_file()


def test_the_public_api_is_the_one_that_was_published() -> None:
    """UPDATE_GOLDEN=1 writes the golden file anew; what a changed line means for the version, docs/versions.md says."""
    text = public_api.text()
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def programs(path: Path) -> Iterator[str]:
    """Yield the Python of a file: all of a module, the blocks of a page."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        yield text
    else:
        yield from (block.text for block in blocks(text) if block.language == "python")


def imports(program: str) -> Iterator[tuple[str, str]]:
    """Yield what a program imports of the package: module and name."""
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("pidshare_components"):
            yield from ((str(node.module), alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.startswith("pidshare_components"))


@pytest.mark.parametrize("path", [*PROGRAMS, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_what_users_are_shown_imports_public_names_alone(path: Path) -> None:
    shown = {found for program in programs(path) for found in imports(program)}
    public = {(module, name) for module in public_api.MODULES for name in ("", *import_module(module).__all__)}
    assert shown <= public


def test_the_search_for_imports_finds_those_that_are_there() -> None:
    found = {module for path in (*PROGRAMS, *PAGES) for program in programs(path) for module, _ in imports(program)}
    assert found >= {"pidshare_components", "pidshare_components.policy"}
    deep = "from pidshare_components.args.pod import X\nimport pidshare_components.check"
    assert {module for module, _ in imports(deep)} == {"pidshare_components.args.pod", "pidshare_components.check"}
