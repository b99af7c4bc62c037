"""What holds for every page of the docs about a command."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from pidshare_components.cli import app

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<language>[^\n]*)\n(?P<text>.*?)^(?P=indent)(?P=fence)\s*$",
    re.MULTILINE | re.DOTALL,
)
_FILE = re.compile(r"# (\S+\.(?:yaml|py))\n")
_PLACEHOLDER = re.compile(r"\b[A-Z]{3,}\b")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str

    def commands(self) -> Iterator[tuple[str, str]]:
        """Yield the commands of a console, each with what the page shows of its output.

        Without a prompt every line is a command.
        """
        if "$ " not in self.text:
            yield from ((line, "") for line in self.text.splitlines())
        for _, command, shown in re.findall(r"^(\$ )(.*)\n((?:(?!\$ ).*\n)*)", self.text, re.MULTILINE):
            yield command, shown


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in order; directives of the site's generator are none."""
    found = [
        Block(match["language"].strip(), re.sub(f"^{match['indent']}", "", match["text"], flags=re.MULTILINE))
        for match in _FENCE.finditer(page)
    ]
    return [block for block in found if not block.language.startswith("{")]


def write_files(page: str, folder: Path) -> None:
    """Write what a page shows as files: blocks that begin with a comment that is a name."""
    for block in blocks(page):
        if named := _FILE.match(block.text):
            (folder / named[1]).write_text(block.text, encoding="utf-8")


def run(command: str, *, expect: int = 0) -> str:
    """Run a command of `pidshare` in this process and return its standard output."""
    program, *arguments = shlex.split(command)
    assert program == "pidshare", command
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "80"})
    assert done.exit_code == expect, done.output
    return done.stdout


def runnable(page: str) -> list[tuple[str, str]]:
    """Return the commands of `pidshare` that a page has whole, with what it shows of their output."""
    commands = [each for block in blocks(page) if block.language == "console" for each in block.commands()]
    return [
        (command, shown)
        for command, shown in commands
        if command.startswith("pidshare ") and not _PLACEHOLDER.search(command)
    ]


def assert_shows(shown: str, printed: str) -> None:
    """Fail unless what a page shows was printed, piece by piece and in this order; `[…]` is left out there."""
    rest = printed
    for piece in filter(None, shown.split("[…]\n")):
        assert piece in rest, f"{piece}\n--- is not in what follows of:\n{printed}"
        rest = rest.partition(piece)[2]


def unexplained_options(command: str, page: str) -> set[str]:
    """Return the options of a command of `pidshare` that its page does not name."""
    help_text = subprocess.run(
        [Path(sys.executable).parent / "pidshare", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    ).stdout
    options = set(re.findall(r"--[a-z-]+", help_text)) - {"--help"}
    return {option for option in options if f"`{option}" not in page and f" {option}" not in page}
