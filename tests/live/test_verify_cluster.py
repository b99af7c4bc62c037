"""`pidshare verify` on a real node: predictions hold, a wrong one shows, and the workload goes on as if nothing was."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from dev.cluster import Cluster
from dev.paths import ROOT
from pidshare_components import (
    AttachAccess,
    Capabilities,
    Container,
    DebugProfile,
    DebugShell,
    SecurityContext,
    SharedProcessPodArgs,
)
from pidshare_components.analysis.images import Ids, ImageFacts, Main
from pidshare_components.analysis.kernel import Answer
from pidshare_components.args.kinds import POD
from pidshare_components.cli.verify import verify as verify_command
from pidshare_components.live.comparison import Wish, verify
from pidshare_components.live.kubectl import Kubectl
from pidshare_components.live.verification import Verification
from pidshare_components.manifests.access import role_rules
from pidshare_components.manifests.pod import pod_spec
from tests.namespaces import fresh_namespace

pytestmark = pytest.mark.cluster

BUSYBOX = "busybox:1.28"
SLEEP = ["sleep", "99999"]

RunKubectl = Callable[..., str]

app = typer.Typer()
app.command()(verify_command)


@pytest.fixture(scope="module")
def room(kubectl: RunKubectl) -> Iterator[str]:
    """A namespace for all pods of this module."""
    with fresh_namespace(kubectl) as name:
        yield name


def create(kubectl: RunKubectl, namespace: str, *pods: dict[str, Any]) -> None:
    for pod in pods:
        pod["spec"]["terminationGracePeriodSeconds"] = 1
        for container in pod["spec"]["containers"]:
            container["imagePullPolicy"] = "IfNotPresent"
    text = yaml.safe_dump_all(pods)
    kubectl("apply", f"--namespace={namespace}", "--filename=-", standard_input=text)
    names = [f"pod/{pod['metadata']['name']}" for pod in pods]
    kubectl("wait", f"--namespace={namespace}", "--for=condition=Ready", *names, "--timeout=180s")


@pytest.fixture(scope="module")
def task_pod(kubectl: RunKubectl, room: str) -> str:
    """The pod of the Kubernetes task, as its manifest has it."""
    create(kubectl, room, yaml.safe_load((ROOT / "tests/data/share-process-namespace.yaml").read_text()))
    return "nginx"


def ours(cluster: Cluster, namespace: str) -> Kubectl:
    return Kubectl((str(cluster.kubectl),), kubeconfig=str(cluster.kubeconfig), namespace=namespace)


def command(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, *words: str) -> Result:
    monkeypatch.setenv("PATH", f"{cluster.kubectl.parent}:{os.environ['PATH']}")
    return CliRunner().invoke(app, [*words, f"--kubeconfig={cluster.kubeconfig}"])


def processes(found: Verification) -> set[str]:
    """Return the lines of the table of processes that lasts, without what measured."""
    return {line for line in found.walk[0].shown if not line.endswith(" sh")}


def restarts(kubectl: RunKubectl, namespace: str, pod: str) -> list[tuple[str, str, int]]:
    status = json.loads(kubectl("get", "pod", pod, f"--namespace={namespace}", "--output=json"))["status"]
    return [(each["name"], each["containerID"], each["restartCount"]) for each in status["containerStatuses"]]


def test_the_pod_of_the_kubernetes_task_is_as_predicted(
    cluster: Cluster, task_pod: str, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = command(cluster, monkeypatch, task_pod, "-n", room)
    assert done.exit_code == 0, done.output
    assert f"pod nginx in namespace {room}, context {cluster.context}" in done.output
    assert "nginx: entered by exec" in done.output
    assert "shell: entered by exec" in done.output
    assert "no differences in 25 answers\n" in done.output
    done = command(cluster, monkeypatch, task_pod, "-n", room, "--format", "json")
    answers = [row for row in json.loads(done.output)["exposure"] if row["predicted"] != "unknown"]
    assert len(answers) == 25
    assert all(row["measured"] == row["predicted"] for row in answers)


def test_over_attach_the_answers_are_the_same(
    cluster: Cluster, task_pod: str, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = command(cluster, monkeypatch, task_pod, "-n", room, "-c", "shell")
    assert done.exit_code == 0, done.output
    assert "shell: entered by attach" in done.output
    assert "no differences in 25 answers\n" in done.output
    assert "nginx's files are in reach through /proc/" in done.output


def test_nothing_of_the_pod_is_touched(cluster: Cluster, kubectl: RunKubectl, task_pod: str, room: str) -> None:
    before = restarts(kubectl, room, task_pod)
    one = verify(ours(cluster, room), Wish(task_pod, attach="shell"))
    other = verify(ours(cluster, room), Wish(task_pod, attach="shell"))
    assert processes(one) == processes(other)
    assert restarts(kubectl, room, task_pod) == before


def test_reload_replaces_the_workers_and_keeps_the_master(
    cluster: Cluster, kubectl: RunKubectl, task_pod: str, room: str
) -> None:
    before = restarts(kubectl, room, task_pod)
    found = verify(ours(cluster, room), Wish(task_pod, target="nginx", reload=True))
    assert found.differences == 0
    (reload,) = [step.says for step in found.walk if "SIGHUP" in step.says]
    assert "goes on; its children were replaced:" in reload
    after = verify(ours(cluster, room), Wish(task_pod, target="nginx"))
    gone, new = processes(found) - processes(after), processes(after) - processes(found)
    assert [line.split()[1:3] for line in gone] == [line.split()[1:3] for line in new] == [["101", "nginx"]]
    assert restarts(kubectl, room, task_pod) == before


def test_a_wrong_prediction_shows(cluster: Cluster, task_pod: str, room: str) -> None:
    drops = ImageFacts(Ids(0, 0), main=Main.BECOMES, main_ids=Ids(33, 33), workers=(), source="test")
    found = verify(ours(cluster, room), Wish(task_pod, image_facts={BUSYBOX: drops, "nginx": drops}))
    assert [row.process for row in found.identities if not row.agrees] == ["nginx", "shell"]
    user = ImageFacts(Ids(1000, 1000), main=Main.KEEPS, workers=(), source="test")
    found = verify(ours(cluster, room), Wish(task_pod, image_facts={BUSYBOX: user}))
    assert [row.process for row in found.identities if not row.agrees] == ["shell (exec)", "shell"]
    wrong = {(row.source, row.target): row.action.value for row in found.rows if not row.agrees}
    assert wrong[("shell", "nginx")] == "ptrace"
    assert found.differences == 2 + sum(not row.agrees for row in found.rows)


def test_a_difference_is_exit_code_1(
    cluster: Cluster, kubectl: RunKubectl, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    containers = [{"name": name, "image": BUSYBOX, "command": SLEEP} for name in ("shell", "other")]
    create(kubectl, room, pod_of("cri-o", {"shareProcessNamespace": True, "containers": containers}))
    # CRI-O gives fewer capabilities than the runtime that runs here.
    done = command(cluster, monkeypatch, "cri-o", "-n", room, "--runtime", "cri-o")
    assert done.exit_code == 1
    assert "! shell: it has NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE SETFCAP, which was not predicted" in done.output
    done = command(cluster, monkeypatch, "cri-o", "-n", room)
    assert done.exit_code == 0, done.output


def pod_of(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


NGINX = Container(name="nginx", image="nginx:latest")
USER = SecurityContext(run_as_user=1000, run_as_group=1000)
APP = Container(name="app", image=BUSYBOX, command=SLEEP, security_context=USER)
STRONG = Container(
    name="strong",
    image=BUSYBOX,
    command=SLEEP,
    security_context=SecurityContext(capabilities=Capabilities(add=["SYS_PTRACE"])),
)
WEAK = Container(
    name="weak",
    image=BUSYBOX,
    command=SLEEP,
    security_context=SecurityContext(
        run_as_user=0, run_as_group=0, capabilities=Capabilities(drop=["ALL"], add=["KILL"])
    ),
)
OTHER = Container(
    name="other", image=BUSYBOX, command=SLEEP, security_context=SecurityContext(run_as_user=2000, run_as_group=2000)
)
EVERYONE = (NGINX, APP, STRONG, WEAK, OTHER)


def shell(profile: DebugProfile, target: str | None = None, context: SecurityContext | None = None) -> DebugShell:
    return DebugShell(image=BUSYBOX, profile=profile, target=target, security_context=context)


EVERYTHING, SIGNAL, NOTHING = "see environ root signal ptrace", "see signal", "see"
# What the docstring of DebugShell says of each profile, in what its shell does to each process. The sandbox's is root
# here, with the runtime's default capabilities.
PROFILES = {
    # Signals, reads and traces every process of the pod.
    "general": (
        shell(DebugProfile.GENERAL),
        dict.fromkeys(("nginx", "nginx/worker", "app", "strong", "weak", "other", "/pause"), EVERYTHING),
    ),
    # Signals every process, reads those of root that have no capability added.
    "baseline": (
        shell(DebugProfile.BASELINE),
        {
            **dict.fromkeys(("nginx", "weak", "/pause"), EVERYTHING),
            **dict.fromkeys(("nginx/worker", "app", "strong", "other"), SIGNAL),
        },
    ),
    # Signals and reads the target's processes.
    "restricted": (
        shell(DebugProfile.RESTRICTED, "app"),
        {"app": EVERYTHING, **dict.fromkeys(("nginx", "nginx/worker", "strong", "weak", "other", "/pause"), NOTHING)},
    ),
    # Signals and reads what the target itself could.
    "same-uid": (
        shell(DebugProfile.SAME_UID, "weak"),
        {
            "weak": EVERYTHING,
            **dict.fromkeys(("nginx", "nginx/worker", "app", "strong", "other", "/pause"), SIGNAL),
        },
    ),
    "same-uid-user": (
        shell(DebugProfile.SAME_UID, "other"),
        {"other": EVERYTHING, **dict.fromkeys(("nginx", "nginx/worker", "app", "strong", "weak", "/pause"), NOTHING)},
    ),
    # What `security_context` says: here a user that it shares with another one, without the group.
    "custom": (
        shell(DebugProfile.CUSTOM, context=SecurityContext(run_as_user=1000, run_as_group=2000)),
        {"app": SIGNAL, **dict.fromkeys(("nginx", "nginx/worker", "strong", "weak", "other", "/pause"), NOTHING)},
    ),
}


@pytest.fixture(scope="module")
def profile_pods(kubectl: RunKubectl, room: str) -> None:
    """A pod with each profile's shell beside containers of all kinds."""
    pods = [
        pod_of(f"debug-{name}", pod_spec(SharedProcessPodArgs(containers=list(EVERYONE), debug=debug)))
        for name, (debug, _) in PROFILES.items()
    ]
    create(kubectl, room, *pods)


