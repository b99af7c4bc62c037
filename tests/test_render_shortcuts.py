"""What of the SDK is replaced while a program is rendered: the objects are the same without, and all is undone."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
from pulumi.runtime import resource, rpc
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, Pod, PodSpecArgs, Secret, Service

from pidshare_components import AttachAccess, Container, DebugShell, SharedProcessPod, SharedProcessPodArgs
from pidshare_components.render import RenderError, render_program, to_yaml
from pidshare_components.render.shortcuts import shortcuts

LABELS = {"app": "web"}


def component() -> None:
    containers = [Container(name="app", image=pulumi.Output.from_input("nginx:1.29"))]
    SharedProcessPod(
        "web",
        SharedProcessPodArgs(containers=containers, debug=DebugShell(image="busybox:1.37"), attach=AttachAccess()),
    )


def typed_arguments() -> None:
    container = k8s.core.v1.ContainerArgs(
        name="app",
        image="nginx:1.29",
        ports=[k8s.core.v1.ContainerPortArgs(container_port=8080)],
        env=[k8s.core.v1.EnvVarArgs(name="A", value=pulumi.Output.secret("hidden"))],
    )
    Pod("typed", metadata={"labels": LABELS}, spec=PodSpecArgs(containers=[container], host_network=True))


def values_of_others() -> None:
    pod = Pod("first", metadata={"annotations": {"a": "1"}}, spec={"containers": [{"name": "a", "image": "a"}]})
    given = {
        "name": pod.metadata.name,
        "kind": pod.kind,
        "image": pod.spec.containers[0].image,
        "annotation": pod.metadata.annotations.apply(lambda annotations: annotations["a"]),
        "uid": pod.metadata.uid,
        "type": pod.metadata.apply(lambda metadata: type(metadata).__name__),
        "urn": pod.urn,
    }
    ConfigMap("second", data=given, opts=pulumi.ResourceOptions(depends_on=[pod]))
    Secret("third", string_data={"key": pulumi.Output.secret("hidden")})


def numbers() -> None:
    service = Service("web", spec={"selector": LABELS, "ports": [{"port": 80, "target_port": 8080.0}, {"port": 443}]})
    port = service.spec.ports[0].port
    deployment = Deployment(
        "web",
        spec={
            "replicas": 2,
            "selector": {"match_labels": LABELS},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {"containers": [{"name": "a", "image": "a", "ports": [{"container_port": port}]}]},
            },
        },
    )
    types = deployment.spec.apply(lambda spec: f"{type(spec.replicas).__name__} {spec.replicas!r}")
    ConfigMap("kinds", data={"replicas": types, "port": port.apply(repr)})


def renamed() -> None:
    ConfigMap("new", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old"), "urn:pulumi:a::b::c::d"]))


PROGRAMS = [component, typed_arguments, values_of_others, numbers, renamed]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_objects_are_the_same_without_shortcuts(
    program: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = render_program(program, allow_unknown=True, show_secrets=True)
    monkeypatch.setattr(importlib.import_module("pidshare_components.render.run"), "shortcuts", contextlib.nullcontext)
    slow = render_program(program, allow_unknown=True, show_secrets=True)
    assert to_yaml(fast) == to_yaml(slow)
    assert fast == slow


def replaced() -> list[Any]:
    functions = [resource.create_urn, rpc.serialize_property, rpc.contains_unknowns, pulumi.log.debug]
    return [*functions, vars(pulumi.Output).get("_track")]


def test_the_sdk_is_as_before_when_a_program_has_ended() -> None:
    before, inside = replaced(), []
    render_program(lambda: inside.extend(replaced()))
    assert replaced() == before
    assert not any(function in before for function in inside)


def test_the_sdk_is_as_before_when_a_program_has_failed() -> None:
    before = replaced()

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(RenderError):
        render_program(fail)
    assert replaced() == before


def test_the_sdk_is_as_before_when_the_last_of_two_programs_at_a_time_has_ended() -> None:
    before, alone = replaced(), []
    both_run, first_has_ended = threading.Barrier(2, timeout=60), threading.Event()

    def first() -> None:
        both_run.wait()

    def second() -> None:
        both_run.wait()
        assert first_has_ended.wait(60)
        alone.extend(replaced())

    with ThreadPoolExecutor() as threads:
        sooner, later = threads.submit(render_program, first), threads.submit(render_program, second)
        sooner.result()
        first_has_ended.set()
        later.result()
    assert alone
    assert not any(function in before for function in alone)
    assert replaced() == before


def test_a_function_that_the_sdk_lacks_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(resource, "_get_stack_trace")
    with shortcuts():
        assert not hasattr(resource, "_get_stack_trace")
    assert not hasattr(resource, "_get_stack_trace")
