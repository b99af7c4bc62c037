"""The matrix: what was measured on a real node, cell by cell, and what a spec leaves open."""

from __future__ import annotations

from typing import Any

import pytest

from pidshare_components.analysis.capabilities import ALL, DEFAULTS, Runtime, granted, names_of
from pidshare_components.analysis.explain import explain
from pidshare_components.analysis.exposure import NODE as NODE_PROCESS
from pidshare_components.analysis.exposure import Pair, exposure
from pidshare_components.analysis.facts import PAUSE, Pod
from pidshare_components.analysis.images import Ids, ImageFacts, Main, Worker
from pidshare_components.analysis.kernel import Action, Answer, Ground, judge
from pidshare_components.analysis.node import Node, SecurityModule
from pidshare_components.analysis.objects import pods_in
from pidshare_components.analysis.spec import read_pod
from pidshare_components.analysis.tree import UNKNOWN
from tests.analysis.measured_pods import IMAGE, IMAGE_FACTS
from tests.analysis.measured_pods import NODE as MEASURED_NODE

Tree = dict[str, Any]

LETTERS = {Action.ENVIRON: "e", Action.ROOT: "r", Action.SIGNAL: "k", Action.PTRACE: "t"}


def pod_of(spec: Tree, node: Node = MEASURED_NODE, facts: dict[str, ImageFacts] = IMAGE_FACTS) -> Pod:
    (found,) = pods_in({"kind": "Pod", "metadata": {"name": "pod"}, "spec": spec})
    return read_pod(found, node, facts)


def shared(*contexts: Tree, node: Node = MEASURED_NODE, image: str = IMAGE, **spec: Any) -> Pod:  # noqa: ANN401 - of a spec
    """Return a pod with a container for each security context: a, b, c, …"""
    containers = [{"name": chr(97 + at), "image": image, "securityContext": own} for at, own in enumerate(contexts)]
    return pod_of({"shareProcessNamespace": True, "containers": containers, **spec}, node)


def pair(pod: Pod, source: str = "a", target: str = "b") -> Pair:
    (found,) = [item for item in exposure(pod) if (item.source.name, item.target.name) == (source, target)]
    return found


def letters(found: Pair) -> str:
    """Return the actions in a row: a letter for yes, `.` for no, `?` for unknown."""
    marks = {Answer.NO: ".", Answer.UNKNOWN: "?"}
    return "".join(marks.get(found.answer(action), letter) for action, letter in LETTERS.items())


# What a shell in each container measured on a node, against each main process (v1.34.2, containerd 1.6, Linux 6.18).
CONTEXTS: dict[str, Tree] = {
    "ptrace": {"capabilities": {"add": ["SYS_PTRACE"]}},
    "root": {},
    "drop-all": {"capabilities": {"drop": ["ALL"]}},
    "kill": {"capabilities": {"drop": ["ALL"], "add": ["KILL"]}},
    "privileged": {"privileged": True},
    "u1000-g1000": {"runAsUser": 1000, "runAsGroup": 1000},
    "u1000-g2000": {"runAsUser": 1000, "runAsGroup": 2000},
    "u1000-ptrace": {"runAsUser": 1000, "runAsGroup": 1000, "capabilities": {"add": ["SYS_PTRACE"]}},
}
COLUMNS = (
    f"{PAUSE} nginx nginx/worker u1000-g1000 u1000-g2000 ptrace root drop-all kill u1000-ptrace privileged".split()
)
MEASURED = """
ptrace       erk erk erk erk erk erk erk erk erk erk erk
root         erk erk ..k ..k ..k ..k erk erk erk ..k ..k
drop-all     ..k ..k ... ... ... ..k ..k erk ..k ... ..k
kill         ..k ..k ..k ..k ..k ..k ..k erk erk ..k ..k
privileged   erk erk erk erk erk erk erk erk erk erk erk
u1000-g1000  ... ... ... erk ..k ... ... ... ... erk ...
u1000-g2000  ... ... ... ..k erk ... ... ... ... ..k ...
u1000-ptrace ... ... ... erk ..k ... ... ... ... erk ...
"""


