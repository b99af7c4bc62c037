"""A container, as Kubernetes' `Container` has it: names, types and meaning are the API's (`core/v1`)."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Optional

from pydantic import field_validator

from pidshare_components.args.security import SecurityContext
from pidshare_components.formats import dns_label, port_name
from pidshare_components.inputs import (
    AbsolutePath,
    Count,
    Flag,
    Image,
    Model,
    MountPath,
    Name,
    PortNumber,
    Positive,
    Quantity,
    Text,
    TextList,
    port_or_name,
)


class Protocol(Enum):
    """Protocol of a port."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


class ImagePullPolicy(Enum):
    """When the kubelet pulls an image."""

    ALWAYS = "Always"
    IF_NOT_PRESENT = "IfNotPresent"
    NEVER = "Never"


class TerminationMessagePolicy(Enum):
    """Where a container's termination message comes from."""

    FILE = "File"
    FALLBACK_TO_LOGS_ON_ERROR = "FallbackToLogsOnError"


class MountPropagation(Enum):
    """How mounts spread between the host and the container."""

    NONE = "None"
    HOST_TO_CONTAINER = "HostToContainer"
    BIDIRECTIONAL = "Bidirectional"


class SecretKeySelector(Model):
    """One key of a Secret in the pod's namespace."""

    name: Name
    """Name of the Secret."""
    key: Text
    """Key in the Secret's data."""
    optional: Optional[Flag] = None
    """Whether the container starts without the Secret or key. Default: false."""


class ConfigMapKeySelector(Model):
    """One key of a ConfigMap in the pod's namespace."""

    name: Name
    """Name of the ConfigMap."""
    key: Text
    """Key in the ConfigMap's data."""
    optional: Optional[Flag] = None
    """Whether the container starts without the ConfigMap or key. Default: false."""


class ObjectFieldSelector(Model):
    """A field of the pod itself (the downward API)."""

    field_path: Text
    """Path of the field, such as `metadata.name`, `metadata.labels['app']`, `spec.nodeName` or `status.podIP`."""
    api_version: Optional[Text] = None
    """API version the path is written for. Default: v1."""


class ResourceFieldSelector(Model):
    """A resource request or limit of a container (the downward API)."""

    resource: Text
    """The resource, such as `limits.cpu` or `requests.memory`."""
    container_name: Optional[str] = None
    """The container. Default: the one the value is for; required in volumes."""
    divisor: Optional[Quantity] = None
    """Unit of the value. Default: 1."""


class EnvVarSource(Model):
    """Where the value of an environment variable comes from: exactly one of the fields."""

    secret_key_ref: Optional[SecretKeySelector] = None
    """A key of a Secret."""
    config_map_key_ref: Optional[ConfigMapKeySelector] = None
    """A key of a ConfigMap."""
    field_ref: Optional[ObjectFieldSelector] = None
    """A field of the pod."""
    resource_field_ref: Optional[ResourceFieldSelector] = None
    """A resource of a container."""


class EnvVar(Model):
    """An environment variable. In a shared process namespace others may read it from `/proc/PID/environ`."""

    name: str
    """Name: printable ASCII without `=`."""
    value: Optional[Text] = None
    """The value; `$(NAME)` is replaced by the variable NAME. Excludes `value_from`. Default: empty."""
    value_from: Optional[EnvVarSource] = None
    """Where the value comes from. Excludes `value`."""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if not value or "=" in value or not value.isascii() or not value.isprintable():
            raise ValueError("not a variable name; use printable ASCII characters without '='")
        return value


class ConfigMapEnvSource(Model):
    """All keys of a ConfigMap as environment variables."""

    name: Name
    """Name of the ConfigMap."""
    optional: Optional[Flag] = None
    """Whether the container starts without the ConfigMap. Default: false."""


class SecretEnvSource(Model):
    """All keys of a Secret as environment variables."""

    name: Name
    """Name of the Secret."""
    optional: Optional[Flag] = None
    """Whether the container starts without the Secret. Default: false."""


