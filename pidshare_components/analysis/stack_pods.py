"""What is kept of a pod that shares its process namespace, where several objects are looked at together."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Optional

from pidshare_components.analysis.answers import flag, shares
from pidshare_components.analysis.company import has_company
from pidshare_components.analysis.facts import Pod
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.naming import called
from pidshare_components.analysis.rule import Finding
from pidshare_components.analysis.tree import UNKNOWN, Path, child


@dataclass(frozen=True)
class StackFinding:
    """A finding about several objects.

    Attributes:
        origin: what the caller gave for the object that it is about.
        finding: it; its path begins at the top of that object's document.
    """

    origin: Any
    finding: Finding


class SharingPod(NamedTuple):
    """A pod, or the template of one, whose containers share their process namespace.

    Attributes:
        origin: what the caller gave for it.
        kind: of the object that it was found in.
        namespace: of that object; "" where it says nothing, UNKNOWN where it is not known.
        name: of that object; "" where it says nothing, UNKNOWN where it is not known.
        top: where that object stands in its document.
        path: where the pod or template stands there.
        labels: of the pod: a mapping with UNKNOWN leaves, or UNKNOWN.
        shares: whether its containers surely share, or perhaps.
        has_company: whether processes of one of them surely are beside others, or perhaps.
        on_host_network: whether it is in the network of its node.
    """

    origin: object
    kind: str
    namespace: object
    name: object
    top: Path
    path: Path
    labels: Any
    shares: Answer
    has_company: Answer
    on_host_network: Answer

    @property
    def text(self) -> str:
        """How messages call it: `Deployment 'web'`."""
        return called(self.kind, self.name)


def sharing_pod(pod: Pod, origin: object) -> Optional[SharingPod]:
    """Return what is kept of a pod; None for one whose containers surely do not share."""
    shared = shares(pod.sharing)
    if shared is Answer.NO:
        return None
    found = pod.object
    labels = child(found.metadata, "labels")
    return SharingPod(
        origin=origin,
        kind=found.kind,
        namespace=found.namespace,
        name=found.name,
        top=_top(found.path),
        path=found.path,
        labels=UNKNOWN if labels is UNKNOWN else dict(labels or {}),
        shares=shared,
        has_company=has_company(pod),
        on_host_network=flag(pod.spec.get("hostNetwork")),
    )


def _top(path: Path) -> Path:
    """Return where the object of a pod stands: an index is that of an item of a list, never a part of the way in it."""
    last = max((place for place, step in enumerate(path) if isinstance(step, int)), default=-1)
    return path[: last + 1]