def test_the_matrix_that_was_measured_by_hand() -> None:
    containers = [{"name": name, "image": IMAGE, "securityContext": own} for name, own in CONTEXTS.items()]
    nginx = {"name": "nginx", "image": "nginx:1.29"}
    # A process looks into one of its own container as into one of another container like it.
    twins = [{**item, "name": f"{item['name']}-twin"} for item in containers]
    pod = pod_of({"shareProcessNamespace": True, "containers": [nginx, *containers, *twins]})
    found = {(item.source.name, item.target.name): letters(item)[:3] for item in exposure(pod)}
    rows = [line.split() for line in MEASURED.split("\n") if line]
    assert len(rows) == len(CONTEXTS)
    for source, *cells in rows:
        for target, cell in zip(COLUMNS, cells, strict=True):
            on = f"{target}-twin" if target == source else target
            assert found[source, on] == cell, (source, target)


# Counter-examples that were found by measuring generated pods.


def test_sys_ptrace_does_not_open_the_environment_file_of_another_user() -> None:
    """The file has mode 0400: without DAC_OVERRIDE its owner alone reads it, whatever ptrace(2) allows."""
    caller = {"capabilities": {"add": ["SYS_PTRACE"], "drop": ["DAC_OVERRIDE"]}}
    found = pair(shared(caller, {"runAsUser": 1000}))
    assert letters(found) == ".rkt"
    assert found.cells[Action.ENVIRON].ground is Ground.FILE_MODE
    assert (
        letters(
            pair(
                shared(
                    {"capabilities": {**caller["capabilities"], "add": ["SYS_PTRACE", "DAC_READ_SEARCH"]}},
                    {"runAsUser": 1000},
                )
            )
        )
        == "erkt"
    )


@pytest.mark.parametrize("power", ["SYS_ADMIN", "PERFMON"])
def test_perfmon_reads_every_environment_from_linux_6_15_on(power: str) -> None:
    def on(kernel: tuple[int, int] | None, **spec: Any) -> str:  # noqa: ANN401 - of a spec
        node = Node(MEASURED_NODE.runtime, Ids(0, 0), SecurityModule.NONE, 0, kernel)
        return letters(pair(shared({"capabilities": {"add": [power]}}, {"runAsUser": 1000}, node=node, **spec)))

    assert on((6, 18)) == "e.k."
    assert on((6, 12)) == "..k."
    assert on(None) == "?.k."
    # Capabilities that count in the pod's own user namespace are none of the node's.
    assert on((6, 18), hostUsers=False) == "..k."


def test_setuid_lets_root_become_another_user_and_then_read_it() -> None:
    found = pair(shared({}, {"runAsUser": 1000, "runAsGroup": 2000}))
    assert letters(found) == "..k."
    assert set(found.switching) == {Action.ENVIRON, Action.ROOT, Action.PTRACE}
    # Without SETGID the group stays, and without SETUID the user.
    for dropped in ("SETGID", "SETUID"):
        assert (
            pair(shared({"capabilities": {"drop": [dropped]}}, {"runAsUser": 1000, "runAsGroup": 2000})).switching == ()
        )
    same_group = shared({"capabilities": {"drop": ["SETGID"]}}, {"runAsUser": 1000, "runAsGroup": 0})
    assert pair(same_group).switching == (Action.ENVIRON, Action.ROOT, Action.PTRACE)


@pytest.mark.parametrize(
    ("add", "drop", "has"),
    [
        (["SYS_PTRACE"], ["SYS_PTRACE"], False),  # dropping wins
        (["ALL"], ["ALL"], False),
        (["SYS_PTRACE"], ["ALL"], True),
        (["ALL"], ["CHOWN"], True),
        (["sys_ptrace"], [], True),
    ],
)
def test_capabilities_as_the_runtime_makes_them(add: list[str], drop: list[str], has: bool) -> None:
    assert ("SYS_PTRACE" in names_of(granted(Runtime.CONTAINERD, tuple(add), tuple(drop)))) is has


def test_a_privileged_container_keeps_what_it_drops() -> None:
    pod = shared({"privileged": True, "capabilities": {"drop": ["ALL"]}}, {"runAsUser": 1000})
    assert pod.containers[0].least == ALL
    assert letters(pair(pod)) == "erkt"
    # But not if it does not start as root.
    assert letters(pair(shared({"privileged": True, "runAsUser": 2000}, {"runAsUser": 1000}))) == "...."


def test_a_pods_user_is_the_sandboxs_too() -> None:
    on_pod = shared({}, {}, securityContext={"runAsUser": 1000})
    assert letters(pair(on_pod, "a", PAUSE)) == "erkt"
    on_containers = shared({"runAsUser": 1000}, {"runAsUser": 1000})
    assert letters(pair(on_containers, "a", PAUSE)) == "...."


