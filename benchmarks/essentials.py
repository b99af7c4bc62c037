"""What of objects must be equal for their programs to have done the same, however each of them spells it."""

from pathlib import Path
from typing import Any

import yaml

Tree = dict[str, Any]


def essentials(text: Path) -> dict[tuple[str, str], Any]:
    """Return by kind and name what matters of each object in a file.

    That is what it is, whom it is about and what it allows: not the defaults that a library writes out, the labels by
    which objects find each other, and fields that one of the libraries cannot set.
    """
    objects = list(yaml.load_all(text.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    pods = [item for item in objects if item["kind"] == "Pod"]
    found = {(item["kind"], item["metadata"]["name"]): _essential(item, pods) for item in objects}
    if len(found) != len(objects):
        raise ValueError(f"{text}: two objects have one kind and name")
    return found


def _essential(item: Tree, pods: list[Tree]) -> Any:  # noqa: ANN401 - any tree
    kind = item["kind"]
    if kind == "Pod":
        return _pod(item["spec"])
    if kind == "NetworkPolicy":
        return _policy(item["spec"], pods)
    if kind == "Role":
        return [(rule["apiGroups"], rule["resources"], rule["verbs"]) for rule in item["rules"]]
    if kind == "RoleBinding":
        subjects = [(subject["kind"], subject["name"], subject["namespace"]) for subject in item["subjects"]]
        return item["roleRef"], subjects
    return item["apiVersion"]


def _pod(spec: Tree) -> Any:  # noqa: ANN401 - any tree
    return (
        spec["shareProcessNamespace"],
        spec["automountServiceAccountToken"],
        [_container(container) for container in spec["containers"]],
    )


def _container(container: Tree) -> Any:  # noqa: ANN401 - any tree
    return (
        container["name"],
        container["image"],
        container.get("ports"),
        container.get("env"),
        container.get("resources"),
        container.get("readinessProbe", {}).get("httpGet", {}).get("path"),
        container.get("securityContext", {}).get("capabilities"),
    )


def _policy(spec: Tree, pods: list[Tree]) -> Any:  # noqa: ANN401 - any tree
    wanted = spec["podSelector"]["matchLabels"].items()
    selected = [pod for pod in pods if wanted <= pod["metadata"]["labels"].items()]
    numbers = {
        port["name"]: port["containerPort"]
        for pod in selected
        for container in pod["spec"]["containers"]
        for port in container.get("ports", ())
    }
    ingress = [numbers.get(port["port"], port["port"]) for rule in spec["ingress"] for port in rule["ports"]]
    return [pod["metadata"]["name"] for pod in selected], sorted(spec["policyTypes"]), ingress, spec["egress"]
