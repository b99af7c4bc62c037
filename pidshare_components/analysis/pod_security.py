"""The Pod Security Standards: the strictest level that a pod meets, and what stops it from the next one.

It decides as Kubernetes' PodSecurity admission does for a namespace with the label
`pod-security.kubernetes.io/enforce-version`. Source: `policy` in k8s.io/pod-security-admission v0.37.2, which has the
controls of every version. Clusters of an earlier version decide the same with three exceptions that no pod shows: what
their configuration exempts; pods with a user namespace, which a feature gate that is off by default
(UserNamespacesPodSecurityStandards) excuses from 1.29 to 1.34 as 1.35 does; and fields that were not yet there, of
which 1.31 and 1.32 took volumes of images for unsafe ones.

A pod is one that the API server's validation takes. One that it refuses anyway, such as a Windows pod with
capabilities, or a volume with two sources, meets restricted only if it meets baseline too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Optional

from pidshare_components.analysis import pod_security_controls as controls
from pidshare_components.analysis.pod_security_controls import Faults
from pidshare_components.analysis.pod_security_pod import Fault, Pod
from pidshare_components.analysis.tree import UNKNOWN, Path, Tree


class Level(Enum):
    """A level of the Pod Security Standards; each has all controls of those before it."""

    PRIVILEGED = "privileged"
    """Anything goes."""
    BASELINE = "baseline"
    """Nothing that gives the node away."""
    RESTRICTED = "restricted"
    """Hardened by what is known today."""


@dataclass(frozen=True, slots=True)
class Block:
    """A control that stops a pod from a level.

    Attributes:
        control: the id of the admission's check, such as `capabilities_baseline`.
        level: that it stops the pod from.
        paths: where, from the pod's spec; annotations are below `metadata`. Where some places surely stop the pod,
            those that may stop it are left out.
        message: what is wrong, as a clause.
        fix: what to write instead, as an imperative.
        certain: False if it may turn out to be none, as it hinges on an UNKNOWN leaf.
    """

    control: str
    level: Level
    paths: tuple[Path, ...]
    message: str
    fix: str
    certain: bool = True


@dataclass(frozen=True, slots=True)
class PodSecurity:
    """What the Pod Security Standards say of a pod.

    Attributes:
        level: the strictest one that it surely meets, whatever its UNKNOWN leaves turn out to be.
        version: of Kubernetes that it was judged for, such as `1.34`.
        blocks: what stops it from the next stricter level, in the admission's order; none for restricted.
    """

    level: Level
    version: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class _Excuse:
    holds: Callable[[Pod], object]
    unless: str


@dataclass(frozen=True)
class _Control:
    """A control as it is from a version on, until one of the same id replaces it."""

    id: str
    level: Level
    faults: Faults
    fix: str
    since: int
    excuse: Optional[_Excuse]


_WINDOWS = _Excuse(controls.for_windows, "the pod is for Windows (os.name)")
_USER_NAMESPACE = _Excuse(controls.in_user_namespace, "the pod has a user namespace of its own (hostUsers: false)")

_SYSCTLS = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
)
_SYSCTLS_27 = (*_SYSCTLS, "net.ipv4.ip_local_reserved_ports")
_SYSCTLS_29 = (
    *_SYSCTLS_27,
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
)
_SYSCTLS_32 = (*_SYSCTLS_29, "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")
_SYSCTLS_37 = (*_SYSCTLS_32, "net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat")
_SELINUX_TYPES = ("container_t", "container_init_t", "container_kvm_t")
_SELINUX_TYPES_31 = (*_SELINUX_TYPES, "container_engine_t")


def _baseline(id_: str, faults: Faults, fix: str, since: int = 0, excuse: Optional[_Excuse] = None) -> _Control:
    return _Control(id_, Level.BASELINE, faults, fix, since, excuse)


def _restricted(id_: str, faults: Faults, fix: str, since: int = 0, excuse: Optional[_Excuse] = None) -> _Control:
    return _Control(id_, Level.RESTRICTED, faults, fix, since, excuse)


def _sysctls(since: int, allowed: tuple[str, ...]) -> _Control:
    fix = f"set no sysctl but {', '.join(allowed)}"
    return _baseline("sysctls", controls.sysctls(frozenset(allowed)), fix, since)


def _se_linux_options(since: int, types: tuple[str, ...]) -> _Control:
    fix = f"leave out seLinuxOptions.user and role, and set no type but {', '.join(types)}"
    return _baseline("seLinuxOptions", controls.se_linux_options(frozenset(types)), fix, since)


_NO_APP_ARMOR = "leave the AppArmor profile out, or set its type to RuntimeDefault or Localhost"
_NO_HOST_PATH = "take a volume of another kind than hostPath, such as emptyDir or persistentVolumeClaim"
_NO_HOST_PORTS = "leave out hostPort, and hostNetwork, which makes one of each containerPort"
_NO_HOSTS = "leave out host in httpGet and tcpSocket: the pod itself is the default"
_MASKED_PROC = "leave procMount out, or write Default"
_NO_SECCOMP = "leave seccompProfile out, or set its type to RuntimeDefault or Localhost"
_SECCOMP = "set seccompProfile.type to RuntimeDefault or Localhost in the pod's securityContext, and to nothing else"
_NO_ESCALATION = "set allowPrivilegeEscalation: false in the securityContext of every container"
_DROP_ALL = (
    'set capabilities.drop: ["ALL"] in the securityContext of every container, and add none but NET_BIND_SERVICE'
)
_NON_ROOT = "set runAsNonRoot: true in the pod's securityContext, and false nowhere"
_NO_USER_0 = "write another runAsUser than 0, or leave it out"
_OWN_USERS = "; or set hostUsers: false"
_CAPABILITIES = f"add no capability but {', '.join(controls.DEFAULT_CAPABILITIES)}"
_VOLUMES = f"take volumes of these kinds alone: {', '.join(controls.SAFE_VOLUMES)}"

# In the admission's order, which is that of the ids at each level; the versions of one control in theirs.
_CONTROLS: Final = (
    _baseline("appArmorProfile", controls.app_armor_profile, _NO_APP_ARMOR),
    _baseline("capabilities_baseline", controls.capabilities_baseline, _CAPABILITIES),
    _baseline("hostNamespaces", controls.host_namespaces, "leave out hostNetwork, hostPID and hostIPC"),
    _baseline("hostPathVolumes", controls.host_path_volumes, _NO_HOST_PATH),
    _baseline("hostPorts", controls.host_ports, _NO_HOST_PORTS),
    _baseline("hostProbesAndHostLifecycle", controls.host_probes_and_lifecycle, _NO_HOSTS, since=34),
    _baseline("privileged", controls.privileged, "leave out privileged"),
    _baseline("procMount", controls.proc_mount, _MASKED_PROC),
    _baseline("procMount", controls.proc_mount, _MASKED_PROC + _OWN_USERS, since=35, excuse=_USER_NAMESPACE),
    _se_linux_options(0, _SELINUX_TYPES),
    _se_linux_options(31, _SELINUX_TYPES_31),
    _baseline("seccompProfile_baseline", controls.seccomp_profile_baseline, _NO_SECCOMP),
    _sysctls(0, _SYSCTLS),
    _sysctls(27, _SYSCTLS_27),
    _sysctls(29, _SYSCTLS_29),
    _sysctls(32, _SYSCTLS_32),
    _sysctls(37, _SYSCTLS_37),
    _baseline("windowsHostProcess", controls.windows_host_process, "leave out hostProcess"),
    _restricted("allowPrivilegeEscalation", controls.allow_privilege_escalation, _NO_ESCALATION, excuse=_WINDOWS),
    _restricted("capabilities_restricted", controls.capabilities_restricted, _DROP_ALL, excuse=_WINDOWS),
    _restricted("procMount_restricted", controls.proc_mount, _MASKED_PROC, since=35),
    _restricted("restrictedVolumes", controls.restricted_volumes, _VOLUMES),
    _restricted("runAsNonRoot", controls.run_as_non_root, _NON_ROOT),
    _restricted("runAsNonRoot", controls.run_as_non_root, _NON_ROOT + _OWN_USERS, since=35, excuse=_USER_NAMESPACE),
    _restricted("runAsUser", controls.run_as_user, _NO_USER_0),
    _restricted("runAsUser", controls.run_as_user, _NO_USER_0 + _OWN_USERS, since=35, excuse=_USER_NAMESPACE),
    _restricted("seccompProfile_restricted", controls.seccomp_profile_restricted, _SECCOMP, excuse=_WINDOWS),
)

_OLDEST, _NEWEST = 25, 37


@dataclass(frozen=True)
class _Policy:
    """The controls of one version, in the admission's order."""

    version: str
    baseline: tuple[_Control, ...]
    # Without those of baseline: a pod that meets it meets the few that restricted replaces with stricter ones.
    restricted: tuple[_Control, ...]