@pytest.mark.usefixtures("profile_pods")
@pytest.mark.parametrize("name", PROFILES)
def test_a_debug_profile_does_what_it_says_and_no_more(cluster: Cluster, room: str, name: str) -> None:
    _, expected = PROFILES[name]
    found = verify(ours(cluster, room), Wish(f"debug-{name}", attach="shell"))
    assert [row for row in found.rows if not row.agrees] == []
    assert [row for row in found.identities if not row.agrees] == []
    assert {entry.by for entry in found.entries} == {"exec", "attach"}
    assert measured(found, "shell") == expected
    assert [row for row in found.rows if row.source == "shell" and row.predicted is Answer.UNKNOWN] == []
    target = PROFILES[name][0].target
    if name.startswith("same-uid") and target:
        themselves = {target: EVERYTHING, "shell": EVERYTHING}
        assert measured(found, target) | themselves == measured(found, "shell") | themselves


def measured(found: Verification, source: str) -> dict[str, str]:
    """Return what a container can do, by process."""
    can: dict[str, list[str]] = {}
    for row in found.rows:
        if row.source == source:
            can.setdefault(row.target, []).extend([row.action.value] * (row.measured is True))
            assert row.measured is not None, row
    return {target: " ".join(actions) for target, actions in can.items()}


