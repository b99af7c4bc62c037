"""Who may come into a pod, and whether that is everyone."""

from __future__ import annotations

import pytest

from pidshare_components.analysis.rbac import read_role
from pidshare_components.analysis.rule import Severity
from pidshare_components.analysis.stack_access import _either
from pidshare_components.analysis.tree import UNKNOWN, Tree, format_path
from tests.analysis.stack_trees import (
    ACCOUNT,
    ATTACH,
    EVERYONE,
    OF_KUBERNETES,
    TEAM,
    binding,
    certain,
    cluster_binding,
    found,
    pod,
    role,
    workload,
)


@pytest.mark.parametrize(
    ("trees", "message"),
    [
        ([ATTACH, binding(TEAM)], "Group 'team' may attach (Role 'way' by RoleBinding 'way')"),
        (
            [role("attach", "exec"), binding(TEAM, ACCOUNT)],
            "Group 'team' and ServiceAccount 'here/ci' may attach and exec (Role 'way' by RoleBinding 'way')",
        ),
        (
            [role("ephemeralcontainers"), binding(TEAM)],
            "Group 'team' may add ephemeral containers (Role 'way' by RoleBinding 'way')",
        ),
        (
            [role("attach", resourceNames=["web"]), binding(TEAM)],
            "Group 'team' may attach (Role 'way' by RoleBinding 'way')",
        ),
        (
            [role("exec", name="all", kind="ClusterRole"), cluster_binding(TEAM, to="all")],
            "Group 'team' may exec (ClusterRole 'all' by ClusterRoleBinding 'all')",
        ),
        (
            [binding(TEAM, to="edit", role_kind="ClusterRole")],
            "Group 'team' may attach and exec (ClusterRole 'edit' by RoleBinding 'way')",
        ),
    ],
)
def test_who_may_come_into_a_pod(trees: list[Tree], message: str) -> None:
    (finding,) = found("attach-access", pod(), *trees)
    assert finding.message == message
    assert finding.certain
    assert format_path(finding.path) == "metadata.name"
    assert finding.severity is Severity.LOW


@pytest.mark.parametrize(
    "trees",
    [
        [role("attach", resourceNames=["db"]), binding(TEAM)],
        [role("log"), binding(TEAM)],
        [ATTACH],
        [ATTACH, binding()],
        [role("attach", namespace="there"), binding(TEAM, namespace="there")],
        [binding(TEAM, to="view", role_kind="ClusterRole")],
        # Kubernetes' own, with which every cluster comes.
        [cluster_binding({"kind": "Group", "name": "system:masters"}, to="cluster-admin")],
        [cluster_binding(OF_KUBERNETES, to="system:controller:generic-garbage-collector")],
        # A role for nodes, given in one namespace.
        [
            role("x", name="nodes", kind="ClusterRole", resources=["nodes/proxy"]),
            binding(TEAM, to="nodes", role_kind="ClusterRole"),
        ],
        # The API server refuses it.
        [
            {**ATTACH, "kind": "ClusterRole"},
            {**cluster_binding(TEAM, to="way"), "roleRef": {"kind": "Role", "name": "way"}},
        ],
        [binding(ACCOUNT, to="extension-apiserver-authentication-reader", namespace="kube-system")],
        [cluster_binding(EVERYONE, to="system:cluster-trust-bundle-discovery")],
    ],
)
def test_who_may_not(trees: list[Tree]) -> None:
    assert found("attach-access", pod(), *trees) == []


def test_kubernetes_own_controllers_are_known_by_name_and_namespace() -> None:
    """Anybody may make a role with such a name, or bind theirs to somebody else."""
    theirs = "system:controller:generic-garbage-collector"
    (finding,) = found("attach-access", pod(), cluster_binding(OF_KUBERNETES, ACCOUNT, to=theirs))
    assert finding.message.startswith("ServiceAccount 'ci' may add ephemeral containers and exec through the kubelet (")
    own = role("attach", name="system:controller:own", kind="ClusterRole")
    assert certain("attach-access", pod(), own, cluster_binding(OF_KUBERNETES, to="system:controller:own")) == [True]


