"""Objects that come to something together, and what is found in them."""

from __future__ import annotations

from pidshare_components.analysis.objects import pods_in
from pidshare_components.analysis.result import analyse
from pidshare_components.analysis.rule import Finding
from pidshare_components.analysis.stack import Stack
from pidshare_components.analysis.tree import Tree

APP: Tree = {"name": "app", "image": "nginx:1.29"}
TRACER: Tree = {"name": "tracer", "image": "busybox:1.37", "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}}}
OTHER_USER: Tree = {
    "name": "other",
    "image": "busybox:1.37",
    "securityContext": {"runAsUser": 7, "runAsGroup": 7, "capabilities": {"drop": ["ALL"]}},
}
BOTH = ["get", "create"]
TEAM = {"kind": "Group", "name": "team"}
EVERYONE = {"kind": "Group", "name": "system:authenticated"}


def pod(
    *containers: Tree, name: object = "web", namespace: object = "here", own: object = None, **spec: object
) -> Tree:
    whole = {"shareProcessNamespace": True, "containers": list(containers or (APP, TRACER)), **spec}
    return {"kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": own}, "spec": whole}


def workload(kind: str, name: str = "web", own: object = None) -> Tree:
    template = {"metadata": {"labels": own or {}}, "spec": pod()["spec"]}
    return {"kind": kind, "metadata": {"name": name, "namespace": "here"}, "spec": {"template": template}}


def role(*doors: str, name: object = "way", namespace: object = "here", kind: str = "Role", **more: object) -> Tree:
    rule = {"apiGroups": [""], "resources": [f"pods/{door}" for door in doors], "verbs": ["*"], **more}
    return {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "rules": [rule] if doors else []}


def binding(*subjects: object, to: object = "way", role_kind: object = "Role", namespace: object = "here") -> Tree:
    metadata = {"name": "way", "namespace": namespace}
    reference = {"kind": role_kind, "name": to}
    return {"kind": "RoleBinding", "metadata": metadata, "roleRef": reference, "subjects": list(subjects)}


def cluster_binding(*subjects: object, to: object) -> Tree:
    reference = {"kind": "ClusterRole", "name": to}
    return {"kind": "ClusterRoleBinding", "metadata": {"name": "all"}, "roleRef": reference, "subjects": list(subjects)}


def policy(selector: object, namespace: object = "here", spec: Tree | None = None, **more: object) -> Tree:
    metadata = {"name": "policy", "namespace": namespace}
    return {"kind": "NetworkPolicy", "metadata": metadata, "spec": {"podSelector": selector, **(spec or {})}, **more}


def config_map(data: Tree, name: object = "settings", namespace: object = "here") -> Tree:
    return {"kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def stack_of(*trees: Tree) -> Stack:
    stack = Stack()
    for index, tree in enumerate(trees):
        pods = list(pods_in(tree))
        for found in pods:
            stack.add_pod(analyse(found), index)
        if not pods:
            stack.add(tree, (), index)
    return stack


def found(rule: str, *trees: Tree) -> list[Finding]:
    return [each.finding for each in stack_of(*trees).findings() if each.finding.rule.id == rule]


def certain(rule: str, *trees: Tree) -> list[bool]:
    return [each.certain for each in found(rule, *trees)]


ATTACH = role("attach")
ACCOUNT = {"kind": "ServiceAccount", "name": "ci"}
OF_KUBERNETES = {"kind": "ServiceAccount", "name": "namespace-controller", "namespace": "kube-system"}

PASSWORD = {"DB_PASSWORD": "hunter2"}
FROM = {"configMapRef": {"name": "settings"}}
SECRET = config_map({**PASSWORD, "MODE": "fast"})


def env(key: object = "DB_PASSWORD", name: object = "settings") -> Tree:
    source = {"configMapKeyRef": {"name": name, "key": key}}
    return {**APP, "env": [{"name": "PASSWORD", "valueFrom": source}]}


def env_from(**more: object) -> Tree:
    return {**APP, "envFrom": [{**FROM, **more}]}


def mounted(**mount: object) -> Tree:
    return {**APP, "volumeMounts": [{"name": "files", "mountPath": "/etc/app", **mount}]}


def volume(**more: object) -> list[Tree]:
    return [{"name": "files", "configMap": {"name": "settings", **more}}]


def projected(**source: object) -> list[Tree]:
    return [{"name": "files", "projected": {"sources": [{"configMap": {"name": "settings", **source}}]}}]
