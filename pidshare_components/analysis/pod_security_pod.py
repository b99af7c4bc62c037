"""A pod as the controls of the Pod Security Standards look at it: taken apart once, and never unknown as a whole."""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Optional

from pidshare_components.analysis.tree import UNKNOWN, Fields, Path, Tree, format_path, mapping

# In the admission's order.
_KINDS: Final = {
    "initContainers": "init container",
    "containers": "container",
    "ephemeralContainers": "ephemeral container",
}


class Fault(NamedTuple):
    """One place in a pod that a control objects to.

    Attributes:
        path: from the pod's spec. It may lead on from what is UNKNOWN.
        what: is wrong there, as a clause.
        where: goes on with the clause: `in container "app"`.
        certain: False if it hinges on an UNKNOWN leaf.
    """

    path: Path
    what: str
    where: str
    certain: bool


class Setter:
    """What has a security context: the pod, or one of its containers."""

    __slots__ = ("_where", "path", "security", "tree")

    def __init__(self, path: Path, tree: Fields) -> None:
        self.path, self.tree = path, tree
        self.security = mapping(tree.get("securityContext"))
        self._where: Optional[str] = None

    def where(self) -> str:
        """Return how to name it in a clause."""
        if self._where is None:
            self._where = named(_KINDS[str(self.path[0])], self.path, self.tree) if self.path else "in the pod"
        return self._where

    def fault(self, what: str, *fields: str, known: object = None) -> Fault:
        """Return a fault in its security context; UNKNOWN for `known` makes it an uncertain one."""
        return Fault((*self.path, "securityContext", *fields), what, self.where(), known is not UNKNOWN)


class Pod:
    """A pod, taken apart once for all controls."""

    __slots__ = ("annotations", "containers", "own", "setters", "spec", "volumes")

    def __init__(self, metadata: Tree, spec: Tree) -> None:
        self.spec = spec
        self.annotations = metadata.get("annotations")
        self.own = Setter((), spec)
        self.containers = [Setter(*item) for kind in _KINDS for item in items(spec.get(kind), (kind,))]
        self.setters = [self.own, *self.containers]
        self.volumes = list(items(spec.get("volumes"), ("volumes",)))


def items(value: Any, path: Path) -> Iterator[tuple[Path, Fields]]:  # noqa: ANN401 - any tree
    """Yield the mappings in a list; one that nothing is known of for a list that is not known."""
    if value is UNKNOWN:
        yield path, mapping(UNKNOWN)
    elif value is not None:
        for index, item in enumerate(value):
            yield (*path, index), mapping(item)


def values(value: Any) -> Any:  # noqa: ANN401 - any tree
    """Return the scalars in a list; UNKNOWN alone for a list that is not known."""
    if value is None:
        return ()
    return (UNKNOWN,) if value is UNKNOWN else value


def named(kind: str, path: Path, tree: Fields) -> str:
    """Return how to name a part of the pod in a clause: by its name, or by where it is."""
    name = tree.get("name")
    return f"in {kind} {quoted(name)}" if isinstance(name, str) else f"in {format_path(path)}"


def quoted(value: object) -> str:
    """Return a value in quotes. JSON's escapes keep a message on one line, whatever the value."""
    return json.dumps(value)
