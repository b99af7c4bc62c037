"""The pod: every field in Kubernetes' spelling, and the debug sidecar by its profiles."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pulumi
import pytest
import yaml
from hypothesis import given, settings
from pulumi._types import input_type_types, is_input_type
from pulumi_kubernetes.core import v1 as core

from pidshare_components import SharedProcessPodArgs
from pidshare_components.manifests.pod import pod_spec
from tests.apiserver import accepted
from tests.doors import as_classes
from tests.strategies import pods, samples

Tree = dict[str, Any]
GOLDEN = Path(__file__).parent / "golden" / "full-pod.yaml"

EVERY_FIELD = yaml.safe_load((Path(__file__).parent / "data" / "every-field.yaml").read_text(encoding="utf-8"))
# They need an object of the cluster.
NOT_THERE_YET = {"priority_class_name": "critical", "runtime_class_name": "gvisor"}
# These are no part of the pod's spec.
ELSEWHERE = {"attach", "network", "name", "namespace", "labels", "annotations"}
# These are for the analysis of it.
ELSEWHERE |= {"image_facts", "node_facts", "kubernetes_version", "on_finding"}


def spec_of(tree: Tree) -> Tree:
    return pod_spec(SharedProcessPodArgs.model_validate(tree))


def test_every_field_is_here() -> None:
    """So that none is forgotten when one is added."""
    given_ = {*EVERY_FIELD, *NOT_THERE_YET, *ELSEWHERE}
    assert given_ == set(SharedProcessPodArgs.model_fields)
    whole = SharedProcessPodArgs(**as_classes(EVERY_FIELD))
    unused = [
        f"{type(part).__name__}.{name}"
        for part in _parts(whole)
        for name in type(part).model_fields
        if all(getattr(other, name, None) is None for other in _parts(whole) if type(other) is type(part))
    ]
    assert sorted({*unused} - {f"SharedProcessPodArgs.{name}" for name in {*NOT_THERE_YET, *ELSEWHERE}}) == [
        "AppArmorProfile.localhost_profile",
        "Capabilities.add",
        "DebugShell.security_context",
        "LifecycleHandler.exec",
    ]


def _parts(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of the arguments
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _parts(item)
    elif hasattr(type(value), "model_fields"):
        yield value
        for name in type(value).model_fields:
            yield from _parts(getattr(value, name))


def test_the_full_pod() -> None:
    """UPDATE_GOLDEN=1 writes the golden file anew."""
    text = yaml.safe_dump(spec_of({**EVERY_FIELD, **NOT_THERE_YET}), sort_keys=False)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_every_field_is_one_of_kubernetes() -> None:
    assert list(_unknown_fields(spec_of({**EVERY_FIELD, **NOT_THERE_YET}), core.PodSpecArgs)) == []


def _unknown_fields(tree: Any, declared: Any, path: str = "spec") -> Iterator[str]:  # noqa: ANN401
    """Yield what the Kubernetes provider's types, which are made from Kubernetes' own schema, do not have."""
    inner = next((arm for arm in _arms(declared) if isinstance(arm, type) and is_input_type(arm)), None)
    if isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _unknown_fields(item, inner, f"{path}[{index}]")
    elif isinstance(tree, dict) and inner is not None:
        fields = input_type_types(inner)
        for key, item in tree.items():
            if key in fields:
                yield from _unknown_fields(item, fields[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}"


def _arms(hint: Any) -> Iterator[Any]:  # noqa: ANN401 - a type form has no type of its own
    yield hint
    for arm in get_args(hint):
        yield from _arms(arm)


def test_a_field_that_is_none_of_kubernetes_is_found() -> None:
    spec = {"containers": [{"name": "app", "ports": [{"containerPort": 80, "hostIp": "10.0.0.1"}]}], "hostPid": True}
    assert list(_unknown_fields(spec, core.PodSpecArgs)) == ["spec.containers[0].ports[0].hostIp", "spec.hostPid"]


@pytest.mark.cluster
def test_the_api_server_takes_every_field(kubectl: Callable[..., str], namespace: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "full"}, "spec": spec_of(EVERY_FIELD)}
    command = ("create", "--dry-run=server", "--validate=strict", f"--namespace={namespace}", "--filename=-")
    kubectl(*command, "--output=name", standard_input=yaml.safe_dump(pod))


@pytest.mark.cluster
def test_the_api_server_takes_whatever_we_take(kubectl: Callable[..., str], namespace: str) -> None:
    specs = [spec_of(tree) for tree in samples(pods(), 60)]
    objects = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "any"}, "spec": spec} for spec in specs]
    taken = accepted(kubectl, namespace, objects)
    assert [spec for spec, is_taken in zip(specs, taken, strict=True) if not is_taken] == []


@given(pods())
@settings(max_examples=25)
def test_the_pod_shares_its_process_namespace_and_starts_in_order(tree: Tree) -> None:
    spec = spec_of(tree)
    assert spec["shareProcessNamespace"] is True
    names = [container["name"] for container in tree["containers"]]
    assert [container["name"] for container in spec["containers"]] == names + (["shell"] if "debug" in tree else [])
    sidecars = [(item["name"], "Always") for item in tree.get("sidecars", [])]
    # Sidecars first: an init container may need what one of them offers.
    init = [(item["name"], None) for item in tree.get("init_containers", [])]
    found = [(item["name"], item.get("restartPolicy")) for item in spec.get("initContainers", [])]
    assert found == sidecars + init
    assert spec["automountServiceAccountToken"] is False


def test_an_output_is_an_opaque_leaf() -> None:
    async def build() -> Tree:
        secret = pulumi.Output.secret("x")
        container = {"name": "app", "image": secret, "env": [{"name": "A", "value": secret}]}
        spec = spec_of({"containers": [container], "node_selector": {"disk": secret}})
        assert spec["containers"][0]["image"] is spec["containers"][0]["env"][0]["value"] is secret
        assert spec["nodeSelector"]["disk"] is secret
        return spec

    asyncio.run(build())


# The debug sidecar.


def debugged(debug: Tree, *, pod: "Tree | None" = None, **app: object) -> Tree:
    """Return the debug container beside one with the fields."""
    tree: Tree = {"containers": [{"name": "app", "image": "nginx", **app}], "debug": debug}
    spec = spec_of({**tree, **({"security_context": pod} if pod else {})})
    shell: Tree = spec["containers"][-1]
    assert (shell["stdin"], shell["tty"]) == (True, True), "or attach would hang"
    return shell


USER = {"run_as_user": 101, "run_as_group": 102}
PTRACE = {"add": ["SYS_PTRACE"]}


@pytest.mark.parametrize(
    ("debug", "pod", "app", "context"),
    [
        # As the Kubernetes task writes it.
        pytest.param({"profile": "general"}, {}, {}, {"capabilities": PTRACE}, id="general"),
        pytest.param(
            {"profile": "general"},
            {"run_as_user": 101, "run_as_non_root": True},
            {},
            {"runAsUser": 0, "runAsNonRoot": False, "capabilities": PTRACE},
            id="general is root where the pod is not",
        ),
        pytest.param({}, {}, USER, None, id="baseline is the default and adds nothing"),
        pytest.param({"profile": "baseline"}, {"run_as_user": 101}, {}, {"runAsUser": 0}, id="baseline is root too"),
        pytest.param(
            {"profile": "baseline"}, {"run_as_group": 101}, {}, {"runAsGroup": 0}, id="root is in root's group"
        ),
        pytest.param(
            {"profile": "restricted"},
            {"run_as_group": 102},
            {"run_as_user": 101},
            {
                "runAsUser": 101,
                "runAsGroup": 102,
                "runAsNonRoot": True,
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            id="restricted takes over user and group, from pod and container",
        ),
        pytest.param(
            {"profile": "same-uid"},
            {},
            {**USER, "capabilities": {"drop": ["ALL"]}, "read_only_root_filesystem": True},
            {"runAsUser": 101, "runAsGroup": 102, "capabilities": {"drop": ["ALL"]}},
            id="same-uid takes over what lets one process read another",
        ),
        pytest.param(
            {"profile": "same-uid"},
            {},
            {
                **USER,
                "privileged": False,
                "allow_privilege_escalation": False,
                "run_as_non_root": True,
                "seccomp_profile": {"type": "Unconfined"},
            },
            {
                "runAsUser": 101,
                "runAsGroup": 102,
                "privileged": False,
                "allowPrivilegeEscalation": False,
                "runAsNonRoot": True,
                "seccompProfile": {"type": "Unconfined"},
            },
            id="same-uid may do neither more nor less than its target",
        ),
        pytest.param(
            {"profile": "custom", "security_context": {"capabilities": {"add": ["SYS_ADMIN"]}}},
            {},
            {},
            {"capabilities": {"add": ["SYS_ADMIN"]}},
            id="custom is what it says",
        ),
    ],
)
def test_a_profile_is_a_security_context(debug: Tree, pod: Tree, app: Tree, context: "Tree | None") -> None:
    shell = debugged(debug, pod=pod, **({"security_context": app} if app else {}))
    assert shell.get("securityContext") == context


def test_a_debug_sidecar_takes_over_the_target_that_is_named() -> None:
    containers = [
        {"name": "a", "image": "nginx", "security_context": {"run_as_user": 1, "run_as_group": 1}},
        {"name": "b", "image": "nginx", "security_context": {"run_as_user": 2, "run_as_group": 2}},
    ]
    sidecar = {"name": "c", "image": "nginx", "security_context": {"run_as_user": 3, "run_as_group": 3}}
    for target, user in [(None, 1), ("b", 2), ("c", 3)]:
        debug = {"profile": "same-uid", "target": target}
        spec = spec_of({"containers": containers, "sidecars": [sidecar], "debug": debug})
        assert spec["containers"][-1]["securityContext"] == {"runAsUser": user, "runAsGroup": user}


def test_a_debug_sidecar_has_what_is_asked_for_and_no_more() -> None:
    assert debugged({}) == {"name": "shell", "image": "busybox:1.37", "stdin": True, "tty": True}
    debug = {
        "name": "sh",
        "image": "busybox:1.28",
        "command": ["sh", "-l"],
        "image_pull_policy": "Never",
        "resources": {"limits": {"memory": "16Mi"}},
    }
    assert debugged(debug) == {
        "name": "sh",
        "image": "busybox:1.28",
        "command": ["sh", "-l"],
        "imagePullPolicy": "Never",
        "resources": {"limits": {"memory": "16Mi"}},
        "stdin": True,
        "tty": True,
    }


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("profile", "level"), [("general", "privileged"), ("baseline", "baseline"), ("restricted", "restricted")]
)
def test_a_profile_fits_the_pod_security_level_it_promises(
    profile: str, level: str, kubectl: Callable[..., str], namespace: str
) -> None:
    levels = ["privileged", "baseline", "restricted"]
    container = {
        "name": "app",
        "image": "nginx",
        "security_context": {
            **USER,
            "run_as_non_root": True,
            "allow_privilege_escalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
    }
    spec = spec_of({"containers": [container], "debug": {"profile": profile}})
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app"}, "spec": spec}
    taken = []
    for enforced in levels:
        label = f"pod-security.kubernetes.io/enforce={enforced}"
        kubectl("label", "--overwrite", "namespace", namespace, label)
        answer = kubectl(
            "create",
            "--dry-run=server",
            f"--namespace={namespace}",
            "--filename=-",
            standard_input=yaml.safe_dump(pod),
            check=False,
        )
        if "created" in answer:
            taken.append(enforced)
        else:
            assert "violates PodSecurity" in answer
    assert taken == levels[: levels.index(level) + 1]