@pytest.fixture
def attacher(kubectl: RunKubectl, task_pod: str, room: str, tmp_path: Path) -> Path:
    """A kubeconfig of somebody who may do what the component's service account may."""
    rbac = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": "attacher", "namespace": room}
    rules = role_rules(AttachAccess(), POD, task_pod, [task_pod])
    role = {"apiVersion": f"{rbac}/v1", "kind": "Role", "rules": rules}
    binding = {"roleRef": {"apiGroup": rbac, "kind": "Role", "name": "attacher"}, "subjects": [subject]}
    objects: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "ServiceAccount"},
        role,
        {"apiVersion": f"{rbac}/v1", "kind": "RoleBinding", **binding},
    ]
    text = yaml.safe_dump_all([{**each, "metadata": {"name": "attacher"}} for each in objects])
    kubectl("apply", f"--namespace={room}", "--filename=-", standard_input=text)
    token = kubectl("create", "token", "attacher", f"--namespace={room}").strip()
    config = json.loads(kubectl("config", "view", "--raw", "--output=json"))
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
    file = tmp_path / "kubeconfig"
    file.touch(0o600)
    file.write_text(json.dumps(config))
    return file


def test_the_service_account_of_the_component_needs_no_exec(
    cluster: Cluster, attacher: Path, task_pod: str, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{cluster.kubectl.parent}:{os.environ['PATH']}")
    words = [task_pod, "-n", room, f"--kubeconfig={attacher}"]
    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert "exec is forbidden for this user" in refused.output
    assert "attach to a shell with -c shell" in refused.output
    done = CliRunner().invoke(app, [*words, "-c", "shell"])
    assert done.exit_code == 0, done.output
    assert "nginx: not entered, exec is forbidden for this user" in done.output
    assert "shell: entered by attach" in done.output
    assert "no differences in 15 answers\n" in done.output
