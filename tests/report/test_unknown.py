"""Wherever something is not known yet, or null, in a pod: it is reported, or a problem with a path. Never a crash."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from _pytest.mark.structures import ParameterSet

from dev.paths import ROOT
from pidshare_components.analysis.objects import pods_in
from pidshare_components.analysis.result import analyse
from pidshare_components.analysis.tree import UNKNOWN, Path, SpecError, format_path
from pidshare_components.report import Entry, as_json, as_markdown, as_text

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "exposure.schema.json").read_text("utf-8")))

CONTAINER = {
    "image": "busybox",
    "command": ["sh", "-c", "sleep 1"],
    "args": ["--password", "x"],
    "restartPolicy": "Always",
    "targetContainerName": "b",
    "env": [{"name": "A", "value": "b"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
    "envFrom": [{"secretRef": {"name": "x"}}],
    "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "kill 1"]}}},
    "livenessProbe": {"exec": {"command": ["kill", "-0", "1"]}},
    "securityContext": {
        "runAsUser": 0,
        "runAsGroup": 0,
        "runAsNonRoot": False,
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"add": ["KILL"], "drop": ["ALL"]},
        "seccompProfile": {"type": "Localhost", "localhostProfile": "x"},
        "appArmorProfile": {"type": "RuntimeDefault"},
        "seLinuxOptions": {"level": "x"},
    },
}
SPEC = {
    "shareProcessNamespace": True,
    "hostPID": False,
    "automountServiceAccountToken": True,
    "serviceAccountName": "x",
    "initContainers": [{"name": "i", **CONTAINER}],
    "containers": [{"name": "a", **CONTAINER}, {"name": "b", **CONTAINER}],
    "ephemeralContainers": [{"name": "e", **CONTAINER}],
    "securityContext": {
        "runAsUser": 0,
        "runAsGroup": 0,
        "fsGroup": 1,
        "supplementalGroups": [1],
        "supplementalGroupsPolicy": "Strict",
        "seccompProfile": {"type": "RuntimeDefault"},
        "sysctls": [{"name": "a", "value": "b"}],
    },
    "volumes": [
        {"name": "v", "secret": {"secretName": "s", "defaultMode": 0o400}},
        {"name": "w", "projected": {"sources": [{"serviceAccountToken": {"path": "x"}}]}},
    ],
}


def places(tree: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - any tree
    if path:
        yield path
    steps = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for step in steps:
        yield from places(tree[step], (*path, step))


def with_value(path: Path, value: object) -> dict[str, Any]:
    tree: Any = copy.deepcopy(SPEC)
    changed, above = tree, path[:-1]
    for step in above:
        changed = changed[step]
    changed[path[-1]] = value
    return {"kind": "Pod", "metadata": {"name": "p"}, "spec": tree}


def cases() -> Iterator[ParameterSet]:
    """Yield every place with UNKNOWN and with null in it; init containers have no other fields than the rest."""
    for path in places(SPEC):
        if path[0] == "initContainers":
            continue
        yield pytest.param(path, UNKNOWN, id=f"{format_path(path)}-unknown")
        yield pytest.param(path, None, id=f"{format_path(path)}-null")


@pytest.mark.parametrize(("path", "value"), list(cases()))
def test_any_place_may_be_unknown(path: Path, value: object) -> None:
    try:
        entries = [Entry(analyse(pod)) for pod in pods_in(with_value(path, value))]
    except SpecError as error:
        assert error.path  # noqa: PT017 - one of two outcomes
        return
    SCHEMA.validate(as_json(entries))
    assert as_text(entries, explained=True)
    assert as_markdown(entries)
