"""Pods that no NetworkPolicy selects."""

from __future__ import annotations

import pytest

from pidshare_components.analysis.tree import UNKNOWN, Tree, format_path
from tests.analysis.stack_trees import APP, certain, found, pod, policy, workload


@pytest.mark.parametrize(
    ("own", "policies", "expected"),
    [
        ({"app": "web"}, [], [True]),
        ({"app": "web"}, [policy({"matchLabels": {"app": "web"}})], []),
        ({"app": "web"}, [policy({})], []),
        ({}, [policy(None)], []),
        ({"app": "web"}, [{"kind": "NetworkPolicy", "metadata": {"namespace": "here"}}], []),
        ({"app": "web"}, [policy({"matchLabels": {"app": "db"}})], [True]),
        ({"app": "web"}, [policy({}, namespace="there")], [True]),
        ({"app": "web"}, [policy({}, namespace="")], [False]),
        ({"app": "web"}, [policy({}, namespace=UNKNOWN)], [False]),
        ({"app": "web"}, [policy({"matchLabels": {"app": "db"}}, namespace=UNKNOWN)], [True]),
        ({"app": UNKNOWN}, [policy({"matchLabels": {"app": "web"}})], [False]),
        (UNKNOWN, [policy({"matchLabels": {"app": "web"}})], [False]),
        (UNKNOWN, [policy({})], []),
        ({"app": "web"}, [policy(UNKNOWN)], [False]),
        (
            {"app": "web"},
            [policy({"matchExpressions": [{"key": "app", "operator": "In", "values": ["db", UNKNOWN]}]})],
            [False],
        ),
        # The selectors of other API groups are not read.
        ({"app": "web"}, [policy({}, apiVersion="crd.example.org/v1")], [False]),
        ({"app": "web"}, [{"kind": "CiliumClusterwideNetworkPolicy", "metadata": {"name": "all"}}], [False]),
        ({"app": "web"}, [policy({"matchLabels": {"app": "web"}}), policy({"matchLabels": {"app": "db"}})], []),
        (
            {"app": "web", "tier": "a"},
            [policy({"matchLabels": {"tier": "a", "app": "db"}}), policy({"matchLabels": {"tier": "a", "app": "web"}})],
            [],
        ),
    ],
)
def test_whether_a_network_policy_selects_a_pod(own: object, policies: list[Tree], expected: list[bool]) -> None:
    assert certain("no-network-policy", pod(own=own), *policies) == expected


@pytest.mark.parametrize(
    ("spec", "expected", "out"),
    [
        ({}, [], None),
        ({"policyTypes": []}, [], None),
        ({"policyTypes": ["Ingress"]}, [], None),
        ({"policyTypes": ["Ingress", "Egress"]}, [], None),
        ({"policyTypes": ["Egress"]}, [True], ""),
        ({"policyTypes": ["Egress"], "ingress": [{}]}, [True], ""),
        ({"policyTypes": UNKNOWN}, [False], "perhaps it may reach everything"),
        ({"policyTypes": ["Egress", UNKNOWN]}, [False], ""),
        ({"policyTypes": [UNKNOWN]}, [False], "perhaps it may reach everything"),
    ],
)
def test_a_policy_is_for_its_directions(spec: Tree, expected: list[bool], out: str | None) -> None:
    for selector in ({}, {"matchLabels": {"app": "web"}}):
        findings = found("no-network-policy", pod(own={"app": "web"}), policy(selector, spec=spec))
        assert [each.certain for each in findings] == expected
        for each in findings:
            assert "selects Pod 'web' for ingress: everything may reach it" in each.message
            assert (out or "") in each.message
            assert ("it may reach everything" in each.message) is bool(out)


@pytest.mark.parametrize(
    ("spec", "is_for_egress"),
    [
        ({"egress": [{}]}, True),
        ({"egress": []}, False),
        ({"egress": UNKNOWN}, True),
        ({"egress": [UNKNOWN]}, True),
        ({"policyTypes": ["Ingress"], "egress": [{}]}, False),
    ],
)
def test_a_policy_that_names_no_direction_is_for_egress_if_it_has_rules_for_it(spec: Tree, is_for_egress: bool) -> None:
    # One that is perhaps of the pod's namespace.
    (finding,) = found("no-network-policy", pod(), policy({}, namespace="", spec=spec))
    assert ("perhaps it may reach everything" in finding.message) is is_for_egress
    assert ("no policy selects it for egress" in finding.message) is not is_for_egress


def test_a_pod_of_one_container_has_nobody_to_break_into() -> None:
    (alone,) = found("no-network-policy", pod(APP, own={"app": "web"}))
    assert alone.message == (
        "no NetworkPolicy in view selects Pod 'web' for ingress: everything may reach it, and it may reach everything "
        "(no policy selects it for egress)"
    )
    (both,) = found("no-network-policy", pod(own={"app": "web"}))
    assert both.message.endswith("; who breaks into one container is within reach of what the others hold")


def test_the_labels_of_a_workload_are_those_of_its_pods() -> None:
    (finding,) = found("no-network-policy", workload("Deployment", own={"app": "web", "version": UNKNOWN}))
    assert format_path(finding.path) == "spec.template.metadata.labels"
    assert "no NetworkPolicy in view selects Deployment 'web' for ingress" in finding.message
    assert finding.fix == "write a NetworkPolicy whose podSelector selects app=web and version"
    selecting = policy({"matchLabels": {"app": "web"}})
    assert found("no-network-policy", workload("Deployment", own={"app": "web"}), selecting) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, [True]),
        ({"shareProcessNamespace": False}, []),
        ({"shareProcessNamespace": UNKNOWN}, [False]),
        ({"shareProcessNamespace": False, "hostPID": True}, [True]),
        # What a policy does there is not defined.
        ({"hostNetwork": True}, []),
        ({"hostNetwork": UNKNOWN}, [False]),
    ],
)
def test_only_pods_that_share_are_looked_at(spec: Tree, expected: list[bool]) -> None:
    assert certain("no-network-policy", pod(**spec)) == expected
