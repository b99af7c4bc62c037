"""The pods in a Kubernetes object: a Pod, what makes pods from a template, or a list of such."""

from collections.abc import Iterator
from dataclasses import dataclass

from pidshare_components.analysis.tree import UNKNOWN, Path, SpecError, Tree, child

_TEMPLATE: Path = ("spec", "template")
_TEMPLATES: dict[str, Path] = {
    "Pod": (),
    "PodTemplate": ("template",),
    "Deployment": _TEMPLATE,
    "StatefulSet": _TEMPLATE,
    "DaemonSet": _TEMPLATE,
    "ReplicaSet": _TEMPLATE,
    "ReplicationController": _TEMPLATE,
    "Job": _TEMPLATE,
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where each kind has its pod, from the top of the object."""
CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
"""The fields of a `PodSpec` that have its containers, in the order in which those start."""
POD_KINDS = tuple(_TEMPLATES)
"""The kinds that are a pod or make pods."""


def template_path(kind: str) -> tuple[str, ...]:
    """Return the keys from the top of an object of one of `POD_KINDS` to its pod, or to the template of its pods."""
    return tuple(map(str, _TEMPLATES[kind]))


def objects_in(document: object) -> Iterator[tuple[Path, object]]:
    """Yield the objects of a document in order, with their paths: the items of a list, else the document itself."""
    pending: list[tuple[Path, object]] = [((), document)]
    while pending:
        path, tree = pending.pop()
        items = tree.get("items") if isinstance(tree, dict) and _is_list(tree.get("kind")) else None
        if not isinstance(tree, dict) or not isinstance(items, list):
            yield path, tree
            continue
        kind, version = str(tree["kind"]).removesuffix("List"), tree.get("apiVersion")
        own = {"apiVersion": version, "kind": kind} if kind else {}
        for index, item in reversed(list(enumerate(items))):
            # The API server leaves kind and version out in the items of a typed list.
            pending.append(((*path, "items", index), {**own, **item} if isinstance(item, dict) else item))


def _is_list(kind: object) -> bool:
    return isinstance(kind, str) and kind.endswith("List")


@dataclass(frozen=True)
class PodObject:
    """A pod, or the template of one.

    Attributes:
        kind: of the object that it was found in.
        namespace: of that object; "" where it says nothing, UNKNOWN where it is not known.
        name: of that object; "" where it says nothing (a generated name), UNKNOWN where it is not known.
        path: from the top of the document to the pod or template: the `spec` is below it.
        metadata: the pod's own: in a workload that of the template.
        spec: the `PodSpec`.
    """

    kind: str
    namespace: object
    name: object
    path: Path
    metadata: Tree
    spec: Tree

    def place(self, path: Path) -> Path:
        """Return a path from the pod's spec, or into its `metadata`, as one from the top of the document."""
        return (*self.path, *(path if path[:1] == ("metadata",) else ("spec", *path)))


def pods_in(document: object) -> Iterator[PodObject]:
    """Yield the pods of a document in order; nothing for a kind that makes no pods.

    Raises:
        SpecError: the document is no Kubernetes object, or a workload in it has no pod.
    """
    yield from _pods(document, ())


def _pods(document: object, path: Path) -> Iterator[PodObject]:
    if not isinstance(document, dict):
        raise SpecError(path, "is no Kubernetes object", "write a mapping with apiVersion and kind")
    kind = document.get("kind")
    if not isinstance(kind, str):
        raise SpecError((*path, "kind"), "says nothing of what this object is", "write its kind, such as Pod")
    if kind == "List" or (kind.endswith("List") and kind.removesuffix("List") in _TEMPLATES):
        if not isinstance(document.get("items"), list):
            raise SpecError((*path, "items"), "is no list", "write a list of objects")
        for index, item in enumerate(document["items"]):
            # The API server leaves the kind out in the items of a typed list.
            whole = {"kind": kind.removesuffix("List"), **item} if isinstance(item, dict) and kind != "List" else item
            yield from _pods(whole, (*path, "items", index))
    elif kind in _TEMPLATES:
        yield _pod(document, kind, path)


def _pod(document: Tree, kind: str, path: Path) -> PodObject:
    template, where = document, path
    for key in _TEMPLATES[kind]:
        where = (*where, str(key))
        template = _object(template.get(str(key)), where, _UNKNOWN_FIELDS)
    metadata = _metadata(document, path, "write a mapping with the name")
    return PodObject(
        kind=kind,
        namespace=_text(metadata, "namespace", path),
        name=_text(metadata, "name", path),
        path=where,
        metadata=_metadata(template, where, "write a mapping, or leave it out"),
        spec=_object(template.get("spec"), (*where, "spec"), _UNKNOWN_SPEC),
    )


# What stands for an object of which nothing is known: all that is read of it, unknown.
_UNKNOWN_METADATA: Tree = dict.fromkeys(("annotations", "labels", "name", "namespace"), UNKNOWN)
_UNKNOWN_SPEC: Tree = dict.fromkeys(
    ("containers", "hostPID", "hostUsers", "initContainers", "securityContext", "shareProcessNamespace", "volumes"),
    UNKNOWN,
)
_UNKNOWN_FIELDS: Tree = dict.fromkeys(("jobTemplate", "metadata", "spec", "template"), UNKNOWN)


def _metadata(tree: Tree, path: Path, instead: str) -> Tree:
    value = tree.get("metadata")
    if value is UNKNOWN:
        return _UNKNOWN_METADATA
    if value is not None and not isinstance(value, dict):
        raise SpecError((*path, "metadata"), "is no mapping", instead)
    return value or {}


def _object(value: object, path: Path, unknown: Tree) -> Tree:
    if value is UNKNOWN:
        return unknown
    if not isinstance(value, dict):
        raise SpecError(path, "is missing, or no mapping", "write the pod's spec there, as Kubernetes has it")
    return value


def _text(metadata: Tree, key: str, path: Path) -> object:
    value = child(metadata, key)
    if value is None:
        return ""
    if value is not UNKNOWN and not isinstance(value, str):
        raise SpecError((*path, "metadata", key), "is no text", "write it in quotes")
    return value
