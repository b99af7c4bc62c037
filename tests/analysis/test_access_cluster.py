"""The real API server as the judge: what roles grant, what selectors select, and what it brings with it."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from kubernetes import config

from dev.cluster import Cluster
from pidshare_components.analysis.built_in_roles import BUILT_IN, OF_A_NAMESPACE
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.network import directions
from pidshare_components.analysis.objects import pods_in
from pidshare_components.analysis.rbac import AGGREGATE, AGGREGATING, Door, Granted, read_role
from pidshare_components.analysis.result import analyse
from pidshare_components.analysis.selectors import read_selector
from pidshare_components.analysis.stack import Stack
from pidshare_components.analysis.tree import SpecError, Tree
from tests.analysis import stack_trees
from tests.analysis.access_strategies import POD_NAMES, any_selectors, labels, roles, roles_for_nodes, selectors
from tests.apiserver import accepted
from tests.namespaces import fresh_namespace
from tests.strategies import samples

pytestmark = [pytest.mark.cluster]

_ROLES, _FOR_NODES, _LABELS, _SELECTORS, _POLICIES = 250, 60, 40, 150, 80
_CONNECTIONS = 4
_RBAC = "rbac.authorization.k8s.io"
_WORDS = {
    Door.ATTACH: "attach",
    Door.EXEC: "exec",
    Door.EPHEMERAL: "add ephemeral containers",
    Door.NODE: "exec through the kubelet",
}
_OF_PODS = tuple(door for door in Door if door is not Door.NODE)
_PATIENCE = 30.0


class Question(NamedTuple):
    """What somebody wants to do to a pod, or to a node of that name."""

    user: str
    door: Door
    verb: str
    pod: str
    groups: tuple[str, ...] = ()


class Authorizer:
    """The API server's authorizer for one namespace, with many requests at once."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.namespace = namespace
        self._client = config.new_client_from_config(str(cluster.kubeconfig), cluster.context)  # type: ignore[no-untyped-call]
        self._threads = ThreadPoolExecutor(_CONNECTIONS)

    def request(self, method: str, path: str, body: Tree | None = None) -> Any:  # noqa: ANN401 - JSON
        pool = self._client.rest_client.pool_manager
        text = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        answer = pool.request(method, f"{self._client.configuration.host}{path}", body=text, headers=headers)
        assert answer.status in (200, 201), answer.data
        return answer.json()

    def create(self, trees: Sequence[Tree]) -> None:
        """Make objects of RBAC, kind by kind, and wait until the authorizer knows them."""
        last = f"last-{secrets.token_hex(4)}"
        rule = {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get"]}
        for kind in ("ClusterRole", "Role"):
            of_kind = [tree for tree in trees if tree["kind"] == kind]
            role = {"kind": kind, "metadata": {"name": last}, "rules": [rule]}
            list(self._threads.map(self._create, of_kind))
            self._create(role)
        list(self._threads.map(self._create, [tree for tree in trees if tree["kind"].endswith("Binding")]))
        for kind in ("ClusterRole", "Role"):
            self._create(binding(f"{last}-{kind.lower()}", kind, last, [user(f"{last}-{kind}")]))
        waiting = [Question(f"{last}-{kind}", Door.EXEC, "get", "web") for kind in ("ClusterRole", "Role")]
        end = time.monotonic() + _PATIENCE
        while not all(self.ask(waiting)):
            assert time.monotonic() < end, "the authorizer has not heard of its objects"
            time.sleep(0.05)
        self._delete("clusterroles", last)

    def _create(self, tree: Tree) -> None:
        of_cluster = tree["kind"].startswith("Cluster")
        where = "" if of_cluster else f"/namespaces/{self.namespace}"
        self.request("POST", f"/apis/{_RBAC}/v1{where}/{tree['kind'].lower()}s", {"apiVersion": f"{_RBAC}/v1", **tree})

    def _delete(self, kind: str, name: str) -> None:
        self.request("DELETE", f"/apis/{_RBAC}/v1/{kind}/{name}")

    def delete(self, trees: Sequence[Tree]) -> None:
        """Delete those that are of no namespace."""
        of_cluster = [tree for tree in trees if tree["kind"].startswith("Cluster")]
        kinds = [f"{tree['kind'].lower()}s" for tree in of_cluster]
        list(self._threads.map(self._delete, kinds, [tree["metadata"]["name"] for tree in of_cluster]))

    def ask(self, questions: Sequence[Question]) -> list[bool]:
        """Return for each question whether the authorizer says yes."""
        return list(self._threads.map(self._allowed, questions))

    def _allowed(self, question: Question) -> bool:
        resource, _, subresource = question.door.value.partition("/")
        wish = {"verb": question.verb, "resource": resource, "name": question.pod}
        wish |= {} if question.door is Door.NODE else {"namespace": self.namespace}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": question.user,
                "groups": list(question.groups),
                "resourceAttributes": {**wish, "subresource": subresource},
            },
        }
        answer = self.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return bool(answer["status"]["allowed"])


