"""The rules of the Role for attaching to one pod, and the subjects that get it."""

from typing import Any

from pidshare_components.args.access import AttachAccess
from pidshare_components.manifests.merge import kubernetes_tree

Object = dict[str, Any]


def role_rules(access: AttachAccess, pod_name: Any) -> list[Object]:  # noqa: ANN401 - text or an Output of it
    """Return the `PolicyRule`s for one pod.

    kubectl reads the pod, then attaches by WebSocket (verb get) or by SPDY (verb create); from Kubernetes 1.35 create
    is checked on both (kubernetes/kubernetes#134577).

    Args:
        access: what was asked for.
        pod_name: the pod's `metadata.name`, the only one the rules apply to (`resourceNames`).
    """
    # `kubectl debug` waits for its container: it lists and watches by the pod's name, which resourceNames allows.
    seen = ["get", "list", "watch"] if access.ephemeral_containers else ["get"]
    rules = [_rule("pods", seen, pod_name), _rule("pods/attach", ["get", "create"], pod_name)]
    if access.logs:
        rules.append(_rule("pods/log", ["get"], pod_name))
    if access.exec:
        rules.append(_rule("pods/exec", ["get", "create"], pod_name))
    if access.ephemeral_containers:
        rules.append(_rule("pods/ephemeralcontainers", ["get", "patch"], pod_name))
    if access.list_pods:
        rules.append({"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]})
    return rules


def _rule(resource: str, verbs: list[str], pod_name: Any) -> Object:  # noqa: ANN401
    return {"apiGroups": [""], "resources": [resource], "resourceNames": [pod_name], "verbs": verbs}


def binding_subjects(access: AttachAccess, service_account: Any, namespace: Any) -> list[Object]:  # noqa: ANN401
    """Return the RoleBinding's `Subject`s: the created service account, then those asked for.

    Args:
        access: what was asked for.
        service_account: name of the created service account.
        namespace: its namespace, and the one of service accounts without a namespace of their own.
    """
    subjects: list[Object] = [{"kind": "ServiceAccount", "name": service_account, "namespace": namespace}]
    for subject in access.subjects or ():
        tree: Object = kubernetes_tree(subject)
        if tree["kind"] == "ServiceAccount":
            subjects.append({"namespace": namespace, **tree})
        else:
            subjects.append({"apiGroup": "rbac.authorization.k8s.io", **tree})
    return subjects
