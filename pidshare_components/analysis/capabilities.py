"""Linux capabilities as sets of bits, and what a container runtime makes of the lists in a security context."""

from collections.abc import Iterable
from enum import Enum
from functools import lru_cache

# In the kernel's order (include/uapi/linux/capability.h), written as Kubernetes writes them: without `CAP_`.
NAMES = (
    *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP"),
    *("LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER"),
    *("SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE"),
    *("SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP"),
    *("MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF"),
    "CHECKPOINT_RESTORE",
)
_BITS = {name: 1 << number for number, name in enumerate(NAMES)}

NONE = 0
ALL = (1 << len(NAMES)) - 1


def bits(names: Iterable[str]) -> int:
    """Return the set of some capabilities, by their names without `CAP_`."""
    found = NONE
    for name in names:
        found |= _BITS[name]
    return found


def names_of(capabilities: int) -> list[str]:
    """Return the names of a set, in the kernel's order."""
    return [name for name, bit in _BITS.items() if capabilities & bit]


KILL = bits(["KILL"])
SETUID = bits(["SETUID"])
SETGID = bits(["SETGID"])
CHANGES_USER = SETUID | SETGID
"""What it takes to change to any user and group."""
SYS_PTRACE = bits(["SYS_PTRACE"])
PERFMON = bits(["PERFMON", "SYS_ADMIN"])
"""Either of them counts where the kernel asks for PERFMON."""
READS_ANY_FILE = bits(["DAC_OVERRIDE", "DAC_READ_SEARCH"])
"""Either of them lets a process read files whatever their permission bits say."""


class Runtime(Enum):
    """A container runtime, for the capabilities that a container has where its security context says nothing."""

    CONTAINERD = "containerd"
    CRI_O = "cri-o"


_CRI_O = ["CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE", "KILL"]
DEFAULTS = {
    # containerd's oci package; Docker has the same.
    Runtime.CONTAINERD: bits([*_CRI_O, "AUDIT_WRITE", "MKNOD", "NET_RAW", "SETFCAP", "SYS_CHROOT"]),
    # `default_capabilities` in crio.conf(5), since CRI-O 1.18.
    Runtime.CRI_O: bits(_CRI_O),
}


def bit(name: str) -> int:
    """Return the set of the capability of that name in any case, as the runtimes read it; 0 if there is none."""
    return _BITS.get(name.upper(), NONE)


@lru_cache(maxsize=4096)
def granted(runtime: Runtime, add: tuple[str, ...], drop: tuple[str, ...]) -> int:
    """Return the capabilities that a container has which starts as root and is not privileged.

    Both runtimes set `ALL` first (dropping it wins), then add the added ones, then take the dropped ones away.
    """
    adds, drops = {name.upper() for name in add}, {name.upper() for name in drop}
    found = DEFAULTS[runtime]
    if "ALL" in adds:
        found = ALL
    if "ALL" in drops:
        found = NONE
    for name in adds:
        found |= _BITS.get(name, NONE)
    for name in drops:
        found &= ~_BITS.get(name, NONE)
    return found
