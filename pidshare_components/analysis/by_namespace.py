"""Facts by namespace: what is surely in the namespace of another object, and what may be."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.tree import UNKNOWN

_Facts = TypeVar("_Facts")


class ByNamespace(Generic[_Facts]):
    """Facts by namespace.

    "" is where an object says none: whoever applies it decides, for all such objects alike. UNKNOWN is one that is not
    known: it may be any. Each fact is kept in at most two places, so that a look never goes through all namespaces.
    """

    def __init__(self, new: Callable[[], _Facts]) -> None:
        self._new = new
        self._by_namespace: dict[object, _Facts] = {}
        self._said = new()

    def places(self, namespace: object) -> Iterator[_Facts]:
        """Yield where a fact about a namespace has to be put."""
        if namespace not in self._by_namespace:
            self._by_namespace[namespace] = self._new()
        yield self._by_namespace[namespace]
        if namespace != "":
            yield self._said

    def seen_from(self, namespace: object) -> Iterator[tuple[_Facts, Answer]]:
        """Yield the facts of a namespace, and those that may be of it; each one once."""
        is_named = isinstance(namespace, str) and namespace != ""
        if namespace is not UNKNOWN and namespace in self._by_namespace:
            yield self._by_namespace[namespace], Answer.YES
        for other in ("", UNKNOWN) if is_named else ("",):
            if other != namespace and other in self._by_namespace:
                yield self._by_namespace[other], Answer.UNKNOWN
        if not is_named:
            yield self._said, Answer.UNKNOWN
