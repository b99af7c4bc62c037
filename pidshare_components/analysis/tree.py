"""Kubernetes objects as plain trees: dicts, lists and scalars in Kubernetes' spelling, with UNKNOWN leaves.

UNKNOWN stands for a value that is not known yet, such as another resource's output in a preview. It is a value of its
own and never a guess: whatever depends on it is unknown too.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, NoReturn, Union

Tree = dict[str, Any]
Path = tuple[Union[int, str], ...]


class Unknown(Enum):
    """The type of UNKNOWN: an Enum, so that copies of it are it."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> NoReturn:
        raise TypeError("UNKNOWN is neither true nor false; compare it with `is`")


UNKNOWN: Final = Unknown.UNKNOWN


class AllUnknown:
    """A mapping that is not known: then nothing in it is."""

    def get(self, _key: str) -> Any:  # noqa: ANN401 - any tree
        """Return UNKNOWN."""
        return UNKNOWN


Fields = Union[Tree, AllUnknown]
"""The fields of an object, known or not."""

_ALL_UNKNOWN: Final = AllUnknown()
_NOTHING: Final[Tree] = {}


class SecretText(str):
    """Text that somebody declared secret: what it stands for is nobody's business here, but it is a secret."""

    __slots__ = ()

    def __new__(cls) -> "SecretText":
        """Return the one such text."""
        return super().__new__(cls, "[secret]")


class SpecError(ValueError):
    """A tree is no object of Kubernetes that can be judged.

    Attributes:
        path: where, from the top of the object.
        reason: what is wrong, in one sentence without a final stop. It quotes no value.
        instead: what to write, as an imperative.
    """

    def __init__(self, path: Path, reason: str, instead: str) -> None:
        self.path, self.reason, self.instead = path, reason, instead
        super().__init__(f"{format_path(path)}: {reason}; {instead}")


def format_path(path: Path) -> str:
    """Return a path the way Kubernetes prints one: `spec.containers[0].securityContext.runAsUser`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("_", "").replace("-", "").isalnum():
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text or "(the object itself)"


def mapping(value: Any) -> Fields:  # noqa: ANN401 - any tree
    """Return a mapping; an empty one for None, and one that nothing is known of for UNKNOWN."""
    if value is None:
        return _NOTHING
    return _ALL_UNKNOWN if value is UNKNOWN else value


def child(tree: Any, *keys: str) -> Any:  # noqa: ANN401 - any tree
    """Return what is at the end of the keys: None where nothing is, UNKNOWN where a part of the way is UNKNOWN."""
    for key in keys:
        if tree is UNKNOWN or tree is None:
            return tree
        tree = tree.get(key)
    return tree


def text(value: Any) -> str:  # noqa: ANN401 - any tree
    """Return a text; an empty one for whatever else stands there."""
    return value if isinstance(value, str) else ""


def objects(tree: Any, key: str) -> Iterator[tuple[int, Any]]:  # noqa: ANN401 - any tree
    """Yield the items of a list with their indices; nothing where there is none or it is UNKNOWN."""
    found = child(tree, key)
    if found is not None and found is not UNKNOWN:
        yield from enumerate(found)
