"""The pods in documents, each analysed; what cannot be analysed is a problem with its place, and the rest goes on."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Union

from pidshare_components.analysis.objects import PodObject, pods_in
from pidshare_components.analysis.result import Analysis, Premises, analyse
from pidshare_components.analysis.tree import Path, SpecError
from pidshare_components.documents.parse import Document
from pidshare_components.documents.problem import Problem


def analyses(document: Document, premises: Premises) -> Iterator[Union[Analysis, Problem]]:
    """Yield what is known of each pod of a document, in order; nothing for a kind that makes no pods."""
    for found in _pods(document):
        if isinstance(found, Problem):
            yield found
            continue
        try:
            yield analyse(found, premises.node, premises.image_facts, premises.kubernetes_version)
        except SpecError as error:
            yield document.problem((*found.path, *error.path), error.reason, error.instead)


def _pods(document: Document) -> Iterator[Union[PodObject, Problem]]:
    """Yield the pods, and go on after an item of a list that is broken."""
    for tree, index in _items(document.tree):
        yield from _pods_of(document, tree, index)


def _pods_of(document: Document, tree: Any, index: int) -> Iterator[Union[PodObject, Problem]]:  # noqa: ANN401 - any tree
    try:
        for found in pods_in(tree):
            yield replace(found, path=_moved(found.path, index))
    except SpecError as error:
        yield document.problem(_moved(error.path, index), error.reason, error.instead)
    except RecursionError:
        yield document.problem((), "has lists in lists without end", "write one list")


def _items(tree: Any) -> Iterator[tuple[Any, int]]:  # noqa: ANN401 - any tree
    """Yield a list once for each of its items with this one alone, and which it is; anything else as it is."""
    is_list = isinstance(tree, dict) and str(tree.get("kind")).endswith("List")
    if is_list and isinstance(tree.get("items"), list):
        for index, item in enumerate(tree["items"]):
            yield {**tree, "items": [item]}, index
    else:
        yield tree, 0


def _moved(path: Path, index: int) -> Path:
    """Return a path in a list of one item as one in the whole list."""
    return ("items", index, *path[2:]) if path[:1] == ("items",) else path
