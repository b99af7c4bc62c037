"""The documentation site builds without a warning and has every page and public name; no block of it is untested."""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import re
import subprocess
import sys
import textwrap
from enum import Enum
from pathlib import Path

import pulumi
import pytest
import yaml
from pydantic import BaseModel

import pidshare_components
from dev.paths import ROOT
from tests.pages import Block, assert_shows, blocks, run, runnable

DOCS = ROOT / "docs"
# Each rule's page has tests of its own, for its sections and their blocks.
PAGES = {
    str(page.relative_to(DOCS)): page.read_text(encoding="utf-8")
    for page in sorted(DOCS.rglob("*.md"))
    if page.parent.name != "rules"
}
BLOCKS = [(page, block) for page, text in PAGES.items() for block in blocks(text)]
# What a reader has beside `pidshare`, by the words that a command may go on with.
PROGRAMS = {
    ".": r"\.venv/bin/activate",
    "cd": r"\S+",
    "helm": "template",
    "kubectl": "attach|describe|get|logs",
    "kustomize": "build",
    "make": "up|down|docs|test",
    "pip": "install",
    "pulumi": "up|destroy|preview|install|config|package|stack (?:init|rm|output|select)",
    "python3": "-m venv",
}

needs_generator = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="the site's generator needs Python 3.11: see pyproject.toml"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, as `make docs` builds it."""
    out = tmp_path_factory.mktemp("site")
    (recipe,) = re.findall(r"-m (sphinx .*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    *arguments, source, _ = recipe.split()
    done = subprocess.run(
        [sys.executable, "-m", *arguments, source, out],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "--fail-on-warning" in arguments
    return out


@pytest.fixture(scope="module")
def found(site: Path) -> dict[str, str]:
    """The text of every description in the reference, by the name that it describes."""
    from bs4 import BeautifulSoup  # noqa: PLC0415 - comes with the generator

    descriptions = {}
    for page in (site / "reference").glob("*.html"):
        for term in BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select("dt.sig[id]"):
            description = term.find_next_sibling("dd")
            assert description is not None
            descriptions[str(term["id"])] = plain(description.get_text())
    return descriptions


def plain(text: str) -> str:
    """Return text without what a docstring and a page write differently."""
    return re.sub(r"[\s`*]+", "", text)


def described_in_source(what: type, field: str) -> str | None:
    """Return the docstring after a field, wherever it is inherited from."""
    owner = next(base for base in what.__mro__ if field in inspect.get_annotations(base))
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    assert isinstance(declared, ast.ClassDef)
    for item, after in itertools.pairwise(declared.body):
        named = isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.target.id == field
        if named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            return str(after.value.value)
    return None


def public() -> list[tuple[str, type]]:
    return [(name, getattr(pidshare_components, name)) for name in pidshare_components.__all__]


@needs_generator
class TestSite:
    def test_the_reference_has_every_public_name(self, found: dict[str, str]) -> None:
        for name, what in public():
            summary = (inspect.getdoc(what) or "").split("\n\n")[0]
            assert plain(summary) in found[f"pidshare_components.{name}"], name

    def test_the_reference_describes_every_field_inherited_ones_too(self, found: dict[str, str]) -> None:
        fields = [
            (f"pidshare_components.{name}.{field}", described_in_source(what, field))
            for name, what in public()
            if issubclass(what, BaseModel)
            for field in what.model_fields
        ]
        assert len(fields) > 200
        for field, description in fields:
            assert description, field
            assert plain(description) == found[field], field

    def test_the_reference_describes_every_output_inherited_ones_too(self, found: dict[str, str]) -> None:
        components = [(name, what) for name, what in public() if issubclass(what, pulumi.ComponentResource)]
        assert components
        for name, what in components:
            outputs = [output for output in inspect.get_annotations(what) if not output.startswith("_")]
            for output in {*outputs, "exposure", "pod_security", "findings", "commands"}:
                assert found[f"pidshare_components.{name}.{output}"]

    def test_the_reference_has_every_value_of_every_enum(self, found: dict[str, str]) -> None:
        for name, what in public():
            if issubclass(what, Enum):
                for member in what:
                    assert f"pidshare_components.{name}.{member.name}" in found

    def test_every_page_is_there(self, site: Path) -> None:
        pages = [page.relative_to(DOCS).with_suffix(".html") for page in DOCS.rglob("*.md")]
        assert [str(page) for page in pages if not (site / page).exists()] == []

    def test_pictures_have_a_text(self, site: Path) -> None:
        for page in site.rglob("*.html"):
            for picture in re.findall(r"<img [^>]*>", page.read_text(encoding="utf-8")):
                assert re.search(r'alt="[^"]{40,}"', picture), picture

    def test_nothing_is_fetched_from_elsewhere_to_show_a_page(self, site: Path) -> None:
        for page in site.rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            assert re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="https?://[^"]*"', text) == []


@pytest.mark.parametrize(
    ("page", "block"), BLOCKS, ids=lambda value: value if isinstance(value, str) else value.language
)
def test_every_block_is_of_a_language_that_is_read(page: str, block: Block) -> None:
    if block.language == "console":
        commands = list(block.commands())
        assert commands
        for command, _ in commands:
            for part in re.split(r" \| | && ", command):
                program, _, rest = part.partition(" ")
                assert program == "pidshare" or re.match(rf"(?:{PROGRAMS[program]})\b", rest), command
    elif block.language == "python":
        compile(block.text, page, "exec")
    elif block.language == "yaml":
        assert list(yaml.safe_load_all(block.text))
    elif block.language == "json":
        json.loads(block.text)
    else:
        # Output, or a language that the page's own test reads.
        assert block.language in {"text", "typescript", "go"}
        assert own_test(page)


@pytest.mark.parametrize("page", sorted({page for page, _ in BLOCKS}))
def test_every_page_with_blocks_has_a_test_of_its_own(page: str) -> None:
    assert own_test(page)


def own_test(page: str) -> list[Path]:
    """Return the tests that read a page: its name, or that of its folder, is a path there."""
    path = re.compile(rf'["/]{re.escape(page.rpartition("/")[0] or page)}"')
    return [test for test in (ROOT / "tests").rglob("test_*.py") if path.search(test.read_text(encoding="utf-8"))]


def test_the_start_page_shows_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    ((command, shown),) = runnable(PAGES["index.md"])
    assert_shows(shown, run(command))
