"""Text from outside on a line of a report, a message or a terminal."""

import re

# Control characters of terminals, and what turns the direction of text or breaks a line.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


def printable(text: str) -> str:
    """Return text on one line, without what would steer a terminal."""
    return _UNPRINTABLE.sub("?", text)
