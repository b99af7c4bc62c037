"""Changes of a pod's spec, as data: where, and what stands there afterwards."""

from dataclasses import dataclass
from typing import Any

from pidshare_components.analysis.tree import UNKNOWN, Path, Tree


@dataclass(frozen=True)
class Change:
    """A change of a spec.

    Attributes:
        text: what to do, as an imperative.
        edits: each a path from the pod's spec and the value to put there; None takes away what is there.
    """

    text: str
    edits: tuple[tuple[Path, Any], ...]


def changed(spec: Tree, change: Change) -> Tree:
    """Return the spec after a change; the given one stays as it is, and so does what is UNKNOWN."""
    for path, value in change.edits:
        spec = _with(spec, path, value)
    return spec


def _with(tree: Any, path: Path, value: Any) -> Any:  # noqa: ANN401 - any tree
    if tree is UNKNOWN:
        return tree
    step, *rest = path
    if isinstance(step, int):
        items = list(tree)
        items[step] = _with(items[step], tuple(rest), value) if rest else value
        return items
    copy = dict(tree or {})
    if rest:
        copy[step] = _with(copy.get(step), tuple(rest), value)
    elif value is None:
        copy.pop(step, None)
    else:
        copy[step] = value
    return copy