def test_of_a_role_that_is_not_in_view_the_doors_of_pods_are_told() -> None:
    (finding,) = found("attach-access", pod(), binding(TEAM))
    assert finding.message == (
        "Group 'team' may be able to attach, exec and add ephemeral containers (Role 'way', not in view, by "
        "RoleBinding 'way')"
    )


def test_get_alone_is_not_certain() -> None:
    read = role("attach", "exec", verbs=["get", "list", "watch"])
    (finding,) = found("attach-access", pod(), read, binding(TEAM))
    assert not finding.certain
    assert finding.message == (
        "Group 'team' may be able to attach and exec, as get alone lets in up to Kubernetes 1.34 (Role 'way' by "
        "RoleBinding 'way')"
    )
    both = {**read, "rules": [*read["rules"], *role("exec", verbs=["create"], resourceNames=["web"])["rules"]]}
    (finding,) = found("attach-access", pod(), both, binding(TEAM))
    assert finding.certain
    assert finding.message == "Group 'team' may exec (Role 'way' by RoleBinding 'way')"
    assert certain("attach-access", pod(name="db"), both, binding(TEAM)) == [False]


@pytest.mark.parametrize(("names", "sure"), [([], True), (["node-1"], False), (["web"], False)])
def test_who_may_proxy_to_nodes_comes_into_their_pods(names: list[str], sure: bool) -> None:
    nodes = role("x", name="nodes", kind="ClusterRole", resources=["nodes/proxy"], verbs=["get"], resourceNames=names)
    (finding,) = found("attach-access", pod(), nodes, cluster_binding(TEAM, to="nodes"))
    can = "may" if sure else "may be able to"
    assert (
        finding.message
        == f"Group 'team' {can} exec through the kubelet (ClusterRole 'nodes' by ClusterRoleBinding 'all')"
    )
    assert finding.certain is sure


@pytest.mark.parametrize(
    ("label", "given"), [("view", ["view", "edit", "admin"]), ("edit", ["edit", "admin"]), ("admin", ["admin"])]
)
@pytest.mark.parametrize("value", ["true", UNKNOWN, "false"])
def test_what_is_added_to_a_built_in_role(label: str, value: object, given: list[str]) -> None:
    more = role("ephemeralcontainers", name="more", kind="ClusterRole")
    more["metadata"]["labels"] = {f"rbac.authorization.k8s.io/aggregate-to-{label}": value}
    for name in ("edit", "admin"):
        (finding,) = found("attach-access", pod(), more, binding(TEAM, to=name, role_kind="ClusterRole"))
        is_added = value == "true" and name in given
        assert ("may attach, exec and add ephemeral containers" in finding.message) is is_added
    added = certain("attach-access", pod(), more, binding(TEAM, to="view", role_kind="ClusterRole"))
    assert added == ([value == "true"] if label == "view" and value != "false" else [])


@pytest.mark.parametrize(
    "trees",
    [
        [pod(), binding(TEAM)],
        [pod(), binding(TEAM, to=UNKNOWN), ATTACH],
        [pod(), binding(TEAM, to="other", role_kind="ClusterRole")],
        [pod(), ATTACH, binding(TEAM, namespace="")],
        [pod(), role("attach", namespace=""), binding(TEAM)],
        [pod(), role("attach", resourceNames=UNKNOWN), binding(TEAM)],
        [pod(), role("attach", resourceNames=["db", UNKNOWN]), binding(TEAM)],
        [pod(), role("attach", verbs=UNKNOWN), binding(TEAM)],
        [pod(), {**ATTACH, "aggregationRule": {}}, binding(TEAM)],
        [pod(), ATTACH, {**binding(), "subjects": UNKNOWN}],
        [pod(name=UNKNOWN), role("attach", resourceNames=["web"]), binding(TEAM)],
        [pod(name=None), role("attach", resourceNames=["web"]), binding(TEAM)],
        [pod(namespace=UNKNOWN), ATTACH, binding(TEAM)],
        [pod(namespace=""), ATTACH, binding(TEAM)],
        [pod(shareProcessNamespace=UNKNOWN), ATTACH, binding(TEAM)],
        # Two of one name: one of them is not the one that is applied.
        [pod(), ATTACH, role("exec"), binding(TEAM)],
    ],
)
def test_who_may_come_in_as_far_as_that_is_known(trees: list[Tree]) -> None:
    (finding,) = found("attach-access", *trees)
    assert not finding.certain


