"""The Role's rules: what attaching needs, and no more; the rest each on its own, and only when asked for."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from pidshare_components.args import kinds
from pidshare_components.args.access import AttachAccess
from pidshare_components.manifests.access import binding_subjects, role_rules

POD = "web-1a2b"
ATTACH = {("get", "pods", POD), ("get", "pods/attach", POD), ("create", "pods/attach", POD)}


def granted(**asked: object) -> "set[tuple[str, str, str]]":
    """Return what the rules allow: verb, resource and the name of the pod, or `*` for every pod."""
    rules = role_rules(AttachAccess.model_validate(asked), kinds.POD, POD, [POD])
    assert all(rule["apiGroups"] == [""] for rule in rules)
    return {
        (verb, resource, name)
        for rule in rules
        for verb in rule["verbs"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", ["*"])
    }


def test_attaching_needs_these_and_no_more() -> None:
    # kubectl reads the pod, asks by WebSocket (get) and then by SPDY (create).
    assert granted() == ATTACH


@pytest.mark.parametrize(
    ("asked", "more"),
    [
        ("logs", {("get", "pods/log", POD)}),
        ("exec", {("get", "pods/exec", POD), ("create", "pods/exec", POD)}),
        (
            "ephemeral_containers",
            {
                ("get", "pods/ephemeralcontainers", POD),
                ("patch", "pods/ephemeralcontainers", POD),
                ("list", "pods", POD),
                ("watch", "pods", POD),
            },
        ),
        # RBAC cannot limit these two by name.
        ("list_pods", {("list", "pods", "*"), ("watch", "pods", "*")}),
    ],
)
def test_each_further_access_is_on_its_own(asked: str, more: "set[tuple[str, str, str]]") -> None:
    assert granted(**{asked: True}) == ATTACH | more
    assert granted(**{asked: False}) == ATTACH


def test_all_of_it_is_the_sum() -> None:
    everything = granted(logs=True, exec=True, ephemeral_containers=True, list_pods=True)
    assert len(everything) == 3 + 1 + 2 + 4 + 2
    assert {name for verb, _, name in everything if verb not in ("list", "watch")} == {POD}


def test_the_service_account_comes_first_and_then_who_was_asked_for() -> None:
    access = AttachAccess.model_validate(
        {
            "subjects": [
                {"kind": "User", "name": "ann"},
                {"kind": "Group", "name": "operators"},
                {"kind": "ServiceAccount", "name": "robot"},
                {"kind": "ServiceAccount", "name": "robot", "namespace": "ci"},
            ]
        }
    )
    assert binding_subjects(access, "attach", "team") == [
        {"kind": "ServiceAccount", "name": "attach", "namespace": "team"},
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ann"},
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "operators"},
        {"kind": "ServiceAccount", "name": "robot", "namespace": "team"},
        {"kind": "ServiceAccount", "name": "robot", "namespace": "ci"},
    ]


VERBS = ("get", "list", "watch", "create", "update", "patch", "delete")
RESOURCES = ("pods", "pods/attach", "pods/log", "pods/exec", "pods/ephemeralcontainers", "secrets", "roles")


@pytest.mark.cluster
@pytest.mark.parametrize("asked", [{}, {"logs": True, "exec": True}, {"ephemeral_containers": True, "list_pods": True}])
def test_the_authorizer_allows_just_that(asked: "dict[str, bool]", kubectl: Callable[..., str], namespace: str) -> None:
    access = AttachAccess.model_validate({"subjects": [{"kind": "User", "name": "ann"}], **asked})
    group = "rbac.authorization.k8s.io"
    meta = {"apiVersion": f"{group}/v1", "metadata": {"name": "attach"}}
    role = {**meta, "kind": "Role", "rules": role_rules(access, kinds.POD, POD, [POD])}
    reference = {"apiGroup": group, "kind": "Role", "name": "attach"}
    subjects = binding_subjects(access, "attach", namespace)
    binding = {**meta, "kind": "RoleBinding", "roleRef": reference, "subjects": subjects}
    text = yaml.safe_dump_all([role, binding])
    kubectl("apply", f"--namespace={namespace}", "--filename=-", standard_input=text)

    questions = [
        (user, verb, resource, name)
        for user in ("ann", f"system:serviceaccount:{namespace}:attach", "bob")
        for verb in VERBS
        for resource in RESOURCES
        for name in (POD, "other")
    ]
    answers = kubectl(
        "create",
        "--filename=-",
        "--output=jsonpath={.status.allowed}{'\\n'}",
        standard_input=yaml.safe_dump_all(_review(namespace, *question) for question in questions),
    ).split()
    expected = granted(**asked)
    for question, answer in zip(questions, answers, strict=True):
        user, verb, resource, name = question
        may = user != "bob" and bool({(verb, resource, name), (verb, resource, "*")} & expected)
        assert (answer == "true") == may, question


def _review(namespace: str, user: str, verb: str, resource: str, name: str) -> "dict[str, Any]":
    """Return the question whether a user may do something."""
    plain, _, subresource = resource.partition("/")
    attributes = {"namespace": namespace, "verb": verb, "resource": plain, "subresource": subresource, "name": name}
    attributes["group"] = "rbac.authorization.k8s.io" if plain == "roles" else ""
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": attributes},
    }
