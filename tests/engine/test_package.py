"""The component package by the real engine: in programs in YAML, TypeScript and Go, as `examples/` has them.

Pulumi's own language host of YAML and its generators of SDKs take part; the hosts of TypeScript, Go and Python, which
no registry has, are those of `dev/languages`.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import automation
from pulumi_kubernetes.core.v1 import ConfigMap

from dev.cluster import Cluster
from dev.deployment import Deployment
from dev.engine import Engine, EngineError
from dev.executables import write_executable
from dev.languages import tools
from dev.paths import ROOT
from pidshare_components import ArgumentsError, SharedProcessPodArgs
from tests.conftest import cannot_run
from tests.engine.foreign import PACKAGE, SCHEMA, Foreign, Step, failure, preview
from tests.engine.programs import changes

pytestmark = pytest.mark.engine

Tree = dict[str, Any]
Objects = Callable[[str], list[Tree]]

COMPONENT = f"{PACKAGE}:index:SharedProcessPod"


@pytest.fixture(scope="module")
def deployment(cluster: Cluster, pulumi_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Pulumi with a PATH of its own: no other test may find the language hosts and the package that are put there."""
    return Deployment(tmp_path_factory.mktemp("foreign"), pulumi_engine, cluster)


@pytest.fixture(scope="module")
def foreign(deployment: Deployment) -> Foreign:
    """What deploys projects in other languages."""
    try:
        return Foreign(deployment, tools())
    except EngineError as error:
        cannot_run(error)


def children(steps: list[Step]) -> list[Step]:
    """Return what a component registers, with one word for what differs from one project to the next."""
    text = [json.dumps(step.inputs, sort_keys=True) for step in steps]
    label = re.compile(r'(?<="pidshare-components/pod": ")web-[0-9a-f]{16}(?=")')
    names = re.compile(r'(?<=")web(-attach)?-[0-9a-f]{8}(?=")')
    return [
        Step(step.type, step.name, step.parent, json.loads(names.sub("NAME", label.sub("LABEL", inputs))))
        for step, inputs in zip(steps, text, strict=True)
        if step.type.startswith("kubernetes:")
    ]


def test_the_engine_reads_the_schema_that_is_checked_in(foreign: Foreign, deployment: Deployment) -> None:
    del foreign
    environment = {**os.environ, **deployment._environment}
    command = [deployment._pulumi.command, "package", "get-schema", str(ROOT)]
    done = subprocess.run(command, env=environment, cwd=deployment.home, capture_output=True, text=True, check=True)
    served, published = json.loads(done.stdout), json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert (served["name"], served["version"]) == (published["name"], published["version"])
    assert outline(served) == outline(published)


def outline(schema: Tree) -> Tree:
    """Return the names and values of a schema; the engine writes the rest anew in its own way."""
    return {
        token: {
            "properties": declared.get("properties", {}).keys(),
            "inputProperties": declared.get("inputProperties", {}).keys(),
            "enum": [each["value"] for each in declared.get("enum", [])],
        }
        for part in ("resources", "types")
        for token, declared in schema[part].items()
    }


def test_the_examples_in_all_languages_would_make_the_same(
    foreign: Foreign, deployment: Deployment, namespace: str
) -> None:
    steps = {language: preview(foreign.example(language, namespace)) for language in ("yaml", "typescript", "go")}
    program = ROOT / "examples" / "python" / "__main__.py"
    python = deployment.inline(lambda: runpy.run_path(str(program)), project=namespace)
    python.set_config("namespace", automation.ConfigValue(namespace))
    expected = children(preview(python))
    assert [step.type.rpartition(":")[2] for step in expected] == [
        "Pod", "ServiceAccount", "NetworkPolicy", "Role", "RoleBinding",
    ]  # fmt: skip
    for language, found in steps.items():
        assert children(found) == expected, language


def test_an_example_is_deployed_stays_as_it_is_and_is_destroyed(
    foreign: Foreign, namespace: str, objects: Objects
) -> None:
    stack = foreign.example("yaml", namespace)
    assert changes(stack.up) == {"create": ["NetworkPolicy", "Pod", "Role", "RoleBinding", "ServiceAccount"]}
    (pod,) = objects("pods")
    assert pod["spec"]["shareProcessNamespace"] is True
    assert {status["name"]: status["ready"] for status in pod["status"]["containerStatuses"]} == {
        "nginx": True, "shell": True,
    }  # fmt: skip
    outputs = {name: output.value for name, output in stack.outputs().items()}
    assert outputs["pod"] == pod["metadata"]["name"]
    assert outputs["attach"] == (
        f"kubectl attach --namespace {namespace} --stdin --tty {outputs['pod']} --container shell"
    )
    assert {"from": "shell", "on": "nginx", "signal": "yes"}.items() <= outputs["exposure"][2].items()

    assert changes(stack.preview) == {}
    stack.destroy()
    assert objects("pods") == []


