"""What of the Kubernetes plugin can be decided without a cluster: names, differences, readiness, secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.rpc import UNKNOWN

from dev.kubernetes_plugin.diff import Change, Kind, changes, refreshed, text_of
from dev.kubernetes_plugin.naming import autonamed, generated_name, id_of, identity_of, is_autonamed, parsed_id
from dev.kubernetes_plugin.readiness import readiness_of
from dev.kubernetes_plugin.triggers import triggers_of
from dev.kubernetes_plugin.values import checked, has_unknown, plain, received, sent, without_secrets

Tree = dict[str, Any]

JSON: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers(-1000, 1000) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from(["a", "b.c", 'd"', "e[0]"]), JSON, max_size=3)


def value(tree: object, *, secret: bool = False) -> PropertyValue:
    """Return a tree as the engine would send it."""
    if isinstance(tree, PropertyValue):
        return tree
    if isinstance(tree, dict):
        return PropertyValue({key: value(item) for key, item in tree.items()}, is_secret=secret)
    if isinstance(tree, list):
        return PropertyValue([value(item) for item in tree], is_secret=secret)
    return PropertyValue(float(tree) if type(tree) is int else tree, is_secret=secret)


def secret(tree: object) -> PropertyValue:
    return value(tree, secret=True)


def properties(tree: Tree) -> dict[str, PropertyValue]:
    return {key: value(item) for key, item in tree.items()}


# Names


@pytest.mark.parametrize(
    ("resource_type", "identity"),
    [
        ("kubernetes:core/v1:Pod", ("v1", "Pod")),
        ("kubernetes:networking.k8s.io/v1:NetworkPolicy", ("networking.k8s.io/v1", "NetworkPolicy")),
        ("kubernetes:example.com/v1alpha1:Thing", ("example.com/v1alpha1", "Thing")),
    ],
)
def test_a_resource_type_names_a_kind(resource_type: str, identity: tuple[str, str]) -> None:
    assert identity_of(resource_type) == identity


def test_a_seed_makes_the_same_name_again_and_another_seed_another() -> None:
    assert generated_name("web", b"1") == generated_name("web", b"1") != generated_name("web", b"2")
    assert generated_name("web", b"") != generated_name("web", b"")


def test_a_name_made_here_keeps_what_else_the_metadata_say() -> None:
    item = autonamed({"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}}, "web-1")
    assert is_autonamed(item)
    assert item["metadata"]["name"] == "web-1"
    assert item["metadata"]["labels"] == {"a": "b"}
    assert item["metadata"]["annotations"]["c"] == "d"


@pytest.mark.parametrize("namespace", [None, "team"])
def test_an_id_leads_back_to_its_object(namespace: str | None) -> None:
    item = {"metadata": {"name": "web"} | ({"namespace": namespace} if namespace else {})}
    assert parsed_id(id_of(item)) == (namespace, "web")


# Differences


def test_a_difference_is_told_where_it_is() -> None:
    old = {"metadata": {"labels": {"example.com/a": "1"}}, "spec": {"list": [{"x": 1}, {"x": 2}], "gone": {}}}
    new = {"metadata": {"labels": {"example.com/a": "2"}}, "spec": {"list": [{"x": 1}, {"x": 3}, 4]}}
    assert {text_of(change.path): change.kind for change in changes(old, new, ())} == {
        'metadata.labels["example.com/a"]': Kind.UPDATE,
        "spec.gone": Kind.DELETE,
        "spec.list[1].x": Kind.UPDATE,
        "spec.list[2]": Kind.ADD,
    }


@given(OBJECTS)
def test_nothing_differs_from_itself(item: Tree) -> None:
    assert changes(item, item, triggers_of("v1", "Pod")) == []


@given(OBJECTS, OBJECTS)
def test_there_are_changes_if_and_only_if_two_objects_differ(old: Tree, new: Tree) -> None:
    differ = sent(old, {}) != sent(new, {})
    assert bool(changes(old, new, ())) == differ


def test_true_is_not_one() -> None:
    assert changes({"a": True}, {"a": 1}, ()) == [Change(("a",), Kind.UPDATE, replaces=False)]


POD: Tree = {
    "metadata": {"name": "web", "labels": {"a": "b"}},
    "spec": {"containers": [{"name": "app", "image": "nginx"}, {"name": "log", "image": "busybox"}], "volumes": []},
}


def pod(container: Tree | None = None, more: Sequence[Tree] = (), metadata: Tree | None = None, **spec: object) -> Tree:
    """Return that pod with fields of its first container, more containers, metadata and fields of its spec."""
    first, *rest = POD["spec"]["containers"]
    containers = [{**first, **(container or {})}, *rest, *more]
    return {
        "metadata": {**POD["metadata"], **(metadata or {})},
        "spec": {**POD["spec"], "containers": containers, **spec},
    }


@pytest.mark.parametrize(
    ("new", "replaces"),
    [
        (pod(container={"image": "nginx:1"}), True),
        (pod(container={"env": [{"name": "A", "value": "1"}]}), True),
        (pod(container={"resources": {"limits": {"cpu": 1}}}), True),
        (pod(more=[{"name": "third", "image": "busybox"}]), True),
        (pod(initContainers=[{"name": "first", "image": "busybox"}]), True),
        (pod(volumes=[{"name": "data", "emptyDir": {}}]), True),
        (pod(terminationGracePeriodSeconds=1), True),
        (pod(metadata={"name": "other"}), True),
        (pod(metadata={"namespace": "team"}), True),
        (pod(metadata={"labels": {"a": "c"}}), False),
        (pod(activeDeadlineSeconds=10), False),
        (pod(tolerations=[{"key": "a"}]), False),
        # What the list of the official plugin lacks. A program has to ask for the replacement.
        (pod(container={"envFrom": [{"configMapRef": {"name": "c"}}]}), False),
        (pod(container={"startupProbe": {"exec": {"command": ["true"]}}}), False),
        (pod(container={"restartPolicy": "Always"}), False),
        (pod(hostUsers=False), False),
        (pod(topologySpreadConstraints=[]), False),
    ],
)
def test_a_change_of_a_pod_replaces_it_or_not(new: Tree, replaces: bool) -> None:
    for before, after in ((POD, new), (new, POD)):
        found = changes(before, after, triggers_of("v1", "Pod"))
        assert found
        assert [change.replaces for change in found] == [replaces] * len(found)


def test_a_container_that_goes_replaces_the_pod() -> None:
    new = {**POD, "spec": {**POD["spec"], "containers": POD["spec"]["containers"][:1]}}
    assert [change.replaces for change in changes(POD, new, triggers_of("v1", "Pod"))] == [True]


@pytest.mark.parametrize(
    ("kind", "field", "replaces"),
    [
        (("rbac.authorization.k8s.io/v1", "RoleBinding"), "roleRef", True),
        (("rbac.authorization.k8s.io/v1", "RoleBinding"), "subjects", False),
        (("rbac.authorization.k8s.io/v1", "Role"), "rules", False),
        (("networking.k8s.io/v1", "NetworkPolicy"), "spec", False),
        (("v1", "ConfigMap"), "data", True),
        (("v1", "Secret"), "stringData", True),
    ],
)
def test_a_change_of_another_kind_replaces_it_or_not(kind: tuple[str, str], field: str, replaces: bool) -> None:
    (change,) = changes({field: {"a": "b"}}, {field: {"a": "c"}}, triggers_of(*kind))
    assert change.replaces is replaces


# Refresh


@pytest.mark.parametrize(
    ("inputs", "before", "now", "expected"),
    [
        pytest.param({"cpu": "1000m"}, {"cpu": "1"}, {"cpu": "1"}, {"cpu": "1000m"}, id="spelled otherwise"),
        pytest.param({"cpu": "1000m"}, {"cpu": "1"}, {"cpu": "2"}, {"cpu": "2"}, id="changed"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 1}}, {"a": {}}, {"a": {}}, id="removed"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, id="somebody else's"),
        pytest.param({"stringData": 1}, {"data": 2}, {"data": 3}, {"stringData": 1}, id="never shown"),
        pytest.param({"l": [1]}, {"l": [1, "injected"]}, {"l": [1, "injected"]}, {"l": [1]}, id="injected"),
        pytest.param(
            {"l": [1]}, {"l": [1, "injected"]}, {"l": [1, "injected", 2]}, {"l": [1, 2]}, id="added to a list"
        ),
        pytest.param({"l": [1, 2]}, {"l": [1, 2]}, {"l": [1]}, {"l": [1]}, id="taken from a list"),
        pytest.param(
            {"l": [{"a": 1}]}, {"l": [{"a": 1, "d": 0}]}, {"l": [{"a": 2, "d": 0}]}, {"l": [{"a": 2}]}, id="item"
        ),
        pytest.param({"a": {"b": 1}}, {}, {"a": {"b": 2, "d": 0}}, {"a": {"b": 2}}, id="nothing known before"),
    ],
)
def test_refreshed_inputs_say_what_changed(inputs: Tree, before: Tree, now: Tree, expected: Tree) -> None:
    assert refreshed(inputs, before, now) == expected


# Readiness


def of(api_version: str, kind: str, **rest: object) -> Tree:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"generation": 2}, "spec": {}, **rest}


def status_of_pod(state: Tree, **rest: object) -> Tree:
    container = {"name": "app", "state": state}
    ready = {"type": "Ready", "status": "False", "message": "containers with unready status: [app]"}
    return of("v1", "Pod", status={"phase": "Pending", "conditions": [ready], "containerStatuses": [container], **rest})


READY = {"type": "Ready", "status": "True"}
ROLLED_OUT = {"observedGeneration": 2, "updatedReplicas": 2, "availableReplicas": 2, "replicas": 2}


@pytest.mark.parametrize(
    "item",
    [
        of("v1", "ConfigMap"),
        of("v1", "Pod", status={"phase": "Running", "conditions": [READY]}),
        of("v1", "Pod", status={"phase": "Succeeded"}),
        of("apps/v1", "Deployment", spec={"replicas": 2}, status=ROLLED_OUT),
        of("batch/v1", "Job", status={"conditions": [{"type": "Complete", "status": "True"}]}),
    ],
)
def test_an_object_is_ready(item: Tree) -> None:
    assert readiness_of(item).ready


@pytest.mark.parametrize(
    "item",
    [
        of("v1", "Pod"),
        of("v1", "Pod", status={"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}),
        of("apps/v1", "Deployment", spec={"replicas": 2}, status={**ROLLED_OUT, "observedGeneration": 1}),
        of("apps/v1", "Deployment", spec={"replicas": 2}, status={**ROLLED_OUT, "updatedReplicas": 1}),
        of("apps/v1", "Deployment", spec={"replicas": 2}, status={**ROLLED_OUT, "availableReplicas": 1}),
        of("apps/v1", "Deployment", spec={"replicas": 2}, status={**ROLLED_OUT, "replicas": 3}),
        of("apps/v1", "StatefulSet", status={"observedGeneration": 2, "readyReplicas": 0}),
        of("apps/v1", "DaemonSet", status={"observedGeneration": 2, "desiredNumberScheduled": 1}),
        of("batch/v1", "Job", status={"active": 1}),
        of("apiextensions.k8s.io/v1", "CustomResourceDefinition", status={"conditions": None}),
    ],
)
def test_an_object_may_become_ready(item: Tree) -> None:
    readiness = readiness_of(item)
    assert not readiness.ready
    assert not readiness.final


@pytest.mark.parametrize(
    "item",
    [
        of("v1", "Pod", status={"phase": "Failed"}),
        of(
            "batch/v1",
            "Job",
            status={"conditions": [{"type": "Failed", "status": "True", "reason": "a", "message": "b"}]},
        ),
        of(
            "apps/v1", "Deployment", status={"conditions": [{"type": "Progressing", "status": "False", "message": "c"}]}
        ),
    ],
)
def test_an_object_will_never_be_ready(item: Tree) -> None:
    assert readiness_of(item).final


def test_a_pod_that_waits_says_for_what() -> None:
    state = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "none:1"'}}
    assert readiness_of(status_of_pod(state)).reasons == (
        "container 'app' waits: ImagePullBackOff: Back-off pulling image \"none:1\"",
    )


def test_a_pod_that_only_just_starts_blames_no_container() -> None:
    reasons = readiness_of(status_of_pod({"waiting": {"reason": "ContainerCreating"}})).reasons
    assert reasons == ("containers with unready status: [app]",)


def test_a_pod_without_a_node_says_why() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes: no memory",
    }
    assert readiness_of(of("v1", "Pod", status={"phase": "Pending", "conditions": [condition]})).reasons == (
        "not scheduled: 0/1 nodes: no memory",
    )


def test_the_last_words_of_a_container_are_not_told() -> None:
    ended = {"terminated": {"exitCode": 1, "reason": "Error", "message": "password is hunter2"}}
    (reason,) = readiness_of(status_of_pod(ended)).reasons
    assert "hunter2" not in reason
    assert "status 1" in reason


# Secrets and unknown values


@given(OBJECTS)
def test_an_object_comes_back_as_it_was_sent(item: Tree) -> None:
    assert plain(received(sent(item, {}))) == item


def test_whole_numbers_stay_whole_on_the_way() -> None:
    number = plain(received(sent({"port": 80}, {})))["port"]
    assert type(number) is int


def test_nulls_are_what_was_left_out() -> None:
    assert plain(properties({"a": None, "b": {"c": None}})) == {"b": {}}


def test_an_object_is_secret_where_its_inputs_are() -> None:
    inputs = properties({"metadata": {"labels": {"a": secret("hidden"), "b": "shown"}}})
    live = {"metadata": {"labels": {"a": "hidden", "b": "shown"}, "uid": "1"}}
    labels = received(sent(live, inputs))["metadata"].value["labels"].value
    assert labels["a"] == secret("hidden")
    assert labels["b"] == value("shown")


def test_a_list_of_the_api_server_is_secret_as_a_whole() -> None:
    inputs = properties({"env": [{"name": "A", "value": secret("hidden")}]})
    live = {"env": [{"name": "INJECTED", "value": "x"}, {"name": "A", "value": "hidden"}]}
    assert received(sent(live, inputs))["env"].is_secret


def test_checked_inputs_are_secret_exactly_where_the_program_has_secrets() -> None:
    given_inputs = properties({"spec": {"env": [{"name": "A", "value": secret("hidden")}]}, "metadata": {}})
    completed = plain(given_inputs) | {"metadata": {"name": "web-1"}}
    assert received(checked(completed, given_inputs)) == given_inputs | {"metadata": value({"name": "web-1"})}


@pytest.mark.parametrize("send", [checked, sent])
def test_the_data_of_a_secret_are_secret_whatever_the_program_says(send: Callable[[Tree, Tree], Struct]) -> None:
    item = {"apiVersion": "v1", "kind": "Secret", "data": {"a": "b"}, "stringData": {"c": "d"}}
    fields = received(send(item, properties(item)))
    assert fields["data"].is_secret
    assert fields["stringData"].is_secret
    assert not fields["kind"].is_secret


def test_a_message_quotes_no_secret() -> None:
    inputs = properties({"a": secret("hunter2"), "b": [secret({"c": 'two\n"lines"'})], "d": "shown"})
    message = 'Invalid value: "hunter2": and "two\\n\\"lines\\"", but shown'
    assert without_secrets(message, inputs) == 'Invalid value: "[secret]": and "[secret]", but shown'


def test_a_message_quotes_no_data_of_a_secret() -> None:
    inputs = properties({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "hunter2"}})
    assert without_secrets("not hunter2", inputs) == "not [secret]"


@pytest.mark.parametrize("tree", [{"a": UNKNOWN}, {"a": [{"b": UNKNOWN}]}])
def test_an_unknown_value_is_found(tree: Tree) -> None:
    assert has_unknown(tree)
    assert not has_unknown({"a": [{"b": "known"}]})
