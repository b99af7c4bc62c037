"""Every cell of the matrix against a running kernel: what was predicted and what the containers of pods measured."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pidshare_components.analysis.exposure import NODE as NODE_PROCESS
from pidshare_components.analysis.exposure import Pair, exposure
from pidshare_components.analysis.facts import PAUSE
from pidshare_components.analysis.kernel import Action, Answer
from pidshare_components.analysis.objects import pods_in
from pidshare_components.analysis.spec import read_pod
from tests.analysis.measured_pods import IMAGE_FACTS, NODE, Measurements, install_probe, measure, with_probes
from tests.analysis.pod_strategies import pod_specs
from tests.strategies import samples

Tree = dict[str, Any]

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]

COUNT = int(os.environ.get("PIDSHARE_TEST_PODS", "300"))


def predicted(pod: Tree) -> list[Pair]:
    (found,) = pods_in(pod)
    pairs = exposure(read_pod(found, NODE, IMAGE_FACTS))
    # Among the node's processes there are many sandboxes: the probe looks for one that is PID 1.
    skipped = {NODE_PROCESS, PAUSE} if pod["spec"].get("hostPID") else {NODE_PROCESS}
    return [pair for pair in pairs if pair.target.name not in skipped]


def differences(pod: Tree, measured: Measurements) -> list[str]:
    """Return every cell in which the prediction and the measurement are not the same."""
    wrong = []
    for pair in predicted(pod):
        found = measured.get((pair.source.name, pair.target.name))
        permitted = {Action.SEE, *found.permitted} if found else set()
        for action in Action:
            answer = pair.answer(action)
            if answer is Answer.UNKNOWN or (answer is Answer.YES) != (action in permitted):
                wrong.append(f"{pair.source.name} {action.value} {pair.target.name}: predicted {answer.value}")
        switched = found.switched - found.permitted if found else set()
        if set(pair.switching) != switched:
            wrong.append(f"{pair.source.name} switching to {pair.target.name}: predicted {pair.switching}")
    return wrong


@pytest.fixture
def probing(
    kubectl: Callable[..., str], namespace: str, tmp_path: Path
) -> Callable[[list[Tree]], dict[str, Measurements]]:
    """Run pods with probes in a namespace of their own and return what they measured."""
    install_probe(kubectl, namespace, tmp_path)
    return lambda pods: measure(kubectl, namespace, pods)


def test_the_kernel_agrees_with_every_cell(
    probing: Callable[[list[Tree]], dict[str, Measurements]], record_property: Callable[[str, object], None]
) -> None:
    specs = samples(pod_specs(), 2 * COUNT)[:COUNT]
    pods = [with_probes(spec, f"pod-{index}") for index, spec in enumerate(specs)]
    measured = probing(pods)
    # None was refused, so that what was compared is what was meant to be.
    assert len(measured) == COUNT
    wrong = {json.dumps(pod["spec"]): differences(pod, measured[pod["metadata"]["name"]]) for pod in pods}
    wrong = {spec: found for spec, found in wrong.items() if found}
    cells = sum(len(predicted(pod)) * len(Action) for pod in pods)
    record_property("cells", cells)
    assert cells > COUNT * 10
    assert wrong == {}


def lone_probes(pod: Tree) -> Tree:
    """Let each container of a pod measure as soon as it runs, and all but plain init containers stay."""
    for key in ("initContainers", "containers"):
        for container in pod["spec"].get(key, ()):
            program, name = container["command"][0], container["command"][2]
            stays = key == "containers" or "restartPolicy" in container
            container["command"] = [program, pod["metadata"]["name"], name, "1", "/meet", *(["stay"] if stays else [])]
    return pod


def told(kubectl: Callable[..., str], namespace: str, pod: str, container: str) -> set[str]:
    """Return whom a container of a running pod has seen."""
    log = kubectl(
        "exec", f"--namespace={namespace}", pod, f"--container={container}", "--", "cat", "/dev/termination-log"
    )
    return {line.split()[0] for line in log.splitlines()}


def seen_by(pod: Tree, source: str) -> set[str]:
    (found,) = pods_in(pod)
    pairs = exposure(read_pod(found, NODE, IMAGE_FACTS))
    return {pair.target.name for pair in pairs if pair.source.name == source and pair.answer(Action.SEE) is Answer.YES}


def test_init_containers_see_the_sidecars_before_them_and_nobody_else(
    kubectl: Callable[..., str], namespace: str, tmp_path: Path
) -> None:
    install_probe(kubectl, namespace, tmp_path)
    stays = {"restartPolicy": "Always"}
    first = [{"name": "s0", **stays}, {"name": "i0"}, {"name": "s1", **stays}, {"name": "i1"}]
    spec = {"shareProcessNamespace": True, "initContainers": first, "containers": [{"name": "app"}]}
    pod = lone_probes(with_probes(spec, "first"))
    kubectl("create", f"--namespace={namespace}", "--filename=-", standard_input=json.dumps(pod))
    kubectl("wait", "--for=condition=Ready", "pod/first", f"--namespace={namespace}", "--timeout=120s")
    status = json.loads(kubectl("get", "pod", "first", f"--namespace={namespace}", "--output=json"))["status"]
    ended = {item["name"]: item["state"].get("terminated", {}) for item in status["initContainerStatuses"]}
    for name in ("i0", "i1"):
        assert {line.split()[0] for line in ended[name]["message"].splitlines()} == seen_by(pod, name)
    assert told(kubectl, namespace, "first", "app") == seen_by(pod, "app") == {"s0", "s1", PAUSE}


def test_an_ephemeral_container_sees_its_target_alone(
    kubectl: Callable[..., str], namespace: str, tmp_path: Path
) -> None:
    install_probe(kubectl, namespace, tmp_path)
    pod = lone_probes(with_probes({"containers": [{"name": "a"}, {"name": "b"}]}, "apart"))
    kubectl("create", f"--namespace={namespace}", "--filename=-", standard_input=json.dumps(pod))
    kubectl("wait", "--for=condition=Ready", "pod/apart", f"--namespace={namespace}", "--timeout=120s")
    debugger = {**pod["spec"]["containers"][0], "name": "debugger", "targetContainerName": "a"}
    debugger["command"] = [*debugger["command"][:2], "debugger", *debugger["command"][3:]]
    patch = {"spec": {"ephemeralContainers": [debugger]}}
    where = ["pod", "apart", f"--namespace={namespace}"]
    kubectl("patch", *where, "--subresource=ephemeralcontainers", f"--patch={json.dumps(patch)}")
    running = "--for=jsonpath={.status.ephemeralContainerStatuses[0].state.running}"
    kubectl("wait", *where, running, "--timeout=120s")
    pod["spec"]["ephemeralContainers"] = [debugger]
    assert told(kubectl, namespace, "apart", "debugger") == seen_by(pod, "debugger") == {"a"}
