"""What roles and bindings let their subjects do to pods, by themselves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidshare_components.analysis.access import KINDS, RULES, access_findings
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.rbac import AGGREGATE, AGGREGATING, Door, Role, Subject, read_binding, read_role
from pidshare_components.analysis.rule import Finding
from pidshare_components.analysis.tree import UNKNOWN, SpecError, Tree, format_path
from tests.analysis.access_strategies import roles
from tests.analysis.unknowns import by_place, contradicts, with_unknowns
from tests.strategies import anything

BOTH = ["get", "create"]
PLAIN = {"metadata": {"name": "debug"}}


def rule(resources: object, verbs: object, **more: object) -> Tree:
    return {"apiGroups": [""], "resources": resources, "verbs": verbs, **more}


def role(*rules: object, kind: str = "Role", **more: object) -> Tree:
    return {"kind": kind, **PLAIN, "rules": list(rules), **more}


def binding(name: object, *subjects: object, kind: str = "RoleBinding", role_kind: object = "ClusterRole") -> Tree:
    return {"kind": kind, **PLAIN, "roleRef": {"kind": role_kind, "name": name}, "subjects": list(subjects)}


TEAM = {"kind": "Group", "name": "team"}
MASTERS = {"kind": "Group", "name": "system:masters"}


def found(tree: Tree) -> list[tuple[str, str, bool]]:
    return [(each.rule.id, format_path(each.path), each.certain) for each in access_findings(tree)]


def named(resource: str, verb: str) -> Tree:
    return rule([resource], [verb], resourceNames=["a"])


def only(tree: Tree) -> Finding:
    (finding,) = access_findings(tree)
    return finding


ANY = ("attach-to-any-pod", "rules[0].resources", True)
PERHAPS_ANY = (*ANY[:2], False)
BUILT_IN = ("attach-by-built-in-role", "roleRef.name", True)
ADDS = ("ephemeral-containers", "rules[0].resources", True)
ALONE = ("attach-verbs", "rules[0].verbs", True)


def test_every_rule_is_of_one_module() -> None:
    assert len({each.id for each in RULES}) == len(RULES)


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (role(rule(["pods/attach"], BOTH)), [ANY]),
        (role(rule(["pods/attach"], BOTH, resourceNames=[])), [ANY]),
        (role(rule(["pods/attach"], BOTH, resourceNames=["web"])), []),
        (role(rule(["pods/*"], BOTH)), []),
        (role(rule(["pods/attach"], BOTH, apiGroups=["apps"])), []),
        (role(rule(["pods/attach"], BOTH, apiGroups=["*"])), [ANY]),
        (role(rule(["pods"], ["*"])), []),
        (role(rule(["pods/ephemeralcontainers"], ["patch"])), [ADDS]),
        (role(rule(["pods/ephemeralcontainers"], ["get"])), []),
        (role(rule(["*"], ["*"])), [ANY, ADDS]),
        (role(rule(["*"], ["*"], resourceNames=["web"])), [ADDS]),
        (role(rule(["*"], ["get", "list", "watch"])), [PERHAPS_ANY, ALONE]),
        # The kubelet asks for either verb.
        (role(rule(["*"], ["get", "list", "watch"]), kind="ClusterRole"), [ANY, ALONE]),
        (role(rule(["nodes/proxy"], ["get"]), kind="ClusterRole"), [ANY]),
        (role(rule(["*/proxy"], ["create"]), kind="ClusterRole"), [ANY]),
        (role(rule(["nodes/proxy"], ["get"], resourceNames=["node-1"]), kind="ClusterRole"), []),
        (role(rule(["nodes/proxy"], ["delete"]), kind="ClusterRole"), []),
        (role(rule(["nodes", "nodes/metrics"], ["get"]), kind="ClusterRole"), []),
        # Nodes are in no namespace.
        (role(rule(["nodes/proxy"], ["*"])), []),
        # One rule has the verb that lets in, another one the other.
        (role(rule(["pods/exec"], ["get"]), rule(["pods/exec"], ["create"])), [
            ANY,
            ("attach-to-any-pod", "rules[1].resources", True),
        ]),
        (role(rule(["pods/exec"], ["get"]), named("pods/exec", "create")), [PERHAPS_ANY, ALONE]),
        (role(rule(["pods/exec"], ["create"], resourceNames=["web"])), [ALONE]),
        # Two rules make one grant where they are for the same pods.
        (role(named("pods/exec", "get"), named("pods/exec", "create")), []),
        (role(named("pods/exec", "get"), named("pods/attach", "create")), [
            ALONE,
            ("attach-verbs", "rules[1].verbs", True),
        ]),
        (role(named("pods/exec", "get"), rule(["*/exec"], ["create"])), [
            ("attach-to-any-pod", "rules[1].resources", True),
            ("attach-verbs", "rules[1].verbs", True),
        ]),
        ({"kind": "Role", **PLAIN}, []),
        ({"kind": "Role", **PLAIN, "rules": None}, []),
        (binding("edit", TEAM), [BUILT_IN]),
        (binding("cluster-admin", TEAM, kind="ClusterRoleBinding"), [BUILT_IN]),
        (binding("view", TEAM), []),
        (binding("edit", TEAM, role_kind="Role"), []),
        (binding("edit"), []),
        (binding("cluster-admin", MASTERS, kind="ClusterRoleBinding"), []),
        (binding("cluster-admin", MASTERS, TEAM), [BUILT_IN]),
        # A kind of another API group.
        (role(rule(["*"], ["*"]), apiVersion="iam.aws.example.org/v1"), []),
        ({"kind": "ConfigMap"}, []),
    ],
)  # fmt: skip
def test_what_is_found_where(tree: Tree, expected: list[tuple[str, str, bool]]) -> None:
    assert found(tree) == expected


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (role(rule(["pods/attach"], BOTH, resourceNames=UNKNOWN)), [(*ANY[:2], False)]),
        # A list with something in it is not empty.
        (role(rule(["pods/attach"], BOTH, resourceNames=[UNKNOWN])), []),
        (role(rule(["pods/attach"], ["get", UNKNOWN])), [PERHAPS_ANY, (*ALONE[:2], False)]),
        (role(rule(["pods/attach"], ["create", UNKNOWN])), [ANY, (*ALONE[:2], False)]),
        # The rule may grant nothing at all.
        (role(rule(["pods/exec"], UNKNOWN), rule(["pods/exec"], BOTH)), [
            PERHAPS_ANY,
            ("attach-to-any-pod", "rules[1].resources", True),
        ]),
        (role(rule(["pods/attach"], BOTH, apiGroups=UNKNOWN)), [(*ANY[:2], False), (*ALONE[:2], False)]),
        (role(rule(["pods/attach"], ["get"], resourceNames=[UNKNOWN])), [ALONE]),
        (role(rule(["pods/exec"], ["get"], resourceNames=[UNKNOWN]), named("pods/exec", "create")), [
            (*ALONE[:2], False),
            ("attach-verbs", "rules[1].verbs", False),
        ]),
        # Another rule, of which nothing is known, may grant the other verb.
        (role(rule(["pods/attach"], ["get"]), UNKNOWN), [PERHAPS_ANY, (*ALONE[:2], False)]),
        (role(rule(["pods/attach"], BOTH), aggregationRule={}), [(*ANY[:2], False), (*ALONE[:2], False)]),
        ({"kind": "Role", "metadata": UNKNOWN, "rules": UNKNOWN}, []),
        ({**binding("edit"), "subjects": UNKNOWN}, [(*BUILT_IN[:2], False)]),
        (binding("edit", TEAM, role_kind=UNKNOWN), [(*BUILT_IN[:2], False)]),
        (binding("edit", UNKNOWN), [(*BUILT_IN[:2], False)]),
        (binding("edit", {"kind": "ServiceAccount", "name": UNKNOWN}), [BUILT_IN]),
        (binding(UNKNOWN, TEAM), []),
        ({**binding("edit", TEAM), "roleRef": UNKNOWN}, []),
    ],
)  # fmt: skip
def test_what_is_not_known_is_not_certain(tree: Tree, expected: list[tuple[str, str, bool]]) -> None:
    assert found(tree) == expected


def test_the_message_names_what_is_granted_and_on_which_pods() -> None:
    said = only(role(rule(["pods/attach", "pods/exec"], BOTH)))
    assert said.message.startswith("Role 'debug' lets its subjects attach to and exec into every pod of the namespace")
    said = only(role(rule(["pods/exec"], BOTH), kind="ClusterRole"))
    assert "exec into every pod of each namespace that it is bound in" in said.message
    assert "attach" not in said.message
    nameless = {
        **role(rule(["pods/ephemeralcontainers"], ["patch"], resourceNames=["web"])),
        "metadata": {"name": UNKNOWN},
    }
    said = only(nameless)
    assert said.message.startswith(
        "a Role (name known later) lets its subjects add ephemeral containers to the pods of its"
    )
    said = only(binding("cluster-admin", TEAM, {"kind": "User", "name": "eve"}, kind="ClusterRoleBinding"))
    assert said.message == (
        "ClusterRoleBinding 'debug' lets Group 'team' and User 'eve' attach to, exec into and add ephemeral containers "
        "to every pod of every namespace, by ClusterRole 'cluster-admin'"
    )


def test_get_alone_lets_in_up_to_a_version() -> None:
    (said, _) = access_findings(role(rule(["pods/attach", "pods/exec"], ["get"])))
    assert said.message.startswith(
        "Role 'debug' may let its subjects attach to and exec into every pod of the namespace, as get alone lets in up "
        "to Kubernetes 1.34: where"
    )
    (said,) = access_findings(role(rule(["pods/attach"], BOTH, resourceNames=UNKNOWN)))
    assert "1.34" not in said.message


def test_who_may_proxy_to_nodes_comes_into_every_pod_of_them() -> None:
    said = only(role(rule(["nodes/proxy", "nodes/metrics"], ["get"]), kind="ClusterRole"))
    assert said.message.startswith(
        "ClusterRole 'debug' lets its subjects exec into every pod of every node, through the kubelet, where a "
        "ClusterRoleBinding gives it: where"
    )
    assert said.fix.startswith("leave nodes/proxy out: nodes/metrics")
    said = next(access_findings(role(rule(["*"], BOTH), kind="ClusterRole")))
    assert "bound in, and exec into every pod of every node" in said.message
    assert said.fix.startswith("write out the resources that are needed, without nodes/proxy; write resourceNames")


def test_each_verb_alone_is_another_trouble() -> None:
    get = only(role(rule(["pods/attach"], ["get"], resourceNames=["web"])))
    create = only(role(rule(["pods/attach"], ["create"], resourceNames=["web"])))
    assert "up to Kubernetes 1.34 that lets its subjects in" in get.message
    assert "fallback to SPDY" in create.message
    assert get.fix == create.fix == "write verbs: [get, create]"
    # A wildcard is the mistake, and no verb more.
    (_, wild) = access_findings(role(rule(["*"], ["get"])))
    assert wild.fix.startswith("write out the resources")


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (role(), None),
        ({"kind": "Role", "rules": {}}, "rules: must be a list; write a list"),
        (role("*"), "rules[0]: must be a mapping"),
        (role(rule("pods", ["get"])), "rules[0].resources: must be a list"),
        (role(rule(["pods"], [1])), "rules[0].verbs[0]: must be text; write it in quotes"),
        (role(rule(["pods"], ["get"], resourceNames=[{}])), "rules[0].resourceNames[0]: must be text"),
        (role(metadata=[]), "metadata: must be a mapping"),
        (role(aggregationRule=True), "aggregationRule: must be a mapping"),
        ({**binding("edit"), "subjects": {}}, "subjects: must be a list"),
        (binding("edit", {"kind": "Group", "name": 7}), "subjects[0].name: must be text"),
        ({**binding("edit"), "roleRef": "edit"}, "roleRef: must be a mapping"),
        (binding(True), "roleRef.name: must be text"),
    ],
)
def test_what_is_no_such_object_is_refused_at_its_place(tree: Tree, said: str | None) -> None:
    if said is None:
        assert found(tree) == []
        return
    with pytest.raises(SpecError) as raised:
        list(access_findings(tree))
    assert said in str(raised.value)


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(["metadata", "rules", "subjects", "roleRef"]), anything))
def test_no_tree_is_a_surprise(kind: str, tree: Tree) -> None:
    try:
        list(access_findings({**tree, "kind": kind}))
    except SpecError as error:
        assert error.path  # noqa: PT017 - either is right


@given(roles(), st.data())
def test_what_is_certain_stays_so_whatever_the_unknown_values_are(tree: Tree, data: st.DataObject) -> None:
    unknown = with_unknowns(data, tree, lambda path: path[0] == "rules" and len(path) > 2)
    assert contradicts(by_place(access_findings(unknown)), by_place(access_findings(tree))) == []


def read(*rules: object) -> Role:
    return read_role(role(*rules))


def test_a_role_whose_rules_are_not_all_known_says_so() -> None:
    assert read(rule(["pods"], ["get"])).granted.complete
    assert not read(UNKNOWN).granted.complete
    assert not read_role({"kind": "Role", "rules": UNKNOWN}).granted.complete
    aggregated = read_role(role(rule(["*"], ["*"]), aggregationRule={})).granted
    assert not aggregated.complete
    assert {grant.door for grant in aggregated.grants} == set(Door) - {Door.NODE}
    assert not any(grant.sure for grant in aggregated.grants)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (TEAM, "Group 'team'"),
        ({"kind": "ServiceAccount", "name": "app", "namespace": "web"}, "ServiceAccount 'web/app'"),
        # Kubernetes takes the binding's own.
        ({"kind": "ServiceAccount", "name": "app"}, "ServiceAccount 'here/app'"),
        ({"kind": "ServiceAccount", "name": "app", "namespace": UNKNOWN}, "ServiceAccount 'app'"),
        ({"kind": "Group", "name": UNKNOWN}, "a Group (name known later)"),
        (UNKNOWN, "a subject (known later)"),
    ],
)
def test_how_a_subject_is_called(subject: Any, text: str) -> None:  # noqa: ANN401 - of a tree
    tree = {**binding("edit", subject), "metadata": {"name": "b", "namespace": "here"}}
    (read_subject,) = read_binding(tree).subjects
    assert isinstance(read_subject, Subject)
    assert read_subject.text == text


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({AGGREGATE + "edit": "true"}, {"edit": Answer.YES}),
        ({AGGREGATE + "edit": "false", AGGREGATE + "view": UNKNOWN}, {"view": Answer.UNKNOWN}),
        (UNKNOWN, dict.fromkeys(AGGREGATING, Answer.UNKNOWN)),
        ({AGGREGATE + "monitoring": "true"}, {}),
        (None, {}),
    ],
)
def test_a_cluster_role_says_which_others_have_its_rules(labels: object, expected: dict[str, Answer]) -> None:
    tree = {"metadata": {"name": "more", "labels": labels}, "rules": []}
    assert read_role({"kind": "ClusterRole", **tree}).added_to == expected
    assert read_role({"kind": "Role", **tree}).added_to == {}
