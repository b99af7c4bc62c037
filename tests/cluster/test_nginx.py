"""stacks/nginx on a real node: what one sees from its shell, and what its service account may do."""

from __future__ import annotations

import json
import secrets
import subprocess
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from pulumi.automation import ConfigValue

from dev.cluster import Cluster, image_digest
from dev.deployment import Deployment
from dev.paths import ROOT
from dev.walkthrough import walk_through
from pidshare_components.live import AttachedShell, ShellError

pytestmark = [pytest.mark.engine, pytest.mark.cluster]


@pytest.fixture(scope="module")
def outputs(deployment: Deployment) -> dict[str, Any]:
    """The outputs of stacks/nginx, deployed as it is."""
    stack = deployment.project(ROOT, "dev")
    stack.up()
    return {name: output.value for name, output in stack.outputs().items()}


def test_the_walk_through_of_the_kubernetes_task(cluster: Cluster, outputs: dict[str, Any]) -> None:
    terminal: list[str] = []
    attach = cluster.command(*outputs["commands"]["attach"].split()[1:])
    with AttachedShell(attach, transcript=terminal.append) as shell:
        walk_through(shell, terminal.append)
    assert any(line.split()[:1] == ["1"] and line.endswith("/pause") for line in terminal)


def test_the_shell_goes_on_after_it_was_left(cluster: Cluster, outputs: dict[str, Any]) -> None:
    attach = cluster.command(*outputs["commands"]["attach"].split()[1:])
    mark = f"mark-{secrets.token_hex(4)}"
    with AttachedShell(attach) as shell:
        shell.run(f"name={mark}")
    with AttachedShell(attach) as shell:
        assert shell.run("echo $name").strip() == mark


@pytest.fixture(scope="module")
def attacher(
    cluster: Cluster, outputs: dict[str, Any], kubectl: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> list[str]:
    """kubectl with a token of the created service account, as somebody who has nothing else."""
    namespace, account = outputs["namespace"], outputs["service_account"]
    token = kubectl("create", "token", account, f"--namespace={namespace}").strip()
    config = json.loads(kubectl("config", "view", "--raw", "--output=json"))
    config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
    file = tmp_path_factory.mktemp("attacher") / "kubeconfig"
    file.touch(0o600)
    file.write_text(json.dumps(config))

    return [str(cluster.kubectl), f"--kubeconfig={file}", f"--cache-dir={file.parent}", f"--namespace={namespace}"]


@pytest.fixture(scope="module")
def stranger(outputs: dict[str, Any], kubectl: Callable[..., str]) -> Iterator[str]:
    """Another pod with a shell in the same namespace."""
    where = f"--namespace={outputs['namespace']}"
    kubectl("run", "stranger", "--image=busybox:1.28", "--stdin", "--tty", "--grace-period=1", where)
    kubectl("wait", "--for=condition=Ready", "pod/stranger", where, "--timeout=60s")
    yield "stranger"
    kubectl("delete", "pod", "stranger", where, "--now", "--wait=false")


def test_the_service_account_attaches_to_this_pod(attacher: list[str], outputs: dict[str, Any]) -> None:
    attach = [*attacher, "attach", outputs["pod"], "--container=shell", "--stdin", "--tty"]
    with AttachedShell(attach) as shell:
        assert shell.run("echo it-is-$((40+2))").strip() == "it-is-42"


def test_the_service_account_attaches_to_no_other_pod(attacher: list[str], stranger: str) -> None:
    attach = [*attacher, "attach", stranger, "--stdin", "--tty"]
    with pytest.raises(ShellError, match="orbidden"), AttachedShell(attach):
        pass


def forbidden(pod: str) -> dict[str, Sequence[str]]:
    return {
        "exec": ("exec", pod, "--container=nginx", "--", "true"),
        "debug": ("debug", pod, "--image=busybox:1.28", "--", "true"),
        "own logs": ("logs", pod, "--container=nginx"),
        "others' logs": ("logs", "stranger"),
        "secrets": ("get", "secrets"),
        "config maps": ("get", "configmaps"),
        "list of pods": ("get", "pods"),
        "another pod": ("get", "pod", "stranger"),
        "port forwarding": ("port-forward", pod, "8080:80"),
        "deletion": ("delete", "pod", pod),
        "a token": ("create", "token", "default"),
    }


@pytest.mark.parametrize("what", forbidden(""))
def test_the_service_account_cannot_do_more(
    attacher: list[str], outputs: dict[str, Any], stranger: str, what: str
) -> None:
    assert stranger
    command = [*attacher, *forbidden(outputs["pod"])[what]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "orbidden" in done.stderr, done.stderr


def test_production_runs_on_the_restricted_level(
    cluster: Cluster, deployment: Deployment, kubectl: Callable[..., str], namespace: str
) -> None:
    # PodSecurity admission is the judge.
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    stack = deployment.project(ROOT, "prod")
    digest = image_digest(cluster, "docker.io/nginxinc/nginx-unprivileged:stable")
    for key, value in {"image": digest, "imagePullPolicy": "IfNotPresent", "namespace": namespace}.items():
        stack.workspace.set_config("prod", f"nginx.{key}", ConfigValue(value), path=True)
    stack.up()
    where = f"--namespace={namespace}"
    pods = json.loads(kubectl("get", "pods", where, "--output=json"))["items"]
    assert len(pods) == 2
    for pod in pods:
        assert [container["name"] for container in pod["spec"]["containers"]] == ["nginx"]
        assert pod["status"]["containerStatuses"][0]["ready"] is True
    assert json.loads(kubectl("get", "roles", where, "--output=json"))["items"] == []
    stack.destroy()