@pytest.fixture(scope="module")
def authorizer(cluster: Cluster, kubectl: Callable[..., str]) -> Iterator[Authorizer]:
    with fresh_namespace(kubectl) as name:
        yield Authorizer(cluster, name)


def user(name: str) -> Tree:
    return {"kind": "User", "name": name, "apiGroup": _RBAC}


def binding(name: str, kind: str, role: str, subjects: Sequence[Tree], own: str = "RoleBinding") -> Tree:
    reference = {"kind": kind, "name": role, "apiGroup": _RBAC}
    return {"kind": own, "metadata": {"name": name}, "roleRef": reference, "subjects": list(subjects)}


def questions(name: str, groups: tuple[str, ...] = ()) -> list[Question]:
    return [Question(name, door, verb, pod, groups) for door in Door for verb in door.verbs for pod in POD_NAMES]


def everywhere(name: str) -> str:
    """Return what somebody is called to whom a ClusterRoleBinding gives a role of this name."""
    return f"{name}-everywhere"


def granted(role: Granted, question: Question) -> bool:
    assert role.complete
    assert all(grant.sure == grant.verbs for grant in role.grants)
    return any(
        grant.door is question.door and question.verb in grant.sure and grant.names.has(question.pod) is Answer.YES
        for grant in role.grants
    )


def lets_in(allowed: set[Question]) -> set[Door]:
    return {question.door for question in allowed}


def expected(allowed: set[Question]) -> tuple[set[Door], bool]:
    """Return the doors that are to be told, and whether for certain: get alone opens two of them up to 1.34."""
    sure = {each.door for each in allowed if each.verb != "get" or each.door is Door.NODE}
    return (sure, True) if sure else (lets_in(allowed), not allowed)


