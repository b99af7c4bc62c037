"""Names and namespaces of objects, as far as they are known, and how messages call an object."""

from collections.abc import Sequence
from typing import Any

from pidshare_components.analysis.tree import UNKNOWN, Tree, child

METADATA: Tree = {"name": "text", "namespace": "text"}
"""Types of what is read of an object's metadata here, see `checked.check`."""


def name_of(tree: Tree) -> object:
    """Return an object's name; "" where it says nothing (a generated name), UNKNOWN where it is not known."""
    return said(child(tree, "metadata", "name"))


def namespace_of(tree: Tree) -> object:
    """Return an object's namespace; "" where it says nothing (the applier decides), UNKNOWN where it is not known."""
    return said(child(tree, "metadata", "namespace"))


def said(value: Any) -> object:  # noqa: ANN401 - of a checked tree
    """Return a text of a checked tree; "" where nothing stands, UNKNOWN where it is not known."""
    return "" if value is None else value


def called(kind: object, name: object) -> str:
    """Return how a message calls an object: `Role 'web'`, or `a Role (name known later)`."""
    shown = "object" if kind is UNKNOWN or not kind else kind
    return f"a {shown} (name known later)" if name is UNKNOWN or not name else f"{shown} '{name}'"


def is_of(tree: Tree, kinds: Sequence[str], group: str) -> bool:
    """Return whether a tree is of one of the kinds of an API group, as far as it says its group.

    Other groups have kinds of the same names.

    Args:
        tree: any object.
        kinds: of the group.
        group: such as `rbac.authorization.k8s.io`; "" for the core.
    """
    if tree.get("kind") not in kinds:
        return False
    version = tree.get("apiVersion")
    return not isinstance(version, str) or version.rpartition("/")[0] == group


def listed(words: Sequence[str], most: int = 4) -> str:
    """Return words as `a, b and c`, and beyond the given number how many more there are."""
    shown = list(words[:most])
    if len(words) > most:
        shown.append(f"{len(words) - most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
