"""How text looks where it is printed: whether it has colours, and how wide it is."""

import os
import shutil
import sys
from typing import Annotated, Optional

import typer

ColorOption = Annotated[
    Optional[bool],
    typer.Option("--color/--no-color", help="(default: on a terminal, unless NO_COLOR is set)", show_default=False),
]

_WIDEST = 120  # longer lines of text are hard to read


def has_color(wanted: Optional[bool] = None) -> bool:
    """Return whether standard output gets colours.

    Args:
        wanted: what the option says; None where it says nothing.
    """
    if wanted is not None:
        return wanted
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def text_width() -> int:
    """Return how wide text may be, in characters."""
    return min(shutil.get_terminal_size().columns, _WIDEST)
