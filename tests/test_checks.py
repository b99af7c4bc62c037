"""Rules that only several fields together show: what breaks each, what just does not, and what the API server says."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from hypothesis import given, settings

from pidshare_components import ArgumentsError, SharedProcessPodArgs
from pidshare_components.args.template import checked_when_resolved
from pidshare_components.errors import format_path
from pidshare_components.manifests.merge import kubernetes_tree
from tests.apiserver import accepted
from tests.doors import as_camel_case, as_classes, with_leaves
from tests.mocks import deploy
from tests.rules import RULES, Rule
from tests.rules.parts import app, args
from tests.strategies import pods

Tree = dict[str, Any]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_what_breaks_a_rule_is_one_line_and_what_just_does_not_is_none(rule: Rule) -> None:
    with pytest.raises(ArgumentsError) as caught:
        SharedProcessPodArgs.model_validate(rule.bad)
    lines = {format_path(problem.path): f"{problem.reason}; {problem.instead}" for problem in caught.value.problems}
    assert lines.keys() == rule.problems.keys()
    for path, words in rule.problems.items():
        assert re.search(words, lines[path])
    SharedProcessPodArgs.model_validate(rule.good)


def report(program: Callable[[], object]) -> str:
    """Return the message that arguments are refused with, by a program or right away."""
    with pytest.raises(ArgumentsError) as caught:
        program()
    return str(caught.value)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_every_way_to_give_arguments_gives_the_same_report(rule: Rule) -> None:
    plain = report(lambda: SharedProcessPodArgs.model_validate(rule.bad))
    assert report(lambda: SharedProcessPodArgs.model_validate(as_camel_case(rule.bad))) == plain
    assert report(lambda: SharedProcessPodArgs(**as_classes(rule.bad))) == plain
    assert report(lambda: SharedProcessPodArgs.model_validate(as_classes(rule.bad))) == plain


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_value_that_resolves_later_is_judged_by_the_same_rules_with_the_same_report(rule: Rule) -> None:
    def program(tree: Tree) -> None:
        args = SharedProcessPodArgs.model_validate(with_leaves(tree, pulumi.Output.from_input))
        checked_when_resolved(args)

    assert str(deploy(lambda: program(rule.bad)).error) == report(lambda: SharedProcessPodArgs.model_validate(rule.bad))
    assert deploy(lambda: program(rule.good)).error is None


@pytest.mark.parametrize(
    ("later", "path"),
    [
        (lambda output: {"volumes": output([{"name": "data", "empty_dir": {}}])}, "volumes"),
        (lambda output: {"volumes": [output({"name": "data", "empty_dir": {}})]}, "volumes[0]"),
        (lambda output: {"spec_overrides": output({"volumes": []})}, "spec_overrides"),
        (lambda output: {"containers": output([app("web")]), "debug": {"target": "web"}}, "containers"),
    ],
    ids=["volumes", "a volume", "the overrides", "containers"],
)
def test_names_that_are_not_known_are_no_second_mistake(later: Callable[..., Tree], path: str) -> None:
    async def build() -> None:
        tree = args(app(volume_mounts=[{"name": "data", "mount_path": "/data"}]))
        SharedProcessPodArgs.model_validate({**tree, **later(pulumi.Output.from_input)})

    with pytest.raises(ArgumentsError) as caught:
        asyncio.run(build())
    assert [format_path(problem.path) for problem in caught.value.problems] == [path]


ACTIONS: Tree = {
    "exec": {"command": ["true"]},
    "http_get": {"port": 80},
    "tcp_socket": {"port": 80},
    "grpc": {"port": 80},
    "sleep": {"seconds": 1},
}
ITEMS = [{"path": "name", "field_ref": {"field_path": "metadata.name"}}]
SOURCES: Tree = {
    "empty_dir": {},
    "config_map": {"name": "settings"},
    "secret": {"secret_name": "keys"},
    "projected": {"sources": []},
    "downward_api": {"items": ITEMS},
    "persistent_volume_claim": {"claim_name": "data"},
    "host_path": {"path": "/var/log"},
    "csi": {"driver": "csi.example.com"},
    "ephemeral": {"volumeClaimTemplate": {}},
}
PROJECTED: Tree = {
    "config_map": {"name": "settings"},
    "secret": {"name": "keys"},
    "downward_api": {"items": ITEMS},
    "service_account_token": {"path": "token"},
}
VALUES: Tree = {
    "secret_key_ref": {"name": "keys", "key": "a"},
    "config_map_key_ref": {"name": "settings", "key": "a"},
    "field_ref": {"field_path": "metadata.name"},
    "resource_field_ref": {"resource": "limits.cpu"},
}
PROBES = ("liveness_probe", "readiness_probe", "startup_probe")
ALONE = [
    *(args({**app(), probe: {key: ACTIONS[key]}}) for probe in PROBES for key in ACTIONS if key != "sleep"),
    *(
        args(app(lifecycle={hook: {key: ACTIONS[key]}}))
        for hook in ("post_start", "pre_stop")
        for key in ("exec", "http_get", "sleep")
    ),
    *(args(volumes=[{"name": "data", key: source}]) for key, source in SOURCES.items()),
    *(args(volumes=[{"name": "data", "projected": {"sources": [{key: source}]}}]) for key, source in PROJECTED.items()),
    *(args(app(env=[{"name": "A", "value_from": {key: source}}])) for key, source in VALUES.items()),
    *(args(app(env_from=[{key: {"name": "a"}}])) for key in ("secret_ref", "config_map_ref")),
]


@pytest.mark.parametrize("tree", ALONE)
def test_each_of_several_fields_is_enough(tree: Tree) -> None:
    SharedProcessPodArgs.model_validate(tree)


@given(pods())
@settings(max_examples=50)
def test_what_is_right_is_let_through(tree: Tree) -> None:
    SharedProcessPodArgs.model_validate(tree)


def test_a_rule_sees_camel_case_too() -> None:
    container = app(volumeMounts=[{"name": "data", "mountPath": "/a"}], livenessProbe={"tcpSocket": {"port": "web"}})
    given_ = args(container, initContainers=[app("app")], specOverrides={"hostPID": True})
    with pytest.raises(ArgumentsError) as caught:
        SharedProcessPodArgs.model_validate(given_)
    assert [format_path(problem.path) for problem in caught.value.problems] == [
        "containers[0].liveness_probe.tcp_socket.port",
        "containers[0].volume_mounts[0].name",
        "init_containers[0].name",
        "spec_overrides.hostPID",
    ]


def test_keys_of_the_users_own_are_no_fields() -> None:
    own = {"hostPID": "x", "runAsUser": "y", "pidshareComponents": "z"}
    checked = SharedProcessPodArgs.model_validate(args(labels=own, annotations=own, node_selector=own))
    assert checked.labels == checked.annotations == checked.node_selector == own


# The API server as the judge. What it refuses as well is its rule, what it takes is one of our own.

_NOT_OF_THE_SPEC = ("debug", "attach", "network", "sidecars", "init_containers", "labels", "spec_overrides")


def as_pod(tree: Tree) -> Tree:
    """Return what the arguments would be as a pod if nobody checked them."""
    spec = kubernetes_tree({key: item for key, item in tree.items() if key not in _NOT_OF_THE_SPEC})
    init = [{**kubernetes_tree(item), "restartPolicy": "Always"} for item in tree.get("sidecars", [])]
    init += [kubernetes_tree(item) for item in tree.get("init_containers", [])]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "app"},
        "spec": {"shareProcessNamespace": True, **spec, "initContainers": init, **tree.get("spec_overrides", {})},
    }


@pytest.mark.cluster
def test_the_api_server_agrees_on_which_rules_are_its_own(kubectl: Callable[..., str], namespace: str) -> None:
    judged = {name: rule for name, rule in RULES.items() if rule.api is not None}
    bad = accepted(kubectl, namespace, [as_pod(rule.bad) for rule in judged.values()])
    good = accepted(kubectl, namespace, [as_pod(rule.good) for rule in judged.values()])
    assert [name for (name, rule), taken in zip(judged.items(), bad, strict=True) if taken == rule.api] == []
    assert [name for name, taken in zip(judged, good, strict=True) if not taken] == []
