"""What each control of the Pod Security Standards objects to in a pod: one function for one control.

Source: the checks of Kubernetes' own admission, `policy/check_*.go` in k8s.io/pod-security-admission, and the API
server's defaults that it sees the pod with (`pkg/apis/core/v1/defaults.go` in k8s.io/kubernetes). Which control counts
at which level and version is the table's affair, in `pod_security`.
"""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from pidshare_components.analysis.pod_security_pod import Fault, Pod, Setter, items, named, quoted, values
from pidshare_components.analysis.tree import UNKNOWN, AllUnknown, child, mapping

Faults = Callable[[Pod], Iterator[Fault]]


def _is(field: str, value: object) -> str:
    if value is UNKNOWN:
        return f"{field} is a forbidden one"
    return f"{field} is missing" if value is None else f"{field} is {quoted(value)}"


# What excuses a pod from a control: each returns True, False or UNKNOWN.


def for_windows(pod: Pod) -> object:
    """Return whether the pod is for Windows, which has nothing of what some controls ask for."""
    name = child(pod.spec, "os", "name")
    return UNKNOWN if name is UNKNOWN else name == "windows"


def in_user_namespace(pod: Pod) -> object:
    """Return whether the pod has a user namespace of its own: root in it is not the node's root."""
    host_users = pod.spec.get("hostUsers")
    return UNKNOWN if host_users is UNKNOWN else host_users is False


# The controls of the baseline level.

_APP_ARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_PROFILES = frozenset({"RuntimeDefault", "Localhost"})
DEFAULT_CAPABILITIES = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)
"""What baseline lets a container add: Docker's default set without NET_RAW."""


def app_armor_profile(pod: Pod) -> Iterator[Fault]:
    """No profile but the runtime's or one of the node, by field or by the annotation of old."""
    for setter in pod.setters:
        profile = setter.security.get("appArmorProfile")
        if profile is not None:
            kind = mapping(profile).get("type")
            if kind not in _PROFILES:
                yield setter.fault(_is("appArmorProfile.type", kind), "appArmorProfile", "type", known=kind)
    if pod.annotations is UNKNOWN:
        yield Fault(("metadata", "annotations"), _is("an AppArmor profile", UNKNOWN), "in the annotations", False)
    elif pod.annotations is not None:
        for key, value in pod.annotations.items():
            if key.startswith(_APP_ARMOR_ANNOTATION) and not _is_app_armor_default(value):
                path = ("metadata", "annotations", key)
                where = f"in the annotation {quoted(key)}"
                yield Fault(path, _is("the AppArmor profile", value), where, value is not UNKNOWN)


def _is_app_armor_default(value: Any) -> bool:  # noqa: ANN401 - any leaf
    if value is UNKNOWN:
        return False
    return value in (None, "", "runtime/default") or value.startswith("localhost/")


def capabilities_baseline(pod: Pod) -> Iterator[Fault]:
    """No capability is added that a container does not have by default."""
    return _added(pod, frozenset(DEFAULT_CAPABILITIES))


def _added(pod: Pod, allowed: AbstractSet[str]) -> Iterator[Fault]:
    for container in pod.containers:
        capabilities = container.security.get("capabilities")
        if capabilities is not None:
            for added in values(mapping(capabilities).get("add")):
                if added not in allowed:
                    what = "a forbidden capability is added" if added is UNKNOWN else f"{quoted(added)} is added"
                    yield container.fault(what, "capabilities", "add", known=added)


def host_namespaces(pod: Pod) -> Iterator[Fault]:
    """No namespace of the node's."""
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        value = pod.spec.get(field)
        if value is True or value is UNKNOWN:
            yield Fault((field,), f"{field} is true", "in the pod", value is True)


def host_path_volumes(pod: Pod) -> Iterator[Fault]:
    """No path of the node as a volume."""
    for path, volume in pod.volumes:
        source = volume.get("hostPath")
        if source is not None:
            where = named("volume", path, volume)
            yield Fault((*path, "hostPath"), "the source is hostPath", where, source is not UNKNOWN)


