"""What the engine hands to a policy, as plain trees of the analysis."""

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from pulumi_policy.proxy import UnknownValueError

from pidshare_components.analysis.objects import CONTAINER_LISTS, POD_KINDS, template_path
from pidshare_components.analysis.tree import UNKNOWN, Tree

_PREFIX = "kubernetes:"
_PATCH = "Patch"

# What decides about a finding, and is whatever the object has already where a patch leaves it out.
_OF_POD = (
    *("containers", "shareProcessNamespace", "hostPID", "hostUsers", "securityContext", "serviceAccountName"),
    *("automountServiceAccountToken", "volumes"),
)
_OF_CONTAINER = ("image", "command", "args", "securityContext", "stdin", "tty")
_OF_METADATA = ("annotations", "labels")
_OF_OTHERS = ("spec", "data", "rules", "roleRef", "subjects")


def kubernetes_object(resource_type: str, props: Mapping[str, Any]) -> Optional[Tree]:
    """Return the Kubernetes object that a resource of pulumi-kubernetes is; None for any other resource.

    In a patch (`PodPatch`, `DeploymentPatch`, …) what decides and is not said is UNKNOWN; one that says nothing of a
    workload's pods is None. Containers that a patch does not name are not seen.

    Args:
        resource_type: such as `kubernetes:apps/v1:Deployment`.
        props: its properties. One that is not known yet raises when it is read, and is UNKNOWN in the tree.
    """
    version, _, kind = resource_type.removeprefix(_PREFIX).partition(":")
    if not resource_type.startswith(_PREFIX) or not kind:
        return None
    tree: Tree = _plain(props)
    if kind.endswith(_PATCH):
        kind = kind.removesuffix(_PATCH)
        if kind in POD_KINDS and not _opened(tree, kind):
            return None
        if kind not in POD_KINDS:
            _open(tree, _OF_OTHERS)
    group, _, of_group = version.rpartition("/")
    return {**tree, "apiVersion": of_group if group == "core" else version, "kind": kind}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any tree
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _item(value, key) for key in value}
    if isinstance(value, Sequence):
        return [_item(value, index) for index in range(len(value))]
    # The engine has no whole numbers.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _item(container: Any, key: Any) -> Any:  # noqa: ANN401 - any tree
    try:
        value = container[key]
    except UnknownValueError:
        return UNKNOWN
    # By this key the SDK's proxy gives what it stands before, and the value that has the name only from there.
    return _plain(value[key] if key == "__target" else value)


def _opened(tree: Tree, kind: str) -> bool:
    """Make unknown what a patch of a pod or a workload leaves out; return whether it says anything of the pod."""
    template: Any = tree
    for key in template_path(kind):
        template = template.get(key) if isinstance(template, dict) else template
    if not isinstance(template, dict):
        return template is not None
    spec = template.get("spec")
    if spec is None:
        return False
    if isinstance(spec, dict):
        for key in CONTAINER_LISTS:
            found = spec.get(key)
            for container in found if isinstance(found, list) else []:
                if isinstance(container, dict):
                    _open(container, _OF_CONTAINER)
        _open(spec, _OF_POD)
    metadata = template.setdefault("metadata", {})
    if isinstance(metadata, dict):
        _open(metadata, _OF_METADATA)
    return True


def _open(tree: Tree, fields: Sequence[str]) -> None:
    for name in fields:
        tree.setdefault(name, UNKNOWN)
