"""Text for a terminal: colours, and columns that fit into its width."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from pidshare_components.analysis.printing import printable
from pidshare_components.analysis.rule import Severity


class Style(Enum):
    """How a piece of text looks: the number is ANSI's."""

    PLAIN = ""
    BOLD = "1"
    DIM = "2"
    DANGER = "1;31"
    WARNING = "33"
    NOTE = "36"


SEVERITIES = {Severity.HIGH: Style.DANGER, Severity.MEDIUM: Style.WARNING, Severity.LOW: Style.NOTE}
"""How a severity looks."""


@dataclass(frozen=True)
class Paint:
    """Colours text, if there are colours at all, and takes out of it what would steer the terminal."""

    color: bool

    def __call__(self, text: str, style: Style = Style.PLAIN) -> str:
        """Return text in a style."""
        text = printable(text)
        if not self.color or style is Style.PLAIN or not text:
            return text
        return f"\x1b[{style.value}m{text}\x1b[0m"


def paragraph(text: str, width: int, indent: str, first: str = "") -> list[str]:
    """Return text in lines that fit; the first one begins with `first`, the others with the indent."""
    return textwrap.wrap(
        printable(text),
        max(width, len(indent) + 20),
        initial_indent=first or indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def together(parts: Sequence[str], width: int) -> list[str]:
    """Return parts in lines that fit; a line ends between two of them."""
    unbroken = "   ".join(part.replace(" ", _NO_BREAK) for part in parts)
    return [line.replace(_NO_BREAK, " ") for line in textwrap.wrap(unbroken, width, break_long_words=False)]


_NO_BREAK = "\N{NO-BREAK SPACE}"
_WORDS = re.compile(r"(?:^[-/_.])?[^-/_.]*[-/_.]?")
_GAP = 2
_LONG_WORD = 14


def pieces(name: str, width: int) -> list[str]:
    """Return a name in lines of a width, broken behind its hyphens and slashes, and elsewhere only if need be."""
    found = [""]
    for word in _WORDS.findall(printable(name)):
        if len(found[-1]) + len(word) <= width:
            found[-1] += word
        else:
            found += (word[at : at + width] for at in range(0, len(word), width))
    return [line for line in found if line] or [""]


@dataclass(frozen=True)
class Columns:
    """How names and cells share a width.

    Attributes:
        label: width of the first column.
        widths: of the others.
        names: the lines of each one's name.
        blocks: which of them stand beside each other; where not all of them fit there are more blocks than one.
    """

    label: int
    widths: tuple[int, ...]
    names: tuple[list[str], ...]
    blocks: tuple[range, ...]


def fit(labels: Sequence[str], names: Sequence[str], cell: int, width: int) -> Columns:
    """Return columns that fit into a width: with whole names if possible, else with broken ones, else in blocks."""
    whole = max(map(len, labels)), [pieces(name, len(name)) for name in names]
    broken = max(map(_broken, labels)), [pieces(name, max(cell, _broken(name))) for name in names]
    for label, lines in (whole, (whole[0], broken[1]), broken):
        widths = tuple(max(cell, *map(len, each)) for each in lines)
        blocks = tuple(_blocks(widths, width - label))
        if len(blocks) == 1:
            break
    else:
        # There have to be blocks: then the names of the rows may as well be whole.
        if whole[0] <= width // 3:
            label, blocks = whole[0], tuple(_blocks(widths, width - whole[0]))
    return Columns(label, widths, tuple(lines), blocks)


def _broken(name: str) -> int:
    """Return the width that a name needs if it is broken between its words."""
    return min(_LONG_WORD, max(map(len, _WORDS.findall(name))))


def _blocks(widths: Sequence[int], width: int) -> Iterator[range]:
    begin = used = 0
    for index, each in enumerate(widths):
        if index > begin and used + _GAP + each > width:
            yield range(begin, index)
            begin, used = index, 0
        used += _GAP + each
    yield range(begin, len(widths))
