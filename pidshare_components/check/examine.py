"""What the rules about one object find in it, wherever it comes from and whatever is configured."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Optional

from pidshare_components.analysis.access import KINDS as ACCESS_KINDS
from pidshare_components.analysis.access import access_findings
from pidshare_components.analysis.objects import CONTAINER_LISTS, pods_in
from pidshare_components.analysis.result import Analysis, Premises, analyse
from pidshare_components.analysis.rule import Finding
from pidshare_components.analysis.tree import UNKNOWN, Path, SpecError, Tree, child
from pidshare_components.check.violation import Subject

# The API server takes away a namespace that one of these has.
_OF_THE_CLUSTER = ("ClusterRole", "ClusterRoleBinding")


@dataclass(frozen=True)
class Examined:
    """An object and what was found in it.

    Attributes:
        subject: the object.
        tree: it, as Kubernetes has it.
        analysis: of its pod; None where it makes none.
        path: of it in the document that it stands in.
        findings: with paths from the top of the document.
    """

    subject: Subject
    tree: Any
    path: Path
    analysis: Optional[Analysis]
    findings: tuple[Finding, ...]

    def at(self, path: Path) -> Subject:
        """Return the object with the container in it that a path leads to, if it leads to one."""
        start = len(self.analysis.pod.object.path) + 1 if self.analysis else len(path)
        key, *rest = path[start : start + 2] or (None,)
        if self.analysis is None or key not in CONTAINER_LISTS or not rest:
            return self.subject
        container = self.analysis.pod.spec[str(key)][rest[0]]
        return replace(self.subject, container=child(container, "name"), image=child(container, "image"))


def examine(tree: object, premises: Premises, path: Path = (), called: str = "") -> Examined:
    """Ask the rules about one object.

    Args:
        tree: no list; see `analysis.objects.objects_in`.
        premises: what no object says of itself.
        path: of it in the document that it stands in.
        called: name of Pulumi's resource.

    Raises:
        SpecError: it is no object of Kubernetes, or one that cannot be judged. Paths begin at the top of the document.
    """
    try:
        pod = next(pods_in(tree), None)
        assert isinstance(tree, dict)  # noqa: S101 - or there was an error
        subject = subject_of(tree, called)
        if pod is None:
            found = access_findings(tree) if subject.kind in ACCESS_KINDS else ()
            findings = tuple(replace(finding, path=(*path, *finding.path)) for finding in found)
            return Examined(subject, tree, path, None, findings)
        analysis = analyse(pod, premises.node, premises.image_facts, premises.kubernetes_version)
    except SpecError as error:
        raise SpecError((*path, *error.path), error.reason, error.instead) from None
    moved = replace(analysis.pod, object=replace(pod, path=(*path, *pod.path)))
    analysis = replace(analysis, pod=moved)
    return Examined(subject, tree, path, analysis, tuple(placed(analysis, analysis.findings)))


def subject_of(tree: Tree, called: str = "") -> Subject:
    """Return an object as what a violation is about, whatever else is right in it."""
    metadata, kind = tree.get("metadata"), str(tree.get("kind"))
    namespace = "" if kind in _OF_THE_CLUSTER else _name(metadata, "namespace")
    return Subject(kind, namespace, _name(metadata, "name"), called)


def placed(analysis: Analysis, findings: "tuple[Finding, ...]") -> Iterator[Finding]:
    """Yield findings in a pod with their paths from the top of the document that it stands in."""
    for finding in findings:
        yield replace(finding, path=analysis.pod.object.place(finding.path))


def _name(metadata: Any, key: str) -> object:  # noqa: ANN401 - any tree
    value = child(metadata, key) if isinstance(metadata, dict) or metadata is UNKNOWN else None
    return value if value is UNKNOWN or isinstance(value, str) else ""
