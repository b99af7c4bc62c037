"""The reloader: a sidecar that makes a program take up its changed configuration."""

from collections.abc import Sequence
from typing import Optional

from pydantic import Field, field_validator

from pidshare_components.args.containers import ImagePullPolicy, ResourceRequirements
from pidshare_components.args.signals import Signal
from pidshare_components.formats import absolute_path, dns_label
from pidshare_components.inputs import Image, Model, whole_number

# The volume of a reloader is called after it, with a suffix.
_NAME_LIMIT = 63 - len("-state")


class Reloader(Model):
    """A native sidecar that makes a process of another container take up changed files, by a signal.

    It watches the content of a ConfigMap, a Secret or any other volume that the target mounts, finds the process,
    makes sure that it may signal it and that the process handles the signal (by default, such signals end a process),
    signals it, and looks for the proof that it has reloaded. Until there is one the sidecar is not ready, and neither
    is the pod; its log says why, and it tries again after each interval. What is there when the target starts counts as
    loaded. Nothing is missed while the sidecar itself starts again.

    The process is told by the container it is in (`/proc/PID/mountinfo`), never by its name; it is never PID 1; and
    where two could be meant, none is signalled. By default it is the container's main process.

    The sidecar runs as the target's user and group, without capabilities: that is all it takes to signal a process of
    the same user (kill(2)). `executable` and `pid_file` need a look into the target's processes; of a target that runs
    as root it therefore takes over the capabilities too, for a process looks into another one only with all that the
    other has (ptrace(2)).
    """

    watch: Sequence[str] = Field(min_length=1)
    """Files and folders, as absolute paths in the target, in volumes that it mounts. The sidecar mounts them too."""
    target: Optional[str] = None
    """Name of the container or sidecar whose process is signalled. Default: the first of `containers`."""
    signal: Optional[Signal] = Signal.HUP
    """What makes it reload. Default: HUP."""
    executable: Optional[str] = None
    """Absolute path of the program to signal in the target, as `/proc/PID/exe` shows it. Where it has started others of
    its own program, it is the first one (a master, not its workers). Default: the main process, or what `pid_file`
    names."""
    pid_file: Optional[str] = None
    """Absolute path, in the target and without links, of a file with the PID of the process. Default: none."""
    proof: Optional[Sequence[str]] = Field(default=None, min_length=1)
    """A command that succeeds only once the new configuration is in force, run in the sidecar again and again for
    `patience_seconds`; no shell. Default: the process has new child processes, as nginx, Apache httpd and other
    programs with workers have after a reload."""
    interval_seconds: Optional[int] = Field(default=2, ge=1)
    """Seconds from one look at the files to the next. The kubelet itself takes up to a minute or two to bring a changed
    ConfigMap to the node. Default: 2."""
    patience_seconds: Optional[int] = Field(default=10, ge=2)
    """Seconds from the signal to the proof, at least 2. Default: 10."""
    name: Optional[str] = "reloader"
    """Name of the container (DNS label of at most 57 characters), unique in the pod. Default: reloader."""
    image: Optional[Image] = "busybox:1.37"
    """Image with busybox, or with dash, coreutils, findutils and grep. Default: busybox:1.37."""
    image_pull_policy: Optional[ImagePullPolicy] = None
    """When to pull. Default: Always for `:latest` or no tag, else IfNotPresent."""
    resources: Optional[ResourceRequirements] = None
    """Compute resources."""

    _whole = field_validator("interval_seconds", "patience_seconds", mode="before")(whole_number)

    @field_validator("executable", "pid_file")
    @classmethod
    def _path(cls, value: str) -> str:
        return absolute_path(value)

    @field_validator("watch")
    @classmethod
    def _paths(cls, value: Sequence[str]) -> Sequence[str]:
        for path in value:
            absolute_path(path)
            if "\n" in path:
                raise ValueError("a path with a line end; rename it")
        return value

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        if len(value) > _NAME_LIMIT:
            raise ValueError(f"longer than {_NAME_LIMIT} characters; shorten it")
        return dns_label(value)
