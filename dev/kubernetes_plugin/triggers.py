"""The fields whose change replaces an object, as the official plugin has them.

For Pods its list lacks envFrom, startupProbe, the containers' restartPolicy, hostUsers and topologySpreadConstraints,
which the API server refuses to change; for DaemonSets it has none, though their selector cannot change. They are
missing here on purpose: programs that are right with this plugin have to be right with the official one.
"""

from __future__ import annotations

Pattern = tuple[str, ...]
"""A path; `*` stands for every item of a list."""


def _patterns(prefix: str, names: str) -> tuple[Pattern, ...]:
    return tuple((*prefix.split("."), name) for name in names.split())


_CONTAINER = """
    args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext stdin
    stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir
"""

_POD = """
    affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork hostPID
    hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName readinessGates
    restartPolicy runtimeClassName schedulerName securityContext serviceAccount serviceAccountName shareProcessNamespace
    subdomain terminationGracePeriodSeconds volumes
"""

_VOLUME_SOURCES = """
    awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs
    hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume
"""

_IDENTITY: tuple[Pattern, ...] = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))

_BY_KIND: dict[tuple[str, str], tuple[Pattern, ...]] = {
    ("v1", "Pod"): (
        *_patterns("spec", _POD),
        *_patterns("spec.containers.*", _CONTAINER),
        *_patterns("spec.initContainers.*", _CONTAINER),
    ),
    ("v1", "ConfigMap"): (("data",), ("binaryData",)),
    ("v1", "Secret"): (("data",), ("stringData",), ("type",)),
    ("v1", "Service"): _patterns("spec", "clusterIP"),
    ("v1", "ResourceQuota"): _patterns("spec", "scopes"),
    ("v1", "PersistentVolume"): _patterns("spec", _VOLUME_SOURCES),
    ("v1", "PersistentVolumeClaim"): _patterns("spec", "accessModes selector storageClassName volumeName"),
    ("apps/v1", "Deployment"): _patterns("spec", "selector"),
    ("apps/v1", "StatefulSet"): _patterns(
        "spec", "podManagementPolicy revisionHistoryLimit selector serviceName volumeClaimTemplates"
    ),
    ("batch/v1", "Job"): _patterns("spec", "completions parallelism selector template"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): (("roleRef",),),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): (("roleRef",),),
    ("storage.k8s.io/v1", "StorageClass"): (("parameters",), ("provisioner",)),
}


def triggers_of(api_version: str, kind: str) -> tuple[Pattern, ...]:
    """Return the paths whose change replaces an object of this kind."""
    return _IDENTITY + _BY_KIND.get((api_version, kind), ())