def sharing_pod(name: str, namespace: str) -> Tree:
    spec = {"shareProcessNamespace": True, "containers": [{"name": "app", "image": "nginx"}]}
    return {"kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def told(trees: Sequence[Tree], namespace: str, pod: str) -> tuple[set[Door], bool]:
    """Return the doors into a pod that the rules over several objects tell of, and whether they are certain."""
    stack = Stack()
    for tree in trees:
        metadata = (
            {**tree["metadata"]} if tree["kind"].startswith("Cluster") else {**tree["metadata"], "namespace": namespace}
        )
        stack.add({**tree, "metadata": metadata}, (), None)
    (found,) = pods_in(sharing_pod(pod, namespace))
    stack.add_pod(analyse(found), None)
    ways = [each.finding for each in stack.findings() if each.finding.rule.id == "attach-access"]
    if not ways:
        return set(), True
    said = ways[0].message.partition("(")[0]
    doors = {door for door, words in _WORDS.items() if words in said.replace(_WORDS[Door.NODE], "")}
    return doors | ({Door.NODE} if _WORDS[Door.NODE] in said else set()), ways[0].certain


def test_the_authorizer_lets_in_whom_the_analysis_says(authorizer: Authorizer) -> None:
    prefix = f"generated-{secrets.token_hex(4)}"
    some = [*samples(roles(), _ROLES), *samples(roles_for_nodes(), _FOR_NODES)]
    drawn = [{**role, "metadata": {"name": f"{prefix}-{index}"}} for index, role in enumerate(some)]
    bindings = [
        binding(role["metadata"]["name"], role["kind"], role["metadata"]["name"], [user(role["metadata"]["name"])])
        for role in drawn
    ]
    of_cluster = {
        role["metadata"]["name"]: binding(
            role["metadata"]["name"],
            role["kind"],
            role["metadata"]["name"],
            [user(everywhere(role["metadata"]["name"]))],
            "ClusterRoleBinding",
        )
        for role in drawn
        if role["kind"] == "ClusterRole"
    }
    made = [*drawn, *bindings, *of_cluster.values()]
    authorizer.create(made)
    names = [role["metadata"]["name"] for role in drawn]
    asked = [question for name in [*names, *map(everywhere, of_cluster)] for question in questions(name)]
    answers = dict(zip(asked, authorizer.ask(asked), strict=True))
    authorizer.delete(made)
    for role, bound in zip(drawn, bindings, strict=True):
        own = read_role(role).granted
        name = role["metadata"]["name"]
        for question in questions(name):
            assert granted(own.in_a_namespace(), question) is answers[question], (role, question)
        for question in questions(everywhere(name)) if name in of_cluster else []:
            assert granted(own, question) is answers[question], (role, question)
        for pod in POD_NAMES:
            allowed = {question for question in questions(name) if question.pod == pod and answers[question]}
            assert told([role, bound], authorizer.namespace, pod) == expected(allowed), (role, pod)
    for role in drawn:
        name = role["metadata"]["name"]
        # Which node a pod is on nobody knows: for each alike.
        if name in of_cluster and not any(rule.get("resourceNames") for rule in role["rules"]):
            allowed = {question for question in questions(everywhere(name)) if answers[question]}
            assert told([role, of_cluster[name]], authorizer.namespace, "web") == expected(allowed), role
    # And they were such that each door was open and shut, for some pods and for all.
    assert len(drawn) >= 200
    for door in Door:
        for verb in door.verbs:
            opened = [answers[question] for question in asked if (question.door, question.verb) == (door, verb)]
            assert min(opened.count(True), opened.count(False)) >= (30 if door is Door.NODE else 60)


def test_what_the_built_in_roles_grant(authorizer: Authorizer) -> None:
    items = authorizer.request("GET", f"/apis/{_RBAC}/v1/clusterroles")["items"]
    built_in = [item for item in items if is_built_in(item)]
    theirs = {item["metadata"]["name"]: {**item, "kind": "ClusterRole", "aggregationRule": None} for item in built_in}
    # A new version may bring new ones.
    assert theirs.keys() <= BUILT_IN.keys()
    for name, tree in theirs.items():
        assert by_door(BUILT_IN[name]) == by_door(Granted(read_role(tree).granted.grants)), name
    items = authorizer.request("GET", f"/apis/{_RBAC}/v1/roles")["items"]
    of_a_namespace = [{**item, "kind": "Role"} for item in items if is_built_in(item)]
    assert {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in of_a_namespace} <= OF_A_NAMESPACE
    assert [read_role(tree).granted for tree in of_a_namespace] == [Granted()] * len(of_a_namespace)


def test_which_built_in_roles_others_are_added_to(authorizer: Authorizer) -> None:
    for name, wider in zip(AGGREGATING, (*AGGREGATING[1:], None), strict=True):
        role = authorizer.request("GET", f"/apis/{_RBAC}/v1/clusterroles/{name}")
        assert role["aggregationRule"]["clusterRoleSelectors"] == [{"matchLabels": {f"{AGGREGATE}{name}": "true"}}]
        added = {key: value for key, value in role["metadata"]["labels"].items() if key.startswith(AGGREGATE)}
        assert added == ({f"{AGGREGATE}{wider}": "true"} if wider else {})


def is_built_in(tree: Tree) -> bool:
    return "rbac-defaults" in (tree["metadata"].get("labels") or {}).values()


def by_door(role: Granted) -> dict[Door, set[str]]:
    assert role.complete
    found: dict[Door, set[str]] = {}
    for grant in role.grants:
        assert grant.names.every is Answer.YES
        found.setdefault(grant.door, set()).update(grant.sure)
    return found


def test_the_subjects_of_a_binding(authorizer: Authorizer) -> None:
    """A service account without a namespace is of the binding's own; the groups of everyone are what they are."""
    subjects: dict[str, Tree] = {
        "account": {"kind": "ServiceAccount", "name": "app"},
        "accounts": {"kind": "Group", "name": f"system:serviceaccounts:{authorizer.namespace}", "apiGroup": _RBAC},
        "authenticated": {"kind": "Group", "name": "system:authenticated", "apiGroup": _RBAC},
    }
    doors = {"account": Door.ATTACH, "accounts": Door.EXEC, "authenticated": Door.EPHEMERAL}
    trees: list[Tree] = []
    for name, subject in subjects.items():
        rule = {"apiGroups": [""], "resources": [doors[name].value], "verbs": ["*"]}
        trees += [{"kind": "Role", "metadata": {"name": name}, "rules": [rule]}, binding(name, "Role", name, [subject])]
    authorizer.create(trees)

    def lets(name: str, *groups: str) -> set[Door]:
        asked = questions(name, groups)
        answers = zip(asked, authorizer.ask(asked), strict=True)
        return lets_in({question for question, allowed in answers if allowed})

    of_all = "system:authenticated"
    accounts = ("system:serviceaccounts", f"system:serviceaccounts:{authorizer.namespace}", of_all)
    assert lets(f"system:serviceaccount:{authorizer.namespace}:app", *accounts) == set(_OF_PODS)
    assert lets(f"system:serviceaccount:{authorizer.namespace}:web", *accounts) == {Door.EXEC, Door.EPHEMERAL}
    assert lets("system:serviceaccount:elsewhere:app", "system:serviceaccounts", of_all) == {Door.EPHEMERAL}
    assert lets("somebody", of_all) == {Door.EPHEMERAL}
    assert lets("system:anonymous", "system:unauthenticated") == set()


def test_the_api_server_selects_what_the_analysis_says(authorizer: Authorizer) -> None:
    objects = samples(labels, _LABELS)
    path = f"/api/v1/namespaces/{authorizer.namespace}/configmaps"
    mark = "test"
    for index, own in enumerate(objects):
        metadata = {"name": f"labels-{index}", "labels": {**own, mark: "yes"}}
        authorizer.request("POST", path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    seen = set()
    for selector in samples(selectors, _SELECTORS):
        marked = {**selector, "matchLabels": {**selector.get("matchLabels", {}), mark: "yes"}}
        items = authorizer.request("GET", f"{path}?labelSelector={quote(as_text(marked))}")["items"]
        theirs = {int(item["metadata"]["name"].removeprefix("labels-")) for item in items}
        answers = {index: read_selector(selector).selects(own) for index, own in enumerate(objects)}
        assert {index for index, answer in answers.items() if answer is Answer.YES} == theirs, selector
        assert Answer.UNKNOWN not in answers.values()
        seen.add(len(theirs))
    assert len(seen) > 5


def as_text(selector: Tree) -> str:
    """Return a selector as requests have it."""
    parts = [f"{key}={value}" for key, value in selector.get("matchLabels", {}).items()]
    forms = {"In": "{0} in ({1})", "NotIn": "{0} notin ({1})", "Exists": "{0}", "DoesNotExist": "!{0}"}
    parts += [
        forms[each["operator"]].format(each["key"], ",".join(each.get("values", [])))
        for each in selector.get("matchExpressions", [])
    ]
    return ",".join(parts)


def test_the_api_server_takes_the_selectors_that_the_analysis_takes(
    kubectl: Callable[..., str], authorizer: Authorizer
) -> None:
    drawn = [{}, *samples(any_selectors, _POLICIES)]
    policies = [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "policy"},
            "spec": {"podSelector": selector},
        }
        for selector in drawn
    ]
    taken = accepted(kubectl, authorizer.namespace, policies)
    for selector, is_taken in zip(drawn, taken, strict=True):
        assert is_read(selector) is is_taken, selector
    assert min(taken.count(True), taken.count(False)) >= 15


