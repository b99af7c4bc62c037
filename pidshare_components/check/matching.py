"""Whether the patterns of a configuration match what is known of an object; where it is not known, neither is that."""

import re
from collections.abc import Iterable
from functools import lru_cache

from pidshare_components.analysis.images import repository
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.tree import UNKNOWN


def any_matches(patterns: Iterable[str], *values: object) -> Answer:
    """Return whether one of the patterns matches one of the values, each text or UNKNOWN; nothing matches no text."""
    texts = [value for value in values if isinstance(value, str) and value]
    patterns = tuple(patterns)
    if any(_pattern(pattern).fullmatch(text) for text in texts for pattern in patterns):
        return Answer.YES
    return Answer.UNKNOWN if patterns and UNKNOWN in values else Answer.NO


def image_matches(patterns: Iterable[str], image: object) -> Answer:
    """Return whether one of the patterns matches an image: as it is written, or its repository in full or in short."""
    if not isinstance(image, str):
        return any_matches(patterns, image)
    name = repository(image)
    return any_matches(patterns, image, name, name.removeprefix("docker.io/").removeprefix("library/"))


@lru_cache(maxsize=1024)
def _pattern(text: str) -> "re.Pattern[str]":
    """Return a pattern in which `*` stands for any characters, and everything else for itself."""
    return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)