def test_cri_o_gives_the_sandbox_no_user_of_the_pod() -> None:
    node = Node(Runtime.CRI_O, None, SecurityModule.NONE, 0, (6, 12))
    context = {"runAsUser": 1000, "runAsGroup": 1000}
    assert letters(pair(shared({}, {}, node=node, securityContext=context), "a", PAUSE)) == "...."
    assert letters(pair(shared({}, {}, node=node), "a", PAUSE)) == "erkt"
    # And no process at all where the pod is in the node's namespace.
    in_node = pod_of({"hostPID": True, "containers": [{"name": "a", "image": IMAGE}]}, node)
    assert [item.target.name for item in exposure(in_node)] == [NODE_PROCESS]


# Namespaces, and when containers run.


def test_windows_has_no_process_namespace_to_share() -> None:
    pod = shared({}, {}, os={"name": "windows"})
    assert {cell.answer for item in exposure(pod) for cell in item.cells.values()} == {Answer.NO}


def test_without_a_shared_namespace_nothing_is_visible() -> None:
    pod = pod_of({"containers": [{"name": "a", "image": IMAGE}, {"name": "b", "image": IMAGE}]})
    assert {cell.answer for item in exposure(pod) for cell in item.cells.values()} == {Answer.NO}
    assert pair(pod).cells[Action.SEE].ground is Ground.OTHER_NAMESPACE


def test_an_ephemeral_container_enters_the_namespace_of_its_target() -> None:
    containers = [{"name": name, "image": IMAGE} for name in ("a", "b")]
    debugger = {"name": "debugger", "image": IMAGE, "targetContainerName": "a"}
    pod = pod_of({"containers": containers, "ephemeralContainers": [debugger]})
    assert letters(pair(pod, "debugger", "a")) == letters(pair(pod, "a", "debugger")) == "erkt"
    assert letters(pair(pod, "debugger", "b")) == "...."


def test_init_containers_run_alone_but_for_the_sidecars_before_them() -> None:
    def named(name: str, **more: str) -> Tree:
        return {"name": name, "image": IMAGE, **more}

    first = [named("s0", restartPolicy="Always"), named("i0"), named("s1", restartPolicy="Always"), named("i1")]
    pod = pod_of({"shareProcessNamespace": True, "initContainers": first, "containers": [named("a")]})
    seen = {(item.source.name, item.target.name) for item in exposure(pod) if item.answer(Action.SEE) is Answer.YES}
    assert {on for source, on in seen if source == "i0"} == {"s0", PAUSE}
    assert {on for source, on in seen if source == "i1"} == {"s0", "s1", PAUSE}
    assert {on for source, on in seen if source == "a"} == {"s0", "s1", PAUSE}
    assert {source for source, on in seen if on == "i0"} == {"s0"}


def test_in_the_nodes_namespace_the_node_is_visible() -> None:
    containers = [{"name": "a", "image": IMAGE}, {"name": "b", "image": IMAGE, "securityContext": {"privileged": True}}]
    pod = pod_of({"hostPID": True, "containers": containers})
    assert letters(pair(pod, "a", NODE_PROCESS)) == "..k."
    assert letters(pair(pod, "b", NODE_PROCESS)) == "erkt"


# What a spec leaves open, and what closes it.


def test_what_the_image_decides_is_unknown_and_says_what_makes_it_known() -> None:
    pod = shared({}, {}, image="registry.example.com/app:1")
    found = pair(pod)
    # One image is one user, who signals its own; what the program makes of itself is not known.
    assert letters(found) == "??k?"
    reason = explain(pod, found, Action.ENVIRON)
    assert "the image registry.example.com/app:1 decides the user" in reason.why
    assert reason.change
    assert reason.change.text.startswith("write containers[0].securityContext.runAsUser")


def test_two_containers_of_one_image_have_one_user() -> None:
    context = {"allowPrivilegeEscalation": False, "runAsNonRoot": True, "runAsGroup": 1}
    assert letters(pair(shared(context, context, image="registry.example.com/app:1"))) == "erkt"
    different = [{"name": name, "image": f"registry.example.com/{name}", "securityContext": context} for name in "ab"]
    assert letters(pair(pod_of({"shareProcessNamespace": True, "containers": different}))) == "????"


def test_a_program_that_cannot_change_its_privileges_needs_no_facts() -> None:
    user = {"runAsUser": 1000, "runAsGroup": 1000}
    image = "registry.example.com/app:1"
    # Its file may have capabilities, which keep others of its user out.
    open_one = shared(user, user, image=image)
    assert letters(pair(open_one)) == "??k?"
    change = explain(open_one, pair(open_one), Action.ENVIRON).change
    assert change
    assert change.edits == ((("containers", 1, "securityContext", "allowPrivilegeEscalation"), False),)
    closed = {**user, "allowPrivilegeEscalation": False}
    assert letters(pair(shared(user, closed, image=image))) == "erkt"


