"""Whether a pod's spec has the types of Kubernetes in every field that the analysis reads."""

from collections.abc import Iterator
from typing import Any

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.objects import CONTAINER_LISTS
from pidshare_components.analysis.tree import UNKNOWN, Path, SpecError, Tree, child, objects

_LEAVES: dict[str, tuple[type, str, str]] = {
    "text": (str, "text", "write it in quotes"),
    "flag": (bool, "true or false", "write it without quotes"),
    "whole": (int, "a whole number", "write it without quotes"),
    "id": (int, "a whole number", "write it without quotes"),
}

# An id has bounds too.
_TYPES = {kind: wanted for kind, (wanted, _, _) in _LEAVES.items() if kind != "id"}
_LARGEST_ID = 2**31 - 1

# A string is the kind of a leaf, a list with one item a list of such, a tuple with one item a mapping with free keys, a
# dict an object with these fields.
_PROFILE = {"type": "text", "localhostProfile": "text"}
_SELINUX = {"user": "text", "role": "text", "type": "text", "level": "text"}
_REFERENCE = {"name": "text", "optional": "flag"}
_HANDLER = {
    "exec": {"command": ["text"]},
    "httpGet": {"host": "text"},
    "tcpSocket": {"host": "text"},
}
_CONTAINER = {
    "name": "text",
    "image": "text",
    "command": ["text"],
    "args": ["text"],
    "restartPolicy": "text",
    "stdin": "flag",
    "tty": "flag",
    "targetContainerName": "text",
    "env": [
        {
            "name": "text",
            "value": "text",
            "valueFrom": {
                "secretKeyRef": {"name": "text", "key": "text"},
                "configMapKeyRef": {"name": "text", "key": "text"},
            },
        }
    ],
    "envFrom": [{"prefix": "text", "secretRef": _REFERENCE, "configMapRef": _REFERENCE}],
    "ports": [{"hostPort": "whole"}],
    "volumeMounts": [
        {"name": "text", "mountPath": "text", "subPath": "text", "subPathExpr": "text", "readOnly": "flag"}
    ],
    "livenessProbe": _HANDLER,
    "readinessProbe": _HANDLER,
    "startupProbe": _HANDLER,
    "lifecycle": {"postStart": _HANDLER, "preStop": _HANDLER},
    "securityContext": {
        "runAsUser": "id",
        "runAsGroup": "id",
        "runAsNonRoot": "flag",
        "privileged": "flag",
        "allowPrivilegeEscalation": "flag",
        "readOnlyRootFilesystem": "flag",
        "procMount": "text",
        "capabilities": {"add": ["text"], "drop": ["text"]},
        "seccompProfile": _PROFILE,
        "appArmorProfile": _PROFILE,
        "seLinuxOptions": _SELINUX,
        "windowsOptions": {"hostProcess": "flag"},
    },
}
_ITEMS = [{"key": "text", "path": "text", "mode": "whole"}]
_SECRET = {"secretName": "text", "defaultMode": "whole", "items": _ITEMS}
_CONFIG_MAP = {"name": "text", "defaultMode": "whole", "items": _ITEMS}
_SPEC = {
    "shareProcessNamespace": "flag",
    "hostPID": "flag",
    "hostIPC": "flag",
    "hostNetwork": "flag",
    "hostUsers": "flag",
    "automountServiceAccountToken": "flag",
    "serviceAccountName": "text",
    "os": {"name": "text"},
    "containers": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "ephemeralContainers": [_CONTAINER],
    "securityContext": {
        "runAsUser": "id",
        "runAsGroup": "id",
        "runAsNonRoot": "flag",
        "fsGroup": "id",
        "supplementalGroups": ["id"],
        "supplementalGroupsPolicy": "text",
        "seccompProfile": _PROFILE,
        "appArmorProfile": _PROFILE,
        "seLinuxOptions": _SELINUX,
        "windowsOptions": {"hostProcess": "flag"},
        "sysctls": [{"name": "text", "value": "text"}],
    },
    "volumes": [
        {
            "name": "text",
            "secret": _SECRET,
            "configMap": _CONFIG_MAP,
            "projected": {
                "defaultMode": "whole",
                "sources": [
                    {
                        "secret": {"name": "text", "items": _ITEMS},
                        "configMap": {"name": "text", "items": _ITEMS},
                        "serviceAccountToken": {"path": "text"},
                    }
                ],
            },
            "csi": {"driver": "text", "volumeAttributes": ("text",)},
        }
    ],
}
_METADATA: Tree = {"annotations": ("text",), "labels": ("text",)}


