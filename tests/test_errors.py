"""How a mistake is told: the path, one line each, in order, and what to write instead."""

import asyncio

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidshare_components import ArgumentsError, Problem, SharedProcessPodArgs
from pidshare_components.errors import Path, format_path
from tests.strategies import paths

CONTAINER = {"name": "app", "image": "nginx"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "arguments"),
        (("containers",), "containers"),
        (("containers", 0, "ports", 1, "container_port"), "containers[0].ports[1].container_port"),
        (("labels", "app.kubernetes.io/name"), 'labels["app.kubernetes.io/name"]'),
        (("labels", "app"), "labels.app"),
        (("labels", ""), 'labels[""]'),
    ],
)
def test_a_path_reads_like_one_of_kubernetes(path: Path, text: str) -> None:
    assert format_path(path) == text


def test_a_report_has_one_line_per_mistake_in_the_order_of_the_arguments() -> None:
    error = ArgumentsError(
        [
            Problem(("volumes", 10, "name"), "late", "write a"),
            Problem(("volumes", 9, "name"), "early", "write b"),
            Problem(("containers",), "first", "write c"),
            Problem(("containers",), "first", "write c"),
        ]
    )
    assert str(error).splitlines() == [
        "3 mistakes in the arguments:",
        "  containers: first; write c",
        "  volumes[9].name: early; write b",
        "  volumes[10].name: late; write a",
    ]
    assert [problem.reason for problem in error.problems] == ["first", "early", "late"]


def test_a_line_break_in_a_key_does_not_break_the_line() -> None:
    problem = Problem(("labels", "a\nb\u2028c"), "no key", "write another")
    assert str(problem) == 'labels["a\\nb\\u2028c"]: no key; write another'


def test_one_mistake_is_singular() -> None:
    assert str(ArgumentsError([Problem((), "empty", "write more")])).startswith("1 mistake in the arguments:\n")


def test_the_engine_prints_it_without_a_traceback() -> None:
    # Pulumi's language host tells a program's own failures from crashes by this class.
    assert issubclass(ArgumentsError, pulumi.RunError)


@given(st.lists(paths, max_size=6))
def test_any_paths_can_be_in_one_report(given_: "list[Path]") -> None:
    error = ArgumentsError(Problem(path, "wrong", "write another") for path in given_)
    assert len(error.problems) == len(set(given_))
    assert len(str(error).splitlines()) == len(error.problems) + 1


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ({"containers": [CONTAINER], "label": {}}, "label: unknown field; did you mean labels?"),
        ({"containers": [{**CONTAINER, "imag": "x"}]}, "containers[0].imag: unknown field; did you mean image?"),
        (
            {"containers": [{**CONTAINER, "ports": [{"containerPorts": 1, "container_port": 1}]}]},
            "containers[0].ports[0].containerPorts: unknown field; did you mean container_port?",
        ),
        (
            {"containers": [{**CONTAINER, "liveness_probe": {"httpGets": {}, "exec": {"command": ["a"]}}}]},
            "containers[0].liveness_probe.httpGets: unknown field; did you mean http_get?",
        ),
        (
            {"containers": [CONTAINER], "host_aliases": [{"ip": "10.0.0.1", "hostnames": ["a"], "zzz": 1}]},
            "host_aliases[0].zzz: unknown field; write one of hostnames, ip",
        ),
        (
            {"containers": [CONTAINER], "hostPID": True},
            "hostPID: unknown field; leave it out: Kubernetes refuses hostPID together with shareProcessNamespace",
        ),
        (
            {"containers": [CONTAINER], "share_process_namespace": True},
            "share_process_namespace: unknown field; leave it out: this component always shares the process namespace",
        ),
        (
            {"containers": [{**CONTAINER, "restartPolicy": "Always"}]},
            (
                "containers[0].restartPolicy: unknown field; "
                "leave it out: long-running helpers belong into sidecars, and restart_policy to the pod"
            ),
        ),
    ],
)
def test_an_unknown_field_is_answered_with_the_field_that_was_meant(args: object, line: str) -> None:
    with pytest.raises(ArgumentsError) as caught:
        SharedProcessPodArgs.model_validate(args)
    assert [str(problem) for problem in caught.value.problems] == [line]