def test_a_role_that_does_not_say_its_namespace_may_be_the_one_that_is_meant() -> None:
    (finding,) = found("attach-access", pod(), role("attach", namespace=""), binding(TEAM))
    assert finding.message == "Group 'team' may be able to attach (Role 'way' by RoleBinding 'way')"
    assert found("attach-access", pod(), role("log", namespace=UNKNOWN), binding(TEAM)) == []


def test_namespaces_that_nobody_says_are_the_same() -> None:
    assert certain("attach-access", pod(namespace=""), role("attach", namespace=""), binding(TEAM, namespace="")) == [
        True
    ]
    tree = binding(TEAM, to="edit", role_kind="ClusterRole", namespace="")
    assert certain("attach-access", pod(namespace=""), tree) == [True]


def test_the_built_in_roles_may_be_in_view_too() -> None:
    """Those that others are added to say nothing for certain of themselves, which counts for nobody here."""
    given = binding({**EVERYONE, "kind": UNKNOWN}, to="edit", role_kind="ClusterRole")
    exported = role(name="view", kind="ClusterRole")
    exported["metadata"]["labels"] = {"rbac.authorization.k8s.io/aggregate-to-edit": "true"}
    exported["aggregationRule"] = {}
    (finding,) = found("attach-for-everyone", exported, given)
    assert "may be able to attach and exec in pods" in finding.message


LONG = "a" * 57


@pytest.mark.parametrize(
    ("own", "name", "fits"),
    [
        (LONG, f"{LONG}-12345", True),
        (LONG, f"{LONG}b12345", False),
        # The API server cuts what a name is made from.
        (f"{LONG}b", f"{LONG}b12345", True),
        (f"{LONG}bcd", f"{LONG}b12345", True),
        (f"{LONG}bcd", f"{LONG}c12345", False),
    ],
)
def test_a_generated_name_begins_with_a_part_of_a_long_one(own: str, name: str, fits: bool) -> None:
    limited = [role("attach", resourceNames=[name]), binding(TEAM)]
    assert certain("attach-access", workload("DaemonSet", name=own), *limited) == ([False] if fits else [])


@pytest.mark.parametrize(
    ("kind", "name", "fits"),
    [
        ("Deployment", "web-5d9c7-x2x4z", True),
        ("Deployment", "web", False),
        ("Deployment", "website-1", False),
        ("StatefulSet", "web-0", True),
        ("StatefulSet", "web-10", True),
        ("StatefulSet", "web-db", False),
        ("CronJob", "web-29-abcde", True),
    ],
)
def test_the_pods_of_a_workload_may_have_a_name_that_a_role_has(kind: str, name: str, fits: bool) -> None:
    tree = workload("Deployment" if kind == "CronJob" else kind)
    if kind == "CronJob":
        tree = {**tree, "kind": kind, "spec": {"jobTemplate": {"spec": tree["spec"]}}}
    limited = role("attach", resourceNames=[name])
    assert certain("attach-access", tree, limited, binding(TEAM)) == ([False] if fits else [])
    assert certain("attach-access", tree, ATTACH, binding(TEAM)) == [True]


def test_what_is_certain_is_told_first_and_the_rest_is_counted() -> None:
    doubtful = [
        {
            **binding({"kind": "User", "name": f"u{each}"}, to=f"r{each}"),
            "metadata": {"name": f"b{each}", "namespace": "here"},
        }
        for each in range(7)
    ]
    (finding,) = found("attach-access", pod(), cluster_binding(ACCOUNT, to="any"), *doubtful, ATTACH, binding(TEAM))
    assert finding.message.startswith(
        "Group 'team' may attach (Role 'way' by RoleBinding 'way'); ServiceAccount 'ci' may be"
    )
    assert finding.message.endswith("; and 5 more bindings let others in, or may")
    assert finding.certain
    (finding,) = found("attach-access", pod(), *doubtful[:5])
    assert finding.message.endswith("; and 1 more binding lets others in, or may")


