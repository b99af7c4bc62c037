"""A debug sidecar in the root file system of an image without a shell, on a real node."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from dev.cluster import Cluster
from pidshare_components import SharedProcessPodArgs
from pidshare_components.live import AttachedShell
from pidshare_components.manifests.pod import pod_spec

pytestmark = pytest.mark.cluster

USER = {"run_as_user": 1000, "run_as_group": 1000}
ROOT = {"run_as_user": 0, "run_as_group": 0}


@pytest.fixture(scope="module")
def shell_less(kubectl: Callable[..., str]) -> str:
    """The sandbox's image, which every node has: one static program, and that is all."""
    nodes = json.loads(kubectl("get", "nodes", "--output=json"))["items"]
    names: list[str] = [name for node in nodes for image in node["status"]["images"] for name in image["names"]]
    return next(name for name in names if "/pause:" in name)


def deploy(kubectl: Callable[..., str], namespace: str, image: str, pods: dict[str, dict[str, Any]]) -> None:
    """Make pods, each of an application without a shell, and of the fields that are given beside it."""
    objects = []
    for name, fields in pods.items():
        context = fields.pop("app", {})
        app = {"name": "app", "image": image, "command": ["/pause"], "security_context": context}
        args = {"containers": [app], "termination_grace_period_seconds": 1, **fields}
        metadata = {"name": name, "namespace": namespace}
        spec = pod_spec(SharedProcessPodArgs.model_validate(args))
        objects.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    kubectl("apply", "--filename=-", standard_input=yaml.safe_dump_all(objects))
    for name in pods:
        kubectl("wait", "--for=condition=Ready", f"pod/{name}", f"--namespace={namespace}", "--timeout=120s")


def attach(cluster: Cluster, namespace: str, pod: str) -> AttachedShell:
    where = (f"--namespace={namespace}", pod, "--container=shell")
    return AttachedShell(cluster.command("attach", "--stdin", "--tty", *where))


def debug(profile: str) -> dict[str, Any]:
    return {"target_root": True, "profile": profile, "image": "busybox:1.28"}


def test_files_of_an_image_without_a_shell_and_again_after_its_restart(
    cluster: Cluster, kubectl: Callable[..., str], namespace: str, shell_less: str
) -> None:
    # PodSecurity admission is the judge.
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    confined = {
        **USER,
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"]},
        "run_as_non_root": True,
        "seccomp_profile": {"type": "RuntimeDefault"},
    }
    deploy(kubectl, namespace, shell_less, {"quiet": {"app": confined, "debug": debug("restricted")}})
    with attach(cluster, namespace, "quiet") as shell:
        assert "pause" in shell.run("ls").split()
        assert shell.run("cat etc/hostname").strip() == "quiet"
        assert shell.run("cd etc; cat hostname; cd ..").strip() == "quiet"
        first = shell.run("echo $TARGET_PID").strip()
        assert shell.run("ls $TARGET_ROOT/pause").strip() == f"/proc/{first}/root/pause"
        assert shell.run("echo ${PS1%:*}").strip() == "app"
        assert any(process.command == "/pause" and str(process.pid) == first for process in shell.processes())
        shell.run("kill $TARGET_PID")
        shell.run("exit")
        second = shell.run("echo $TARGET_PID").strip()
        assert second != first
        assert "pause" in shell.run("ls $TARGET_ROOT").split()
        assert shell.run("cat etc/hostname").strip() == "quiet"
    status = json.loads(kubectl("get", "pod", "quiet", f"--namespace={namespace}", "--output=json"))["status"]
    restarts = {item["name"]: item["restartCount"] for item in status["containerStatuses"]}
    assert restarts == {"app": 1, "shell": 0}


def test_each_profile_that_may_look_inside_does(
    cluster: Cluster, kubectl: Callable[..., str], namespace: str, shell_less: str
) -> None:
    more = {"capabilities": {"add": ["SYS_TIME"]}}
    pods: dict[str, dict[str, Any]] = {
        "baseline": {"app": ROOT, "debug": debug("baseline")},
        "general": {"app": {**ROOT, **more}, "debug": debug("general")},
        "same-uid": {"app": {**ROOT, **more}, "debug": debug("same-uid")},
        # In a pod whose containers end for good it is a native sidecar, and waits for its target.
        "once": {"app": USER, "debug": debug("general"), "restart_policy": "Never"},
    }
    deploy(kubectl, namespace, shell_less, pods)
    for name in pods:
        with attach(cluster, namespace, name) as shell:
            assert shell.run("cat etc/hostname").strip() == name
            assert "pause" in shell.run("ls").split()


def test_a_shell_that_may_not_look_inside_stays_where_it_is(
    cluster: Cluster, kubectl: Callable[..., str], namespace: str, shell_less: str
) -> None:
    shell_of = {**debug("custom"), "security_context": {"run_as_user": 2000}}
    deploy(kubectl, namespace, shell_less, {"hidden": {"app": USER, "debug": shell_of}})
    with attach(cluster, namespace, "hidden") as shell:
        assert shell.run("pwd").strip() == "/"
        assert "bin" in shell.run("ls").split()
    assert "of 'app' may not be inspected" in kubectl("logs", "hidden", "--container=shell", f"--namespace={namespace}")
