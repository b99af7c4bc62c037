"""The arguments as a whole: one report of all mistakes, by every door, without a secret, whatever is given."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from pidshare_components import ArgumentsError, Container, SharedProcessPodArgs
from pidshare_components.args.template import checked_when_resolved
from pidshare_components.errors import format_path
from tests.doors import as_camel_case, as_classes, with_leaves
from tests.mocks import deploy, unknown
from tests.strategies import anything, pods

Tree = dict[str, Any]
GOLDEN = Path(__file__).parent / "golden" / "report.txt"

# One mistake of each kind, each in a place of its own.
EVERY_MISTAKE: Tree = {
    "name": "Web",
    "namespace": "team.a",
    "containers": [
        {
            "name": "App",
            "image": "Nginx",
            "imagePullPolicy": "Sometimes",
            "ports": [
                {"containerPort": 0, "name": "HTTP"},
                {"containerPort": 8080, "name": "web"},
                {"containerPort": 8080, "name": "web", "protocol": "TCP"},
            ],
            "env": [{"name": "A=B", "value": 1}, {"name": "C", "value": "x", "valueFrom": {}}],
            "resources": {"requests": {"cpu": "2", "memory": "1 GB"}, "limits": {"cpu": "1"}},
            "volumeMounts": [{"name": "data", "mountPath": "data"}],
            "livenessProbe": {"httpGet": {"port": "metrics"}},
            "securityContext": {
                "runAsUser": -1,
                "capabilities": {"add": ["CAP_SYS_PTRACE", "ptrace"], "drop": ["ALL"]},
            },
            "tty": "yes",
        },
        {
            "name": "helper",
            "image": "busybox",
            "securityContext": {"runAsUser": 1000, "capabilities": {"add": ["SYS_PTRACE"]}},
            "restartPolicy": "Always",
        },
    ],
    "sidecars": [{"name": "helper", "image": "busybox:1.28:2"}],
    "initContainers": [{"name": "init", "image": "busybox", "lifecycle": {}}],
    "volumes": [{"name": "logs", "emptyDir": {}}, {"name": "logs", "emptyDir": {}, "secret": {"secretName": "keys"}}],
    "debug": {"target": "nobody", "command": ["sleep", "1d"]},
    "restartPolicy": "Never",
    "network": {"ingress": [{"peers": [{"cidr": "10.0.0.0"}], "ports": [{"port": 70000}]}]},
    "attach": {"subjects": [{"kind": "User", "name": "ann", "namespace": "team"}]},
    "labels": {"-app": "web", "tier": "front end", "two wrong": "front end"},
    "annotations": {"a/b/c": "x", "d e": "x"},
    "hostPID": True,
    "specOverrides": {"hostPID": True},
}


def report(given_: Any) -> str:  # noqa: ANN401 - anything may be given
    with pytest.raises(ArgumentsError) as caught:
        SharedProcessPodArgs.model_validate(given_)
    return str(caught.value)


def test_all_mistakes_are_in_one_report() -> None:
    """UPDATE_GOLDEN=1 writes the golden file anew."""
    text = f"{report(EVERY_MISTAKE)}\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_every_door_gives_that_report() -> None:
    expected = report(EVERY_MISTAKE)
    with pytest.raises(ArgumentsError) as caught:
        SharedProcessPodArgs(**as_classes(EVERY_MISTAKE))
    assert str(caught.value) == expected
    assert report(json.loads(json.dumps(EVERY_MISTAKE))) == expected


@given(pods())
@settings(max_examples=25)
def test_every_door_gives_the_same_arguments(tree: Tree) -> None:
    checked = SharedProcessPodArgs.model_validate(tree)
    assert SharedProcessPodArgs(**as_classes(tree)) == checked
    assert SharedProcessPodArgs.model_validate(as_camel_case(tree)) == checked
    assert SharedProcessPodArgs.model_validate(checked) == checked


def test_a_part_is_kept_as_given_and_reported_with_its_whole_path() -> None:
    # A report of the part alone would be the first of many, and without the place.
    part = Container(name="App", image="nginx")
    assert part.name == "App"
    assert (
        report({"containers": [{"name": "a", "image": "nginx"}, part]})
        .splitlines()[1]
        .startswith("  containers[1].name: not a DNS label")
    )


def test_arguments_cannot_be_changed_behind_the_checks() -> None:
    args = SharedProcessPodArgs(containers=[Container(name="app", image="nginx")])
    with pytest.raises(ValueError, match="frozen"):
        setattr(args, "name", "web")  # noqa: B010 - a type checker refuses the assignment


# Whatever is given.


def _places(tree: Any, path: tuple[Any, ...] = ()) -> "list[tuple[Any, ...]]":  # noqa: ANN401
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(place for key, item in items for place in _places(item, (*path, key)))]


def replaced(tree: Any, path: "tuple[Any, ...]", value: object) -> Any:  # noqa: ANN401
    """Return a copy with another value at a place."""
    if not path:
        return value
    copy = tree.copy()
    copy[path[0]] = replaced(tree.get(path[0]) if isinstance(tree, dict) else tree[path[0]], path[1:], value)
    return copy


@given(st.data())
@settings(max_examples=250)
def test_anything_anywhere_is_right_or_reported(data: st.DataObject) -> None:
    tree = data.draw(st.sampled_from([EVERY_MISTAKE, FULL]))
    given_ = replaced(tree, data.draw(st.sampled_from(_places(tree))), data.draw(anything))
    try:
        SharedProcessPodArgs.model_validate(given_)
    except ArgumentsError as error:
        lines = str(error).splitlines()
        assert len(lines) == len(error.problems) + 1  # noqa: PT017 - there need not be an error
        assert all(problem.reason and problem.instead for problem in error.problems)  # noqa: PT017


FULL: Tree = {
    "containers": [
        {
            "name": "app",
            "image": "nginx",
            "command": ["nginx", "-g", "daemon off;"],
            "args": ["-q"],
            "working_dir": "/srv",
            "env": [
                {"name": "TOKEN", "value": "x"},
                {"name": "KEY", "value_from": {"secret_key_ref": {"name": "keys", "key": "key"}}},
            ],
            "env_from": [{"secret_ref": {"name": "keys"}, "prefix": "P_"}],
            "ports": [
                {"container_port": 80, "name": "http", "protocol": "TCP", "host_ip": "10.0.0.1", "host_port": 80}
            ],
            "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "200m"}},
            "volume_mounts": [{"name": "data", "mount_path": "/data", "sub_path": "a"}],
            "liveness_probe": {
                "http_get": {"port": 80, "path": "/", "http_headers": [{"name": "Authorization", "value": "x"}]}
            },
            "readiness_probe": {"tcp_socket": {"port": "http"}},
            "startup_probe": {"exec": {"command": ["true"]}, "period_seconds": 1},
            "lifecycle": {"pre_stop": {"sleep": {"seconds": 1}}},
            "security_context": {"run_as_user": 1000, "run_as_group": 1000, "capabilities": {"drop": ["ALL"]}},
        }
    ],
    "sidecars": [{"name": "log", "image": "busybox"}],
    "init_containers": [{"name": "init", "image": "busybox"}],
    "volumes": [
        {"name": "data", "empty_dir": {"size_limit": "1Gi"}},
        {"name": "keys", "secret": {"secret_name": "keys", "items": [{"key": "a", "path": "b", "mode": 0o400}]}},
    ],
    "debug": {"profile": "restricted", "target": "app", "command": ["sh"]},
    "attach": {"subjects": [{"kind": "User", "name": "ann"}]},
    "network": {
        "ingress": [{"peers": [{"pods": {"app": "web"}}], "ports": [{"port": "http"}]}],
        "egress": [
            {"peers": [{"cidr": "10.0.0.0/8", "except_cidrs": ["10.1.0.0/16"]}], "ports": [{"port": 1, "end_port": 2}]}
        ],
    },
    "name": "web",
    "namespace": "team",
    "labels": {"app": "web"},
    "annotations": {"note": "x"},
    "node_selector": {"disk": "ssd"},
    "tolerations": [{"key": "a", "value": "b", "toleration_seconds": 5, "effect": "NoExecute"}],
    "host_aliases": [{"ip": "10.0.0.1", "hostnames": ["db"]}],
    "dns_config": {"nameservers": ["10.0.0.1"], "options": [{"name": "ndots", "value": "2"}]},
    "spec_overrides": {"hostIPC": True},
}


def test_the_full_pod_of_these_tests_is_right() -> None:
    SharedProcessPodArgs.model_validate(FULL)


# Secrets.

# What is never a word of the messages: letters in both cases with a dot, a blank and a sign.
secrets = st.text("abcXYZ019", min_size=4, max_size=12).map("pA55 w0rd.{}!".format)
# A message quotes names to tell which one is meant. They are no Inputs: no secret of Pulumi's can get there.
QUOTED = {"name", "target", "add", "drop"}


@given(st.data(), secrets)
@settings(max_examples=150)
def test_a_secret_in_a_wrong_place_is_not_in_the_message(data: st.DataObject, secret: str) -> None:
    path = data.draw(st.sampled_from([place for place in _places(FULL) if place and not QUOTED & {*place}]))
    shape = data.draw(st.sampled_from([secret, [secret], {"value": secret}, [[secret]], {"image": secret}]))
    try:
        SharedProcessPodArgs.model_validate(replaced(FULL, path, shape))
    except ArgumentsError as error:
        shown = f"{error} {error!r} {error.problems!r}"
        assert secret not in shown


@given(secrets)
@settings(max_examples=10)
def test_a_secret_output_is_not_in_the_message_when_it_turns_out_wrong(secret: str) -> None:
    error = resolved(lambda: with_leaves(FULL, lambda _: pulumi.Output.secret(secret)))
    assert isinstance(error, ArgumentsError)
    assert len(error.problems) > 20
    assert secret not in f"{error} {error!r} {error.problems!r}"


def canary() -> "pulumi.Output[Any]":
    return pulumi.Output.secret("canary")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("readiness_probe.tcp_socket.port", lambda: {"readiness_probe": {"tcp_socket": {"port": canary()}}}),
        (
            "ports[1].container_port",
            lambda: {
                "ports": [{"name": name, "container_port": 80, "host_ip": canary()} for name in ("http", "other")]
            },
        ),
        (
            "volume_mounts[1].mount_path",
            lambda: {
                "volume_mounts": [
                    {"name": "data", "mount_path": canary().apply("/{}".format)},
                    {"name": "keys", "mount_path": canary().apply("/{}".format)},
                ]
            },
        ),
        (
            "security_context.capabilities.add",
            lambda: {
                "security_context": {
                    "run_as_user": canary().apply(lambda _: 1234567),
                    "run_as_group": 0,
                    "capabilities": {"add": ["KILL"]},
                }
            },
        ),
    ],
)
def test_nor_when_it_is_right_in_itself_and_breaks_a_rule(path: str, fields: Callable[[], Tree]) -> None:
    error = resolved(lambda: {**FULL, "containers": [{**FULL["containers"][0], **fields()}]})
    assert isinstance(error, ArgumentsError)
    assert f"containers[0].{path}" in [format_path(problem.path) for problem in error.problems]
    shown = f"{error} {error!r} {error.problems!r}"
    assert "canary" not in shown
    assert "1234567" not in shown


def resolved(tree: Callable[[], Any]) -> "BaseException | None":
    """Return what a program fails with that waits for the values of its arguments."""

    def program() -> None:
        checked_when_resolved(SharedProcessPodArgs.model_validate(tree()))

    return deploy(program).error


# Values that resolve later.


def test_without_outputs_there_is_nothing_to_wait_for() -> None:
    assert checked_when_resolved(SharedProcessPodArgs.model_validate(FULL)) is None


def test_what_a_preview_does_not_know_is_passed_over_and_the_rest_is_judged() -> None:
    def program() -> None:
        container = {
            "name": "app",
            "image": unknown(),
            "working_dir": pulumi.Output.from_input(1),
            "env": [{"name": "A", "value": pulumi.Output.secret(unknown())}],
        }
        checked_when_resolved(SharedProcessPodArgs.model_validate({"containers": [container]}))

    assert str(deploy(program, preview=True).error).splitlines()[1:] == [
        "  containers[0].working_dir: must be text; write a string"
    ]


def test_an_output_of_nothing_is_the_default() -> None:
    assert resolved(lambda: replaced(FULL, ("containers", 0, "tty"), pulumi.Output.from_input(None))) is None


@pytest.mark.parametrize("field", ["containers", "debug", "labels", "spec_overrides", "volumes"])
def test_an_output_where_the_structure_must_be_known_is_refused_at_once(field: str) -> None:
    def program() -> None:
        SharedProcessPodArgs.model_validate({**FULL, field: pulumi.Output.from_input(FULL[field])})

    error = deploy(program).error
    assert isinstance(error, ArgumentsError)
    assert [problem.path for problem in error.problems if problem.path == (field,)]


# Every field of every class.


def _models(model: type[BaseModel], found: "dict[str, type[BaseModel]]") -> "dict[str, type[BaseModel]]":
    for subclass in model.__subclasses__():
        found[subclass.__name__] = subclass
        _models(subclass, found)
    return found


def test_every_field_with_a_default_may_be_left_out_by_other_languages() -> None:
    # Their schema knows no defaults: what is not Optional is required there.
    for model in _models(BaseModel, {}).values():
        if model.__module__.startswith("pidshare_components.args"):
            for name, field in model.model_fields.items():
                optional = type(None) in getattr(field.annotation, "__args__", ()) or field.annotation is Any
                assert field.is_required() or optional, f"{model.__name__}.{name}"
