"""Facts of images that the user tells: a YAML or JSON file of image references with what is known of each.

The keys are those of `analysis.images.ImageFacts`, in Kubernetes' spelling or in Python's.
"""

import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Union

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.images import Ids, ImageFacts, Main, Worker
from pidshare_components.analysis.tree import Path
from pidshare_components.documents.parse import Document
from pidshare_components.documents.problem import Problem
from pidshare_components.documents.sources import documents

_IDS = re.compile(r"([0-9]{1,10}):([0-9]{1,10})")
_LARGEST = 2**31 - 1  # that Kubernetes takes as a user or a group


class _Wrong(Exception):  # noqa: N818 - it is the user's
    def __init__(self, path: Path, reason: str, instead: str) -> None:
        self.problem = (path, reason, instead)
        super().__init__(reason)


def read_facts(path: str) -> Iterator[Union[tuple[str, ImageFacts], Problem]]:
    """Yield the facts of a file, by image reference or repository, and what is wrong with it."""
    for document in documents(path):
        if isinstance(document, Problem):
            yield document
        else:
            yield from _images(document)


def collect_facts(path: str) -> tuple[dict[str, ImageFacts], list[Problem]]:
    """Return the facts of a file, by image reference or repository, and all that is wrong with it."""
    facts: dict[str, ImageFacts] = {}
    problems = []
    for found in read_facts(path):
        if isinstance(found, Problem):
            problems.append(found)
        else:
            facts.update([found])
    return facts, problems


def _images(document: Document) -> Iterator[Union[tuple[str, ImageFacts], Problem]]:
    if not isinstance(document.tree, dict):
        yield document.problem((), "is no mapping", "write image references with the facts of each")
        return
    for image, told in document.tree.items():
        yield _image(document, image, told)


def _image(document: Document, image: str, told: Any) -> Union[tuple[str, ImageFacts], Problem]:  # noqa: ANN401 - YAML
    try:
        return image, _facts(told, (image,))
    except _Wrong as wrong:
        return document.problem(*wrong.problem)


def _facts(told: Any, path: Path) -> ImageFacts:  # noqa: ANN401 - YAML
    found = _fields(told, path, _FACTS)
    if (found.get("main") is Main.BECOMES) != ("main_ids" in found):
        raise _Wrong(path, "mainIds belongs to main: becomes", "write both or neither")
    return ImageFacts(**found)


# --- one reader for each type of a value: it returns the value, or says what is wrong ---
def _fields(told: Any, path: Path, readers: "dict[str, _Reader]") -> dict[str, Any]:  # noqa: ANN401 - YAML
    if not isinstance(told, dict):
        raise _Wrong(path, "is no mapping", f"write some of {', '.join(map(_camel, readers))}")
    found = {}
    for key, value in told.items():
        name = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key)
        if name not in readers:
            raise _Wrong((*path, key), "is no fact of an image", f"write one of {', '.join(map(_camel, readers))}")
        if value is not None:
            found[name] = readers[name](value, (*path, key))
    return found


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _ids(value: Any, path: Path) -> Ids:  # noqa: ANN401 - YAML
    if isinstance(value, dict) and value.keys() == {"uid", "gid"}:
        return Ids(*(_whole(value[key], (*path, key)) for key in ("uid", "gid")))
    numbers = _IDS.fullmatch(value) if isinstance(value, str) else None
    if not numbers:
        raise _Wrong(path, "is no user with a group", "write UID:GID in numbers, such as 101:101")
    return Ids(*(_whole(int(number), path) for number in numbers.groups()))


def _whole(value: Any, path: Path) -> int:  # noqa: ANN401 - YAML
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise _Wrong(path, "is no user or group id", f"write a whole number from 0 to {_LARGEST}")
    return value


def _text(value: Any, path: Path) -> str:  # noqa: ANN401 - YAML
    if not isinstance(value, str):
        raise _Wrong(path, "is no text", "write it in quotes")
    return value


def _flag(value: Any, path: Path) -> bool:  # noqa: ANN401 - YAML
    if not isinstance(value, bool):
        raise _Wrong(path, "is no flag", "write true or false, without quotes")
    return value


def _capability(value: Any, path: Path) -> str:  # noqa: ANN401 - YAML
    name = value.upper().removeprefix("CAP_") if isinstance(value, str) else ""
    if not capabilities.bit(name):
        raise _Wrong(path, "is no capability", "write a name of capabilities(7), with or without CAP_")
    return name


def _one_of(choices: type[Enum]) -> "_Reader":
    def read(value: Any, path: Path) -> Enum:  # noqa: ANN401 - YAML
        for choice in choices:
            if choice.value == value:
                return choice
        raise _Wrong(path, "is none of the words for it", f"write {', '.join(str(one.value) for one in choices)}")

    return read


def _list_of(reader: "_Reader") -> "_Reader":
    def read(value: Any, path: Path) -> tuple[Any, ...]:  # noqa: ANN401 - YAML
        if not isinstance(value, list):
            raise _Wrong(path, "is no list", "write a list, even of one item")
        return tuple(reader(item, (*path, index)) for index, item in enumerate(value))

    return read


def _worker(value: Any, path: Path) -> Worker:  # noqa: ANN401 - YAML
    found = _fields(value, path, {"ids": _ids, "dumpable": _flag})
    if "ids" not in found:
        raise _Wrong((*path, "ids"), "is missing", "write UID:GID of the worker")
    return Worker(**found)


_Reader = Callable[[Any, Path], Any]
_FACTS: dict[str, _Reader] = {
    "user": _ids,
    "accounts": _list_of(_ids),
    "no_account_from": _whole,
    "main": _one_of(Main),
    "main_ids": _ids,
    "main_dumpable": _flag,
    "workers": _list_of(_worker),
    "programs": _list_of(_text),
    "changed_by": _list_of(_text),
    "file_capabilities": _list_of(_capability),
    "source": _text,
}