@pytest.mark.parametrize("types", [{}, *({"policyTypes": each} for each in ([], ["Egress"], ["Ingress", "Egress"]))])
@pytest.mark.parametrize("rules", [{}, {"egress": []}, {"egress": [{}]}, {"ingress": [{}]}])
def test_the_directions_that_the_api_server_has_a_policy_for(authorizer: Authorizer, types: Tree, rules: Tree) -> None:
    path = f"/apis/networking.k8s.io/v1/namespaces/{authorizer.namespace}/networkpolicies?dryRun=All"
    spec = {"podSelector": {}, **types, **rules}
    tree = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "policy"}, "spec": spec}
    theirs = authorizer.request("POST", path, tree)["spec"]["policyTypes"]
    assert [each for each, answer in directions(spec).items() if answer is Answer.YES] == theirs


@pytest.mark.parametrize("length", [1, 56, 57, 58, 59, 80])
def test_the_names_that_the_api_server_generates(authorizer: Authorizer, length: int) -> None:
    own = "a" * length
    tree = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": f"{own}-"}}
    path = f"/api/v1/namespaces/{authorizer.namespace}/configmaps?dryRun=All"
    name = authorizer.request("POST", path, tree)["metadata"]["name"]
    limited = [stack_trees.role("attach", resourceNames=[name]), stack_trees.binding(stack_trees.TEAM)]
    (told,) = stack_trees.found("attach-access", stack_trees.workload("DaemonSet", name=own), *limited)
    assert not told.certain


def is_read(selector: Tree) -> bool:
    try:
        read_selector(selector)
    except SpecError:
        return False
    return True
