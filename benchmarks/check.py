"""How long `pidshare check` takes as a process of its own, from its start to its end, and how much memory.

The manifests are a file each in a folder, and all of them in one stream. Where Checkov is installed it is given the
same folder.
"""

import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.documents import documents
from benchmarks.measure import Subject, measure, process

_FILES, _QUICK_FILES = 100, 5
_STREAMS, _QUICK_STREAMS = (1_000, 10_000), (10,)
_FINDINGS = (0, 1)  # exit codes: both programs find something


def show(rounds: int, *, quick: bool) -> None:
    """Print a row for each program and input."""
    check = [str(Path(sys.executable).parent / "pidshare"), "check"]
    files = _QUICK_FILES if quick else _FILES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "folder")
        folder.mkdir()
        for number, text in enumerate(documents(files)):
            (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
        subjects = [
            Subject(f"pidshare, {files} files", partial(process, [*check, str(folder)], accepted=_FINDINGS), files)
        ]
        checkov = shutil.which("checkov")
        if checkov is None:
            print("Checkov: not compared; it is not on PATH (pip install checkov, into an environment of its own)")
        else:
            command = [checkov, "-d", str(folder), "--framework", "kubernetes", "--compact", "--quiet"]
            subjects.append(Subject(f"Checkov, {files} files", partial(process, command, accepted=_FINDINGS), files))
        for count in _QUICK_STREAMS if quick else _STREAMS:
            stream = Path(name, f"{count}.yaml")
            stream.write_text("---\n".join(documents(count)), encoding="utf-8")
            subjects.append(
                Subject(
                    f"pidshare, {count} documents", partial(process, [*check, str(stream)], accepted=_FINDINGS), count
                )
            )
        measure(subjects, rounds, things="documents")
