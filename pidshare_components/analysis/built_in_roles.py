"""What the ClusterRoles that Kubernetes brings with it grant on pods' doors.

Compared with a running API server: tests/analysis/test_access_cluster.py.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.rbac import Door, Grant, Granted, Names

USER_FACING = ("cluster-admin", "admin", "edit")
"""Roles for people that open doors. `view` opens none."""

CONTROLLER = "system:controller:"
"""How the names of the roles of Kubernetes' own controllers begin."""
SYSTEM = "kube-system"
"""The namespace of Kubernetes' own controllers."""


def _granting(doors: Mapping[Door, tuple[str, ...]]) -> Granted:
    every = Names(Answer.YES)
    verbs = {door: frozenset(verbs) for door, verbs in doors.items()}
    return Granted(tuple(Grant(door, 0, every, verbs[door], verbs[door]) for door in doors))


_IN = _granting({Door.ATTACH: ("get", "create"), Door.EXEC: ("get", "create")})
_READS = {Door.ATTACH: ("get",), Door.EXEC: ("get",), Door.NODE: ("get",)}
_NOTHING = (
    *("view", "system:aggregate-to-admin", "system:aggregate-to-view", "system:auth-delegator", "system:basic-user"),
    *("system:discovery", "system:heapster", "system:kube-aggregator", "system:kube-controller-manager"),
    *("system:kube-dns", "system:kube-scheduler", "system:monitoring", "system:node"),
    *("system:node-bootstrapper", "system:node-problem-detector", "system:node-proxier"),
    *("system:persistent-volume-provisioner", "system:public-info-viewer", "system:service-account-issuer-discovery"),
    *("system:volume-scheduler", "system:cluster-trust-bundle-discovery"),
    *(
        f"system:certificates.k8s.io:{name}"
        for name in (
            *("certificatesigningrequests:nodeclient", "certificatesigningrequests:selfnodeclient"),
            *("kube-apiserver-client-approver", "kube-apiserver-client-kubelet-approver"),
            *("kubelet-serving-approver", "legacy-unknown-approver"),
        )
    ),
    *(
        f"{CONTROLLER}{name}"
        for name in (
            *("attachdetach-controller", "certificate-controller", "clusterrole-aggregation-controller"),
            *("cronjob-controller", "daemon-set-controller", "deployment-controller", "disruption-controller"),
            *("endpoint-controller", "endpointslice-controller", "endpointslicemirroring-controller"),
            *("ephemeral-volume-controller", "expand-controller", "horizontal-pod-autoscaler", "job-controller"),
            *("legacy-service-account-token-cleaner", "node-controller", "persistent-volume-binder"),
            *("pod-garbage-collector", "pv-protection-controller", "pvc-protection-controller"),
            *("replicaset-controller", "replication-controller", "resource-claim-controller"),
            *("resourcequota-controller", "root-ca-cert-publisher", "route-controller", "selinux-warning-controller"),
            *("service-account-controller", "service-cidrs-controller", "service-controller", "statefulset-controller"),
            *("ttl-after-finished-controller", "ttl-controller", "validatingadmissionpolicy-status-controller"),
            "volumeattributesclass-protection-controller",
        )
    ),
)
BUILT_IN: Mapping[str, Granted] = MappingProxyType(
    {
        **dict.fromkeys(_NOTHING, Granted()),
        **dict.fromkeys(("admin", "edit", "system:aggregate-to-edit"), _IN),
        "cluster-admin": _granting({door: door.verbs for door in Door}),
        "system:kubelet-api-admin": _granting({Door.NODE: ("get", "create")}),
        "system:controller:generic-garbage-collector": _granting({**_READS, Door.EPHEMERAL: ("patch", "update")}),
        "system:controller:namespace-controller": _granting(_READS),
    }
)
"""What those whose grants are known grant, by name."""
OF_A_NAMESPACE = frozenset(
    (
        *((SYSTEM, f"system::leader-locking-kube-{name}") for name in ("controller-manager", "scheduler")),
        *((SYSTEM, f"{CONTROLLER}{name}") for name in ("bootstrap-signer", "cloud-provider", "token-cleaner")),
        ("kube-public", f"{CONTROLLER}bootstrap-signer"),
        (SYSTEM, "extension-apiserver-authentication-reader"),
    )
)
"""The Roles that Kubernetes brings with it, by namespace and name: they open no doors."""
