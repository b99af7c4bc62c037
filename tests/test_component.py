"""What the component registers: children, options, outputs; and nothing where the arguments cannot work."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi.runtime.rpc import UNKNOWN

from pidshare_components import (
    ArgumentsError,
    AttachAccess,
    Container,
    DebugShell,
    NetworkAccess,
    SharedProcessPod,
    SharedProcessPodArgs,
)
from tests.mocks import Run, Secret, deploy, unknown

Tree = dict[str, Any]
LABEL = "pidshare-components/pod"
APP: Tree = {"name": "app", "image": "nginx"}
ALL: Tree = {"containers": [APP], "debug": {}, "attach": {}, "network": {}}
TYPES = {
    "SharedProcessPod": "pidshare-components:index:SharedProcessPod",
    "NetworkPolicy": "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "Pod": "kubernetes:core/v1:Pod",
    "ServiceAccount": "kubernetes:core/v1:ServiceAccount",
    "Role": "kubernetes:rbac.authorization.k8s.io/v1:Role",
    "RoleBinding": "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
}


def web(*, preview: bool = False, called: str = "web", **args: object) -> Run:
    """Deploy one component; values are made inside of the program."""

    def program() -> None:
        given: Any = {key: item() if callable(item) else item for key, item in args.items()}
        SharedProcessPod(called, given)

    return deploy(program, preview=preview)


def ready(**args: Any) -> Run:  # noqa: ANN401 - whatever arguments
    run = web(**args)
    assert run.error is None, run.error
    return run


# Children.


def test_the_pod_alone_is_the_default() -> None:
    assert ready(containers=[APP]).kinds() == ["SharedProcessPod", "Pod"]


@pytest.mark.parametrize(
    ("asked", "more"),
    [("attach", {"ServiceAccount", "Role", "RoleBinding"}), ("network", {"NetworkPolicy"}), ("debug", set())],
)
def test_company_comes_only_when_asked_for(asked: str, more: "set[str]") -> None:
    assert set(ready(containers=[APP], **{asked: {}}).kinds()) == {"SharedProcessPod", "Pod"} | more


def test_types_names_and_parents_are_a_promise() -> None:
    """Whatever changes here replaces the pods of everybody: a child that is renamed needs an alias."""
    run = ready(**ALL)
    assert {item.kind: (item.type, item.name, item.parent) for item in run.registrations} == {
        "SharedProcessPod": (TYPES["SharedProcessPod"], "web", ""),
        "NetworkPolicy": (TYPES["NetworkPolicy"], "web", "web"),
        "Pod": (TYPES["Pod"], "web", "web"),
        "ServiceAccount": (TYPES["ServiceAccount"], "web-attach", "web"),
        "Role": (TYPES["Role"], "web-attach", "web"),
        "RoleBinding": (TYPES["RoleBinding"], "web-attach", "web"),
    }
    assert len(run.registrations) == len(TYPES)


def test_children_are_attributes() -> None:
    found: Tree = {}

    def program() -> None:
        for name, args in (("all", ALL), ("bare", {"containers": [APP]})):
            pod = SharedProcessPod(name, SharedProcessPodArgs.model_validate(args))
            children = (pod.pod, pod.service_account, pod.role, pod.role_binding, pod.network_policy)
            found[name] = [type(child).__name__ for child in children]

    assert deploy(program).error is None
    assert found["all"] == ["Pod", "ServiceAccount", "Role", "RoleBinding", "NetworkPolicy"]
    assert found["bare"] == ["Pod", "NoneType", "NoneType", "NoneType", "NoneType"]


def test_classes_and_mappings_register_the_same() -> None:
    def program() -> None:
        args = SharedProcessPodArgs(
            containers=[Container(name="app", image="nginx")],
            debug=DebugShell(),
            attach=AttachAccess(),
            network=NetworkAccess(),
        )
        SharedProcessPod("web", args)

    def seen(run: Run) -> "list[tuple[str, Any]]":
        return sorted((item.kind, item.inputs) for item in run.registrations)

    assert seen(deploy(program)) == seen(ready(**ALL))


# The namespace, the names and the label.


def test_every_object_is_in_the_namespace() -> None:
    run = ready(**ALL, namespace="team")
    objects = run.registrations[1:]
    assert {item.inputs["metadata"]["namespace"] for item in objects} == {"team"}
    assert all("namespace" not in item.inputs["metadata"] for item in ready(**ALL).registrations[1:])


def test_names_are_made_by_pulumi_but_for_a_pod_that_has_one() -> None:
    assert all("name" not in item.inputs["metadata"] for item in ready(**ALL).registrations[1:])
    named = ready(**ALL, name="fixed")
    names = {item.kind: item.inputs["metadata"].get("name") for item in named.registrations[1:]}
    assert names == {"Pod": "fixed", "NetworkPolicy": None, "ServiceAccount": None, "Role": None, "RoleBinding": None}


def test_labels_and_annotations_are_the_pods() -> None:
    run = ready(**ALL, labels={"app": "web"}, annotations={"note": "x"})
    metadata = run.one("Pod").inputs["metadata"]
    assert {key: item for key, item in metadata["labels"].items() if key != LABEL} == {"app": "web"}
    assert metadata["annotations"] == {"note": "x"}


def test_why_and_until_when_a_debug_sidecar_is_there_stands_on_the_pod() -> None:
    run = ready(**{**ALL, "debug": {"reason": "OPS-1", "expires": "2030-01-31"}}, annotations={"note": "x"})
    assert run.one("Pod").inputs["metadata"]["annotations"] == {
        "note": "x",
        "pidshare-components/debug-reason": "OPS-1",
        "pidshare-components/debug-expires": "2030-01-31",
    }


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("expires", "2030-02-30", "debug.expires: not a day; write YYYY-MM-DD"),
        ("expires", "2030-W05-4", "debug.expires: not a day; write YYYY-MM-DD"),
        ("reason", "  ", "debug.reason: empty; write who needs the debug sidecar and why, or leave it out"),
    ],
)
def test_a_debug_sidecar_says_it_rightly_or_not_at_all(field: str, value: str, line: str) -> None:
    run = web(**{**ALL, "debug": {field: value}})
    assert line in str(run.error)
    assert run.kinds() == []


def test_and_in_one_place() -> None:
    annotations = {"pidshare-components/debug-reason": "OPS-2"}
    run = web(**{**ALL, "debug": {"reason": "OPS-1"}}, annotations=annotations)
    assert "is what debug.reason writes; write it in one of the two places" in str(run.error)
    assert run.kinds() == []


def label_of(run: Run) -> str:
    label: str = run.one("Pod").inputs["metadata"]["labels"][LABEL]
    return label


def test_the_policy_selects_this_pod_and_no_other() -> None:
    def program() -> None:
        for name in ("web", "web2"):
            SharedProcessPod(name, ALL)

    run = deploy(program)
    pods = {item.name: item.inputs["metadata"]["labels"] for item in run.registrations if item.kind == "Pod"}
    selectors = {
        item.name: item.inputs["spec"]["podSelector"]["matchLabels"]
        for item in run.registrations
        if item.kind == "NetworkPolicy"
    }
    for name, selector in selectors.items():
        selected = {pod for pod, labels in pods.items() if selector.items() <= labels.items()}
        assert selected == {name}


@pytest.mark.parametrize(
    "name", ["web", "Web_1", "a b/c:d", "ünïcode", "-", "x" * 100, "a" * 45 + "--" + "b" * 20, "日本"]
)
def test_the_label_is_one_and_the_same_in_previews_and_updates(name: str) -> None:
    first = label_of(web(called=name, **ALL))
    assert re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", first)
    assert label_of(web(called=name, **ALL)) == label_of(web(called=name, preview=True, **ALL)) == first


# Options.


def test_a_pod_with_a_name_is_deleted_before_its_replacement() -> None:
    # Two pods cannot have one name; without one the new pod is there before the old one ends.
    request = ready(containers=[APP], name="fixed").one("Pod").request
    assert (request.deleteBeforeReplace, request.deleteBeforeReplaceDefined) == (True, True)
    assert not ready(containers=[APP]).one("Pod").request.deleteBeforeReplaceDefined


def test_a_change_of_the_pods_spec_replaces_it_and_nothing_else_does() -> None:
    run = ready(**ALL)
    assert {item.kind: list(item.request.replaceOnChanges) for item in run.registrations} == {
        kind: ["spec"] if kind == "Pod" else [] for kind in TYPES
    }


def test_no_moment_without_the_policy() -> None:
    run = ready(**ALL)
    assert run.one("NetworkPolicy").urn in run.one("Pod").request.dependencies


def test_a_change_of_policy_or_role_does_not_touch_the_pod() -> None:
    def pod_of(**args: object) -> "tuple[Any, list[str]]":
        pod = ready(containers=[APP], **args).one("Pod")
        return pod.inputs, sorted(pod.request.propertyDependencies["spec"].urns)

    rule = {"ingress": [{"ports": [{"port": 80}]}]}
    assert pod_of(network={}) == pod_of(network=rule) == pod_of(network=rule, attach={"logs": True})


def test_the_role_names_the_pod_as_it_came_out() -> None:
    run = ready(**ALL)
    assert {name for rule in run.one("Role").inputs["rules"] for name in rule["resourceNames"]} == {"web-auto"}
    binding = run.one("RoleBinding").inputs
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "Role",
        "name": "web-attach-auto",
    }
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "web-attach-auto", "namespace": "default"}]


def test_the_options_of_the_component_reach_its_children() -> None:
    def program() -> None:
        SharedProcessPod("web", ALL, pulumi.ResourceOptions(protect=True))

    assert {item.kind for item in deploy(program).registrations if item.request.protect} == set(TYPES)


# Outputs.


def test_outputs() -> None:
    outputs = dict(ready(**ALL, namespace="team").outputs["web"])
    assert {outputs.pop(name) is not None for name in ("exposure", "podSecurity", "findings")} == {True}
    assert outputs == {
        "podName": "web-auto",
        "namespace": "team",
        "serviceAccountName": "web-attach-auto",
        "commands": {
            "attach": "kubectl attach --namespace team --stdin --tty web-auto --container shell",
            "ps": "ps ax",
            "signal": "kill -HUP PID",
            "root": "ls /proc/PID/root/",
        },
    }


def test_outputs_without_company() -> None:
    outputs = ready(containers=[APP]).outputs["web"]
    assert outputs.get("serviceAccountName") is None
    assert outputs["commands"] == {}


def test_a_container_with_a_terminal_is_one_to_attach_to() -> None:
    half = [{**APP, "name": "log", "stdin": True}, {**APP, "name": "top", "tty": True}]
    containers = [APP, *half, {**APP, "name": "sh", "stdin": True, "tty": True}]
    assert ready(containers=containers).outputs["web"]["commands"]["attach"].endswith("--container sh")
    assert ready(containers=containers, debug={"name": "dbg"}).outputs["web"]["commands"]["attach"].endswith(" dbg")


def test_in_a_preview_outputs_are_unknown_and_nothing_fails() -> None:
    run = web(preview=True, **ALL)
    assert run.error is None
    assert run.outputs["web"]["podName"] == run.outputs["web"]["commands"] == UNKNOWN
    assert set(run.kinds()) == set(TYPES)


def test_a_pod_with_an_unknown_value_is_previewed() -> None:
    run = web(preview=True, containers=lambda: [{**APP, "image": unknown()}])
    assert run.error is None
    assert run.one("Pod").inputs["spec"]["containers"][0]["image"] == UNKNOWN


# Secrets.


def test_secrets_stay_secret_and_the_rest_stays_legible() -> None:
    def containers() -> "list[Tree]":
        key = pulumi.Output.secret("s3cret")
        return [{**APP, "env": [{"name": "KEY", "value": key}, {"name": "MODE", "value": "x"}], "args": [key]}]

    run = ready(**{**ALL, "containers": containers})
    app = run.one("Pod").inputs["spec"]["containers"][0]
    assert app["env"] == [{"name": "KEY", "value": Secret("s3cret")}, {"name": "MODE", "value": "x"}]
    assert app["args"] == [Secret("s3cret")]
    # Whatever else is registered or put out does not have it, nor is it a secret without need.
    rest = [item.inputs for item in run.registrations if item.kind != "Pod"]
    assert "s3cret" not in f"{rest} {run.outputs}"
    assert "Secret(" not in f"{rest} {run.outputs}"


def test_a_secret_annotation_is_in_the_clear_nowhere() -> None:
    run = ready(**ALL, annotations=lambda: {"key": pulumi.Output.secret("s3cret")})
    assert run.one("Pod").inputs["metadata"]["annotations"] == {"key": Secret("s3cret")}
    assert "s3cret" not in f"{[item.inputs for item in run.registrations if item.kind != 'Pod']} {run.outputs}"


# Bad arguments.


def failed(program: Callable[[], None]) -> Run:
    run = deploy(program)
    assert isinstance(run.error, ArgumentsError)
    return run


def test_nothing_is_registered_when_the_arguments_are_wrong() -> None:
    def program() -> None:
        SharedProcessPod("web", {**ALL, "containers": []})

    assert failed(program).registrations == []


def test_nothing_is_registered_when_a_resource_before_it_makes_them_wrong() -> None:
    def program() -> None:
        first = SharedProcessPod("first", ALL)
        # A name that is right for a pod and wrong for an image.
        image = first.pod_name.apply(lambda name: f"{name}:")
        SharedProcessPod("web", {**ALL, "containers": [{**APP, "image": image}]})

    registered = [item.kind for item in failed(program).registrations if item.name.startswith("web")]
    assert registered in ([], ["SharedProcessPod"])


async def slowly(value: Any) -> Any:  # noqa: ANN401 - any value
    # Until everything that does not wait for it has been registered.
    for _ in range(200):
        await asyncio.sleep(0.001)
    return value


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"containers": lambda: [{**APP, "image": slowly("Not An Image")}]}, id="pod"),
        pytest.param({"network": lambda: {"ingress": [{"peers": [{"cidr": slowly("1.2.3")}]}]}}, id="policy"),
        pytest.param(
            {"attach": lambda: {"subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": slowly("A B")}]}},
            id="access",
        ),
    ],
)
def test_no_child_is_registered_when_a_value_turns_out_wrong(bad: "dict[str, object]") -> None:
    run = web(**{**ALL, **bad})
    assert isinstance(run.error, ArgumentsError)
    assert run.kinds() in ([], ["SharedProcessPod"])


def test_a_value_that_turns_out_right_holds_up_nothing() -> None:
    run = ready(**{**ALL, "containers": lambda: [{**APP, "image": slowly("nginx:1.29")}]})
    assert run.one("Pod").inputs["spec"]["containers"][0]["image"] == "nginx:1.29"
    assert set(run.kinds()) == set(TYPES)


def test_a_mapping_in_camel_case_will_do() -> None:
    def program() -> None:
        SharedProcessPod("web", {"containers": [{**APP, "workingDir": "/srv"}]})

    assert deploy(program).one("Pod").inputs["spec"]["containers"][0]["workingDir"] == "/srv"
