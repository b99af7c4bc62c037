"""The arguments of the kinds whose pods run on and on: Deployment, StatefulSet, DaemonSet (`apps/v1`)."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar, Optional

from pydantic import Field, field_validator

from pidshare_components.args.kinds import DAEMON_SET, DEPLOYMENT, STATEFUL_SET, Kind
from pidshare_components.args.template import PodTemplateArgs
from pidshare_components.formats import dns_label
from pidshare_components.inputs import (
    Count,
    Flag,
    Labels,
    Model,
    Name,
    Positive,
    Quantity,
    Text,
    count_or_percent,
)


class RollingUpdate(Model):
    """How many pods a rolling update may add and take away at a time."""

    max_surge: Optional[Any] = None
    """Pods that may be there beside the wanted ones: a number, or a percentage such as `25%`. Default: 25% for
    Deployments, 0 for DaemonSets, where another number needs `max_unavailable` 0."""
    max_unavailable: Optional[Any] = None
    """Pods that may be missing: a number, or a percentage such as `25%`. Default: 25% for Deployments, 1 for
    DaemonSets."""

    _counts = field_validator("max_surge", "max_unavailable")(count_or_percent)


class DeploymentStrategyType(Enum):
    """How new pods take the place of old ones."""

    ROLLING_UPDATE = "RollingUpdate"
    RECREATE = "Recreate"


class DeploymentStrategy(Model):
    """How new pods take the place of old ones (`DeploymentStrategy`)."""

    type: Optional[DeploymentStrategyType] = None
    """RollingUpdate, or Recreate: all old pods end before the first new one starts. Default: RollingUpdate."""
    rolling_update: Optional[RollingUpdate] = None
    """With RollingUpdate only."""


class SharedProcessDeploymentArgs(PodTemplateArgs):
    """A Deployment of pods whose containers share one process namespace, and the access to them.

    The fields of its pods are those of `SharedProcessPodArgs`, those beside them Kubernetes' own of a `DeploymentSpec`.

    Raises:
        ArgumentsError: with every mistake, one line each. Outputs are judged by the same rules when they resolve.
    """

    _kind: ClassVar[Kind] = DEPLOYMENT

    name: Optional[Name] = None
    """Name of the Deployment. Default: made by Pulumi, so that a replacement starts before the old one ends."""
    workload_annotations: Optional[Mapping[str, Text]] = None
    """Annotations of the Deployment itself, such as `pulumi.com/skipAwait`."""
    replicas: Optional[Count] = None
    """Number of pods. Default: 1, or what an autoscaler makes of it."""
    strategy: Optional[DeploymentStrategy] = None
    """How new pods take the place of old ones. Default: a rolling update."""
    min_ready_seconds: Optional[Count] = None
    """Seconds that a new pod must be ready to count as available. Default: 0."""
    progress_deadline_seconds: Optional[Positive] = None
    """Seconds without progress after which a rollout has failed. Default: 600."""
    revision_history_limit: Optional[Count] = None
    """Number of old ReplicaSets that are kept for going back. Default: 10."""
    paused: Optional[Flag] = None
    """Whether changes of the pods wait. Default: false."""


class PodManagementPolicy(Enum):
    """In which order the pods of a StatefulSet start and end."""

    ORDERED_READY = "OrderedReady"
    PARALLEL = "Parallel"


class UpdateStrategyType(Enum):
    """Whether a change replaces pods, or waits for them to be deleted."""

    ROLLING_UPDATE = "RollingUpdate"
    ON_DELETE = "OnDelete"


class RollingUpdateStatefulSet(Model):
    """Which pods a rolling update replaces (`RollingUpdateStatefulSetStrategy`)."""

    partition: Optional[Count] = None
    """Lowest number of a pod that is updated. Default: 0, which is all."""


class StatefulSetUpdateStrategy(Model):
    """How a change gets into the pods (`StatefulSetUpdateStrategy`)."""

    type: Optional[UpdateStrategyType] = None
    """RollingUpdate or OnDelete. Default: RollingUpdate."""
    rolling_update: Optional[RollingUpdateStatefulSet] = None
    """With RollingUpdate only."""


class VolumeAccessMode(Enum):
    """Who may mount a volume, and how."""

    READ_WRITE_ONCE = "ReadWriteOnce"
    READ_ONLY_MANY = "ReadOnlyMany"
    READ_WRITE_MANY = "ReadWriteMany"
    READ_WRITE_ONCE_POD = "ReadWriteOncePod"


class VolumeMode(Enum):
    """What a volume is in a container."""

    FILESYSTEM = "Filesystem"
    BLOCK = "Block"


class VolumeClaimTemplate(Model):
    """A volume that each pod of a StatefulSet has for itself (`PersistentVolumeClaim`). It outlives the pod."""

    name: str
    """Name (DNS label), by which containers mount it."""
    storage: Quantity
    """Size, such as `1Gi`."""
    access_modes: Sequence[VolumeAccessMode] = Field(min_length=1)
    """Who may mount it, at least one."""
    storage_class_name: Optional[Text] = None
    """Storage class. Default: the cluster's."""
    volume_mode: Optional[VolumeMode] = None
    """A file system, or a device for `volume_devices`. Default: Filesystem."""
    labels: Labels = None
    """Labels of the claims."""
    annotations: Optional[Mapping[str, Text]] = None
    """Annotations of the claims."""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return dns_label(value)