def test_mistakes_are_told_in_the_words_of_python_and_nothing_is_registered(foreign: Foreign, namespace: str) -> None:
    env = [{"name": "PASSWORD", "value": "canary-in-clear"}]
    mistakes: Tree = {
        "containers": [{"name": "nginx", "image": "nginx", "env": env, "ports": [{"containerPort": 0}]}],
        "debug": {"target": "ngnix"},
        "terminationGracePeriodSeconds": -1,
    }
    with pytest.raises(ArgumentsError) as caught:
        SharedProcessPodArgs.model_validate({"namespace": namespace, **mistakes})
    assert len(caught.value.problems) == 3
    stack = foreign.program(namespace, mistakes)
    said = failure(stack)
    for line in str(caught.value).splitlines():
        assert line.strip() in said
    assert "Traceback" not in said
    assert "canary" not in said
    assert not any(kind.startswith(("kubernetes:", f"{PACKAGE}:")) for kind in resources(stack))


def test_what_is_found_wrong_when_it_resolves_is_told_without_a_traceback(foreign: Foreign, namespace: str) -> None:
    stack = foreign.program(
        namespace,
        {
            "containers": [{"name": "nginx", "image": "nginx"}],
            "terminationGracePeriodSeconds": {"fn::secret": -1},
        },
    )
    said = failure(stack)
    assert "termination_grace_period_seconds: too small; write 0 or more" in said
    assert "Traceback" not in said
    assert not any(kind.startswith("kubernetes:") for kind in resources(stack))


@pytest.fixture
def executable(deployment: Deployment) -> Path:
    """The package as an executable on the engine's PATH: what programs find that name no path."""
    return write_executable(deployment.home / "plugin", f"pulumi-resource-{PACKAGE}", "pidshare_components.host")


class Remote(pulumi.ComponentResource):
    """The component as an SDK registers it."""

    def __init__(self, name: str, properties: Tree) -> None:
        outputs = {"podName": None, "namespace": None, "commands": None, "findings": None}
        super().__init__(COMPONENT, name, {**outputs, **properties}, None, remote=True)


@pytest.mark.usefixtures("executable")
def test_secrets_stay_secret_and_what_a_preview_does_not_know_stays_unknown(
    deployment: Deployment, namespace: str, objects: Objects
) -> None:
    def program() -> None:
        settings = ConfigMap("settings", metadata={"namespace": namespace}, data={"a": "b"})
        later = settings.metadata["uid"]
        env = [
            {"name": "SECRET", "value": pulumi.Output.secret("canary-secret")},
            {"name": "LATER", "value": later},
        ]
        app = {"name": "app", "image": "busybox:1.28", "command": ["sleep", "86400"], "env": env}
        grace = later.apply(lambda _: 1)
        Remote("web", {"namespace": namespace, "containers": [app], "terminationGracePeriodSeconds": grace})

    stack = deployment.inline(program, project=namespace)
    (pod,) = (step for step in preview(stack) if step.type == "kubernetes:core/v1:Pod")
    assert "canary" not in str(pod.inputs)

    said = stack.up().stdout
    (live,) = objects("pods")
    (config_map,) = (item for item in objects("configmaps") if item["metadata"]["name"].startswith("settings"))
    (container,) = live["spec"]["containers"]
    assert container["env"] == [
        {"name": "SECRET", "value": "canary-secret"},
        {"name": "LATER", "value": config_map["metadata"]["uid"]},
    ]
    assert live["spec"]["terminationGracePeriodSeconds"] == 1
    assert "canary" not in said
    state = "".join(file.read_text() for file in (deployment.home / "backend").rglob(f"{namespace}/*.json"))
    assert "SECRET" in state
    assert "canary" not in state
    assert changes(stack.preview) == {}
    stack.destroy()


def resources(stack: automation.Stack) -> set[str]:
    """Return the types of the resources in the state."""
    return {item["type"] for item in (stack.export_stack().deployment or {}).get("resources", [])}
