"""The rules of the Role for attaching to the pods of a component, and the subjects that get it."""

from typing import Any

from pidshare_components.args.access import AttachAccess
from pidshare_components.args.kinds import Kind
from pidshare_components.manifests.merge import kubernetes_tree

Object = dict[str, Any]


def role_rules(access: AttachAccess, kind: Kind, name: Any, pod_names: Any) -> list[Object]:  # noqa: ANN401
    """Return the `PolicyRule`s for the pods of one object.

    kubectl reads the pod, then attaches by WebSocket (verb get) or by SPDY (verb create); from Kubernetes 1.35 create
    is checked on both (kubernetes/kubernetes#134577).

    Args:
        access: what was asked for.
        kind: of the object that makes the pods.
        name: its `metadata.name`.
        pod_names: the names of its pods, the only ones that the rules apply to (`resourceNames`). Not looked at where
            access to every pod of the namespace is asked for.
    """
    everywhere = access.namespace_wide or False
    limit = {} if everywhere else {"resourceNames": pod_names}

    def rule(resource: str, *verbs: str) -> Object:
        return {"apiGroups": [""], "resources": [resource], **limit, "verbs": list(verbs)}

    # `kubectl debug` waits for its container: it lists and watches by the pod's name, which resourceNames allows.
    # Where names are not known, somebody has to look for them.
    seen = ("get", "list", "watch") if access.ephemeral_containers or everywhere else ("get",)
    rules = [rule("pods", *seen), rule("pods/attach", "get", "create")]
    if access.logs:
        rules.append(rule("pods/log", "get"))
    if access.exec:
        rules.append(rule("pods/exec", "get", "create"))
    if access.ephemeral_containers:
        rules.append(rule("pods/ephemeralcontainers", "get", "patch"))
    if access.list_pods and not everywhere:
        rules.append({"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]})
    if kind.found_by_kubectl:
        rules.append(
            {"apiGroups": [kind.group], "resources": [kind.resource], "resourceNames": [name], "verbs": ["get"]}
        )
    return rules


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
