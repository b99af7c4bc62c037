"""How many pod specs the analysis takes in a second of CPU time, and whether that stays the same with their number.

The pods are 2 to 4 containers of images known and unknown, with users, capabilities, probes, secrets and mounts that
differ from pod to pod. The matrix alone is what `pidshare exposure` shows as a table; everything is with the Pod
Security level and the findings.
"""

from functools import partial
from itertools import product
from typing import Any

from benchmarks.measure import Subject, here, measure
from pidshare_components.analysis.checked import check_spec
from pidshare_components.analysis.exposure import exposure
from pidshare_components.analysis.node import Node
from pidshare_components.analysis.objects import PodObject
from pidshare_components.analysis.result import analyse
from pidshare_components.analysis.spec import read_pod

Tree = dict[str, Any]

_SIZES = (1_000, 10_000)
_QUICK_SIZES = (20,)
_IMAGES = ("nginx:1.29", "redis:8", "registry.example.com/team/app", "busybox:1.37", "registry.example.com/log")
_USERS = (None, 0, 101, 1000)
_ADDED: tuple[list[str], ...] = ([], ["SYS_PTRACE"], ["KILL"], ["NET_ADMIN"])


def pods(count: int) -> list[PodObject]:
    """Return that many pods."""
    kinds = list(product(_IMAGES, _USERS, _ADDED, _IMAGES, _USERS))
    return [_pod(index, kinds[index % len(kinds)]) for index in range(count)]


def _pod(index: int, kind: tuple[Any, ...]) -> PodObject:
    image, user, added, other_image, other_user = kind
    app = {
        "name": "app",
        "image": f"{image}@sha256:{index:064x}" if "example" in image else image,
        "ports": [{"containerPort": 8080}],
        "env": [
            {"name": "MODE", "value": "fast"},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}},
        ],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}},
        "securityContext": {**({} if user is None else {"runAsUser": user}), "readOnlyRootFilesystem": True},
        "volumeMounts": [{"name": "keys", "mountPath": "/keys"}],
    }
    helper = {
        "name": "helper",
        "image": other_image,
        "command": ["sh", "-c", "while true; do sleep 60; done"],
        "securityContext": {
            **({} if other_user is None else {"runAsUser": other_user, "runAsGroup": other_user}),
            "capabilities": {"add": added, "drop": ["NET_RAW"]},
            "allowPrivilegeEscalation": False,
        },
    }
    more = [{**helper, "name": f"helper-{number}"} for number in range(index % 3)]
    spec = {
        "shareProcessNamespace": True,
        "automountServiceAccountToken": False,
        "securityContext": {"fsGroup": 1000},
        "containers": [app, helper, *more],
        "volumes": [{"name": "keys", "secret": {"secretName": "keys"}}],
    }
    return PodObject("Pod", "default", f"pod-{index}", (), {}, spec)


def matrix(found: list[PodObject]) -> None:
    """Judge who can act on whom."""
    node = Node()
    for pod in found:
        check_spec(pod.metadata, pod.spec)
        exposure(read_pod(pod, node, {}))


def everything(found: list[PodObject]) -> None:
    """Judge all there is."""
    for pod in found:
        analyse(pod)


def show(rounds: int, *, quick: bool) -> None:
    """Print a row for each kind of work and number of pods."""
    subjects = []
    for work, count in product((matrix, everything), _QUICK_SIZES if quick else _SIZES):
        call = partial(work, pods(count))
        subjects.append(Subject(f"{work.__name__} of {count} pods", partial(here, call), count))
    measure(subjects, rounds, things="pods")