def check_spec(metadata: Tree, spec: Tree) -> None:
    """Check a pod's metadata and spec; UNKNOWN and None may stand anywhere.

    Raises:
        SpecError: something is of another type than Kubernetes wants, or no capability. Paths begin at the pod.
    """
    check(metadata, _METADATA, ("metadata",))
    check(spec, _SPEC, ("spec",))
    if spec.get("containers") in (None, []):
        raise SpecError(("spec", "containers"), "is missing or empty", "write at least one container")
    _check_names(spec)
    for path, name in _capability_names(spec):
        if not isinstance(name, str) or (name.upper() != "ALL" and not capabilities.bit(name)):
            raise SpecError(path, "is no capability", "write a name of capabilities(7) without CAP_, or ALL")


def check(value: Any, kind: Any, path: Path) -> None:  # noqa: ANN401 - of the tree, of the table
    """Check a value that is neither None nor UNKNOWN against a kind of a table of types, such as those above.

    Raises:
        SpecError: something in it is of another type. Paths begin with the given one.
    """
    if isinstance(kind, str):
        _check_leaf(value, kind, path)
    elif isinstance(kind, list):
        if not isinstance(value, list):
            raise SpecError(path, "must be a list", "write a list, even of one item")
        _check_items(value, kind[0], path)
    else:
        if not isinstance(value, dict):
            raise SpecError(path, "must be a mapping", "write keys with values")
        if isinstance(kind, tuple):
            kind = dict.fromkeys(value, kind[0])
        for key, item in value.items():
            its_kind = kind.get(key)
            if its_kind is None or item is None or item is UNKNOWN:
                continue
            # Nearly everything is right: that is seen without making its path.
            if not isinstance(its_kind, str) or type(item) is not _TYPES.get(its_kind):
                check(item, its_kind, (*path, key))


def _check_leaf(value: Any, kind: str, path: Path) -> None:  # noqa: ANN401 - of the tree
    wanted, what, instead = _LEAVES[kind]
    is_right: bool = isinstance(value, wanted) and not (wanted is int and isinstance(value, bool))
    if not is_right:
        raise SpecError(path, f"must be {what}", instead)
    if kind == "id" and not 0 <= value <= _LARGEST_ID:
        raise SpecError(path, "is no user or group id", f"write a number from 0 to {_LARGEST_ID}")


def _check_items(items: list[Any], kind: Any, path: Path) -> None:  # noqa: ANN401 - of the table
    for index, item in enumerate(items):
        if item is None:
            raise SpecError((*path, index), "is empty", "write an item, or leave it out")
        if item is not UNKNOWN:
            check(item, kind, (*path, index))


def _check_names(spec: Tree) -> None:
    seen = set()
    for key in CONTAINER_LISTS:
        for index, container in objects(spec, key):
            name = child(container, "name")
            if isinstance(name, str) and name in seen:
                raise SpecError(("spec", key, index, "name"), "is the name of another container too", "write another")
            seen.add(name)


def _capability_names(spec: Tree) -> Iterator[tuple[Path, object]]:
    for key in CONTAINER_LISTS:
        for index, container in objects(spec, key):
            # Runtimes pass over an unknown name in `drop`; one in `add` keeps the container from starting.
            for place, name in objects(child(container, "securityContext", "capabilities"), "add"):
                if name is not UNKNOWN:
                    yield ("spec", key, index, "securityContext", "capabilities", "add", place), name
