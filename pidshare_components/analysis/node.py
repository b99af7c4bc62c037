"""What the machine that a pod runs on decides and the pod's spec does not say."""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Optional

from pidshare_components.analysis.capabilities import Runtime
from pidshare_components.analysis.images import Ids


class SecurityModule(Enum):
    """The Linux security module that confines containers on a node, beside the kernel's own rules."""

    NONE = "none"
    APPARMOR = "apparmor"
    SELINUX = "selinux"


@dataclass(frozen=True)
class Node:
    """Facts of a node. What is None is not known, and so is what depends on it.

    Attributes:
        runtime: the container runtime, for its default capabilities. Default: containerd.
        pause_user: user and group of the sandbox's image, which is a setting of the runtime. Kubernetes' own image
            (registry.k8s.io/pause) has 65535:65535. Default: not known.
        security_module: which one confines containers. Where it is not said, it counts only for containers whose
            security context names a profile or label of one, and the answers for these are unknown.
        ptrace_scope: the sysctl kernel.yama.ptrace_scope, 0 to 3; 0 on a kernel without Yama. Where it is not said
            it may be 0, 1 or 2, and who traces without SYS_PTRACE is unknown.
        kernel: version of the kernel, such as (6, 12). From 6.15 on PERFMON and SYS_ADMIN read every environment.
    """

    runtime: Runtime = Runtime.CONTAINERD
    pause_user: Optional[Ids] = None
    security_module: Optional[SecurityModule] = None
    ptrace_scope: Optional[int] = None
    kernel: Optional[tuple[int, int]] = None


_KERNEL = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})(?:[.-].*)?")


def kernel_version(release: str) -> tuple[int, int]:
    """Return the version of a kernel, of which `uname -r` prints the release, such as 6.12 or 6.8.0-45-generic.

    Raises:
        ValueError: "reason; what to write instead".
    """
    found = _KERNEL.fullmatch(release)
    if not found:
        raise ValueError("is no version of a kernel; write one as uname -r prints it, such as 6.12")
    return int(found[1]), int(found[2])