def facts_of(**more: Any) -> dict[str, ImageFacts]:  # noqa: ANN401 - of the class
    return {"registry.example.com/app": ImageFacts(user=Ids(0, 0), no_account_from=0, **more)}


def with_facts(context: Tree, facts: dict[str, ImageFacts]) -> Pod:
    app = {"name": "b", "image": "registry.example.com/app:1", "command": ["/anything"], "securityContext": context}
    caller = {"name": "a", "image": IMAGE, "securityContext": {"runAsUser": 70, "runAsGroup": 70}}
    spec = {"shareProcessNamespace": True, "containers": [caller, app]}
    return pod_of(spec, facts={**IMAGE_FACTS, **facts})


def test_facts_of_an_image_decide() -> None:
    becomes = facts_of(main=Main.BECOMES, main_ids=Ids(70, 70))
    assert letters(pair(with_facts({}, becomes))) == "erkt"
    # Started as another user it cannot become one.
    assert letters(pair(with_facts({"runAsUser": 71, "runAsGroup": 70}, becomes))) == "...."
    # Nor can root without the capabilities for it: it stays what it is, or does not run.
    assert letters(pair(with_facts({"capabilities": {"drop": ["SETGID"]}}, becomes))) == "...."
    hidden = facts_of(main=Main.BECOMES, main_ids=Ids(70, 70), main_dumpable=False)
    found = pair(with_facts({}, hidden))
    assert letters(found) == "..k."
    assert found.cells[Action.ENVIRON].ground is Ground.NOT_DUMPABLE
    armed = facts_of(main=Main.KEEPS, file_capabilities=("NET_BIND_SERVICE",))
    user = {"runAsUser": 70, "runAsGroup": 70}
    assert letters(pair(with_facts(user, armed))) == "..k."
    assert letters(pair(with_facts({**user, "allowPrivilegeEscalation": False}, armed))) == "erkt"
    workers = facts_of(main=Main.KEEPS, workers=(Worker(Ids(70, 70), dumpable=None),))
    assert letters(pair(with_facts({}, workers), "a", "b/worker")) == "??k?"


def test_a_profile_of_the_nodes_own_leaves_signals_and_ptrace_open() -> None:
    local = {"seccompProfile": {"type": "Localhost", "localhostProfile": "p.json"}}
    assert letters(pair(shared(local, {}))) == "er??"
    assert letters(pair(shared({}, local))) == "erkt"  # the profile of the caller counts


def on_module(module: SecurityModule | None, one: Tree, other: Tree) -> str:
    node = Node(MEASURED_NODE.runtime, Ids(0, 0), module, 0, (6, 12))
    return letters(pair(shared(one, other, node=node)))


def test_security_modules_refuse_where_profiles_differ() -> None:
    unconfined = {"appArmorProfile": {"type": "Unconfined"}}
    assert on_module(SecurityModule.APPARMOR, {}, {}) == "erkt"
    assert on_module(SecurityModule.APPARMOR, {}, unconfined) == "...."
    assert on_module(SecurityModule.APPARMOR, unconfined, {}) == "erkt"
    assert on_module(SecurityModule.NONE, {}, unconfined) == "erkt"
    assert on_module(None, {}, unconfined) == "????"
    local = {"appArmorProfile": {"type": "Localhost", "localhostProfile": "p"}}
    assert on_module(SecurityModule.APPARMOR, local, local) == "????"
    # A privileged container has no profile.
    assert on_module(SecurityModule.APPARMOR, {"capabilities": {"add": ["ALL"]}}, {"privileged": True}) == "...."
    label = {"seLinuxOptions": {"level": "s0:c1,c2"}}
    assert on_module(SecurityModule.SELINUX, label, label) == "erkt"
    assert on_module(SecurityModule.SELINUX, label, {}) == on_module(None, label, {}) == "????"
    assert on_module(SecurityModule.APPARMOR, label, {}) == "erkt"


@pytest.mark.parametrize(
    ("scope", "without", "with_it"), [(0, "t", "t"), (1, ".", "t"), (2, ".", "t"), (3, ".", "."), (None, "?", "t")]
)
def test_yama(scope: int | None, without: str, with_it: str) -> None:
    node = Node(MEASURED_NODE.runtime, Ids(0, 0), SecurityModule.NONE, scope, (6, 12))
    assert letters(pair(shared({}, {}, node=node))) == f"erk{without}"
    assert letters(pair(shared({"capabilities": {"add": ["SYS_PTRACE"]}}, {}, node=node))) == f"erk{with_it}"