def test_a_field_given_in_both_spellings_is_said_to_be_given_twice() -> None:
    with pytest.raises(ArgumentsError, match="given twice"):
        SharedProcessPodArgs.model_validate({"containers": [CONTAINER], "hostNetwork": True, "host_network": False})


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ({}, "containers: required; give it a value"),
        ({"containers": []}, "containers: empty; give at least 1"),
        ({"containers": CONTAINER}, "containers: must be a list; write a list, even of one item"),
        ({"containers": "app"}, "containers: must be a list; write a list, even of one item"),
        ({"containers": ["app"]}, "containers[0]: must be an object; write a Container or a mapping of its fields"),
        ({"containers": [{"name": "app"}]}, "containers[0].image: required; give it a value"),
        ({"containers": [{"name": 1, "image": "a"}]}, "containers[0].name: must be text; write a string"),
        (
            {"containers": [{**CONTAINER, "tty": "yes"}]},
            "containers[0].tty: must be a boolean; write true or false, without quotes",
        ),
        (
            {"containers": [{**CONTAINER, "ports": [{"container_port": "80"}]}]},
            "containers[0].ports[0].container_port: must be a whole number; write it without quotes",
        ),
        (
            {"containers": [{**CONTAINER, "ports": [{"container_port": 80.5}]}]},
            (
                "containers[0].ports[0].container_port: "
                "must be a whole number; write it without quotes and without a fraction"
            ),
        ),
        (
            {"containers": [{**CONTAINER, "ports": [{"container_port": 0}]}]},
            "containers[0].ports[0].container_port: too small; write 1 or more",
        ),
        (
            {"containers": [{**CONTAINER, "ports": [{"container_port": 65536}]}]},
            "containers[0].ports[0].container_port: too large; write 65535 or less",
        ),
        (
            {"containers": [CONTAINER], "restart_policy": "Sometimes"},
            "restart_policy: not one of the allowed values; write 'Always', 'OnFailure' or 'Never'",
        ),
        ({"containers": [CONTAINER], "labels": ["app"]}, "labels: must be a mapping; write keys with values"),
        (
            {"containers": [{**CONTAINER, "command": "sh"}]},
            "containers[0].command: must be a list; write a list, even of one item",
        ),
        (
            {"containers": [{**CONTAINER, "command": ["sh", 1]}]},
            "containers[0].command[1]: must be text; write a string",
        ),
        (
            {"containers": [CONTAINER], "network": {"ingress": [{"peers": [{"pods": {"app": 1}}]}]}},
            "network.ingress[0].peers[0].pods.app: must be text; write a string",
        ),
        (None, "arguments: must be an object; write a SharedProcessPodArgs or a mapping of its fields"),
    ],
)
def test_each_wrong_kind_of_value_is_one_line_that_says_what_to_write(args: object, line: str) -> None:
    # pydantic alone reports a wrong Input three times, once for each arm of its union.
    with pytest.raises(ArgumentsError) as caught:
        SharedProcessPodArgs.model_validate(args)
    assert str(caught.value) == f"1 mistake in the arguments:\n  {line}"


def test_the_article_is_that_of_the_class() -> None:
    with pytest.raises(ArgumentsError) as caught:
        SharedProcessPodArgs.model_validate({"containers": [CONTAINER], "attach": 1, "network": 1})
    assert [problem.instead.split(" or ")[0] for problem in caught.value.problems] == [
        "write an AttachAccess",
        "write a NetworkAccess",
    ]


WRITE_VALUE = "cannot be an Output; write the value itself"
WRITE_OUT = "cannot be an Output; write it out and give Outputs to the values inside"


@pytest.mark.parametrize(
    ("args", "path", "text"),
    [
        ({"debug": {"target": "app"}}, "debug.target", WRITE_VALUE),
        ({"debug": {"profile": "baseline"}}, "debug.profile", WRITE_VALUE),
        ({"debug": {"target_root": True}}, "debug.target_root", WRITE_VALUE),
        ({"containers": [{"name": "app", "image": "nginx"}]}, "containers[0].name", WRITE_VALUE),
        ({"containers": [CONTAINER]}, "containers", WRITE_OUT),
        ({"containers": [CONTAINER]}, "containers[0]", WRITE_OUT),
        ({"labels": {"app": "web"}}, "labels", WRITE_OUT),
        ({"spec_overrides": {"hostIPC": True}}, "spec_overrides", WRITE_OUT),
        ({"debug": {"target": "app"}}, "debug", WRITE_OUT),
        ({"reloaders": [{"watch": ["/etc"]}]}, "reloaders", WRITE_OUT),
        ({"reloaders": [{"watch": ["/etc"], "signal": "HUP"}]}, "reloaders[0].signal", WRITE_VALUE),
        ({"reloaders": [{"watch": ["/etc"], "proof": ["true"]}]}, "reloaders[0].proof", WRITE_OUT),
        ({"reloaders": [{"watch": ["/etc"], "proof": ["true"]}]}, "reloaders[0].proof[0]", WRITE_VALUE),
        ({"reloaders": [{"watch": ["/etc"], "interval_seconds": 1}]}, "reloaders[0].interval_seconds", WRITE_VALUE),
    ],
)
@pytest.mark.parametrize("later", ["an output", "an awaitable"])
def test_an_output_where_none_can_be_is_told_as_that(
    args: "dict[str, object]", path: str, text: str, later: str
) -> None:
    async def value(plain: object) -> object:
        return plain

    def replaced(tree: object, at: str) -> object:
        if at == path:
            return pulumi.Output.from_input(tree) if later == "an output" else value(tree)
        if isinstance(tree, dict):
            return {key: replaced(item, f"{at}.{key}" if at else key) for key, item in tree.items()}
        if isinstance(tree, list):
            return [replaced(item, f"{at}[{index}]") for index, item in enumerate(tree)]
        return tree

    async def build() -> str:
        mounted = {"volumes": [{"name": "a", "config_map": {"name": "a"}}]}
        container = {
            **CONTAINER,
            "security_context": {"run_as_user": 1, "run_as_group": 1},
            "volume_mounts": [{"name": "a", "mount_path": "/etc"}],
        }
        with pytest.raises(ArgumentsError) as caught:
            SharedProcessPodArgs.model_validate(replaced({"containers": [container], **mounted, **args}, ""))
        return str(caught.value)

    assert asyncio.run(build()) == f"1 mistake in the arguments:\n  {path}: {text}"


def test_an_unknown_field_that_is_an_output_is_unknown() -> None:
    async def build() -> None:
        SharedProcessPodArgs.model_validate({"containers": [CONTAINER], "label": pulumi.Output.from_input({})})

    with pytest.raises(ArgumentsError, match="did you mean labels"):
        asyncio.run(build())
