"""Where documents come from: files, folders of them, and standard input."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Union

from pidshare_components.documents.parse import Document, read
from pidshare_components.documents.problem import Problem

STDIN = "-"
"""Stands for standard input among paths."""

_SUFFIXES = (".yaml", ".yml", ".json")
_PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml")
_OF_PULUMI = "Pulumi."


def documents(path: str) -> Iterator[Union[Document, Problem]]:
    """Yield the documents of a file, of a folder, or of standard input (`-`).

    Of a folder all files that are YAML or JSON by their names, in those below it too, by name; but none that is hidden,
    and none of Pulumi's own.
    """
    if path == STDIN:
        yield from _read("<stdin>", sys.stdin.buffer.read)
        return
    files = _files(path) if os.path.isdir(path) else [Path(path)]  # noqa: PTH112 - never fails
    if not files:
        yield Problem(path, None, None, "", "holds no .yaml, .yml or .json file", "give a folder that does")
    for file in files:
        yield from _read(str(file), file.read_bytes)


def _read(name: str, content: Callable[[], bytes]) -> Iterator[Union[Document, Problem]]:
    try:
        found = content()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "its name is none that a file can have"
        yield Problem(name, None, None, "", f"cannot be read ({why})", "give a file, a folder, or - for standard input")
    else:
        yield from read(name, found)


def _files(folder: str) -> list[Path]:
    found: list[Path] = []
    for below, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        own = [name for name in names if name.endswith(_SUFFIXES) and not name.startswith((".", _OF_PULUMI))]
        found += (Path(below, name) for name in own)
    return sorted(found, key=lambda file: file.parts)


def is_stack_dir(path: str) -> bool:
    """Return whether a folder is one of a Pulumi program.

    It has a `Pulumi.yaml`, or is the `main` of one further up; the same as `render` takes, but found without Pulumi.
    """
    if path == STDIN or not os.path.isdir(path):  # noqa: PTH112 - never fails
        return False
    folder = Path(path).resolve()
    if any((folder / name).is_file() for name in _PROJECT_FILES):
        return True
    projects = (parent / name for parent in folder.parents for name in _PROJECT_FILES)
    return any(_program(project) == folder for project in projects if project.is_file())


def _program(project: Path) -> Path:
    """Return the folder of a project's program, or its own where its file cannot be read."""
    try:
        content = project.read_bytes()
    except OSError:
        content = b""
    main = None
    for document in read(str(project), content):
        if isinstance(document, Document) and isinstance(document.tree, dict):
            main = document.tree.get("main")
    program = (project.parent / (main if isinstance(main, str) else ".")).resolve()
    return program if program.is_dir() else program.parent