class EnvFromSource(Model):
    """A source of several environment variables: exactly one of the two references."""

    config_map_ref: Optional[ConfigMapEnvSource] = None
    """A ConfigMap."""
    secret_ref: Optional[SecretEnvSource] = None
    """A Secret."""
    prefix: Optional[Text] = None
    """What to put before every key. Default: nothing."""


class ContainerPort(Model):
    """A port that a container listens on."""

    container_port: PortNumber
    """The port, 1 to 65535."""
    name: Optional[str] = None
    """Name (RFC 6335), unique in the pod, for probes, services and network policies."""
    protocol: Optional[Protocol] = None
    """Protocol. Default: TCP."""
    host_port: Optional[PortNumber] = None
    """Port of the node that leads here, 1 to 65535. Default: none."""
    host_ip: Optional[Text] = None
    """Address of the node to bind `host_port` to. Default: all."""

    @field_validator("name")
    @classmethod
    def _name(cls, value: Optional[str]) -> Optional[str]:
        return value if value is None else port_name(value)


class ExecAction(Model):
    """A command run inside the container; exit code 0 is success. No shell: `["sh", "-c", ...]` where one is needed."""

    command: TextList
    """The command and its arguments."""


class HTTPHeader(Model):
    """A header of an HTTP request."""

    name: Text
    """Name of the header."""
    value: Text
    """Its value."""


class HTTPGetAction(Model):
    """An HTTP request; a status from 200 to 399 is success."""

    port: Any
    """Port by number (1 to 65535) or by name."""
    path: Optional[Text] = None
    """Path. Default: /."""
    scheme: Optional[Text] = None
    """HTTP or HTTPS. Default: HTTP."""
    host: Optional[Text] = None
    """Host to connect to. Default: the pod's address."""
    http_headers: Optional[Sequence[HTTPHeader]] = None
    """Headers to send."""

    _port = field_validator("port")(port_or_name)


class TCPSocketAction(Model):
    """A connection to a TCP port; accepted is success."""

    port: Any
    """Port by number (1 to 65535) or by name."""
    host: Optional[Text] = None
    """Host to connect to. Default: the pod's address."""

    _port = field_validator("port")(port_or_name)


class GRPCAction(Model):
    """A call of the gRPC health checking protocol; SERVING is success."""

    port: PortNumber
    """Port by number, 1 to 65535."""
    service: Optional[Text] = None
    """Service to ask for. Default: the server as a whole."""


class SleepAction(Model):
    """A pause."""

    seconds: Count
    """How long, in seconds."""


class Probe(Model):
    """A health check by the kubelet: exactly one of `exec`, `http_get`, `tcp_socket` and `grpc`."""

    exec: Optional[ExecAction] = None
    """A command in the container."""
    http_get: Optional[HTTPGetAction] = None
    """An HTTP request."""
    tcp_socket: Optional[TCPSocketAction] = None
    """A TCP connection."""
    grpc: Optional[GRPCAction] = None
    """A gRPC health check."""
    initial_delay_seconds: Optional[Count] = None
    """Seconds from the container's start to the first check. Default: 0."""
    period_seconds: Optional[Positive] = None
    """Seconds between checks. Default: 10."""
    timeout_seconds: Optional[Positive] = None
    """Seconds until a check counts as failed. Default: 1."""
    success_threshold: Optional[Positive] = None
    """Successes in a row until healthy; 1 for liveness and startup probes. Default: 1."""
    failure_threshold: Optional[Positive] = None
    """Failures in a row until unhealthy. Default: 3."""
    termination_grace_period_seconds: Optional[Positive] = None
    """Seconds the container gets to stop after a failed probe. Default: the pod's."""


class LifecycleHandler(Model):
    """What to do at a point of a container's life: exactly one of the fields."""

    exec: Optional[ExecAction] = None
    """A command in the container."""
    http_get: Optional[HTTPGetAction] = None
    """An HTTP request."""
    sleep: Optional[SleepAction] = None
    """A pause."""