def _policy_of(minor: int) -> _Policy:
    in_force = {control.id: control for control in _CONTROLS if control.since <= minor}.values()
    return _Policy(
        f"1.{minor}",
        tuple(control for control in in_force if control.level is Level.BASELINE),
        tuple(control for control in in_force if control.level is Level.RESTRICTED),
    )


_POLICIES: Final = tuple(_policy_of(minor) for minor in range(_OLDEST, _NEWEST + 1))


def supported_versions() -> tuple[str, ...]:
    """Return the versions of Kubernetes that are known, from the oldest to the newest."""
    return tuple(policy.version for policy in _POLICIES)


def check_version(version: str) -> None:
    """Refuse what `pod_security` takes for no version.

    Raises:
        ValueError: the version is none, or older than 1.25; the message is a reason, "; ", and what to write instead.
    """
    _policy(version)


def pod_security(metadata: Tree, spec: Tree, version: str = "latest") -> PodSecurity:
    """Return the strictest level that a pod surely meets, and what stops it from the next one.

    Args:
        metadata: the pod's own, or that of a template.
        spec: the `PodSpec`, in Kubernetes' spelling; leaves may be UNKNOWN.
        version: of Kubernetes, such as `1.34`; `latest` and what is newer than the newest known version are that one.

    Raises:
        ValueError: the version is none, or older than 1.25.
    """
    policy = _policy(version)
    pod = Pod(metadata, spec)
    blocks = _blocks(pod, policy.baseline)
    if blocks:
        return PodSecurity(Level.PRIVILEGED, policy.version, blocks)
    blocks = _blocks(pod, policy.restricted)
    return PodSecurity(Level.BASELINE if blocks else Level.RESTRICTED, policy.version, blocks)


