"""Security contexts, as Kubernetes' `SecurityContext` and `PodSecurityContext` have them (`core/v1`)."""

from collections.abc import Sequence
from enum import Enum
from typing import Optional

from pidshare_components.inputs import Flag, Model, Text, UserId


class ProfileType(Enum):
    """Where a seccomp or AppArmor profile comes from."""

    RUNTIME_DEFAULT = "RuntimeDefault"
    UNCONFINED = "Unconfined"
    LOCALHOST = "Localhost"


class ProcMount(Enum):
    """Which paths of /proc are masked."""

    DEFAULT = "Default"
    UNMASKED = "Unmasked"


class SupplementalGroupsPolicy(Enum):
    """Whether groups of the image's /etc/group count."""

    MERGE = "Merge"
    STRICT = "Strict"


class FSGroupChangePolicy(Enum):
    """When a volume's owner and mode are changed for fs_group."""

    ON_ROOT_MISMATCH = "OnRootMismatch"
    ALWAYS = "Always"


class Capabilities(Model):
    """Linux capabilities, by the names of capabilities(7) without `CAP_`, or `ALL`."""

    add: Optional[Sequence[str]] = None
    """Added to the runtime's default set. A process that does not start as root gets none of them."""
    drop: Optional[Sequence[str]] = None
    """Taken from the runtime's default set."""


class SeccompProfile(Model):
    """A seccomp profile."""

    type: ProfileType
    """Which one."""
    localhost_profile: Optional[Text] = None
    """File below the kubelet's seccomp folder; with type Localhost only."""


class AppArmorProfile(Model):
    """An AppArmor profile."""

    type: ProfileType
    """Which one."""
    localhost_profile: Optional[Text] = None
    """Name of a profile loaded on the node; with type Localhost only."""


class SELinuxOptions(Model):
    """The SELinux label of the processes."""

    user: Optional[Text] = None
    """SELinux user."""
    role: Optional[Text] = None
    """SELinux role."""
    type: Optional[Text] = None
    """SELinux type."""
    level: Optional[Text] = None
    """SELinux level."""


class SecurityContext(Model):
    """Security settings of one container; they win over the pod's."""

    run_as_user: Optional[UserId] = None
    """User id of the main process, 0 to 2147483647. Default: the pod's, else the image's."""
    run_as_group: Optional[UserId] = None
    """Group id of the main process. Default: the pod's, else the image's."""
    run_as_non_root: Optional[Flag] = None
    """Whether the kubelet refuses to start the container as user 0. Default: the pod's, else false."""
    capabilities: Optional[Capabilities] = None
    """Capabilities to add and drop. Default: the runtime's set."""
    privileged: Optional[Flag] = None
    """Whether the container has every capability and the node's devices. Default: false."""
    allow_privilege_escalation: Optional[Flag] = None
    """False sets no_new_privs: set-uid and file capabilities give nothing. Default: true."""
    read_only_root_filesystem: Optional[Flag] = None
    """Whether the root file system refuses writing. Default: false."""
    proc_mount: Optional[ProcMount] = None
    """Which paths of /proc are masked. Default: Default."""
    seccomp_profile: Optional[SeccompProfile] = None
    """Seccomp profile. Default: the pod's, else the kubelet's."""
    app_armor_profile: Optional[AppArmorProfile] = None
    """AppArmor profile. Default: the pod's, else the runtime's."""
    se_linux_options: Optional[SELinuxOptions] = None
    """SELinux label. Default: the pod's, else the runtime's."""


class Sysctl(Model):
    """A kernel parameter of the pod's namespaces."""

    name: Text
    """Name, such as `net.core.somaxconn`."""
    value: Text
    """Value."""


class PodSecurityContext(Model):
    """Security settings for all containers of the pod."""

    run_as_user: Optional[UserId] = None
    """User id of the main processes, 0 to 2147483647. Default: the image's."""
    run_as_group: Optional[UserId] = None
    """Group id of the main processes. Default: the image's."""
    run_as_non_root: Optional[Flag] = None
    """Whether the kubelet refuses to start a container as user 0. Default: false."""
    supplemental_groups: Optional[Sequence[UserId]] = None
    """Further group ids of the main processes."""
    supplemental_groups_policy: Optional[SupplementalGroupsPolicy] = None
    """Whether groups of the image's /etc/group count too. Default: Merge."""
    fs_group: Optional[UserId] = None
    """Group id of volumes, and a further group of the main processes."""
    fs_group_change_policy: Optional[FSGroupChangePolicy] = None
    """When a volume's owner and mode are changed. Default: Always."""
    seccomp_profile: Optional[SeccompProfile] = None
    """Seccomp profile. Default: the kubelet's."""
    app_armor_profile: Optional[AppArmorProfile] = None
    """AppArmor profile. Default: the runtime's."""
    se_linux_options: Optional[SELinuxOptions] = None
    """SELinux label. Default: the runtime's."""
    sysctls: Optional[Sequence[Sysctl]] = None
    """Kernel parameters of the pod's namespaces."""
