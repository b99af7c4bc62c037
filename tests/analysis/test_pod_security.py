"""The Pod Security level: what each control finds, where versions differ, what is not known, and no version at all."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError
from functools import partial
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidshare_components.analysis.pod_security import Level, check_version, pod_security, supported_versions
from pidshare_components.analysis.tree import UNKNOWN, Path, Tree
from tests.analysis.pod_security_strategies import HARDENED, HARDENED_POD, SOURCES, pods, put, versions

APP_ARMOR_KEY = "container.apparmor.security.beta.kubernetes.io/app"
CONTEXT: Path = ("containers", 0, "securityContext")
LEVELS = list(Level)
any_version = versions(25, 37)


def hardened(*, pod: Tree | None = None, context: Tree | None = None, **container: object) -> Tree:
    """Return a spec that meets restricted, but for what is given."""
    own = {**copy.deepcopy(HARDENED["securityContext"]), **(context or {})}
    spec = {**copy.deepcopy(HARDENED_POD), "containers": [{"name": "app", "securityContext": own, **container}]}
    given_context = (pod or {}).get("securityContext")
    spec.update(pod or {})
    if isinstance(given_context, dict):
        spec["securityContext"] = {**HARDENED_POD["securityContext"], **given_context}
    return spec


def windows(**fields: object) -> Tree:
    """Return a spec for Windows that meets restricted, but for what is given."""
    return {"os": {"name": "windows"}, "securityContext": {"runAsNonRoot": True}, "containers": [{}], **fields}


def level(spec: Tree, version: str = "latest") -> Level:
    return pod_security({}, spec, version).level


class Case(NamedTuple):
    """A spec that one control alone stops."""

    control: str
    spec: Tree
    paths: tuple[Path, ...]
    says: str
    metadata: Tree = {}  # noqa: RUF012 - nobody writes to it


PORTS = [{"containerPort": 80, "hostPort": 0}, {"containerPort": 81, "hostPort": 81}]
CASES = [
    Case(
        "appArmorProfile",
        hardened(pod={"securityContext": {"appArmorProfile": {"type": "Unconfined"}}}),
        (("securityContext", "appArmorProfile", "type"),),
        'appArmorProfile.type is "Unconfined" in the pod',
    ),
    Case(
        "appArmorProfile",
        hardened(),
        (("metadata", "annotations", APP_ARMOR_KEY),),
        f'the AppArmor profile is "unconfined" in the annotation "{APP_ARMOR_KEY}"',
        {"annotations": {APP_ARMOR_KEY: "unconfined", "example.com/a": "unconfined"}},
    ),
    Case(
        "capabilities_baseline",
        hardened(context={"capabilities": {"add": ["KILL", "SYS_PTRACE", "NET_RAW"]}}),
        ((*CONTEXT, "capabilities", "add"),),
        '"SYS_PTRACE" is added in container "app"; "NET_RAW" is added in container "app"',
    ),
    Case(
        "hostNamespaces",
        hardened(pod={"hostPID": True, "hostIPC": True, "hostNetwork": False}),
        (("hostPID",), ("hostIPC",)),
        "hostPID is true in the pod; hostIPC is true in the pod",
    ),
    Case(
        "hostPathVolumes",
        hardened(pod={"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "hostPath": {"path": "/"}}]}),
        (("volumes", 1, "hostPath"),),
        'the source is hostPath in volume "b"',
    ),
    Case(
        "hostPorts",
        hardened(ports=PORTS),
        (("containers", 0, "ports", 1, "hostPort"),),
        'hostPort is 81 in container "app"',
    ),
    Case(
        "hostProbesAndHostLifecycle",
        hardened(
            livenessProbe={"httpGet": {"port": 80, "host": "a.example.com"}},
            lifecycle={"preStop": {"tcpSocket": {"port": 80, "host": "10.0.0.1"}}},
        ),
        (
            ("containers", 0, "livenessProbe", "httpGet", "host"),
            ("containers", 0, "lifecycle", "preStop", "tcpSocket", "host"),
        ),
        'the host of livenessProbe is "a.example.com" in container "app"; '
        'the host of preStop is "10.0.0.1" in container "app"',
    ),
    Case(
        "privileged",
        hardened(context={"privileged": True}),
        ((*CONTEXT, "privileged"),),
        'privileged is true in container "app"',
    ),
    Case(
        "procMount",
        hardened(context={"procMount": "Unmasked"}),
        ((*CONTEXT, "procMount"),),
        'procMount is "Unmasked" in container "app"',
    ),
    Case(
        "seLinuxOptions",
        hardened(context={"seLinuxOptions": {"type": "spc_t", "user": "a", "role": "b", "level": "c"}}),
        tuple((*CONTEXT, "seLinuxOptions", field) for field in ("type", "user", "role")),
        'seLinuxOptions.type is "spc_t" in container "app"; seLinuxOptions.user is "a" in container "app"; '
        'seLinuxOptions.role is "b" in container "app"',
    ),
    Case(
        "seccompProfile_baseline",
        hardened(context={"seccompProfile": {"type": None}}),
        ((*CONTEXT, "seccompProfile", "type"),),
        'seccompProfile.type is missing in container "app"',
    ),
    Case(
        "sysctls",
        hardened(pod={"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_syncookies"}, {"name": "kernel.sem"}]}}),
        (("securityContext", "sysctls", 1, "name"),),
        'a sysctl is "kernel.sem" in the pod',
    ),
    Case(
        "windowsHostProcess",
        windows(containers=[{"name": "app", "securityContext": {"windowsOptions": {"hostProcess": True}}}]),
        ((*CONTEXT, "windowsOptions", "hostProcess"),),
        'hostProcess is true in container "app"',
    ),
    Case(
        "allowPrivilegeEscalation",
        hardened(context={"allowPrivilegeEscalation": None}),
        ((*CONTEXT, "allowPrivilegeEscalation"),),
        'allowPrivilegeEscalation is not false in container "app"',
    ),
    Case(
        "capabilities_restricted",
        hardened(context={"capabilities": {"drop": ["KILL"], "add": ["NET_BIND_SERVICE", "CHOWN"]}}),
        ((*CONTEXT, "capabilities", "drop"), (*CONTEXT, "capabilities", "add")),
        '"ALL" is not dropped in container "app"; "CHOWN" is added in container "app"',
    ),
    Case(
        "procMount_restricted",
        hardened(pod={"hostUsers": False}, context={"procMount": "Unmasked"}),
        ((*CONTEXT, "procMount"),),
        'procMount is "Unmasked" in container "app"',
    ),
    Case(
        "restrictedVolumes",
        hardened(pod={"volumes": [{"name": "a", "nfs": {"path": "/", "server": "a"}}]}),
        (("volumes", 0, "nfs"),),
        'the source is nfs in volume "a"',
    ),
    Case(
        "runAsNonRoot",
        hardened(pod={"securityContext": {"runAsNonRoot": None}}),
        ((*CONTEXT, "runAsNonRoot"),),
        'runAsNonRoot is missing in container "app"',
    ),
    Case(
        "runAsNonRoot",
        hardened(pod={"securityContext": {"runAsNonRoot": False}}, context={"runAsNonRoot": True}),
        (("securityContext", "runAsNonRoot"),),
        "runAsNonRoot is false in the pod",
    ),
    Case(
        "runAsUser",
        hardened(pod={"securityContext": {"runAsUser": 0}}, context={"runAsUser": 1}),
        (("securityContext", "runAsUser"),),
        "runAsUser is 0 in the pod",
    ),
    Case(
        "seccompProfile_restricted",
        hardened(pod={"securityContext": {"seccompProfile": None}}),
        ((*CONTEXT, "seccompProfile", "type"),),
        'seccompProfile is missing in container "app"',
    ),
]
BASELINE = {case.control for case in CASES[: CASES.index(next(c for c in CASES if c.control.startswith("allow")))]}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.control)
def test_each_control_alone_stops_a_pod_and_says_where_and_why(case: Case) -> None:
    found = pod_security(case.metadata, case.spec)
    (block,) = found.blocks
    stopped = Level.BASELINE if case.control in BASELINE else Level.RESTRICTED
    assert (block.control, block.level, block.paths, block.message) == (case.control, stopped, case.paths, case.says)
    assert block.certain
    assert block.fix
    assert found.level is LEVELS[LEVELS.index(stopped) - 1]


def test_every_control_is_tried() -> None:
    assert len({case.control for case in CASES}) == 19


def test_a_hardened_pod_meets_restricted_at_every_version() -> None:
    for version in supported_versions():
        found = pod_security({}, hardened(), version)
        assert (found.level, found.version, found.blocks) == (Level.RESTRICTED, version, ())


def test_a_bare_pod_meets_baseline() -> None:
    found = pod_security({}, {"containers": [{"name": "app"}]}, "1.34")
    assert found.level is Level.BASELINE
    assert [block.control for block in found.blocks] == [
        "allowPrivilegeEscalation",
        "capabilities_restricted",
        "runAsNonRoot",
        "seccompProfile_restricted",
    ]


def test_what_stops_a_pod_from_baseline_is_all_that_is_said_of_it() -> None:
    found = pod_security({}, {"hostPID": True, "containers": [{"name": "app"}]})
    assert [block.control for block in found.blocks] == ["hostNamespaces"]


@pytest.mark.parametrize("kind", ["initContainers", "containers", "ephemeralContainers"])
def test_containers_of_every_kind_are_seen(kind: str) -> None:
    bad = {"name": "x", "securityContext": {**HARDENED["securityContext"], "privileged": True}}
    spec = hardened()
    spec[kind] = [*spec.get(kind, []), bad]
    (block,) = pod_security({}, spec).blocks
    assert block.paths == ((kind, len(spec[kind]) - 1, "securityContext", "privileged"),)
    words = {
        "containers": "container",
        "initContainers": "init container",
        "ephemeralContainers": "ephemeral container",
    }
    assert block.message == f'privileged is true in {words[kind]} "x"'


OF_BOTH: list[tuple[str, Any]] = [
    ("appArmorProfile", {"type": "Unconfined"}),
    ("runAsNonRoot", False),
    ("runAsUser", 0),
    ("seLinuxOptions", {"role": "a"}),
    ("seccompProfile", {"type": "Unconfined"}),
    ("windowsOptions", {"hostProcess": True}),
]


@pytest.mark.parametrize(("field", "value"), OF_BOTH)
def test_what_the_pod_sets_counts_as_what_a_container_sets(field: str, value: object) -> None:
    of_pod = pod_security({}, hardened(pod={"securityContext": {field: value}})).blocks
    of_container = pod_security({}, hardened(context={field: value})).blocks
    assert [block.control for block in of_pod] == [block.control for block in of_container]
    assert [len(blocks[0].paths) for blocks in (of_pod, of_container)] == [1, 1]
    assert of_container[0].paths[0] == ("containers", 0, *of_pod[0].paths[0])


HANDLERS: list[Path] = [
    *((probe,) for probe in ("livenessProbe", "readinessProbe", "startupProbe")),
    *(("lifecycle", hook) for hook in ("postStart", "preStop")),
]


@pytest.mark.parametrize("action", ["httpGet", "tcpSocket"])
@pytest.mark.parametrize("handler", HANDLERS)
def test_hosts_are_found_in_every_handler(handler: Path, action: str) -> None:
    spec = hardened()
    put(spec["containers"][0], (*handler, action), {"port": 80, "host": "localhost"})
    (block,) = pod_security({}, spec).blocks
    assert block.paths == (("containers", 0, *handler, action, "host"),)


def test_what_is_allowed_by_name() -> None:
    default = (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"),
        *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
    assert level(hardened(context={"capabilities": {"add": list(default)}})) is Level.BASELINE
    assert level(hardened(context={"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}})) is Level.RESTRICTED
    names = ("ip_local_port_range", "tcp_syncookies", "ping_group_range", "ip_unprivileged_port_start")
    for name in ("kernel.shm_rmid_forced", *(f"net.ipv4.{name}" for name in names)):
        assert level(sysctl(name), "1.25") is Level.RESTRICTED
    for name in ("container_t", "container_init_t", "container_kvm_t", ""):
        assert level(hardened(context={"seLinuxOptions": {"type": name}}), "1.25") is Level.RESTRICTED


def test_what_several_containers_do_is_said_once() -> None:
    containers = [{"name": name, "securityContext": {"privileged": True}} for name in ("a", "b")]
    (block,) = pod_security({}, {"containers": containers}).blocks
    assert block.message == 'privileged is true in container "a" and in container "b"'


def test_no_name_breaks_the_line_of_a_message() -> None:
    (block,) = pod_security({}, {"containers": [{"name": 'a\n"', "securityContext": {"privileged": True}}]}).blocks
    assert block.message == 'privileged is true in container "a\\n\\""'


# Where versions differ: each was decided so by the admission's own code, which `test_pod_security_admission` asks.


def sysctl(name: str) -> Tree:
    return hardened(pod={"securityContext": {"sysctls": [{"name": name, "value": "1"}]}})


SINCE = [
    ("1.27", sysctl("net.ipv4.ip_local_reserved_ports")),
    *(("1.29", sysctl(f"net.ipv4.tcp_{name}")) for name in ("keepalive_time", "fin_timeout")),
    *(("1.29", sysctl(f"net.ipv4.tcp_keepalive_{name}")) for name in ("intvl", "probes")),
    ("1.31", hardened(context={"seLinuxOptions": {"type": "container_engine_t"}})),
    *(("1.32", sysctl(f"net.ipv4.tcp_{name}")) for name in ("rmem", "wmem")),
    ("1.35", hardened(pod={"hostUsers": False}, context={"runAsUser": 0})),
    ("1.35", hardened(pod={"hostUsers": False}, context={"runAsNonRoot": False})),
    *(("1.37", sysctl(f"net.ipv4.tcp_{name}")) for name in ("slow_start_after_idle", "notsent_lowat")),
]


@pytest.mark.parametrize(("since", "spec"), SINCE)
def test_what_a_version_allows_no_earlier_one_does(since: str, spec: Tree) -> None:
    allowed = [version for version in supported_versions() if level(spec, version) is Level.RESTRICTED]
    assert allowed == list(supported_versions()[supported_versions().index(since) :])


def test_hosts_of_probes_are_forbidden_from_1_34_on() -> None:
    spec = hardened(readinessProbe={"tcpSocket": {"port": 80, "host": "localhost"}})
    assert level(spec, "1.33") is Level.RESTRICTED
    assert level(spec, "1.34") is Level.PRIVILEGED
    assert level(hardened(readinessProbe={"tcpSocket": {"port": 80, "host": ""}}), "1.34") is Level.RESTRICTED


def test_a_user_namespace_excuses_proc_mount_from_baseline_alone_and_from_1_35_on() -> None:
    spec = hardened(pod={"hostUsers": False}, context={"procMount": "Unmasked"})
    assert level(spec, "1.34") is Level.PRIVILEGED
    assert level(spec, "1.35") is Level.BASELINE
    assert level({**spec, "hostUsers": True}, "1.35") is Level.PRIVILEGED
    assert level({**spec, "hostUsers": None}, "1.35") is Level.PRIVILEGED


# What the API server does to a pod before the admission sees it.


def test_host_network_makes_host_ports_of_all_ports() -> None:
    found = pod_security({}, hardened(pod={"hostNetwork": True}, ports=[{"containerPort": 80, "hostPort": 0}]))
    assert [block.control for block in found.blocks] == ["hostNamespaces", "hostPorts"]
    assert found.blocks[1].message == 'hostPort is 80 in container "app"'


def test_a_volume_without_a_source_is_an_empty_dir() -> None:
    assert level(hardened(pod={"volumes": [{"name": "a"}, {"name": "b", "hostPath": None}]})) is Level.RESTRICTED


@pytest.mark.parametrize("source", SOURCES)
def test_safe_volumes_are_nine(source: str) -> None:
    safe = list(SOURCES)[:9]
    met = level(hardened(pod={"volumes": [{"name": "a", source: {}}]}))
    assert (met is Level.RESTRICTED) == (source in safe)
    assert (met is Level.PRIVILEGED) == (source == "hostPath")


def test_one_safe_source_makes_a_safe_volume() -> None:
    assert level(hardened(pod={"volumes": [{"name": "a", "nfs": {}, "emptyDir": {}}]})) is Level.RESTRICTED


def test_a_volume_of_a_kind_that_nobody_knows_is_none_of_the_safe_ones() -> None:
    assert level(hardened(pod={"volumes": [{"name": "a", "futureKind": {}}]})) is Level.BASELINE


def test_a_windows_pod_needs_none_of_what_windows_has_not() -> None:
    assert level(windows()) is Level.RESTRICTED
    assert level({**windows(), "os": {"name": "linux"}}) is Level.BASELINE
    # But it needs the rest.
    assert level(windows(securityContext={})) is Level.BASELINE


def test_annotations_for_seccomp_have_not_counted_for_long() -> None:
    annotations = {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
    assert pod_security({"annotations": annotations}, hardened(), "1.25").level is Level.RESTRICTED


@pytest.mark.parametrize("profile", ["runtime/default", "localhost/a", "", None])
def test_harmless_annotations_for_app_armor(profile: str | None) -> None:
    assert pod_security({"annotations": {APP_ARMOR_KEY: profile}}, hardened()).level is Level.RESTRICTED


def test_a_container_may_opt_in_by_itself() -> None:
    context = {"runAsNonRoot": True, "seccompProfile": {"type": "Localhost", "localhostProfile": "a"}}
    spec = hardened(context=context)
    del spec["securityContext"]
    assert level(spec) is Level.RESTRICTED


# What is not known.


class Unsure(NamedTuple):
    """A spec with an UNKNOWN leaf, and the control that may stop it."""

    control: str
    spec: Tree
    paths: tuple[Path, ...]
    says: str


UNSURE = [
    Unsure(
        "hostNamespaces",
        hardened(pod={"hostIPC": UNKNOWN}),
        (("hostIPC",),),
        "it is not known yet whether hostIPC is true in the pod",
    ),
    Unsure(
        "runAsUser",
        hardened(context={"runAsUser": UNKNOWN}),
        ((*CONTEXT, "runAsUser"),),
        'it is not known yet whether runAsUser is 0 in container "app"',
    ),
    Unsure(
        "privileged",
        hardened(context={"privileged": UNKNOWN}),
        ((*CONTEXT, "privileged"),),
        'it is not known yet whether privileged is true in container "app"',
    ),
    Unsure(
        "capabilities_baseline",
        hardened(context={"capabilities": {"drop": ["ALL"], "add": [UNKNOWN]}}),
        ((*CONTEXT, "capabilities", "add"),),
        'it is not known yet whether a forbidden capability is added in container "app"',
    ),
    Unsure(
        "capabilities_restricted",
        hardened(context={"capabilities": {"drop": ["KILL", UNKNOWN]}}),
        ((*CONTEXT, "capabilities", "drop"),),
        'it is not known yet whether "ALL" is not dropped in container "app"',
    ),
    Unsure(
        "hostPorts",
        hardened(ports=UNKNOWN),
        (("containers", 0, "ports"),),
        'it is not known yet whether a port of the node is taken in container "app"',
    ),
    Unsure(
        "hostPathVolumes",
        hardened(pod={"volumes": UNKNOWN}),
        (("volumes",),),
        "it is not known yet whether the source is hostPath in volumes",
    ),
    Unsure(
        "hostProbesAndHostLifecycle",
        hardened(startupProbe=UNKNOWN),
        (("containers", 0, "startupProbe"),),
        'it is not known yet whether the host of startupProbe is a forbidden one in container "app"',
    ),
    Unsure(
        "runAsNonRoot",
        hardened(pod={"securityContext": {"runAsNonRoot": UNKNOWN}}),
        (("securityContext", "runAsNonRoot"),),
        "it is not known yet whether runAsNonRoot is false in the pod",
    ),
    Unsure(
        "allowPrivilegeEscalation",
        hardened(pod={"os": {"name": UNKNOWN}}, context={"allowPrivilegeEscalation": True}),
        ((*CONTEXT, "allowPrivilegeEscalation"),),
        'allowPrivilegeEscalation is not false in container "app", unless the pod is for Windows (os.name), '
        "which is not known yet",
    ),
    Unsure(
        "runAsUser",
        hardened(pod={"hostUsers": UNKNOWN}, context={"runAsUser": 0}),
        ((*CONTEXT, "runAsUser"),),
        'runAsUser is 0 in container "app", unless the pod has a user namespace of its own (hostUsers: false), '
        "which is not known yet",
    ),
    Unsure(
        "restrictedVolumes",
        hardened(pod={"volumes": [{"name": "a", "nfs": UNKNOWN}]}),
        (("volumes", 0, "nfs"),),
        'it is not known yet whether the source is nfs in volume "a"',
    ),
    Unsure(
        "restrictedVolumes",
        hardened(pod={"volumes": [{"name": "a", "nfs": {}, "emptyDir": UNKNOWN}]}),
        (("volumes", 0, "nfs"),),
        'it is not known yet whether the source is nfs in volume "a"',
    ),
]


@pytest.mark.parametrize("case", UNSURE, ids=lambda case: case.control)
def test_what_hinges_on_an_unknown_leaf_stops_a_pod_but_not_for_certain(case: Unsure) -> None:
    (block,) = pod_security({}, case.spec).blocks
    assert (block.control, block.certain) == (case.control, False)
    assert (block.paths, block.message) == (case.paths, case.says)


def test_what_surely_stops_a_pod_is_certain_whatever_else_is_unknown() -> None:
    containers = [{"name": "a", "securityContext": UNKNOWN}, {"name": "b", "securityContext": {"privileged": True}}]
    found = pod_security({}, {"containers": containers})
    (block,) = [block for block in found.blocks if block.certain]
    assert block.control == "privileged"
    assert block.paths == (("containers", 1, "securityContext", "privileged"),)


def test_unknown_annotations_may_be_one_for_app_armor() -> None:
    for given_, path in ((UNKNOWN, ()), ({APP_ARMOR_KEY: UNKNOWN}, (APP_ARMOR_KEY,))):
        (block,) = pod_security({"annotations": given_}, hardened()).blocks
        assert (block.control, block.certain) == ("appArmorProfile", False)
        assert block.paths == (("metadata", "annotations", *path),)


def test_a_pod_of_which_nothing_is_known_meets_nothing_but_stops_nowhere_for_certain() -> None:
    fields = ("containers", "initContainers", "volumes", "securityContext", "hostNetwork", "os", "hostUsers")
    found = pod_security({}, dict.fromkeys(fields, UNKNOWN))
    assert found.level is Level.PRIVILEGED
    assert not any(block.certain for block in found.blocks)
    assert ("containers",) in {path for block in found.blocks for path in block.paths}


def test_an_unknown_leaf_that_no_control_reads_changes_nothing() -> None:
    spec = hardened(image=UNKNOWN, env=UNKNOWN, pod={"nodeName": UNKNOWN, "os": UNKNOWN, "hostUsers": UNKNOWN})
    assert level(spec) is Level.RESTRICTED


def places(tree: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - any tree
    """Yield where something is in a tree, leaves and what is above them."""
    if path:
        yield path
    if isinstance(tree, dict):
        for key, item in tree.items():
            yield from places(item, (*path, key))
    elif isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from places(item, (*path, index))


@given(pods(ephemeral=True), any_version, st.data())
def test_what_is_not_known_never_raises_the_level_and_is_never_certain(
    pod: Tree, version: str, data: st.DataObject
) -> None:
    known = pod_security(pod["metadata"], pod["spec"], version)
    unsure = copy.deepcopy(pod)
    within = [path for path in places(pod) if path[0] in ("metadata", "spec") and len(path) > 1]
    for path in data.draw(st.lists(st.sampled_from(within), min_size=1, max_size=3)):
        tree: Any = unsure
        for key in path[:-1]:
            tree = tree if tree is UNKNOWN else tree[key]
        if tree is not UNKNOWN:
            tree[path[-1]] = UNKNOWN
    found = pod_security(unsure["metadata"], unsure["spec"], version)
    assert LEVELS.index(found.level) <= LEVELS.index(known.level)
    certain = {block.control for block in found.blocks if block.certain}
    assert certain <= {block.control for block in known.blocks}
    if certain:
        assert found.level is known.level


@given(pods(ephemeral=True), any_version)
def test_blocks_are_what_is_wrong_at_the_next_level_and_the_pod_stays_as_it_is(pod: Tree, version: str) -> None:
    before = copy.deepcopy(pod)
    found = pod_security(pod["metadata"], pod["spec"], version)
    assert pod == before
    assert (found.level is Level.RESTRICTED) == (not found.blocks)
    controls = [block.control for block in found.blocks]
    assert controls == sorted(set(controls))
    for block in found.blocks:
        assert LEVELS.index(block.level) == LEVELS.index(found.level) + 1
        assert block.certain
        assert block.paths
        assert "\n" not in block.message
        assert len(set(block.paths)) == len(block.paths)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"containers": None, "initContainers": [], "volumes": None, "securityContext": None, "os": None},
        {"containers": [None], "volumes": [None]},
        {"containers": [{"ports": [None], "lifecycle": {"preStop": None}, "livenessProbe": {"httpGet": None}}]},
        {"securityContext": {"sysctls": None, "seLinuxOptions": {}, "windowsOptions": {"hostProcess": None}}},
    ],
)
def test_what_is_left_out_is_no_violation_of_baseline(spec: Tree) -> None:
    for version in supported_versions():
        assert pod_security({"annotations": None}, spec, version).level is not Level.PRIVILEGED


def test_a_container_without_a_name_is_named_by_its_place() -> None:
    (block,) = pod_security({}, {"containers": [{"name": UNKNOWN, "securityContext": {"privileged": True}}]}).blocks
    assert block.message == "privileged is true in containers[0]"


# Versions.


def test_the_known_versions_are_those_from_1_25_on() -> None:
    assert supported_versions() == tuple(f"1.{minor}" for minor in range(25, 38))


@pytest.mark.parametrize("version", ["latest", "1.37", "1.38", "1.99"])
def test_the_newest_known_version_stands_for_newer_ones(version: str) -> None:
    newest = supported_versions()[-1]
    assert pod_security({}, hardened(), version).version == newest
    assert pod_security({}, sysctl("net.ipv4.tcp_notsent_lowat"), version).level is Level.RESTRICTED


@pytest.mark.parametrize(
    "version", ["", "v1.34", "1", "1.", "2.1", "1.34.2", "1.034", "1.-3", "1.x", "1.٣٤", " 1.34", "1." + "9" * 5000]
)
@pytest.mark.parametrize("judge", [check_version, partial(pod_security, {}, {})])
def test_what_is_no_version_is_refused(version: str, judge: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match=r'is no version of Kubernetes; write one such as "1\.37", or "latest"'):
        judge(version)


@pytest.mark.parametrize("version", ["1.24", "1.0"])
@pytest.mark.parametrize("judge", [check_version, partial(pod_security, {}, {})])
def test_older_versions_are_refused(version: str, judge: Callable[[str], object]) -> None:
    with pytest.raises(ValueError, match=r"older than any version that is known; write 1\.25 or a newer one"):
        judge(version)


def test_known_versions_are_none_to_refuse() -> None:
    for version in (*supported_versions(), "latest", "1.99"):
        check_version(version)


def test_what_is_found_cannot_be_changed() -> None:
    found = pod_security({}, {"hostPID": True})
    with pytest.raises(FrozenInstanceError):
        found.level = Level.RESTRICTED  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        found.blocks[0].certain = False  # type: ignore[misc]