def host_ports(pod: Pod) -> Iterator[Fault]:
    """No port of the node's."""
    # The API server makes host ports of all ports of a pod in the node's network, before the admission sees it.
    host_network = pod.spec.get("hostNetwork")
    implied = host_network is True or host_network is UNKNOWN
    for container in pod.containers:
        ports = container.tree.get("ports")
        if ports is not None:
            for path, port in items(ports, (*container.path, "ports")):
                number = port.get("hostPort")
                if implied and (number is None or number == 0):
                    number = UNKNOWN if host_network is UNKNOWN else port.get("containerPort")
                if number is not None and number != 0:
                    known = number is not UNKNOWN
                    what = f"hostPort is {number}" if known else "a port of the node is taken"
                    yield Fault((*path, "hostPort"), what, container.where(), known)


_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")


def host_probes_and_lifecycle(pod: Pod) -> Iterator[Fault]:
    """No probe or hook that the kubelet sends to another host than the pod."""
    for container in pod.containers:
        for probe in _PROBES:
            handler = container.tree.get(probe)
            if handler is not None:
                yield from _hosts(container, handler, probe)
        lifecycle = container.tree.get("lifecycle")
        if lifecycle is not None:
            for hook in _HOOKS:
                yield from _hosts(container, mapping(lifecycle).get(hook), "lifecycle", hook)


def _hosts(container: Setter, handler: Any, *fields: str) -> Iterator[Fault]:  # noqa: ANN401 - any tree
    actions = mapping(handler)
    for action in ("httpGet", "tcpSocket"):
        host = mapping(actions.get(action)).get("host")
        if host is not None and host != "":
            what = _is(f"the host of {fields[-1]}", host)
            yield Fault((*container.path, *fields, action, "host"), what, container.where(), host is not UNKNOWN)


def privileged(pod: Pod) -> Iterator[Fault]:
    """No privileged container."""
    for container in pod.containers:
        value = container.security.get("privileged")
        if value is True or value is UNKNOWN:
            yield container.fault("privileged is true", "privileged", known=value)


def proc_mount(pod: Pod) -> Iterator[Fault]:
    """No /proc without the runtime's masks."""
    for container in pod.containers:
        value = container.security.get("procMount")
        if value is not None and value != "Default":
            yield container.fault(_is("procMount", value), "procMount", known=value)


def se_linux_options(types: AbstractSet[str]) -> Faults:
    """No SELinux user or role, and no type but these."""

    def faults(pod: Pod) -> Iterator[Fault]:
        for setter in pod.setters:
            given = setter.security.get("seLinuxOptions")
            if given is not None:
                options = mapping(given)
                for field, allowed in (("type", types), ("user", frozenset[str]()), ("role", frozenset[str]())):
                    value = options.get(field)
                    if value not in (None, "") and value not in allowed:
                        what = _is(f"seLinuxOptions.{field}", value)
                        yield setter.fault(what, "seLinuxOptions", field, known=value)

    return faults


def seccomp_profile_baseline(pod: Pod) -> Iterator[Fault]:
    """No seccomp profile but the runtime's or one of the node, where one is set."""
    for setter in pod.setters:
        profile = setter.security.get("seccompProfile")
        if profile is not None:
            kind = mapping(profile).get("type")
            if kind not in _PROFILES:
                yield setter.fault(_is("seccompProfile.type", kind), "seccompProfile", "type", known=kind)


def sysctls(allowed: AbstractSet[str]) -> Faults:
    """No sysctl but these, which concern the pod alone."""

    def faults(pod: Pod) -> Iterator[Fault]:
        given = pod.own.security.get("sysctls")
        if given is not None:
            for path, sysctl in items(given, ("securityContext", "sysctls")):
                name = sysctl.get("name")
                if name not in allowed:
                    yield Fault((*path, "name"), _is("a sysctl", name), "in the pod", name is not UNKNOWN)

    return faults


