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
        template = _object(template.get(str(key)), where)
    metadata = document.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise SpecError((*path, "metadata"), "is no mapping", "write a mapping with the name")
    own = template.get("metadata") or {}
    if not isinstance(own, dict):
        raise SpecError((*where, "metadata"), "is no mapping", "write a mapping, or leave it out")
    return PodObject(
        kind=kind,
        namespace=_text(metadata, "namespace", path),
        name=_text(metadata, "name", path),
        path=where,
        metadata=own,
        spec=_object(template.get("spec"), (*where, "spec")),
    )


def _object(value: object, path: Path) -> Tree:
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
