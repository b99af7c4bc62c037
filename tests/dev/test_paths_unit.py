"""The lock that keeps two runs of a script apart."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dev.paths import ROOT, locked

COUNT = """
import sys
from pathlib import Path
from dev.paths import locked
file = Path(sys.argv[1])
for _ in range(50):
    with locked(file):
        file.write_text(str(int(file.read_text()) + 1))
"""


def test_no_two_processes_hold_a_lock_and_none_is_left_behind(tmp_path: Path) -> None:
    file = tmp_path / "count"
    file.write_text("0")
    processes = [subprocess.Popen([sys.executable, "-c", COUNT, str(file)], cwd=ROOT) for _ in range(4)]
    assert [process.wait() for process in processes] == [0] * 4
    assert file.read_text() == "200"
    assert [entry.name for entry in tmp_path.iterdir()] == ["count"]


def test_a_lock_is_given_back_after_a_failure(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(KeyError), locked(tmp_path / "it"):
            raise KeyError