def windows_host_process(pod: Pod) -> Iterator[Fault]:
    """No process of a Windows node's own."""
    for setter in pod.setters:
        options = setter.security.get("windowsOptions")
        if options is not None:
            value = mapping(options).get("hostProcess")
            if value is True or value is UNKNOWN:
                yield setter.fault("hostProcess is true", "windowsOptions", "hostProcess", known=value)


# The controls of the restricted level.

SAFE_VOLUMES = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
"""The sources of volumes that restricted allows."""
_SAFE_VOLUMES = frozenset(SAFE_VOLUMES)
_SAFE_KEYS = _SAFE_VOLUMES | {"name"}
_ONLY_LOW_PORTS = frozenset({"NET_BIND_SERVICE"})


def allow_privilege_escalation(pod: Pod) -> Iterator[Fault]:
    """No process that gains privileges, said for each container: the default is that it may."""
    for container in pod.containers:
        value = container.security.get("allowPrivilegeEscalation")
        if value is not False:
            what = "allowPrivilegeEscalation is not false"
            yield container.fault(what, "allowPrivilegeEscalation", known=value)


def capabilities_restricted(pod: Pod) -> Iterator[Fault]:
    """All capabilities are dropped, and none is added but the one for ports below 1024."""
    for container in pod.containers:
        dropped = values(mapping(container.security.get("capabilities")).get("drop"))
        if "ALL" not in dropped:
            known = UNKNOWN if UNKNOWN in dropped else None
            yield container.fault('"ALL" is not dropped', "capabilities", "drop", known=known)
    yield from _added(pod, _ONLY_LOW_PORTS)


def restricted_volumes(pod: Pod) -> Iterator[Fault]:
    """No volume but those that concern the pod alone or that the cluster's storage stands behind."""
    for path, volume in pod.volumes:
        if isinstance(volume, AllUnknown):
            yield Fault(path, _is("the source", UNKNOWN), named("volume", path, volume), False)
            continue
        if volume.keys() <= _SAFE_KEYS:
            continue
        # The API server makes an emptyDir of a volume without a source, before the admission sees it.
        sources = {key: value for key, value in volume.items() if value is not None and key != "name"}
        refused = [source for source in sources if source not in _SAFE_VOLUMES]
        safe = [sources[source] for source in sources if source in _SAFE_VOLUMES]
        # One safe source is enough for the admission; the API server's validation refuses a second one.
        if refused and all(value is UNKNOWN for value in safe):
            for source in refused:
                certain = not safe and sources[source] is not UNKNOWN
                yield Fault((*path, source), f"the source is {source}", named("volume", path, volume), certain)


def run_as_non_root(pod: Pod) -> Iterator[Fault]:
    """No container that might run as root, as far as the kubelet can tell."""
    of_pod = pod.own.security.get("runAsNonRoot")
    for setter in pod.setters:
        value = setter.security.get("runAsNonRoot")
        if value is False or value is UNKNOWN:
            yield setter.fault("runAsNonRoot is false", "runAsNonRoot", known=value)
        # Else the pod's value is the container's, and its fault stands already.
        elif value is None and of_pod is None and setter is not pod.own:
            yield setter.fault("runAsNonRoot is missing", "runAsNonRoot")


def run_as_user(pod: Pod) -> Iterator[Fault]:
    """No user 0, where a user is set."""
    for setter in pod.setters:
        value = setter.security.get("runAsUser")
        if value is UNKNOWN or value == 0:
            yield setter.fault("runAsUser is 0", "runAsUser", known=value)


def seccomp_profile_restricted(pod: Pod) -> Iterator[Fault]:
    """A seccomp profile for each container: the runtime's or one of the node."""
    # What is set is right: else baseline would have stopped the pod.
    if pod.own.security.get("seccompProfile") is None:
        for container in pod.containers:
            if container.security.get("seccompProfile") is None:
                yield container.fault("seccompProfile is missing", "seccompProfile", "type")
