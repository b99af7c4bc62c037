"""NetworkPolicies, and the pods that none of them selects."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Optional

from pidshare_components.analysis.answers import among, any_of
from pidshare_components.analysis.by_namespace import ByNamespace
from pidshare_components.analysis.checked import check
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.naming import METADATA, is_of, listed, namespace_of
from pidshare_components.analysis.rule import Finding, Rule, Severity
from pidshare_components.analysis.selectors import Selector, read_selector
from pidshare_components.analysis.stack_pods import SharingPod, StackFinding
from pidshare_components.analysis.tree import UNKNOWN, Path, Tree, child

NO_NETWORK_POLICY = Rule(
    "no-network-policy",
    Severity.MEDIUM,
    "No NetworkPolicy selects a pod with a shared process namespace",
    "A pod that no NetworkPolicy selects for ingress takes every connection (Kubernetes, Network Policies). In a "
    "shared process namespace who breaks into one container is within reach of what the others hold (ptrace(2), "
    "proc(5)).",
)
RULES = (NO_NETWORK_POLICY,)

_KIND = "NetworkPolicy"
# Network plug-ins have policies of their own, whose selectors are not read here.
_OTHERS = ("CiliumNetworkPolicy", _KIND)
_OTHERS_OF_THE_CLUSTER = (
    *("CiliumClusterwideNetworkPolicy", "GlobalNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"),
    "ClusterNetworkPolicy",
)
_INGRESS, _EGRESS = "Ingress", "Egress"
_TYPES = {"metadata": METADATA, "spec": {"policyTypes": ["text"], "egress": [{}]}}


class _Selectors:
    """Selectors by labels of which they surely ask for one, so that a pod is compared with few of them."""

    def __init__(self) -> None:
        self._all: dict[Selector, None] = {}
        self._by_label: dict[str, dict[Optional[str], list[Selector]]] = {}
        self._others: list[Selector] = []
        self._is_indexed = False

    def add(self, selector: Selector) -> None:
        self._all[selector] = None
        self._is_indexed = False

    def select(self, labels: Any) -> Answer:  # noqa: ANN401 - labels of a pod
        """Return whether one of them selects these labels."""
        self._index()
        answer = Answer.NO
        for selector in self._candidates(labels):
            answer = any_of(answer, selector.selects(labels))
            if answer is Answer.YES:
                break
        return answer

    def _candidates(self, labels: Any) -> Iterator[Selector]:  # noqa: ANN401 - labels of a pod
        if labels is UNKNOWN:
            yield from self._all
            return
        yield from self._others
        for key, value in labels.items():
            by_value = self._by_label.get(key, {})
            for wanted in by_value if value is UNKNOWN else (value or "", _ANY):
                yield from by_value.get(wanted, ())

    def _index(self) -> None:
        if self._is_indexed:
            return
        self._by_label, self._others, self._is_indexed = {}, [], True
        # The rarest labels leave the fewest to compare.
        count = Counter(label for selector in self._all for labels in _asked(selector) for label in labels)
        for selector in self._all:
            asked = _asked(selector)
            if not asked:
                self._others.append(selector)
                continue
            for key, value in min(asked, key=lambda labels: sum(count[label] for label in labels)):
                self._by_label.setdefault(key, {}).setdefault(value, []).append(selector)


_ANY = None
"""Any value of a label."""


def _asked(selector: Selector) -> list[list[tuple[str, Optional[str]]]]:
    """Return the labels that a selector surely asks for: one label of each list, of the value that stands there."""
    return [
        [(str(asked.key), _ANY)]
        if asked.operator == "Exists" or asked.more
        else [(str(asked.key), value) for value in asked.values]
        for asked in selector.requirements
        if asked.operator in ("In", "Exists") and asked.key is not UNKNOWN
    ]


class _ByType:
    """The selectors of policies for connections to pods, and of those for connections from them."""

    def __init__(self) -> None:
        self.by_type = {direction: _Selectors() for direction in (_INGRESS, _EGRESS)}


class Policies:
    """The NetworkPolicies in view."""

    def __init__(self) -> None:
        self._by_namespace = ByNamespace(_ByType)

    def add(self, tree: Tree, path: Path) -> None:
        """Add an object, if it is one.

        Raises:
            SpecError: it is malformed. Paths begin with the given one.
        """
        kind = tree.get("kind")
        if is_of(tree, (_KIND,), "networking.k8s.io"):
            check(tree, _TYPES, path)
            selector = read_selector(child(tree, "spec", "podSelector"), (*path, "spec", "podSelector"))
            types = directions(child(tree, "spec"))
            namespace = namespace_of(tree)
        elif kind in _OTHERS or kind in _OTHERS_OF_THE_CLUSTER:
            check(tree, {"metadata": METADATA}, path)
            selector = read_selector(UNKNOWN)
            types = {_INGRESS: Answer.YES, _EGRESS: Answer.YES}
            namespace = namespace_of(tree) if kind in _OTHERS else UNKNOWN
        else:
            return
        for selectors in self._by_namespace.places(namespace):
            for direction, answer in types.items():
                if answer is not Answer.NO:
                    selectors.by_type[direction].add(selector if answer is Answer.YES else selector.doubted())

    def findings(self, pod: SharingPod) -> Iterator[StackFinding]:
        """Yield that no policy selects a pod for connections to it, or perhaps none."""
        # What a policy does to a pod in its node's network is not defined.
        if pod.on_host_network is Answer.YES:
            return
        selected = self._selected(pod, _INGRESS)
        if selected is Answer.YES:
            return
        is_sure = selected is Answer.NO and pod.on_host_network is Answer.NO
        message = (
            f"{'no' if is_sure else 'perhaps no'} NetworkPolicy in view selects {pod.text} for ingress: everything may "
            f"reach it{_OUT[self._selected(pod, _EGRESS)]}"
        )
        if pod.has_company is Answer.YES:
            message += "; who breaks into one container is within reach of what the others hold"
        path: Path = (*pod.path, "metadata", "labels")
        certain = is_sure and pod.shares is Answer.YES
        found = Finding(NO_NETWORK_POLICY, NO_NETWORK_POLICY.severity, path, message, _fix(pod.labels), certain)
        yield StackFinding(pod.origin, found)

    def _selected(self, pod: SharingPod, direction: str) -> Answer:
        """Return whether a policy selects a pod for a direction."""
        selected = Answer.NO
        for selectors, is_there in self._by_namespace.seen_from(pod.namespace):
            answer = selectors.by_type[direction].select(pod.labels)
            selected = any_of(selected, answer if is_there is Answer.YES or answer is Answer.NO else Answer.UNKNOWN)
        return selected


_OUT = {
    Answer.YES: "",
    Answer.NO: ", and it may reach everything (no policy selects it for egress)",
    Answer.UNKNOWN: ", and perhaps it may reach everything",
}


def directions(spec: Any) -> dict[str, Answer]:  # noqa: ANN401 - of the tree
    """Return for each direction whether a policy is for it, as the API server has it.

    Args:
        spec: the NetworkPolicySpec; None for none.
    """
    types, egress = child(spec, "policyTypes"), child(spec, "egress")
    if types is UNKNOWN:
        return {_INGRESS: Answer.UNKNOWN, _EGRESS: Answer.UNKNOWN}
    if types:
        return {direction: among([direction], types, more=UNKNOWN in types) for direction in (_INGRESS, _EGRESS)}
    has_egress = Answer.UNKNOWN if egress is UNKNOWN else Answer.YES if egress else Answer.NO
    return {_INGRESS: Answer.YES, _EGRESS: has_egress}


def _fix(labels: Any) -> str:  # noqa: ANN401 - labels of a pod
    which = "write a NetworkPolicy whose podSelector selects"
    if labels is UNKNOWN:
        return f"{which} its labels"
    if not labels:
        return f"give it labels, and {which} them"
    shown = [key if value is UNKNOWN else f"{key}={value or ''}" for key, value in labels.items()]
    return f"{which} {listed(shown, 3)}"
