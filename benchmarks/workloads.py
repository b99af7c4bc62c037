"""What is rendered: one workload as a component, and the same objects written raw."""

from typing import Optional

import pulumi
from pulumi_kubernetes.core.v1 import Pod, ServiceAccount
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from pidshare_components import (
    AcceptedFinding,
    AttachAccess,
    Container,
    ContainerPort,
    DebugProfile,
    DebugShell,
    EnvVar,
    HTTPGetAction,
    NetworkAccess,
    NetworkPort,
    NetworkRule,
    OnFinding,
    Probe,
    ResourceRequirements,
    SharedProcessPod,
    SharedProcessPodArgs,
)

LABEL = "pidshare-components/pod"
"""The label by which the NetworkPolicy selects its pod."""


def component(name: str) -> None:
    """Register one workload as a component."""
    SharedProcessPod(
        name,
        SharedProcessPodArgs(
            containers=[
                Container(
                    name="nginx",
                    image="nginx:1.29",
                    ports=[ContainerPort(name="http", container_port=80)],
                    env=[EnvVar(name="TZ", value="UTC")],
                    resources=ResourceRequirements(requests={"cpu": "50m"}, limits={"memory": "64Mi"}),
                    readiness_probe=Probe(http_get=HTTPGetAction(port="http", path="/")),
                )
            ],
            debug=DebugShell(image="busybox:1.28", profile=DebugProfile.GENERAL),
            attach=AttachAccess(),
            network=NetworkAccess(ingress=[NetworkRule(ports=[NetworkPort(port="http")])]),
            on_finding=OnFinding(accept=[AcceptedFinding(rule="sys-ptrace", reason="nobody reads its log here")]),
        ),
    )


def raw(name: str, opts: Optional[pulumi.ResourceOptions] = None) -> tuple[Pod, ServiceAccount]:
    """Register the same objects."""
    labels = {LABEL: name}
    policy = NetworkPolicy(
        name,
        metadata={},
        spec={
            "podSelector": {"matchLabels": labels},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [{"port": "http"}]}],
            "egress": [
                {
                    "to": [
                        {
                            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                        }
                    ],
                    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
                }
            ],
        },
        opts=opts,
    )
    pod = Pod(
        name,
        metadata={"labels": labels},
        spec={
            "shareProcessNamespace": True,
            "containers": [
                {
                    "name": "nginx",
                    "image": "nginx:1.29",
                    "ports": [{"name": "http", "containerPort": 80}],
                    "env": [{"name": "TZ", "value": "UTC"}],
                    "resources": {"requests": {"cpu": "50m"}, "limits": {"memory": "64Mi"}},
                    "readinessProbe": {"httpGet": {"port": "http", "path": "/"}},
                },
                {
                    "name": "shell",
                    "image": "busybox:1.28",
                    "stdin": True,
                    "tty": True,
                    "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}},
                },
            ],
            "automountServiceAccountToken": False,
        },
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=policy)),
    )
    account = ServiceAccount(f"{name}-attach", metadata={}, opts=opts)
    role = Role(
        f"{name}-attach",
        metadata={},
        rules=[
            {"apiGroups": [""], "resources": ["pods"], "resourceNames": [pod.metadata.name], "verbs": ["get"]},
            {
                "apiGroups": [""],
                "resources": ["pods/attach"],
                "resourceNames": [pod.metadata.name],
                "verbs": ["get", "create"],
            },
        ],
        opts=opts,
    )
    RoleBinding(
        f"{name}-attach",
        metadata={},
        role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata.name},
        subjects=[
            {"kind": "ServiceAccount", "name": account.metadata.name, "namespace": account.metadata.namespace},
        ],
        opts=opts,
    )
    return pod, account


class RawPod(pulumi.ComponentResource):
    """A component that only registers, and has no arguments to check."""

    def __init__(self, name: str) -> None:
        super().__init__("benchmark:index:RawPod", name)
        pod, account = raw(name, pulumi.ResourceOptions(parent=self))
        self.register_outputs(
            {
                "podName": pod.metadata.name,
                "namespace": pod.metadata.namespace,
                "serviceAccountName": account.metadata.name,
            }
        )