class RetentionPolicy(Enum):
    """What becomes of the volume claims of pods that are gone for good."""

    RETAIN = "Retain"
    DELETE = "Delete"


class ClaimRetentionPolicy(Model):
    """What becomes of volume claims (`StatefulSetPersistentVolumeClaimRetentionPolicy`)."""

    when_deleted: Optional[RetentionPolicy] = None
    """When the StatefulSet is deleted. Default: Retain."""
    when_scaled: Optional[RetentionPolicy] = None
    """When `replicas` gets smaller. Default: Retain."""


class SharedProcessStatefulSetArgs(PodTemplateArgs):
    """A StatefulSet of pods whose containers share one process namespace, its Service, and the access to them.

    The fields of its pods are those of `SharedProcessPodArgs`, those beside them Kubernetes' own of a
    `StatefulSetSpec`. A headless Service gives each pod its name in the DNS: `POD.SERVICE.NAMESPACE.svc`.

    Raises:
        ArgumentsError: with every mistake, one line each. Outputs are judged by the same rules when they resolve.
    """

    _kind: ClassVar[Kind] = STATEFUL_SET

    name: Optional[Name] = None
    """Name (RFC 1035) of the StatefulSet and of its Service, at most 52 characters. Default: made by Pulumi. What
    cannot be changed in place replaces the StatefulSet; under another name it begins with new volumes."""
    workload_annotations: Optional[Mapping[str, Text]] = None
    """Annotations of the StatefulSet itself, such as `pulumi.com/skipAwait`."""
    replicas: Optional[Count] = None
    """Number of pods. Default: 1, or what an autoscaler makes of it."""
    volume_claim_templates: Optional[Sequence[VolumeClaimTemplate]] = None
    """Volumes that each pod has for itself. Whatever changes here replaces the StatefulSet."""
    persistent_volume_claim_retention_policy: Optional[ClaimRetentionPolicy] = None
    """What becomes of these volumes. Default: they stay."""
    pod_management_policy: Optional[PodManagementPolicy] = None
    """OrderedReady, one after the other, or Parallel. Default: OrderedReady."""
    update_strategy: Optional[StatefulSetUpdateStrategy] = None
    """How a change gets into the pods. Default: a rolling update."""
    publish_not_ready_addresses: Optional[Flag] = None
    """Whether pods are in the DNS before they are ready, as peers that look for each other need it. Default: false."""
    min_ready_seconds: Optional[Count] = None
    """Seconds that a new pod must be ready to count as available. Default: 0."""
    revision_history_limit: Optional[Count] = None
    """Number of old revisions that are kept for going back. Pulumi replaces the StatefulSet for it. Default: 10."""


class DaemonSetUpdateStrategy(Model):
    """How a change gets into the pods (`DaemonSetUpdateStrategy`)."""

    type: Optional[UpdateStrategyType] = None
    """RollingUpdate or OnDelete. Default: RollingUpdate."""
    rolling_update: Optional[RollingUpdate] = None
    """With RollingUpdate only."""


class SharedProcessDaemonSetArgs(PodTemplateArgs):
    """A DaemonSet: on each node a pod whose containers share one process namespace, and the access to them.

    The fields of its pods are those of `SharedProcessPodArgs`, those beside them Kubernetes' own of a `DaemonSetSpec`.

    Raises:
        ArgumentsError: with every mistake, one line each. Outputs are judged by the same rules when they resolve.
    """

    _kind: ClassVar[Kind] = DAEMON_SET

    name: Optional[Name] = None
    """Name of the DaemonSet. Default: made by Pulumi, so that a replacement starts before the old one ends."""
    workload_annotations: Optional[Mapping[str, Text]] = None
    """Annotations of the DaemonSet itself, such as `pulumi.com/skipAwait`."""
    update_strategy: Optional[DaemonSetUpdateStrategy] = None
    """How a change gets into the pods. Default: a rolling update."""
    min_ready_seconds: Optional[Count] = None
    """Seconds that a new pod must be ready to count as available. Default: 0."""
    revision_history_limit: Optional[Count] = None
    """Number of old revisions that are kept for going back. Default: 10."""
