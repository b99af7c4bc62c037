"""The reloader on a real node: the kubelet brings a changed ConfigMap, and the right nginx serves it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pidshare_components import SharedProcessJobArgs, SharedProcessPodArgs
from pidshare_components.args.template import PodTemplateArgs
from pidshare_components.manifests.pod import pod_spec
from tests.namespaces import fresh_namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]  # what is waited for in vain is a failure

Kubectl = Callable[..., str]
NGINX = {"image": "nginxinc/nginx-unprivileged:stable", "image_pull_policy": "IfNotPresent"}
BUSYBOX = {"image": "busybox:1.28", "image_pull_policy": "IfNotPresent"}
RESTRICTED = {
    "run_as_user": 101,
    "run_as_group": 101,
    "run_as_non_root": True,
    "allow_privilege_escalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccomp_profile": {"type": "RuntimeDefault"},
}
PROGRAM = "/usr/sbin/nginx"


class Pod:
    """A pod in a namespace, made by the arguments of a component."""

    def __init__(self, kubectl: Kubectl, namespace: str, name: str) -> None:
        self.kubectl = kubectl
        self.namespace = f"--namespace={namespace}"
        self.name = name
        self._touched = 0

    def create(self, args: PodTemplateArgs) -> None:
        """Make it, whatever it is called for."""
        metadata = {"name": self.name}
        self.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(args)})

    def apply(self, item: dict[str, Any]) -> None:
        """Make an object, or change it."""
        self.kubectl("apply", "--filename=-", self.namespace, standard_input=json.dumps(item))

    def publish(self, configuration: str, config_map: str = "web") -> None:
        """Change a ConfigMap, and make the kubelet look at it now instead of within a minute if the pod is there."""
        data = {"default.conf": configuration}
        self.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": config_map}, "data": data})
        self._touched += 1
        change = f"touched={self._touched}"
        self.kubectl("annotate", "--overwrite", "pod", self.name, change, self.namespace, check=False)

    def log(self) -> list[str]:
        """Return the lines of the reloader."""
        return self.kubectl("logs", self.name, "--container=reloader", self.namespace).splitlines()

    def run(self, container: str, *command: str) -> str:
        """Run a command in a container."""
        return self.kubectl("exec", self.name, f"--container={container}", self.namespace, "--", *command)

    def wait_until(self, ready: bool) -> None:
        """Wait until the pod is ready, or is not."""
        condition = f"--for=condition=Ready={ready}"
        self.kubectl("wait", condition, f"pod/{self.name}", self.namespace, "--timeout=60s")

    def master(self, container: str) -> int:
        """Return the PID of the main process of a container that says where it is."""
        return int(self.run(container, "cat", "/tmp/nginx.pid"))  # noqa: S108 - in the container


def serving(text: str, port: int = 8080) -> str:
    return f'server {{ listen {port}; location / {{ return 200 "{text}"; }} }}'


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.2)


def nginx(name: str, config_map: str) -> dict[str, Any]:
    mounts = [{"name": config_map, "mount_path": "/etc/nginx/conf.d"}]
    return {"name": name, **NGINX, "volume_mounts": mounts, "security_context": RESTRICTED}


def volume(name: str) -> dict[str, Any]:
    return {"name": name, "config_map": {"name": name}}


@pytest.fixture(scope="module")
def restricted(kubectl: Kubectl) -> Iterator[str]:
    """A namespace that enforces the restricted level."""
    with fresh_namespace(kubectl) as name:
        kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
        yield name


@pytest.fixture(scope="module")
def pod(kubectl: Kubectl, restricted: str) -> Pod:
    """Two times nginx, of one user and one program; the reloader is for the first one."""
    made = Pod(kubectl, restricted, "web")
    made.publish(serving("one"))
    made.publish(serving("decoy", 8081), "decoy")
    reloader = {"watch": ["/etc/nginx/conf.d"], "executable": PROGRAM, "interval_seconds": 1, "patience_seconds": 4}
    made.create(
        SharedProcessPodArgs.model_validate(
            {
                "containers": [nginx("web", "web"), nginx("decoy", "decoy")],
                "volumes": [volume("web"), volume("decoy")],
                "reloaders": [{**reloader, **BUSYBOX}],
                "termination_grace_period_seconds": 1,
            }
        )
    )
    made.wait_until(ready=True)
    return made


def test_a_changed_config_map_is_served_and_no_other_container_is_signalled(pod: Pod) -> None:
    def workers(container: str) -> str:
        return pod.run(container, "sh", "-c", 'grep -l "^PPid:.$(cat /tmp/nginx.pid)$" /proc/[1-9]*/status')

    def served() -> str:
        return pod.run("web", "wget", "-qO-", "http://localhost:8080")

    ours, decoys, master = workers("web"), workers("decoy"), pod.master("web")
    assert served() == "one"
    pod.publish(serving("two"))
    until(lambda: served() == "two")
    until(lambda: bool(pod.log()))
    assert pod.log() == [f"reloader: web: reloaded: process {master} got SIGHUP and has new child processes"]
    assert (workers("web") != ours, workers("decoy"), pod.master("web")) == (True, decoys, master)

    # What nginx refuses takes the pod out of its services, until it is repaired.
    pod.publish("no such directive;")
    pod.wait_until(ready=False)
    assert pod.log()[1:] == [
        f"reloader: web: not reloaded: process {master} got SIGHUP, but after 4 s it has no new child processes"
    ]
    assert served() == "two"
    pod.publish(serving("three"))
    pod.wait_until(ready=True)
    assert (served(), pod.log()[2:]) == ("three", pod.log()[:1])

    # Somebody starts a second nginx in the container: then it is not clear any more which one is meant.
    second = "echo 'pid /tmp/second.pid; events {}' >/tmp/second.conf; nginx -c /tmp/second.conf >/dev/null 2>&1"
    pod.run("web", "sh", "-c", second)
    pod.publish(serving("four"))
    pod.wait_until(ready=False)
    assert pod.log()[-1].startswith("reloader: web: not reloaded: processes ")
    assert pod.log()[-1].endswith(f" of container 'web' both run {PROGRAM}")
    assert served() == "three"
    pod.run("web", "sh", "-c", "kill -QUIT $(cat /tmp/second.pid)")
    until(lambda: served() == "four")
    pod.wait_until(ready=True)


def test_in_a_job_it_keeps_nothing_from_completing_and_ends_at_once(kubectl: Kubectl, restricted: str) -> None:
    job = Pod(kubectl, restricted, "batch")
    job.publish("nothing", "batch")
    mounts = [{"name": "batch", "mount_path": "/conf"}]
    args = SharedProcessJobArgs.model_validate(
        {
            "containers": [
                {
                    "name": "work",
                    **BUSYBOX,
                    "command": ["sleep", "1"],
                    "volume_mounts": mounts,
                    "security_context": RESTRICTED,
                }
            ],
            "volumes": [volume("batch")],
            # Longer than this test may take.
            "termination_grace_period_seconds": 1000,
            "reloaders": [{"watch": ["/conf"], "interval_seconds": 1000, **BUSYBOX}],
        }
    )
    spec = {"template": {"spec": pod_spec(args)}, "backoffLimit": 0}
    job.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "batch"}, "spec": spec})
    kubectl("wait", "--for=condition=Complete", "job/batch", job.namespace, "--timeout=60s")


def test_a_chrooted_process_is_told_by_its_cgroup_and_root_by_its_capabilities(
    kubectl: Kubectl, namespace: str
) -> None:
    pod = Pod(kubectl, namespace, "chroot")
    pod.publish("one", "web")
    # As daemons do that lock themselves up: a root of its own shows no mount of the kubelet.
    lock_up = """
        mkdir -p /jail/tmp /jail/var/log/nginx && cp -a /bin /etc /lib* /usr /jail
        echo 'user root; error_log /tmp/log; pid /tmp/pid; events {}' >/jail/tmp/conf
        chroot /jail nginx -c /tmp/conf -g 'daemon off;' &
        echo $! >/tmp/app.pid
        wait
    """
    image = {"image": "nginx", "image_pull_policy": "IfNotPresent"}
    mounts = [{"name": "web", "mount_path": "/conf"}]
    identity = {"run_as_user": 0, "run_as_group": 0}
    reloader = {"watch": ["/conf"], "pid_file": "/tmp/app.pid", "interval_seconds": 1, **BUSYBOX}  # noqa: S108
    args = SharedProcessPodArgs.model_validate(
        {
            "containers": [
                {
                    "name": "app",
                    **image,
                    "command": ["sh", "-c", lock_up],
                    "volume_mounts": mounts,
                    "security_context": identity,
                },
                # Chrooted as well, but in another container.
                {
                    "name": "other",
                    **image,
                    "command": ["sh", "-c", lock_up],
                    "security_context": identity,
                },
            ],
            "volumes": [volume("web")],
            "reloaders": [reloader],
            "termination_grace_period_seconds": 1,
        }
    )
    pod.create(args)
    pod.wait_until(ready=True)
    wait = ["sh", "-c", "until [ -s /tmp/app.pid ]; do sleep 0.1; done; cat /tmp/app.pid"]
    app, other = (pod.run(name, *wait).strip() for name in ("app", "other"))
    pod.publish("two", "web")
    until(lambda: len(pod.log()) == 1)
    assert pod.log() == [f"reloader: app: reloaded: process {app} got SIGHUP and has new child processes"]
    pod.run("app", "sh", "-c", f"echo {other} >/tmp/app.pid")
    pod.publish("three", "web")
    pod.wait_until(ready=False)
    assert pod.log()[1:] == [
        f"reloader: app: not reloaded: /tmp/app.pid names {other}, which is no process of container 'app'"
    ]
