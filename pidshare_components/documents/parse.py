"""From bytes to documents: each a plain tree, or what is wrong with it. One that is broken spoils no other."""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Optional, Union

import yaml

from pidshare_components.analysis.tree import Path, format_path
from pidshare_components.documents.builder import Builder, Refused, line_of
from pidshare_components.documents.problem import Problem

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8"),
    # Before UTF-16: its mark begins with the other one's.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# At the beginning of a line these begin and end a document wherever they stand, even in quotes (YAML: c-forbidden).
_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\n]|\Z)", re.MULTILINE)
_SPACE = re.compile(r"[ \t\n]*")
_BEFORE_DOCUMENT = re.compile(r"(?:[ \t]*(?:#.*)?\n|%.*\n)*[ \t]*(?:#.*)?")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Document:
    """A document that has been read.

    Attributes:
        file: where it stands, as it was given.
        number: place in the file, from 1; empty documents count too.
        tree: what it says.
        text: what it was read from; "" where it was made by a program.
        first_line: of the text in the file.
        line: where the tree begins in the file; None where it was made by a program.
        builder: what built the tree; None where that was no YAML.
    """

    file: str
    number: int
    tree: Any
    text: str = ""
    first_line: int = 1
    line: Optional[int] = None
    builder: Optional[Builder] = field(default=None, repr=False, compare=False)

    def problem(self, path: Path, reason: str, instead: str) -> Problem:
        """Return what is wrong with something in it, with its line."""
        shown_path = format_path(path) if path else ""
        return Problem(self.file, self.number, self.line_of(path), shown_path, reason, instead)

    def line_of(self, path: Path) -> Optional[int]:
        """Return the line of what is at the end of a path, or as far as there is something on it.

        None where it was made by a program, and for JSON that is no YAML.
        """
        if not path:
            return self.line
        builder = self.builder or self._as_yaml
        if builder is None:
            return None
        tree, line = builder.tree, builder.first_line
        for step in path:
            line = builder.lines.get((id(tree), step), line)
            try:
                tree = tree[step]
            except (LookupError, TypeError):
                break
        return self.first_line + line - 1

    @cached_property
    def _as_yaml(self) -> Optional[Builder]:
        """What builds the same tree from JSON, whose own parser tells no lines."""
        builder = Builder()
        try:
            _build(self.text, builder)
        except Refused:
            return None
        return builder if self.text else None


def read(file: str, content: bytes) -> Iterator[Union[Document, Problem]]:
    """Yield the documents of a file, but no empty ones, and what is wrong with it.

    Args:
        file: its name, for messages.
        content: YAML or JSON, in UTF-8, or in UTF-16 or UTF-32 with a byte order mark; perhaps many documents.
    """
    try:
        text = _decoded(content)
    except Refused as refused:
        yield _problem(file, None, 1, refused)
        return
    number = 0
    for begin, chunk in _split(text):
        for piece in _pieces(chunk):
            number += 1
            line = begin + piece.lines_before
            if isinstance(piece.tree, Refused):
                yield _problem(file, number, line, piece.tree)
            elif piece.tree is not None:
                begins = line + piece.first_line - 1
                yield Document(file, number, piece.tree, piece.text, line, begins, piece.builder)


def _problem(file: str, number: Optional[int], first_line: int, refused: Refused) -> Problem:
    line = None if refused.line is None else first_line + refused.line - 1
    path = format_path(refused.path) if refused.path else ""
    return Problem(file, number, line, path, refused.reason, refused.instead)


def _decoded(content: bytes) -> str:
    mark, encoding = next(((mark, name) for mark, name in _ENCODINGS if content.startswith(mark)), (b"", "utf-8"))
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start + len(mark)) + 1
        raise Refused(line, (), f"is no {encoding.upper()} text", "save it as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Yield the documents of a stream with their first lines: a broken one ends where the next one begins."""
    begin, line = 0, 1
    for marker in _MARKER.finditer(text):
        at = marker.start()
        if marker[0] == "---" and _BEFORE_DOCUMENT.fullmatch(text, begin, at):
            continue  # directives and comments belong to the document that begins here
        end = at if marker[0] == "---" else marker.end()
        chunk = text[begin:end]
        if chunk:
            yield line, chunk
        line += chunk.count("\n")
        begin = end
    if text[begin:].strip():
        yield line, text[begin:]


class _Piece(NamedTuple):
    """One document, or one JSON value, of a part of a stream.

    Attributes:
        lines_before: number of the lines of that part before its text.
        text: of it.
        tree: what it says; why it cannot be read if so.
        first_line: where the tree begins in the text.
        builder: what built the tree; None for JSON.
    """

    lines_before: int
    text: str
    tree: Any
    first_line: int
    builder: Optional[Builder] = None


def _pieces(chunk: str) -> Iterator[_Piece]:
    """Yield what is in a part of a stream: one document, or JSON values in a row."""
    begin = lines = 0
    position = _after_space(chunk, 0)
    while chunk.startswith("{", position):
        try:
            tree, end = _JSON.raw_decode(chunk, position)
        except (ValueError, RecursionError):
            break  # it may be YAML; if not, YAML's parser says why, and where
        first_line = chunk.count("\n", begin, position) + 1
        position = _after_space(chunk, end)
        yield _Piece(lines, chunk[begin:position], tree, first_line)
        lines += chunk.count("\n", begin, position)
        begin = position
    if begin and position == len(chunk):
        return
    builder, text = Builder(), chunk[begin:]
    tree = None
    try:
        _build(text, builder)
    except Refused as refused:
        tree = refused
    yield _Piece(lines, text, tree or builder.tree, builder.first_line, builder)


def _after_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _build(text: str, builder: Builder) -> None:
    documents = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            documents += isinstance(event, yaml.DocumentStartEvent)
            if documents > 1:
                line = line_of(event)
                raise Refused(line, (), "a second document begins here", "begin it with a line '---'")
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Refused(mark.line + 1 if mark else None, (), f"is no YAML ({error.problem})", "correct it") from None
    except yaml.YAMLError:
        found = _FORBIDDEN.search(text)
        line = text.count("\n", 0, found.start()) + 1 if found else 1
        raise Refused(line, (), "holds a character that YAML forbids", "take it out, or escape it") from None


# --- JSON: what kubectl prints, with escapes that YAML does not have ---
def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise ValueError("a key stands there twice")  # and YAML's parser says which
    return mapping


def _constant(_: str) -> Any:  # noqa: ANN401 - it never returns
    raise ValueError("no constant of JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_mapping, parse_constant=_constant)