@lru_cache(maxsize=64)
def _policy(version: str) -> _Policy:
    if version == "latest":
        return _POLICIES[-1]
    major, _, minor = version.partition(".")
    # No number of a version has more digits; int() refuses or takes long for some that have.
    if major != "1" or not (minor.isascii() and minor.isdecimal()) or str(int(minor[:9])) != minor:
        raise ValueError(f'{version!r} is no version of Kubernetes; write one such as "1.{_NEWEST}", or "latest"')
    if int(minor) < _OLDEST:
        raise ValueError(f"{version!r} is older than any version that is known; write 1.{_OLDEST} or a newer one")
    return _POLICIES[min(int(minor), _NEWEST) - _OLDEST]


def _blocks(pod: Pod, table: tuple[_Control, ...]) -> tuple[Block, ...]:
    blocks = []
    for control in table:
        faults = list(control.faults(pod))
        if faults:
            excused = control.excuse.holds(pod) if control.excuse else False
            if excused is not True:
                blocks.append(_block(pod, control, faults, excused))
    return tuple(blocks)


def _block(pod: Pod, control: _Control, faults: list[Fault], excused: object) -> Block:
    sure = [fault for fault in faults if fault.certain]
    if sure:
        paths = [fault.path for fault in sure]
        message = _clauses(sure, "; ")
    else:
        paths = [_as_far_as_known(pod.spec, fault.path) for fault in faults]
        message = f"it is not known yet whether {_clauses(faults, ' or ')}"
    if control.excuse and excused is UNKNOWN:
        message += f", unless {control.excuse.unless}, which is not known yet"
    return Block(
        control=control.id,
        level=control.level,
        paths=tuple(dict.fromkeys(paths)),
        message=message,
        fix=control.fix,
        certain=bool(sure) and excused is False,
    )


def _clauses(faults: list[Fault], between: str) -> str:
    """Return what is wrong, said once for all places where it is."""
    places: dict[str, dict[str, None]] = {}
    for fault in faults:
        places.setdefault(fault.what, {})[fault.where] = None
    return between.join(f"{what} {' and '.join(where)}" for what, where in places.items())


def _as_far_as_known(spec: Tree, path: Path) -> Path:
    """Return the path up to what is UNKNOWN, if something on it is."""
    tree: Any = spec
    for depth, step in enumerate(path):
        if tree is UNKNOWN:
            return path[:depth]
        if tree is None:
            break
        tree = tree[step] if isinstance(step, int) else tree.get(step)
    return path
