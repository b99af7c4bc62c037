"""The order to apply objects in: as the program's dependencies want it, and by priority where they leave it open."""

import heapq
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import Any


def apply_order(dependencies: Mapping[str, Iterable[str]], priority: Mapping[str, Any]) -> list[str]:
    """Return the keys of `priority`, each after all that it depends on and otherwise by priority, then by key.

    Args:
        dependencies: by key, the keys that it depends on directly. Keys without a priority count too: others may
            depend on something through them.
        priority: by key, what sorts it; smaller comes first.
    """
    graph = TopologicalSorter(dependencies)
    graph.prepare()
    ready: list[tuple[bool, Any, str]] = []
    ordered = []
    while graph.is_active():
        for key in graph.get_ready():
            heapq.heappush(ready, (key in priority, priority.get(key), key))
        has_priority, _, key = heapq.heappop(ready)
        graph.done(key)
        if has_priority:
            ordered.append(key)
    return ordered
