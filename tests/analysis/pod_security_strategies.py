"""Pods around the borders of the Pod Security Standards, made of every field that any control reads.

Nearly all are pods that the API server's validation takes. Most begin hardened or bare and differ from that in a few
fields, so that each control decides some of them alone.
"""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from pidshare_components.analysis.tree import Path, Tree

APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
SYSCTLS = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_notsent_lowat",
    "kernel.msgmax",
    "net.core.somaxconn",
]
SELINUX_TYPES = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t", "spc_t", ""]
CAPABILITIES = [
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"),
    *("SETGID", "SETPCAP", "SETUID", "SYS_CHROOT", "NET_RAW", "SYS_PTRACE", "ALL", "CAP_CHOWN", "chown"),
]
CLAIM = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
SOURCES: Tree = {
    "configMap": {"name": "a"},
    "csi": {"driver": "csi.example.com"},
    "downwardAPI": {"items": []},
    "emptyDir": {},
    "ephemeral": {"volumeClaimTemplate": CLAIM},
    "image": {"reference": "nginx"},
    "persistentVolumeClaim": {"claimName": "a"},
    "projected": {"sources": []},
    "secret": {"secretName": "a"},
    "hostPath": {"path": "/var/log"},
    "gcePersistentDisk": {"pdName": "a"},
    "awsElasticBlockStore": {"volumeID": "a"},
    "gitRepo": {"repository": "a"},
    "nfs": {"server": "a", "path": "/a"},
    "iscsi": {"targetPortal": "a", "iqn": "iqn.2026-01.com.example:a", "lun": 0},
    "glusterfs": {"endpoints": "a", "path": "a"},
    "rbd": {"monitors": ["a"], "image": "a"},
    "flexVolume": {"driver": "example.com/a"},
    "cinder": {"volumeID": "a"},
    "cephfs": {"monitors": ["a"]},
    "flocker": {"datasetName": "a"},
    "fc": {"targetWWNs": ["a"], "lun": 0},
    "azureFile": {"secretName": "a", "shareName": "a"},
    "vsphereVolume": {"volumePath": "a"},
    "quobyte": {"registry": "a:1", "volume": "a"},
    "azureDisk": {"diskName": "a", "diskURI": "https://blob.example.com/a"},
    "photonPersistentDisk": {"pdID": "a"},
    "portworxVolume": {"volumeID": "a"},
    "scaleIO": {"gateway": "a", "system": "a", "secretRef": {"name": "a"}, "volumeName": "a"},
    "storageos": {"volumeName": "a"},
}
"""Every source of volumes, the safe ones first."""

HARDENED: Tree = {
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
HARDENED_POD: Tree = {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}}

