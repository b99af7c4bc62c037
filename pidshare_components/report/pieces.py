"""JSON in pieces: a report of very much need not be in memory as a tree, and then as a text."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

Json = dict[str, Any]


def with_items(tree: Json, items: Iterable[Json]) -> Iterator[str]:
    """Yield the text of a tree, two spaces a level, with the items in the empty list that it ends with.

    Args:
        tree: what is written last of it is an empty list.
        items: of that list; each is made when it is written.
    """
    head, _, tail = json.dumps(tree, indent=2).rpartition("[]")
    last = head.rpartition("\n")[2]
    margin = "\n" + " " * (len(last) - len(last.lstrip()))
    yield head
    before = "["
    for item in items:
        yield f"{before}{margin}  " + json.dumps(item, indent=2).replace("\n", f"{margin}  ")
        before = ","
    yield ("[]" if before == "[" else f"{margin}]") + f"{tail}\n"
