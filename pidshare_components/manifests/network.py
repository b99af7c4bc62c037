"""The spec of the NetworkPolicy that selects one pod."""

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from pidshare_components.args.access import NetworkAccess, NetworkPeer, NetworkRule
from pidshare_components.manifests.merge import kubernetes_tree

Object = dict[str, Any]

# Labels that Kubernetes' own DNS add-on and its namespace carry in every common distribution.
_DNS: Object = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
}


def network_policy_spec(access: NetworkAccess, pod_labels: Mapping[str, Any]) -> Object:
    """Return the `NetworkPolicySpec`: both directions are named, so that what is not allowed is denied.

    Args:
        access: what was asked for.
        pod_labels: labels that the pod has and no other.
    """
    egress = _rules(access.egress, "to")
    if access.dns:
        egress.append(_DNS)
    return {
        "podSelector": {"matchLabels": dict(pod_labels)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": _rules(access.ingress, "from"),
        "egress": egress,
    }


def _rules(rules: Optional[Sequence[NetworkRule]], direction: str) -> list[Object]:
    return [
        {
            **({direction: [_peer(peer) for peer in rule.peers]} if rule.peers else {}),
            **({"ports": [kubernetes_tree(port) for port in rule.ports]} if rule.ports else {}),
        }
        for rule in rules or ()
    ]


def _peer(peer: NetworkPeer) -> Object:
    if peer.cidr is not None:
        return {"ipBlock": {"cidr": peer.cidr, **({"except": list(peer.except_cidrs)} if peer.except_cidrs else {})}}
    selectors = {"podSelector": peer.pods, "namespaceSelector": peer.namespaces}
    return {
        key: {"matchLabels": dict(labels)} if labels else {} for key, labels in selectors.items() if labels is not None
    }
