"""The debug sidecar: a shell beside the containers, as much of it as asked for."""

from enum import Enum
from typing import Optional

from pydantic import field_validator

from pidshare_components.args.containers import ImagePullPolicy, ResourceRequirements
from pidshare_components.args.security import SecurityContext
from pidshare_components.formats import day, dns_label
from pidshare_components.inputs import Image, Model, TextList


class DebugProfile(Enum):
    """How much a debug sidecar may do, in the words of `kubectl debug --profile`, and `same-uid`."""

    GENERAL = "general"
    BASELINE = "baseline"
    RESTRICTED = "restricted"
    SAME_UID = "same-uid"
    CUSTOM = "custom"


class DebugShell(Model):
    """A sidecar with an interactive shell to attach to.

    Profiles:

    - `general`: root with SYS_PTRACE. Signals, reads and traces every process of the pod. Privileged level only.
    - `baseline`: root, no capability added. Signals every process, reads those of root that have no capability
      added, and as root can take on another user (setuid(2)) to read that one's. Fits the baseline level.
    - `restricted`: the target's user and group, which must not be root, no capability, no privilege escalation.
      Signals and reads the target's processes. Fits the restricted level.
    - `same-uid`: the target's user, group and capabilities: signals and reads what the target itself could.
    - `custom`: what `security_context` says.

    Root is what an image starts as that says nothing else (its USER), such as busybox.
    """

    image: Optional[Image] = "busybox:1.37"
    """Image with the shell. Its main process must be an interactive shell, or attach hangs. Default: busybox:1.37."""
    name: Optional[str] = "shell"
    """Name of the container (DNS label), unique in the pod. Default: shell."""
    profile: Optional[DebugProfile] = DebugProfile.BASELINE
    """How much it may do. Default: baseline."""
    target: Optional[str] = None
    """Name of the container to debug. Default: the first of `containers`."""
    command: Optional[TextList] = None
    """The shell. Default: what the image starts; with `target_root` it is `sh -i`."""
    target_root: Optional[bool] = False
    """Whether the shell starts in the target's root file system, for images without a shell: its own programs act on
    the files there (`cat etc/passwd`; absolute paths are those of its own image). It waits for the target's main
    process, sets TARGET_PID and TARGET_ROOT (`/proc/PID/root`), and after a restart of the target `exit` brings a shell
    that has the new ones. Takes the kernel's leave to look into that process (ptrace(2)): `general` always has it,
    `same-uid` and `restricted` as long as the process keeps its user and is dumpable, `baseline` only for a target that
    runs as root without more capabilities than its own. Default: false."""
    security_context: Optional[SecurityContext] = None
    """With the profile `custom`, and only with it."""
    resources: Optional[ResourceRequirements] = None
    """Compute resources."""
    image_pull_policy: Optional[ImagePullPolicy] = None
    """When to pull. Default: Always for `:latest` or no tag, else IfNotPresent."""
    reason: Optional[str] = None
    """Why it is there, as the pod's annotation `pidshare-components/debug-reason`. The rule `debug-in-production` asks
    for it."""
    expires: Optional[str] = None
    """Its last day (UTC), YYYY-MM-DD, as the pod's annotation `pidshare-components/debug-expires`. The rule
    `debug-in-production` asks for it, and stops a deployment after it."""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return dns_label(value)

    @field_validator("reason")
    @classmethod
    def _reason(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("empty; write who needs the debug sidecar and why, or leave it out")
        return value

    @field_validator("expires")
    @classmethod
    def _expires(cls, value: str) -> str:
        return day(value)
