"""The NetworkPolicy's spec: this pod alone, both ways, and nothing but what is named."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from pidshare_components.args.access import NetworkAccess
from pidshare_components.manifests.network import network_policy_spec

Tree = dict[str, Any]
LABEL = {"pidshare-components/pod": "web-1a2b"}
DNS = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
}


def spec(**access: object) -> Tree:
    return network_policy_spec(NetworkAccess.model_validate(access), LABEL)


def test_nothing_but_dns_is_allowed_by_default() -> None:
    assert spec() == {
        "podSelector": {"matchLabels": LABEL},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [],
        "egress": [DNS],
    }


def test_nothing_at_all_without_dns() -> None:
    assert spec(dns=False)["egress"] == []


@pytest.mark.parametrize(
    ("rule", "ingress"),
    [
        ({}, {}),
        ({"ports": [{"port": 80}]}, {"ports": [{"port": 80}]}),
        ({"ports": [{"port": "http", "protocol": "UDP"}]}, {"ports": [{"port": "http", "protocol": "UDP"}]}),
        ({"ports": [{"port": 80, "end_port": 90}]}, {"ports": [{"port": 80, "endPort": 90}]}),
        ({"ports": [{"protocol": "TCP"}]}, {"ports": [{"protocol": "TCP"}]}),
        (
            {"peers": [{"pods": {"appName": "web"}}]},
            {"from": [{"podSelector": {"matchLabels": {"appName": "web"}}}]},
        ),
        ({"peers": [{"pods": {}}]}, {"from": [{"podSelector": {}}]}),
        # One peer with both is pods in those namespaces; two peers would be either.
        (
            {"peers": [{"pods": {"app": "web"}, "namespaces": {"team": "a"}}]},
            {
                "from": [
                    {
                        "podSelector": {"matchLabels": {"app": "web"}},
                        "namespaceSelector": {"matchLabels": {"team": "a"}},
                    }
                ]
            },
        ),
        ({"peers": [{"namespaces": {}}]}, {"from": [{"namespaceSelector": {}}]}),
        ({"peers": [{"cidr": "10.0.0.0/8"}]}, {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}),
        (
            {"peers": [{"cidr": "10.0.0.0/8", "except_cidrs": ["10.1.0.0/16"]}, {"pods": {}}]},
            {"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}, {"podSelector": {}}]},
        ),
    ],
)
def test_a_rule_is_peers_and_ports(rule: Tree, ingress: Tree) -> None:
    assert spec(ingress=[rule])["ingress"] == [ingress]
    egress = {("to" if key == "from" else key): item for key, item in ingress.items()}
    assert spec(egress=[rule], dns=False)["egress"] == [egress]


@pytest.mark.cluster
def test_the_api_server_takes_it_and_it_selects_this_pod_alone(kubectl: Callable[..., str], namespace: str) -> None:
    rules = [
        {"peers": [{"pods": {}, "namespaces": {"a": "b"}}], "ports": [{"port": "http"}, {"port": 1, "end_port": 9}]},
        {"peers": [{"cidr": "10.0.0.0/8", "except_cidrs": ["10.1.0.0/16"]}]},
        {},
    ]
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web"},
        "spec": spec(ingress=rules, egress=rules),
    }
    command = ("apply", "--validate=strict", f"--namespace={namespace}", "--filename=-")
    kubectl(*command, standard_input=yaml.safe_dump(policy))
    stored = yaml.safe_load(kubectl("get", "networkpolicy", "web", f"--namespace={namespace}", "--output=yaml"))
    assert with_protocols(stored["spec"]) == with_protocols(policy["spec"])


def with_protocols(policy: Any) -> Any:  # noqa: ANN401 - a NetworkPolicy's spec
    """Return a spec with the protocol that the API server fills in."""
    for rule in policy["ingress"] + policy["egress"]:
        for port in rule.get("ports", []):
            port.setdefault("protocol", "TCP")
    return policy
