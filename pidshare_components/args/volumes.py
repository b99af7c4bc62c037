"""Volumes of the pod, as Kubernetes' `Volume` has them (`core/v1`)."""

from collections.abc import Mapping, Sequence
from typing import Any, Optional

from pydantic import field_validator

from pidshare_components.args.containers import ObjectFieldSelector, ResourceFieldSelector
from pidshare_components.formats import dns_label
from pidshare_components.inputs import AbsolutePath, FileMode, Flag, Model, Name, Positive, Quantity, Text


class KeyToPath(Model):
    """A key as a file."""

    key: Text
    """The key."""
    path: Text
    """Path of the file, relative to the volume's root."""
    mode: Optional[FileMode] = None
    """Mode bits, 0 to 511 (0o777). Default: the volume's."""


class EmptyDirVolumeSource(Model):
    """An empty folder that lives as long as the pod."""

    medium: Optional[Text] = None
    """`Memory` for a tmpfs. Default: the node's disk."""
    size_limit: Optional[Quantity] = None
    """Largest size. Default: none."""


class ConfigMapVolumeSource(Model):
    """The keys of a ConfigMap as files."""

    name: Name
    """Name of the ConfigMap."""
    items: Optional[Sequence[KeyToPath]] = None
    """Which keys, under which paths. Default: all."""
    default_mode: Optional[FileMode] = None
    """Mode bits of the files, 0 to 511 (0o777). Default: 0o644."""
    optional: Optional[Flag] = None
    """Whether the pod starts without the ConfigMap. Default: false."""


class SecretVolumeSource(Model):
    """The keys of a Secret as files. Others may read them through `/proc/PID/root`."""

    secret_name: Name
    """Name of the Secret."""
    items: Optional[Sequence[KeyToPath]] = None
    """Which keys, under which paths. Default: all."""
    default_mode: Optional[FileMode] = None
    """Mode bits of the files, 0 to 511 (0o777). Default: 0o644."""
    optional: Optional[Flag] = None
    """Whether the pod starts without the Secret. Default: false."""


class DownwardAPIVolumeFile(Model):
    """A field of the pod as a file: exactly one of the two references."""

    path: Text
    """Path of the file, relative to the volume's root."""
    field_ref: Optional[ObjectFieldSelector] = None
    """A field of the pod."""
    resource_field_ref: Optional[ResourceFieldSelector] = None
    """A resource of a container."""
    mode: Optional[FileMode] = None
    """Mode bits, 0 to 511 (0o777). Default: the volume's."""


class DownwardAPIVolumeSource(Model):
    """Fields of the pod as files."""

    items: Optional[Sequence[DownwardAPIVolumeFile]] = None
    """The files."""
    default_mode: Optional[FileMode] = None
    """Mode bits of the files, 0 to 511 (0o777). Default: 0o644."""


class ConfigMapProjection(Model):
    """The keys of a ConfigMap in a projected volume."""

    name: Name
    """Name of the ConfigMap."""
    items: Optional[Sequence[KeyToPath]] = None
    """Which keys, under which paths. Default: all."""
    optional: Optional[Flag] = None
    """Whether the pod starts without the ConfigMap. Default: false."""


class SecretProjection(Model):
    """The keys of a Secret in a projected volume."""

    name: Name
    """Name of the Secret."""
    items: Optional[Sequence[KeyToPath]] = None
    """Which keys, under which paths. Default: all."""
    optional: Optional[Flag] = None
    """Whether the pod starts without the Secret. Default: false."""


class DownwardAPIProjection(Model):
    """Fields of the pod in a projected volume."""

    items: Optional[Sequence[DownwardAPIVolumeFile]] = None
    """The files."""


class ServiceAccountTokenProjection(Model):
    """A token of the pod's service account in a projected volume."""

    path: Text
    """Path of the file, relative to the volume's root."""
    audience: Optional[Text] = None
    """Whom the token is for. Default: the API server."""
    expiration_seconds: Optional[Positive] = None
    """Life of the token in seconds, at least 600. Default: 3600."""


class VolumeProjection(Model):
    """A source of a projected volume: exactly one of the fields."""

    config_map: Optional[ConfigMapProjection] = None
    """A ConfigMap."""
    secret: Optional[SecretProjection] = None
    """A Secret."""
    downward_api: Optional[DownwardAPIProjection] = None
    """Fields of the pod."""
    service_account_token: Optional[ServiceAccountTokenProjection] = None
    """A token of the pod's service account."""


class ProjectedVolumeSource(Model):
    """Several sources in one folder."""

    sources: Sequence[VolumeProjection]
    """The sources."""
    default_mode: Optional[FileMode] = None
    """Mode bits of the files, 0 to 511 (0o777). Default: 0o644."""


class PersistentVolumeClaimVolumeSource(Model):
    """A persistent volume, by its claim."""

    claim_name: Name
    """Name of the PersistentVolumeClaim in the pod's namespace."""
    read_only: Optional[Flag] = None
    """Whether every mount is read-only. Default: false."""


class HostPathVolumeSource(Model):
    """A file or folder of the node. Needs the privileged Pod Security Standards level."""

    path: AbsolutePath
    """Path on the node."""
    type: Optional[Text] = None
    """What must be there, such as `Directory` or `Socket`. Default: anything."""


class Volume(Model):
    """A volume of the pod: a name and exactly one source."""

    name: str
    """Name (DNS label), unique in the pod."""
    empty_dir: Optional[EmptyDirVolumeSource] = None
    """An empty folder."""
    config_map: Optional[ConfigMapVolumeSource] = None
    """A ConfigMap."""
    secret: Optional[SecretVolumeSource] = None
    """A Secret."""
    projected: Optional[ProjectedVolumeSource] = None
    """Several sources in one folder."""
    downward_api: Optional[DownwardAPIVolumeSource] = None
    """Fields of the pod."""
    persistent_volume_claim: Optional[PersistentVolumeClaimVolumeSource] = None
    """A persistent volume."""
    host_path: Optional[HostPathVolumeSource] = None
    """A file or folder of the node."""
    csi: Optional[Mapping[str, Any]] = None
    """An ephemeral volume of a CSI driver, as Kubernetes' `CSIVolumeSource`."""
    ephemeral: Optional[Mapping[str, Any]] = None
    """A claim that lives as long as the pod, as Kubernetes' `EphemeralVolumeSource`."""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return dns_label(value)
