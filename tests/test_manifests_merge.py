"""A partial spec merged into a whole one: as Kubernetes' strategic merge patch does it, judged by kubectl itself."""

import json
import subprocess
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dev.cluster import Cluster
from pidshare_components import SharedProcessPodArgs
from pidshare_components.manifests.merge import merged
from pidshare_components.manifests.pod import pod_spec
from tests.strategies import dns_labels, images, pods, samples

Tree = dict[str, Any]

BASE: Tree = {
    "containers": [
        {"name": "app", "image": "a", "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 80}]},
        {"name": "log", "image": "b", "args": ["x", "y"]},
    ],
    "volumes": [{"name": "data", "emptyDir": {"sizeLimit": "1Gi"}}],
    "tolerations": [{"key": "a"}],
    "securityContext": {"runAsUser": 1, "supplementalGroups": [1, 2]},
    "nodeSelector": {"disk": "ssd"},
}


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        pytest.param({"hostIPC": True}, {"hostIPC": True}, id="a new field is added"),
        pytest.param(
            {"securityContext": {"runAsUser": 2}},
            {"securityContext": {"runAsUser": 2, "supplementalGroups": [1, 2]}},
            id="a mapping is merged field by field",
        ),
        pytest.param(
            {"nodeSelector": {"zone": "a"}},
            {"nodeSelector": {"disk": "ssd", "zone": "a"}},
            id="free keys are merged too",
        ),
        pytest.param(
            {"tolerations": [{"key": "b"}]}, {"tolerations": [{"key": "b"}]}, id="a list without key is replaced"
        ),
        pytest.param(
            {"containers": [{"name": "log", "args": ["z"]}]},
            {"containers": [BASE["containers"][0], {"name": "log", "image": "b", "args": ["z"]}]},
            id="a named list is merged item by item",
        ),
        pytest.param(
            {"containers": [{"name": "new", "image": "c"}]},
            {"containers": [*BASE["containers"], {"name": "new", "image": "c"}]},
            id="an item with a new name is appended",
        ),
        pytest.param(
            {"containers": [{"name": "app", "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}]}]},
            {
                "containers": [
                    {**BASE["containers"][0], "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}]},
                    BASE["containers"][1],
                ]
            },
            id="named lists inside of named lists",
        ),
        pytest.param(
            {"containers": [{"name": "app", "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 81}]}]},
            {
                "containers": [
                    {**BASE["containers"][0], "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 81}]},
                    BASE["containers"][1],
                ]
            },
            id="ports by their number",
        ),
        pytest.param(
            {"containers": [{"name": "app", "ports": [{"containerPort": 80, "protocol": "UDP", "name": "quic"}]}]},
            {
                "containers": [
                    {
                        **BASE["containers"][0],
                        "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP", "name": "quic"}],
                    },
                    BASE["containers"][1],
                ]
            },
            id="ports by their protocol too",
        ),
        pytest.param(
            {"volumes": [{"name": "data", "emptyDir": {"medium": "Memory"}}]},
            {"volumes": [{"name": "data", "emptyDir": {"sizeLimit": "1Gi", "medium": "Memory"}}]},
            id="volumes by their name",
        ),
    ],
)
def test_what_is_named_is_merged_and_all_else_is_replaced(patch: Tree, expected: Tree) -> None:
    before = deepcopy(BASE)
    assert merged(BASE, patch) == {**BASE, **expected}
    assert before == BASE


SPREAD = {"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}


@pytest.mark.parametrize(
    ("field", "key", "other"),
    [
        ("containers", {"name": "a"}, {"name": "b"}),
        ("initContainers", {"name": "a"}, {"name": "b"}),
        ("ephemeralContainers", {"name": "a"}, {"name": "b"}),
        ("volumes", {"name": "a"}, {"name": "b"}),
        ("imagePullSecrets", {"name": "a"}, {"name": "b"}),
        ("hostAliases", {"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}),
        ("topologySpreadConstraints", SPREAD, {**SPREAD, "whenUnsatisfiable": "ScheduleAnyway"}),
        ("topologySpreadConstraints", SPREAD, {**SPREAD, "topologyKey": "node"}),
        ("env", {"name": "A"}, {"name": "B"}),
        ("ports", {"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}),
        ("ports", {"containerPort": 80, "protocol": "UDP"}, {"containerPort": 80}),
        ("volumeMounts", {"mountPath": "/a"}, {"mountPath": "/b"}),
        ("volumeDevices", {"devicePath": "/a"}, {"devicePath": "/b"}),
    ],
)
def test_every_list_with_keys_is_merged_by_them(field: str, key: Tree, other: Tree) -> None:
    patch = {field: [{**other, "new": 1}, {**key, "new": 2}]}
    expected = [{**key, "old": 0, "new": 2}, {**other, "new": 1}]
    assert merged({field: [{**key, "old": 0}]}, patch) == {field: expected}


def test_tcp_is_the_protocol_of_a_port_that_says_none() -> None:
    tcp = {"containerPort": 80, "protocol": "TCP"}
    assert merged({"ports": [{"containerPort": 80}]}, {"ports": [tcp]}) == {"ports": [tcp]}


@pytest.mark.parametrize(
    ("base", "patch"),
    [
        ("x", {"a": 1}),
        ({"a": 1}, "x"),
        ([{"name": "a"}], "x"),
        ("x", [{"name": "a"}]),
        ([{"name": "a"}], {"name": "a"}),
    ],
)
def test_what_is_of_another_kind_is_replaced(base: object, patch: object) -> None:
    # An Output too: what is in it is not known yet.
    assert merged({"containers": base}, {"containers": patch}) == {"containers": patch}


def test_an_item_that_does_not_say_which_one_it_is_is_appended() -> None:
    assert merged({"volumes": [{"name": "a"}]}, {"volumes": [{}, "x"]}) == {"volumes": [{"name": "a"}, {}, "x"]}
    assert merged({"volumes": ["x", {}]}, {"volumes": [{"name": "a"}]}) == {"volumes": ["x", {}, {"name": "a"}]}


def test_the_arguments_reach_the_merge() -> None:
    containers = [{"name": "app", "image": "nginx", "env": [{"name": "A", "value": "1"}]}]
    overrides = {"containers": [{"name": "app", "env": [{"name": "B", "value": "2"}]}], "hostIPC": True}
    args = SharedProcessPodArgs.model_validate({"containers": containers, "spec_overrides": overrides})
    spec = pod_spec(args)
    assert spec["containers"][0]["env"] == [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    assert spec["hostIPC"] is True
    assert spec["shareProcessNamespace"] is True


def test_an_explicit_none_is_what_was_left_out() -> None:
    overrides = {"shareProcessNamespace": None, "hostIPC": None}
    args = SharedProcessPodArgs.model_validate(
        {"containers": [{"name": "a", "image": "b"}], "spec_overrides": overrides}
    )
    assert pod_spec(args)["shareProcessNamespace"] is True
    assert "hostIPC" not in pod_spec(args)


def by(key: str) -> Callable[[Any], str]:
    return lambda item: str(item[key])


named = st.fixed_dictionaries({"name": dns_labels, "value": st.text("ab", max_size=2)})
containers = st.fixed_dictionaries(
    {"name": st.sampled_from(["app", "log", "init-0"])},
    optional={
        "image": images,
        "args": st.lists(st.text("ab", max_size=2), max_size=2),
        "env": st.lists(named, max_size=3, unique_by=by("name")),
        "ports": st.lists(
            st.fixed_dictionaries({"containerPort": st.integers(80, 84)}, optional={"hostIP": st.just("10.0.0.1")}),
            max_size=3,
            unique_by=by("containerPort"),
        ),
        "volumeMounts": st.lists(
            st.fixed_dictionaries({"name": dns_labels, "mountPath": st.sampled_from(["/a", "/b"])}),
            max_size=2,
            unique_by=by("mountPath"),
        ),
        "securityContext": st.fixed_dictionaries({}, optional={"runAsUser": st.integers(0, 9)}),
        "resources": st.fixed_dictionaries(
            {}, optional={"limits": st.dictionaries(dns_labels, st.just("1"), max_size=2)}
        ),
    },
)
patches = st.fixed_dictionaries(
    {},
    optional={
        "containers": st.lists(containers, max_size=2, unique_by=by("name")),
        "volumes": st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(["data", "b"])}, optional={"emptyDir": st.just({})}),
            max_size=2,
            unique_by=by("name"),
        ),
        "nodeSelector": st.dictionaries(dns_labels, dns_labels, max_size=2),
        "tolerations": st.lists(st.fixed_dictionaries({"key": dns_labels}), max_size=2),
        "hostAliases": st.lists(
            st.fixed_dictionaries({"ip": st.sampled_from(["10.0.0.1", "10.0.0.2"]), "hostnames": st.lists(dns_labels)}),
            max_size=2,
            unique_by=by("ip"),
        ),
        "imagePullSecrets": st.lists(st.fixed_dictionaries({"name": dns_labels}), max_size=2, unique_by=by("name")),
        "securityContext": st.fixed_dictionaries({}, optional={"fsGroup": st.integers(0, 9)}),
        "affinity": st.just({"nodeAffinity": {}}),
        "terminationGracePeriodSeconds": st.integers(0, 9),
    },
)


@given(pods(), patches)
@settings(max_examples=40)
def test_what_the_overrides_say_holds_and_what_they_do_not_say_stays(tree: Tree, patch: Tree) -> None:
    base = pod_spec(SharedProcessPodArgs.model_validate(tree))
    whole = merged(base, patch)
    assert whole == merged(whole, patch), "a second time changes nothing"
    assert merged(base, {}) == base
    _says(whole, patch)
    for key, item in base.items():
        if key not in patch:
            assert whole[key] == item
    for old in base["containers"]:
        (new,) = (item for item in whole["containers"] if item["name"] == old["name"])
        touched = {key for item in patch.get("containers", []) if item["name"] == old["name"] for key in item}
        assert {key: new[key] for key in old if key not in touched} == {
            key: item for key, item in old.items() if key not in touched
        }


def _says(whole: Any, patch: Any) -> None:  # noqa: ANN401 - any tree
    if isinstance(patch, dict):
        for key, item in patch.items():
            _says(whole[key], item)
    elif isinstance(patch, list):
        for item in patch:
            assert any(_contains(other, item) for other in whole)
    else:
        assert whole == patch


def _contains(whole: Any, patch: Any) -> bool:  # noqa: ANN401 - any tree
    if isinstance(patch, dict):
        return isinstance(whole, dict) and all(key in whole and _contains(whole[key], patch[key]) for key in patch)
    if isinstance(patch, list):
        return isinstance(whole, list) and all(any(_contains(other, item) for other in whole) for item in patch)
    return bool(whole == patch)


def _unordered(tree: Any) -> Any:  # noqa: ANN401 - any tree
    if isinstance(tree, dict):
        return {key: _unordered(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return sorted((_unordered(item) for item in tree), key=lambda item: json.dumps(item, sort_keys=True))
    return tree


@pytest.mark.cluster
def test_kubectl_merges_the_same(cluster: Cluster) -> None:
    # A local patch needs kubectl alone: Kubernetes' own strategic merge of its own types.
    for patch in samples(patches, 30):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}, "spec": BASE}
        command = cluster.command("patch", "--local", "--type=strategic", "--filename=-", "--output=json")
        done = subprocess.run(
            [*command, f"--patch={json.dumps({'spec': patch})}"],
            input=json.dumps(pod),
            capture_output=True,
            text=True,
            check=True,
        )
        # Where it puts new items is its own affair: names tell them apart.
        assert _unordered(json.loads(done.stdout)["spec"]) == _unordered(merged(BASE, patch)), patch
