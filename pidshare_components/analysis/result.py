"""Everything that the analysis says of a pod."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pidshare_components.analysis.checked import check_spec
from pidshare_components.analysis.exposure import Pair, exposure
from pidshare_components.analysis.facts import Pod
from pidshare_components.analysis.findings import findings
from pidshare_components.analysis.images import ImageFacts
from pidshare_components.analysis.node import Node
from pidshare_components.analysis.objects import PodObject
from pidshare_components.analysis.pod_security import PodSecurity, pod_security
from pidshare_components.analysis.rule import Finding
from pidshare_components.analysis.spec import read_pod

_NO_FACTS: Mapping[str, ImageFacts] = MappingProxyType({})
_NODE = Node()


@dataclass(frozen=True)
class Premises:
    """What no object says of itself.

    Attributes:
        node: what the pods run on.
        image_facts: of images, as `analyse` takes them.
        kubernetes_version: whose Pod Security Standards count.
    """

    node: Node = field(default_factory=Node)
    image_facts: Mapping[str, ImageFacts] = field(default_factory=dict)
    kubernetes_version: str = "latest"


@dataclass(frozen=True)
class Analysis:
    """What is known of a pod.

    Attributes:
        pod: the pod.
        pairs: who can do what to whom.
        pod_security: its Pod Security Standards level.
        findings: what the rules found, the most severe first.
    """

    pod: Pod
    pairs: tuple[Pair, ...]
    pod_security: PodSecurity
    findings: tuple[Finding, ...]


def analyse(
    found: PodObject,
    node: Node = _NODE,
    image_facts: Mapping[str, ImageFacts] = _NO_FACTS,
    kubernetes_version: str = "latest",
) -> Analysis:
    """Analyse a pod.

    Args:
        found: the pod, see `objects.pods_in`; its leaves may be UNKNOWN.
        node: what it runs on.
        image_facts: facts of images that the table of well-known ones lacks, by image reference or repository.
        kubernetes_version: whose Pod Security Standards count, such as `1.34`.

    Raises:
        SpecError: it is no pod. Paths begin at the pod.
        ValueError: there is no such version.
    """
    check_spec(found.metadata, found.spec)
    pod = read_pod(found, node, image_facts)
    pairs = exposure(pod)
    level = pod_security(found.metadata, found.spec, kubernetes_version)
    return Analysis(pod, pairs, level, findings(pod, pairs))