class Lifecycle(Model):
    """Hooks at a container's start and stop."""

    post_start: Optional[LifecycleHandler] = None
    """Right after the start; a failure ends the container."""
    pre_stop: Optional[LifecycleHandler] = None
    """Before the stop signal. Mind `kill 1` here: PID 1 is the pod's sandbox."""


class ResourceRequirements(Model):
    """Compute resources."""

    requests: Optional[Mapping[str, Quantity]] = None
    """What is reserved, by resource name (`cpu`, `memory`, `ephemeral-storage`, ...), as quantities."""
    limits: Optional[Mapping[str, Quantity]] = None
    """What may be used at the most, by resource name, as quantities."""


class VolumeMount(Model):
    """A volume of the pod inside a container. Others reach it through `/proc/PID/root`, mounted there or not."""

    name: str
    """Name of the volume."""
    mount_path: MountPath
    """Where, as an absolute path without `:`."""
    read_only: Optional[Flag] = None
    """Whether writing is refused. Default: false."""
    sub_path: Optional[Text] = None
    """A path inside the volume to mount instead of its root."""
    sub_path_expr: Optional[Text] = None
    """The same with `$(NAME)` replaced by environment variables."""
    mount_propagation: Optional[MountPropagation] = None
    """How mounts spread. Default: None."""


class VolumeDevice(Model):
    """A raw block device inside a container."""

    name: str
    """Name of a persistentVolumeClaim volume of the pod."""
    device_path: AbsolutePath
    """Where, as an absolute path."""


class Container(Model):
    """A container of the pod. It sees every process of the pod, and no process of it is PID 1."""

    name: str
    """Name (DNS label), unique in the pod."""
    image: Image
    """Image reference: `[registry/]repository[:tag][@digest]`."""
    command: Optional[TextList] = None
    """Entry point, in place of the image's; no shell. Default: the image's."""
    args: Optional[TextList] = None
    """Arguments of the entry point. Default: the image's, unless `command` is given."""
    working_dir: Optional[Text] = None
    """Working directory. Default: the image's."""
    env: Optional[Sequence[EnvVar]] = None
    """Environment variables; a later one may refer to an earlier one."""
    env_from: Optional[Sequence[EnvFromSource]] = None
    """ConfigMaps and Secrets whose keys become environment variables."""
    ports: Optional[Sequence[ContainerPort]] = None
    """Ports it listens on."""
    resources: Optional[ResourceRequirements] = None
    """Compute resources."""
    security_context: Optional[SecurityContext] = None
    """User, capabilities and the like; wins over the pod's."""
    volume_mounts: Optional[Sequence[VolumeMount]] = None
    """Volumes of the pod that it mounts."""
    volume_devices: Optional[Sequence[VolumeDevice]] = None
    """Block devices of the pod that it uses."""
    liveness_probe: Optional[Probe] = None
    """Restarts the container when it fails."""
    readiness_probe: Optional[Probe] = None
    """Takes the pod out of its services while it fails."""
    startup_probe: Optional[Probe] = None
    """Holds the other probes back until it succeeds."""
    lifecycle: Optional[Lifecycle] = None
    """Hooks at start and stop."""
    image_pull_policy: Optional[ImagePullPolicy] = None
    """When to pull. Default: Always for `:latest` or no tag, else IfNotPresent."""
    stdin: Optional[Flag] = None
    """Whether stdin stays open, as attach needs it. Default: false."""
    stdin_once: Optional[Flag] = None
    """Whether stdin closes after the first client. Default: false."""
    tty: Optional[Flag] = None
    """Whether stdin is a terminal; needs `stdin`. Default: false."""
    termination_message_path: Optional[AbsolutePath] = None
    """File the termination message is read from. Default: /dev/termination-log."""
    termination_message_policy: Optional[TerminationMessagePolicy] = None
    """Where the termination message comes from. Default: File."""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return dns_label(value)


class LocalObjectReference(Model):
    """An object in the pod's namespace, by name."""

    name: Name
    """Name of the object."""
