"""Arguments as a plain tree (dicts, lists, snake_case keys) in which anything may be missing, wrong or an Output.

So the rules over several fields report beside pydantic instead of after it. What cannot be judged yet is passed over.
"""

from collections.abc import Iterator
from typing import Any

from pidshare_components.errors import Path, Problem
from pidshare_components.inputs import FREE_FIELDS, camel_case

Tree = dict[Any, Any]
Problems = Iterator[Problem]

CONTAINER_LISTS = ("containers", "sidecars", "init_containers")


def snake_case(tree: Any) -> Any:  # noqa: ANN401
    """Return a tree with the fields in snake_case, whichever spelling was given."""
    if isinstance(tree, dict):
        return {(name := _snake(key)): item if name in FREE_FIELDS else snake_case(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [snake_case(item) for item in tree]
    return tree


def _snake(key: Any) -> Any:  # noqa: ANN401
    if not isinstance(key, str) or not key.isidentifier() or not any(letter.isupper() for letter in key):
        return key
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)
    return snake if camel_case(snake) == key else key


def items(tree: Tree, key: str) -> Iterator[tuple[int, Tree]]:
    """Yield the objects of a list with their indices."""
    found = tree.get(key)
    if isinstance(found, list):
        yield from ((index, item) for index, item in enumerate(found) if isinstance(item, dict))


def object_at(tree: Tree, *keys: str) -> Tree:
    """Return an object inside, or an empty one."""
    found: Any = tree
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def containers(args: Tree, *lists: str) -> Iterator[tuple[Path, Tree]]:
    """Yield the containers of all or some lists with their paths."""
    for key in lists or CONTAINER_LISTS:
        for index, container in items(args, key):
            yield (key, index), container