_PROFILES: list[Any] = [
    {"type": "RuntimeDefault"},
    {"type": "Localhost", "localhostProfile": "a"},
    {"type": "Unconfined"},
    None,
]
_SELINUX: list[Any] = [
    *({"type": name} for name in SELINUX_TYPES),
    {"user": "a"},
    {"role": "a"},
    {"level": "s0", "user": "", "role": None},
    {"type": "container_t", "role": "a"},
    None,
]
_FLAGS = [True, False, None]
_BOTH: dict[Path, list[Any]] = {
    ("securityContext", "appArmorProfile"): _PROFILES,
    ("securityContext", "runAsNonRoot"): _FLAGS,
    ("securityContext", "runAsUser"): [0, 1, 1000, None],
    ("securityContext", "seLinuxOptions"): _SELINUX,
    ("securityContext", "seccompProfile"): _PROFILES,
    ("securityContext", "windowsOptions"): [{"hostProcess": False}, {"hostProcess": None, "runAsUserName": "a"}, None],
    ("securityContext",): [{}, None],
}
OF_POD: dict[Path, list[Any]] = {
    **_BOTH,
    ("hostNetwork",): _FLAGS,
    ("hostPID",): _FLAGS,
    ("hostIPC",): _FLAGS,
    ("hostUsers",): _FLAGS,
    ("os",): [{"name": "linux"}, {"name": "windows"}, None],
    ("securityContext", "sysctls"): [[], None, *([{"name": name, "value": "1"}] for name in SYSCTLS)],
}
"""Values that the controls read of a pod, by their field."""
_HANDLERS: list[Any] = [
    {"exec": {"command": ["true"]}},
    {"httpGet": {"port": 80}},
    {"httpGet": {"port": 80, "host": ""}},
    {"httpGet": {"port": 80, "host": "localhost"}},
    {"tcpSocket": {"port": 80}},
    {"tcpSocket": {"port": 80, "host": "10.0.0.1"}},
    None,
]
OF_CONTAINER: dict[Path, list[Any]] = {
    **_BOTH,
    ("securityContext", "allowPrivilegeEscalation"): _FLAGS,
    ("securityContext", "privileged"): _FLAGS,
    ("securityContext", "procMount"): ["Unmasked", "Default", None],
    ("securityContext", "capabilities"): [
        *({"drop": ["ALL"], "add": [name]} for name in CAPABILITIES),
        {"drop": ["ALL"], "add": ["KILL", "SYS_TIME", "NET_BIND_SERVICE"]},
        {"drop": ["KILL", "ALL"], "add": []},
        {"drop": ["all"]},
        {"drop": [], "add": None},
        {},
        None,
    ],
    ("ports",): [
        *([{"containerPort": port}, {"containerPort": port + 1, "hostPort": 0}] for port in (80, 90, 100)),
        *([{"containerPort": port, "hostPort": port}] for port in (70, 71, 72)),
        None,
    ],
    ("livenessProbe",): _HANDLERS,
    ("readinessProbe",): _HANDLERS,
    ("startupProbe",): _HANDLERS,
    ("lifecycle", "postStart"): _HANDLERS,
    ("lifecycle", "preStop"): _HANDLERS,
    ("lifecycle",): [None],
}
"""Values that the controls read of a container, by their field."""
_EDITS = [
    (fields is OF_CONTAINER, path, value)
    for fields in (OF_POD, OF_CONTAINER)
    for path, values in fields.items()
    # A field of few values is as likely as one of many.
    for value in values * (1 + 9 // len(values))
]
_SOURCES = [{}, {"emptyDir": None}, *({key: source} for key, source in SOURCES.items())]
_ANNOTATIONS = [
    ("seccomp.security.alpha.kubernetes.io/pod", "unconfined"),
    ("container.seccomp.security.alpha.kubernetes.io/c0", "unconfined"),
    ("example.com/a", "unconfined"),
    *((f"{APP_ARMOR}c0", profile) for profile in ("runtime/default", "localhost/a", "unconfined", "")),
]


def put(tree: Tree, path: Path, value: object) -> None:
    """Set a field to a copy of a value; what is missing or None on the way becomes a mapping."""
    for key in path[:-1]:
        if tree.get(str(key)) is None:
            tree[str(key)] = {}
        tree = tree[str(key)]
    tree[str(path[-1])] = copy.deepcopy(value)


@st.composite
def pods(draw: st.DrawFn, *, ephemeral: bool = False) -> Tree:
    """Return a pod.

    Args:
        draw: Hypothesis' own.
        ephemeral: whether it may have ephemeral containers, which no new pod may.
    """
    base = draw(st.sampled_from(["hardened"] * 7 + ["bare", "windows", "host process"]))
    container: Tree = HARDENED if base == "hardened" else {}
    kinds = ["containers", *draw(st.lists(st.sampled_from(_kinds(ephemeral=ephemeral)), max_size=2))]
    containers = [
        (kind, {"name": f"c{i}", "image": "nginx", **copy.deepcopy(container)}) for i, kind in enumerate(kinds)
    ]
    spec: Tree = {}
    for kind, tree in containers:
        spec.setdefault(kind, []).append(tree)
        if kind == "initContainers":
            # A sidecar: only such an init container may have probes and hooks.
            tree["restartPolicy"] = "Always"
    spec.update(copy.deepcopy(HARDENED_POD if base == "hardened" else {}))
    if base == "windows":
        put(spec, ("os",), {"name": "windows"})
        put(spec, ("securityContext", "runAsNonRoot"), True)
    elif base == "host process":
        put(spec, ("hostNetwork",), True)
        # All containers of a pod are such, or none.
        for setter in draw(st.sampled_from([[spec], [tree for _, tree in containers]])):
            put(setter, ("securityContext", "windowsOptions"), {"hostProcess": True, "runAsUserName": "a"})
    if draw(st.booleans()):
        spec["volumes"] = [
            {"name": f"v{i}", **copy.deepcopy(source)}
            for i, source in enumerate(draw(st.lists(st.sampled_from(_SOURCES), max_size=2)))
        ]
    for of_container, path, value in draw(st.lists(st.sampled_from(_EDITS), max_size=5)):
        put(draw(st.sampled_from(containers))[1] if of_container else spec, path, value)
    metadata: Tree = {"name": "a"}
    if draw(st.integers(0, 3)) == 0:
        metadata["annotations"] = dict(draw(st.lists(st.sampled_from(_ANNOTATIONS), max_size=2)))
    _make_valid(spec, [tree for _, tree in containers])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _kinds(*, ephemeral: bool) -> list[str]:
    return ["containers", "initContainers", *(["ephemeralContainers"] if ephemeral else [])]


def _make_valid(spec: Tree, containers: list[Tree]) -> None:
    """Set to rights what the API server's validation would refuse most often."""
    for container in containers:
        context = container.get("securityContext") or {}
        if context.get("privileged") and context.get("allowPrivilegeEscalation") is False:
            context["allowPrivilegeEscalation"] = None
        if context.get("procMount") == "Unmasked":
            spec["hostUsers"] = False


def versions(oldest: int, newest: int) -> st.SearchStrategy[str]:
    """Return versions of Kubernetes from one minor version to another."""
    return st.integers(oldest, newest).map("1.{}".format)
