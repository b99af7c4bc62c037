"""The log handler: a sidecar that rotates a log which another container writes, or makes it readable by kubectl."""

from typing import Optional

from pydantic import Field, field_validator

from pidshare_components.args.containers import ImagePullPolicy, ResourceRequirements
from pidshare_components.args.signals import Signal
from pidshare_components.formats import absolute_path, dns_label
from pidshare_components.inputs import Image, Model, whole_number


class LogRotation(Model):
    """When a log is moved aside, and what is kept of it."""

    max_bytes: int = Field(ge=1)
    """The log is moved aside when it is larger."""
    keep: Optional[int] = Field(default=4, ge=1)
    """Number of old logs, in `path.1` (the youngest), `path.2` and so on; older ones are lost. Default: 4."""
    signal: Optional[Signal] = Signal.USR1
    """What makes the program reopen its log; by default a signal like this ends a program. Default: USR1, as nginx
    takes it."""
    patience_seconds: Optional[int] = Field(default=30, ge=1)
    """Seconds until it is an error that the program is not found, or does not reopen its log. Default: 30."""

    _whole = field_validator("max_bytes", "keep", "patience_seconds", mode="before")(whole_number)


class LogHandler(Model):
    """A native sidecar for a log that another container writes into a volume: rotation, shipping, or both.

    Rotation moves the log aside, signals the program that writes it, and looks whether nobody writes the old one any
    more. The program is found by its container and is signalled only while it has this very log open (device and
    inode): `executable` and `pid_file` say which process of the container it is.

    Shipping copies the log to the sidecar's standard output, so that `kubectl logs` and the cluster's log collector
    have it. Nothing is lost in a rotation, and each byte is copied once while the sidecar runs; a new start of it
    copies the current log anew.

    The sidecar runs as the target's user and group without capabilities, which is all that a signal and a look into
    `/proc` take among processes of one user. Of a target that runs as root it takes over the capabilities too: a
    process looks into another one only with all that the other has (ptrace(2)), and root reads the logs of other
    owners by a capability (capabilities(7)).

    It ends with an error when a rotation does not come out right, with the reason as its termination message; the
    kubelet starts it again, and the rotation is finished first.
    """

    path: str
    """The log, an absolute path in the target, in a volume that the target mounts. The sidecar mounts it too."""
    target: Optional[str] = None
    """Name of the container or sidecar that writes the log. Default: the first of `containers`."""
    rotation: Optional[LogRotation] = None
    """When the log is rotated. Default: never."""
    ship: Optional[bool] = None
    """Whether the log is copied to standard output. Default: where there is no `rotation`."""
    executable: Optional[str] = None
    """For rotation: absolute path of the program to signal in the target, as `/proc/PID/exe` shows it. Default: the
    main process, or what `pid_file` names."""
    pid_file: Optional[str] = None
    """For rotation: absolute path, in the target, of a file with the PID of the process to signal. Default: none."""
    any_user: Optional[bool] = False
    """For rotation: whether processes of the target may be of another user than it starts as, such as the workers of
    an nginx that starts as root. Adds SYS_PTRACE, DAC_OVERRIDE and KILL, which needs a target that runs as user 0 and
    the privileged Pod Security Standards level. Default: false."""
    interval_seconds: Optional[int] = Field(default=1, ge=1)
    """Seconds from one look at the log to the next. Default: 1."""
    name: Optional[str] = "log-handler"
    """Name of the container (DNS label), unique in the pod. Default: log-handler."""
    image: Optional[Image] = "busybox:1.37"
    """Image with busybox, or with dash, coreutils, findutils and grep. Default: busybox:1.37."""
    image_pull_policy: Optional[ImagePullPolicy] = None
    """When to pull. Default: Always for `:latest` or no tag, else IfNotPresent."""
    resources: Optional[ResourceRequirements] = None
    """Compute resources."""

    _whole = field_validator("interval_seconds", mode="before")(whole_number)

    @field_validator("path", "executable", "pid_file")
    @classmethod
    def _path(cls, value: str) -> str:
        return absolute_path(value)

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return dns_label(value)
