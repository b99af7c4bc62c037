"""What confines a container beside users and capabilities, and whether that lets it at another one.

Sources: the default AppArmor profile of containerd and CRI-O (`contrib/apparmor/template.go` of containerd/containerd),
seccomp(2), and Kubernetes' documentation of SecurityContext.
"""

from functools import lru_cache
from typing import NamedTuple, Optional

from pidshare_components.analysis.node import SecurityModule

DEFAULT = "RuntimeDefault"
"""Type of the profile that a runtime gives to a container."""
UNCONFINED = "Unconfined"


class Confinement(NamedTuple):
    """What confines a container: "" where it names nothing, None where that is not known.

    Attributes:
        seccomp: type of its seccomp profile.
        apparmor: type of the AppArmor profile that it names, with the profile's name if it is Localhost.
        selinux: its SELinux label.
        privileged: whether it is privileged, and so has no AppArmor profile.
    """

    seccomp: Optional[str]
    apparmor: Optional[str]
    selinux: Optional[tuple[str, ...]]
    privileged: Optional[bool]

    @property
    def may_lack_system_calls(self) -> bool:
        """Whether its seccomp profile may forbid kill(2) and ptrace(2).

        The runtimes' own allow both: containerd's from 1.6.7 on (containerd/containerd#7171), CRI-O's since 2022
        (containers/common#973).
        """
        return self.seccomp is None or self.seccomp.startswith("Localhost")


@lru_cache(maxsize=4096)
def allows(
    module: Optional[SecurityModule], caller: Confinement, target: Confinement, *, sandbox: bool
) -> Optional[bool]:
    """Return whether a node's security module lets one container at another one; None if that is not known.

    Args:
        module: the node's; where it is not known, what the containers name of any module counts.
        caller: what confines the one.
        target: what confines the other.
        sandbox: whether the other is the sandbox, which has the pod's SELinux label.
    """
    if module is SecurityModule.NONE:
        return True
    if module is SecurityModule.APPARMOR:
        return _apparmor_allows(_apparmor(caller, really=True), _apparmor(target, really=True))
    same_label = caller.selinux is not None and caller.selinux == target.selinux
    if module is SecurityModule.SELINUX:
        same_kind = caller.privileged == target.privileged or sandbox
        return True if (same_label and same_kind) or caller.privileged else None
    by_name = _apparmor_allows(_apparmor(caller, really=False), _apparmor(target, really=False))
    return True if same_label and by_name else None


def _apparmor(confinement: Confinement, *, really: bool) -> Optional[str]:
    """Return the type of the AppArmor profile, as it is on a node with AppArmor or as the spec names it."""
    if really and confinement.privileged:
        return UNCONFINED
    return DEFAULT if confinement.apparmor == "" else confinement.apparmor


def _apparmor_allows(caller: Optional[str], target: Optional[str]) -> Optional[bool]:
    """Judge by the default profile: it lets those at each other that have it, and at nobody else."""
    if caller == target == DEFAULT:
        return True
    if caller not in (DEFAULT, UNCONFINED) or target not in (DEFAULT, UNCONFINED):
        return None
    return caller == UNCONFINED