def test_runtimes_differ_in_what_they_give() -> None:
    assert names_of(DEFAULTS[Runtime.CONTAINERD] & ~DEFAULTS[Runtime.CRI_O]) == [
        "NET_RAW",
        "SYS_CHROOT",
        "MKNOD",
        "AUDIT_WRITE",
        "SETFCAP",
    ]
    node = Node(Runtime.CRI_O, Ids(0, 0), SecurityModule.NONE, 0, (6, 12))
    # With CRI-O's set NET_RAW is more than the other has.
    assert letters(pair(shared({}, {"capabilities": {"add": ["NET_RAW"]}}, node=node))) == "..k."
    assert letters(pair(shared({}, {"capabilities": {"add": ["NET_RAW"]}}))) == "erkt"


def test_when_a_container_runs_or_where_may_not_be_known_yet() -> None:
    first = {"name": "first", "image": IMAGE, "restartPolicy": UNKNOWN}
    app = {"name": "app", "image": IMAGE}
    found = pair(
        pod_of({"shareProcessNamespace": True, "initContainers": [first], "containers": [app]}), "app", "first"
    )
    assert {cell.answer for cell in found.cells.values()} == {Answer.UNKNOWN}
    debugger = {"name": "debugger", "image": IMAGE, "targetContainerName": UNKNOWN}
    pod = pod_of({"containers": [app], "ephemeralContainers": [debugger]})
    assert pair(pod, "debugger", "app").answer(Action.SEE) is Answer.UNKNOWN


def test_facts_are_found_by_any_name_of_the_image() -> None:
    facts = {"nginx": ImageFacts(user=Ids(7, 7), main=Main.KEEPS)}
    for image in ("nginx", "nginx:1.27", "docker.io/library/nginx:1.27"):
        pod = pod_of({"containers": [{"name": "a", "image": image}]}, facts=facts)
        assert (pod.containers[0].uid, pod.containers[0].gid) == (7, 7)
    # What they leave open stays as it is known.
    pod = pod_of({"containers": [{"name": "a", "image": "nginx:1.27"}]}, facts={"nginx": ImageFacts(source="mine")})
    assert pod.containers[0].uid == 0
    assert pod.containers[0].workers


def test_a_command_that_is_known_beats_what_was_told_of_the_image() -> None:
    becomes = facts_of(main=Main.BECOMES, main_ids=Ids(70, 70), workers=(Worker(Ids(70, 70), dumpable=True),))
    app = {"name": "b", "image": "registry.example.com/app:1", "command": ["sleep", "9"]}
    caller = {"name": "a", "image": IMAGE, "securityContext": {"runAsUser": 70, "runAsGroup": 70}}
    pod = pod_of({"shareProcessNamespace": True, "containers": [caller, app]}, facts={**IMAGE_FACTS, **becomes})
    assert letters(pair(pod)) == "...."
    assert [item.target.name for item in exposure(pod)] == ["b", PAUSE, "a", PAUSE]


def test_the_group_of_an_images_user_is_that_of_its_account() -> None:
    """The kubelet hands on the user of USER alone (CRI's ImageStatus): a group after the colon is lost."""
    pod = pod_of({"containers": [{"name": "a", "image": "registry.k8s.io/pause:3.10"}]})
    assert (pod.containers[0].uid, pod.containers[0].gid) == (65535, 0)


def test_without_setgid_nobody_gets_into_another_group() -> None:
    caller = {"name": "a", "image": IMAGE, "securityContext": {"runAsUser": 70, "runAsGroup": 70}}
    context = {"runAsUser": 0, "capabilities": {"drop": ["ALL"], "add": ["SETUID"]}}
    app = {"name": "b", "image": "registry.example.com/app:1", "securityContext": context}
    found = pair(pod_of({"shareProcessNamespace": True, "containers": [caller, app]}))
    # Whatever its program does, it stays in group 0. It may become user 70, who signals it.
    assert letters(found) == "..?."


def test_pods_that_differ_in_names_alone_are_judged_once() -> None:
    containers = [{"name": f"c{at}", "image": f"registry.example.com/{at}:1"} for at in range(24)]
    before = judge.cache_info().misses
    exposure(pod_of({"shareProcessNamespace": True, "containers": containers}))
    assert judge.cache_info().misses - before < 10
