"""Pods whose containers measure what they may do to each other, and what they found: see probe.c."""

from __future__ import annotations

import base64
import json
import platform
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pidshare_components.analysis.capabilities import Runtime
from pidshare_components.analysis.images import Ids, ImageFacts, Main
from pidshare_components.analysis.kernel import Action
from pidshare_components.analysis.node import Node, SecurityModule

Tree = dict[str, Any]
Kubectl = Callable[..., str]

IMAGE = "busybox:1.28"
# The probe does nothing to its own credentials.
IMAGE_FACTS = {IMAGE: ImageFacts(user=Ids(0, 0), no_account_from=0, main=Main.KEEPS, workers=())}
_RELEASE = platform.release().split(".")
NODE = Node(
    Runtime.CONTAINERD,
    Ids(0, 0),
    SecurityModule.NONE,
    ptrace_scope=0,
    kernel=(int(_RELEASE[0]), int(_RELEASE[1])),
)

_AT_ONCE = 30
_SECONDS = 300
_POLL_SECONDS = 1.0
_ACTIONS = (Action.ENVIRON, Action.ROOT, Action.SIGNAL, Action.PTRACE)


@dataclass(frozen=True)
class Measured:
    """What a process found out about another one that it saw.

    Attributes:
        permitted: what it may do as it started.
        switched: what it may do after it has changed to the other's user and group, as far as it can.
    """

    permitted: frozenset[Action]
    switched: frozenset[Action]


Measurements = dict[tuple[str, str], Measured]
"""By name of the container that measured and of what it measured. A pair that is missing did not see each other."""


def with_probes(spec: Tree, name: str) -> Tree:
    """Return a pod whose containers run the probe, with whatever else a spec has.

    Args:
        spec: a `PodSpec` whose containers have a name and perhaps a security context; sidecars too.
        name: of the pod.
    """
    containers = [*spec.get("initContainers", ()), *spec["containers"]]

    def measuring(container: Tree) -> Tree:
        stays = ["stay"] if container.get("restartPolicy") else []
        return {
            **container,
            "image": IMAGE,
            "command": ["/probe/probe", name, container["name"], str(len(containers)), "/meet", *stays],
            "volumeMounts": [{"name": "probe", "mountPath": "/probe"}, {"name": "meet", "mountPath": "/meet"}],
        }

    lists = {key: [measuring(item) for item in spec[key]] for key in ("initContainers", "containers") if key in spec}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            # What is not looked at takes time to make.
            "hostNetwork": True,
            "enableServiceLinks": False,
            "automountServiceAccountToken": False,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            **spec,
            **lists,
            "volumes": [
                {"name": "probe", "configMap": {"name": "probe", "defaultMode": 0o555}},
                {"name": "meet", "emptyDir": {}},
            ],
        },
    }


def install_probe(kubectl: Kubectl, namespace: str, folder: Path) -> None:
    """Compile the probe and put it where the pods of a namespace find it."""
    program = folder / "probe"
    compiler = shutil.which("cc") or "gcc"
    source = Path(__file__).with_name("probe.c")
    subprocess.run([compiler, "-Os", "-static", "-s", "-Wall", "-Werror", "-o", program, source], check=True)
    content = {"probe": base64.b64encode(program.read_bytes()).decode()}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe"}, "binaryData": content}
    kubectl("create", f"--namespace={namespace}", "--filename=-", standard_input=json.dumps(config_map))


def measure(kubectl: Kubectl, namespace: str, pods: Sequence[Tree]) -> dict[str, Measurements]:
    """Run pods and return what they measured, by name of the pod. Those that the API server refuses are left out."""
    found = {}
    waiting = iter(pods)
    while batch := list(islice(waiting, _AT_ONCE)):
        whole = json.dumps({"apiVersion": "v1", "kind": "List", "items": batch})
        kubectl("create", f"--namespace={namespace}", "--filename=-", standard_input=whole, check=False)
        for pod in _ended(kubectl, namespace):
            found[pod["metadata"]["name"]] = dict(_measurements(pod))
        kubectl("delete", "pods", "--all", f"--namespace={namespace}", "--now", "--wait=false")
    return found


def _ended(kubectl: Kubectl, namespace: str) -> list[Tree]:
    deadline = time.monotonic() + _SECONDS
    while True:
        pods: list[Tree] = json.loads(kubectl("get", "pods", f"--namespace={namespace}", "--output=json"))["items"]
        pods = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        phases = [pod["status"]["phase"] for pod in pods]
        if all(phase in ("Succeeded", "Failed") for phase in phases):
            return pods
        assert time.monotonic() < deadline, (
            f"pods did not end: {[pod for pod in pods if pod['status']['phase'] == 'Pending']}"
        )
        time.sleep(_POLL_SECONDS)


def _measurements(pod: Tree) -> Iterator[tuple[tuple[str, str], Measured]]:
    status = pod["status"]
    for container in (*status.get("initContainerStatuses", ()), *status["containerStatuses"]):
        ended = container["state"].get("terminated") or container["lastState"]["terminated"]
        for line in ended.get("message", "").splitlines():
            on, *answers = line.split()
            yield (container["name"], on), Measured(*map(_permitted, answers))


def _permitted(letters: str) -> frozenset[Action]:
    return frozenset(action for action, letter in zip(_ACTIONS, letters, strict=True) if letter == "y")
