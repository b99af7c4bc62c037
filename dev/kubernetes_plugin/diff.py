"""What differs between two versions of an object, and what of it makes a new object necessary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest

from dev.kubernetes_plugin.triggers import Pattern
from dev.kubernetes_plugin.values import Object

Path = tuple[str | int, ...]

_ABSENT = object()


class Kind(Enum):
    """What happened to a field."""

    ADD = "ADD"
    DELETE = "DELETE"
    UPDATE = "UPDATE"


@dataclass(frozen=True)
class Change:
    """One field that differs."""

    path: Path
    kind: Kind
    replaces: bool


def changes(old: Object, new: Object, triggers: Sequence[Pattern]) -> list[Change]:
    """Return what differs, field by field; lists item by item.

    Args:
        old: what there is.
        new: what there shall be.
        triggers: the paths whose change replaces the object.
    """
    return [
        Change(path, kind, any(_touches(pattern, path, value) for pattern in triggers))
        for path, kind, value in _differences((), old, new)
    ]


def text_of(path: Path) -> str:
    """Return a path as the engine writes it, such as `spec.containers[0].env` or `metadata.labels["example.com/a"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif any(letter in step for letter in '."[]'):
            escaped = step.replace('"', '\\"')
            text += f'["{escaped}"]'
        else:
            text += f".{step}" if text else step
    return text


def refreshed(inputs: Object, before: Object, now: Object) -> Object:
    """Return inputs that say what the API server has now, where that has changed since.

    Args:
        inputs: what the program asked for.
        before: what the API server made of that; it may have spelled values otherwise and added fields.
        now: what it has now.

    Returns:
        The inputs; a field that differs between before and now as it is now. Fields that are not in the inputs are
        somebody else's, and stay out.
    """
    fields = {}
    for key, value in inputs.items():
        if key in now:
            fields[key] = _refreshed_value(value, before.get(key), now[key])
        elif key not in before:
            # The API server never shows it, such as stringData of a Secret.
            fields[key] = value
    return fields


def _refreshed_value(inputs: object, before: object, now: object) -> object:
    if _same(before, now):
        return inputs
    if isinstance(inputs, dict) and isinstance(now, dict):
        return refreshed(inputs, before if isinstance(before, dict) else {}, now)
    if isinstance(inputs, list) and isinstance(now, list):
        earlier = before if isinstance(before, list) else inputs
        added = now[len(earlier) :]
        return [_refreshed_value(*items) for items in zip(inputs, [*earlier, *added], now, strict=False)] + added
    return now


def _differences(path: Path, old: object, new: object) -> Iterator[tuple[Path, Kind, object]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences((*path, key), old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif isinstance(old, list) and isinstance(new, list):
        for index, (before, after) in enumerate(zip_longest(old, new, fillvalue=_ABSENT)):
            yield from _differences((*path, index), before, after)
    elif new is _ABSENT:
        yield path, Kind.DELETE, old
    elif old is _ABSENT:
        yield path, Kind.ADD, new
    elif not _same(old, new):
        yield path, Kind.UPDATE, new


def _same(old: object, new: object) -> bool:
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def _touches(pattern: Pattern, path: Path, value: object) -> bool:
    """Return whether a changed value is at, below or above the place of a pattern."""
    matches = all(isinstance(at, int) if step == "*" else step == at for step, at in zip(pattern, path, strict=False))
    return matches and (len(path) >= len(pattern) or _contains(value, pattern[len(path) :]))


def _contains(tree: object, pattern: Pattern) -> bool:
    if not pattern:
        return True
    if pattern[0] == "*":
        return isinstance(tree, list) and any(_contains(item, pattern[1:]) for item in tree)
    return isinstance(tree, dict) and pattern[0] in tree and _contains(tree[pattern[0]], pattern[1:])