# Everyone.


@pytest.mark.parametrize(
    ("subject", "who"),
    [
        (EVERYONE, "every user and service account"),
        ({"kind": "Group", "name": "system:serviceaccounts"}, "every service account"),
        ({"kind": "Group", "name": "system:unauthenticated"}, "whoever does not log in"),
        ({"kind": "User", "name": "system:anonymous"}, "whoever does not log in"),
    ],
)
def test_everyone_is_let_in(subject: Tree, who: str) -> None:
    (finding,) = found("attach-for-everyone", ATTACH, binding(TEAM, subject))
    assert f"that is {who}, may attach in pods of the namespace (Role 'way' by RoleBinding 'way')" in finding.message
    assert finding.severity is Severity.HIGH
    assert finding.certain
    assert format_path(finding.path) == "subjects[1]"


@pytest.mark.parametrize(
    ("trees", "expected"),
    [
        ([ATTACH, binding(TEAM)], []),
        ([role("log"), binding(EVERYONE)], []),
        ([ATTACH, binding({"kind": "User", "name": "system:authenticated"})], []),
        # One namespace's are not everyone.
        ([ATTACH, binding({"kind": "Group", "name": "system:serviceaccounts:ci"})], []),
        ([ATTACH, binding({"kind": "User", "name": "system:serviceaccounts:ci"})], []),
        ([role("attach", "exec", verbs=["get", "list", "watch"]), binding(EVERYONE)], [False]),
        ([role("exec", verbs=["create"]), binding(EVERYONE)], [True]),
        ([cluster_binding(EVERYONE, to="system:kubelet-api-admin")], [True]),
        ([binding(EVERYONE, to="system:kubelet-api-admin", role_kind="ClusterRole")], []),
        ([ATTACH, binding({**EVERYONE, "kind": UNKNOWN})], [False]),
        ([binding(EVERYONE)], [False]),
        ([binding(EVERYONE, to=UNKNOWN)], [False]),
        ([role("attach", namespace=UNKNOWN), binding(EVERYONE, namespace=UNKNOWN)], [False]),
        ([role("attach", verbs=UNKNOWN), binding(EVERYONE)], [False]),
        ([role("attach", resourceNames=["web"]), binding(EVERYONE)], [True]),
        ([cluster_binding(EVERYONE, to="edit")], [True]),
        ([cluster_binding(EVERYONE, to="system:discovery")], []),
        ([cluster_binding(EVERYONE, to="system:basic-user")], []),
        ([cluster_binding(EVERYONE, to="view")], []),
        ([cluster_binding(EVERYONE, to="system:controller:namespace-controller")], [True]),
        ([cluster_binding(EVERYONE, to="system:somebody-else")], [False]),
    ],
)
def test_whether_everyone_is_let_in(trees: list[Tree], expected: list[bool]) -> None:
    assert certain("attach-for-everyone", *trees) == expected
    for finding in found("attach-for-everyone", *trees):
        assert finding.severity is (Severity.HIGH if finding.certain else Severity.MEDIUM)


# Roles of one name.


def test_of_roles_of_one_name_it_is_whichever_it_is() -> None:
    roles = [role("attach", resourceNames=[name]) for name in ("one", "two")]
    for name, expected in (("one", [False]), ("two", [False]), ("three", [])):
        assert certain("attach-access", pod(name=name), *roles, binding(TEAM)) == expected


def test_many_roles_of_one_name_are_put_together() -> None:
    """Each of their bindings would else be as many ways into pods as there are roles."""
    granted = [read_role(role("attach", resourceNames=[f"pod-{number}"])).granted for number in range(50)]
    (grant,) = _either(granted).grants
    assert grant.names.known == {f"pod-{number}" for number in range(50)}
