"""Trees of which some values are not known yet."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from hypothesis import strategies as st

from pidshare_components.analysis.rule import Finding
from pidshare_components.analysis.tree import UNKNOWN, Path


def places(tree: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - any tree
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def with_unknowns(data: st.DataObject, tree: Any, may_be: Callable[[Path], bool]) -> Any:  # noqa: ANN401 - any tree
    """Return a tree with some of its values not known.

    Args:
        data: hypothesis' own.
        tree: any tree.
        may_be: whether the value at a path may be.
    """
    found = [path for path in places(tree) if may_be(path)]
    chosen = data.draw(st.lists(st.sampled_from(found), max_size=3, unique=True)) if found else []
    changed = copy.deepcopy(tree)
    # The inner ones first: an outer one takes them away.
    for *way, last in sorted(chosen, key=len, reverse=True):
        inner = changed
        for step in way:
            inner = inner[step]
        inner[last] = UNKNOWN
    return changed


def by_place(findings: Iterable[Finding]) -> dict[tuple[str, Path], bool]:
    """Return whether what was found is certain, by rule and place."""
    found: dict[tuple[str, Path], bool] = {}
    for each in findings:
        key = (each.rule.id, each.path)
        found[key] = found.get(key, False) or each.certain
    return found


def contradicts(unknown: dict[Any, bool], known: dict[Any, bool]) -> list[Any]:
    """Return what was said for certain before everything was known, and is not so: that it is, or that it is not."""
    lost = [key for key, certain in unknown.items() if certain and not known.get(key)]
    missed = [key for key, certain in known.items() if certain and key not in unknown]
    return lost + missed
