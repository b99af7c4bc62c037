"""What the type checkers of users say: nothing about what is right, and of each mistake on which line it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.paths import ROOT

FOLDER = Path(__file__).parent
Place = tuple[str, int]

TOOLS = Path(sys.executable).parent
MARKED = {
    ("wrong.py", number)
    for number, line in enumerate((FOLDER / "wrong.py").read_text(encoding="utf-8").splitlines(), start=1)
    if "# wrong: " in line
}


def output_of(*command: str | Path) -> str:
    environment = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert done.returncode == 1, done.stdout + done.stderr  # 0 is no error at all, 2 that it could not run
    return done.stdout


def mypy(cache: Path) -> set[Place]:
    said = output_of(TOOLS / "mypy", "--strict", f"--cache-dir={cache}", FOLDER / "consumer.py", FOLDER / "wrong.py")
    return {(Path(file).name, int(line)) for file, line in re.findall(r"^(.+?):(\d+): error: ", said, re.MULTILINE)}


def pyright(_cache: Path) -> set[Place]:
    said = output_of(TOOLS / "pyright", "--project", FOLDER, "--pythonpath", sys.executable, "--outputjson")
    errors = [found for found in json.loads(said)["generalDiagnostics"] if found["severity"] == "error"]
    return {(Path(error["file"]).name, error["range"]["start"]["line"] + 1) for error in errors}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_type_checker_finds_every_mistake_and_nothing_else(
    checker: Callable[[Path], set[Place]], tmp_path: Path
) -> None:
    assert len(MARKED) > 50
    assert checker(tmp_path) == MARKED
