"""What has to be known about Kubernetes' own kinds: their scope, the order to apply them, who fills in what."""

# Kubernetes' own API groups; whether a kind of another group has a namespace, only its definition says.
_GROUPS = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)
_CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterTrustBundle",
        "CustomResourceDefinition",
        "DeviceClass",
        "DeviceTaintRule",
        "FlowSchema",
        "IPAddress",
        "IngressClass",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "ResourceSlice",
        "RuntimeClass",
        "SelfSubjectAccessReview",
        "SelfSubjectReview",
        "SelfSubjectRulesReview",
        "ServiceCIDR",
        "StorageClass",
        "SubjectAccessReview",
        "TokenReview",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
        "VolumeAttributesClass",
    }
)

# What others refer to comes first, and a NetworkPolicy before the pods it selects. Webhooks come last: they would
# have to answer for everything applied after them.
_APPLY_ORDER = (
    "Namespace",
    "CustomResourceDefinition",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "IngressClass",
    "ResourceQuota",
    "LimitRange",
    "ServiceAccount",
    "Secret",
    "ConfigMap",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole",
    "Role",
    "ClusterRoleBinding",
    "RoleBinding",
    "Service",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "StatefulSet",
    "Job",
    "CronJob",
    "HorizontalPodAutoscaler",
    "Ingress",
    "APIService",
)
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_RANK = {kind: rank for rank, kind in enumerate(_APPLY_ORDER)} | dict.fromkeys(_LAST, len(_APPLY_ORDER) + 1)

FILLED_METADATA = ("uid", "resourceVersion", "creationTimestamp", "generation")
"""Metadata that only the API server writes."""

FILLED_SPEC = {
    "Ingress": ("ingressClassName",),
    "Job": ("selector",),
    "PersistentVolumeClaim": ("storageClassName", "volumeName"),
    "Pod": ("nodeName", "serviceAccountName"),
    "Service": ("clusterIP", "clusterIPs", "healthCheckNodePort", "ipFamilies", "ipFamilyPolicy"),
}
"""By kind, fields of the spec that the cluster decides when they are not given. Defaults that are the same in every
cluster are not filled in."""

FILLED_SERVICE_PORT = ("nodePort",)
"""The same of each of a Service's ports."""


def group(api_version: str) -> str:
    """Return the API group of an `apiVersion`; empty for the core group."""
    return api_version.rpartition("/")[0]


def is_namespaced(api_version: str, kind: str) -> bool:
    """Return whether a kind is one of Kubernetes' own that live in a namespace."""
    return group(api_version) in _GROUPS and kind not in _CLUSTER_SCOPED


def apply_rank(kind: str) -> int:
    """Return the place of a kind in the order to apply; kinds of others come after all of Kubernetes' own."""
    return _RANK.get(kind, len(_APPLY_ORDER))
