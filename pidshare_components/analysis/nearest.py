"""What somebody may have meant who wrote a word that is none."""

from collections.abc import Sequence
from difflib import get_close_matches


def nearest(given: str, known: Sequence[str]) -> str:
    """Return what to write instead, as a message has it: the nearest of the known words, or all of them."""
    close = get_close_matches(given, known, n=1)
    return f"did you mean {close[0]}?" if close else f"write one of {', '.join(known)}"
