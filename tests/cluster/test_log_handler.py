"""Log handlers on a real node: what stacks/log-handler deploys, a pod that completes, and a target of several users."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
import yaml

from dev.paths import ROOT
from pidshare_components import SharedProcessPodArgs
from pidshare_components.manifests.pod import pod_spec
from pidshare_components.render import render
from tests.namespaces import fresh_namespace

pytestmark = pytest.mark.cluster

STACK = ROOT / "stacks/log-handler"
MAX_BYTES = 1000  # as Pulumi.dev.yaml has it
# It calls itself nginx, tells its PID, opens the log on SIGHUP and reports signals. ($$ would be $ to Kubernetes.)
DECOY = """
printf nginx > /proc/self/comm
trap 'exec 3>>/var/log/web/access.log; echo opened' HUP
trap 'echo signalled' USR1 USR2 TERM INT QUIT WINCH
read -r pid rest < /proc/self/stat
echo $pid
while :; do sleep 1; done
"""


def wait_until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.3)  # each look is a run of kubectl


class DeployedPod:
    """A pod of a namespace."""

    def __init__(self, kubectl: Callable[..., str], namespace: str, name: str) -> None:
        self._kubectl = kubectl
        self._namespace = namespace
        self.name = name

    def run(self, *arguments: str) -> str:
        return self._kubectl(f"--namespace={self._namespace}", *arguments)

    def sh(self, container: str, command: str) -> str:
        return self.run("exec", self.name, f"--container={container}", "--", "sh", "-c", command)

    def logs(self, container: str) -> str:
        return self.run("logs", self.name, f"--container={container}")

    def statuses(self) -> dict[str, dict[str, Any]]:
        status = json.loads(self.run("get", "pod", self.name, "--output=json"))["status"]
        return {item["name"]: item for item in (*status["initContainerStatuses"], *status["containerStatuses"])}

    def restarts(self) -> dict[str, int]:
        return {name: status["restartCount"] for name, status in self.statuses().items()}

    def rotations(self, container: str = "log-handler") -> int:
        return self.logs(container).count(" moved ")

    def last_message(self, container: str) -> str:
        """Return what a container's last run ended with."""
        return str(self.statuses()[container].get("lastState", {}).get("terminated", {}).get("message"))


def deployed(kubectl: Callable[..., str], namespace: str, args: dict[str, Any]) -> DeployedPod:
    """Return a pod of this library's that is made without Pulumi."""
    spec = pod_spec(SharedProcessPodArgs.model_validate(args))
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app", "namespace": namespace}, "spec": spec}
    kubectl("apply", "--filename=-", standard_input=yaml.safe_dump(pod))
    return DeployedPod(kubectl, namespace, "app")


class StackPod(DeployedPod):
    """The rendered stack in a namespace, with two decoys beside nginx."""

    def __init__(self, kubectl: Callable[..., str], namespace: str) -> None:
        # The API server itself judges that the pod is as locked down as it can be.
        kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
        objects = [deepcopy(dict(item.object)) for item in render(STACK, "dev")]
        for item in objects:
            item["metadata"]["namespace"] = namespace
        pod = next(item for item in objects if item["kind"] == "Pod")
        [self._handler] = pod["spec"]["initContainers"]
        pod["spec"]["containers"] += [_decoy(pod, "decoy", 101), _decoy(pod, "foreigner", 102)]
        pod["spec"]["terminationGracePeriodSeconds"] = 1  # the decoys do not end on SIGTERM
        super().__init__(kubectl, namespace, pod["metadata"]["name"])
        kubectl("apply", "-f", "-", standard_input=yaml.safe_dump_all(objects))
        self.run("wait", "--for=condition=Ready", f"pod/{self.name}", "--timeout=120s")

    def request(self, count: int, first: int = 0) -> None:
        url = "http://127.0.0.1:8080/?n=$n"
        loop = f"n={first}; while [ $n -lt {first + count} ]; do wget -q -O /dev/null {url} && n=$((n + 1)); done"
        self.sh("log-handler", loop)

    def requests_seen(self, numbers: range) -> list[int]:
        return sorted(_requests(self.sh("log-handler", "cat /var/log/web/access.log*"), numbers))

    def requests_shipped(self, numbers: range) -> list[int]:
        return _requests(self.logs("log-handler"), numbers)

    def master(self) -> int:
        return int(self.sh("web", "cat /run/web/nginx.pid"))

    def workers(self, master: int) -> list[int]:
        children = self.sh("web", f"cat /proc/{master}/task/{master}/children").split()
        assert children
        return [int(child) for child in children]

    def unreported(self) -> int:
        """Return how many old logs there are of which the handler, since its start, has not said that it moved them."""
        return self.sh("log-handler", "ls /var/log/web").count("access.log.") - self.rotations()

    def is_small(self) -> bool:
        return int(self.sh("log-handler", "cat /var/log/web/access.log 2>/dev/null | wc -c")) <= MAX_BYTES

    def try_handler(self, pid: int) -> str:
        """Let the pid file name a process, and return what a handler says that finds the log too large."""
        self.sh("web", f"echo {pid} > /run/web/nginx.pid")
        script = self._handler["command"][2].replace("$$", "$")
        settings = ("SHIP=", "MAX_BYTES=1", "PATIENCE=0")
        command = (*settings, "sh", "-c", '(eval "$1") 2>&1 && exit 1 || :', "-", script)
        return self.run("exec", self.name, "--container=log-handler", "--", "env", *command)


def _requests(log: str, numbers: range) -> list[int]:
    lines = (line for line in log.splitlines() if "/?n=" in line)
    found = (int(line.partition("/?n=")[2].partition(" ")[0]) for line in lines)
    return [number for number in found if number in numbers]


def _decoy(pod: dict[str, Any], name: str, user: int) -> dict[str, Any]:
    [web] = [item for item in pod["spec"]["containers"] if item["name"] == "web"]
    return {
        "name": name,
        "image": web["image"],
        "imagePullPolicy": web["imagePullPolicy"],
        "command": ["sh", "-c", DECOY],
        "securityContext": {**web["securityContext"], "runAsUser": user, "runAsGroup": user},
        "volumeMounts": [item for item in web["volumeMounts"] if item["name"] == "log"],
    }


@pytest.fixture(scope="module")
def stack_pod(kubectl: Callable[..., str]) -> Iterator[StackPod]:
    """The pod of the stack, with decoys. Requests of a test have numbers of its own."""
    with fresh_namespace(kubectl) as namespace:
        yield StackPod(kubectl, namespace)


def test_nginx_goes_on_and_no_request_is_lost(stack_pod: StackPod) -> None:
    pod = stack_pod
    master, restarts, unreported = pod.master(), pod.restarts(), pod.unreported()
    first = pod.rotations()
    # Each old log has at least 12 of these requests, so all of them fit into those that are kept.
    pod.request(100)
    wait_until(lambda: pod.rotations() > first)
    rotations = pod.rotations()
    pod.request(100, first=100)
    wait_until(lambda: pod.rotations() > rotations)
    wait_until(lambda: pod.is_small() and pod.unreported() == unreported)  # no rotation is under way
    assert pod.requests_seen(range(200)) == list(range(200))
    wait_until(lambda: len(pod.requests_shipped(range(200))) >= 200)
    assert pod.requests_shipped(range(200)) == list(range(200))
    assert pod.master() == master
    for process in (master, *pod.workers(master)):
        opened = pod.sh("web", f"for fd in /proc/{process}/fd/*; do readlink $fd; done")
        assert "/var/log/web/access.log\n" in opened
        assert "/var/log/web/access.log." not in opened
    for decoy in ("decoy", "foreigner"):
        assert "signalled" not in pod.logs(decoy)
    assert pod.restarts() == restarts


def test_what_is_not_nginx_is_not_signalled(stack_pod: StackPod) -> None:
    pod = stack_pod
    master, restarts = pod.master(), pod.restarts()["log-handler"]
    # The handler fails for all to see, and goes on as soon as it can.
    pod.sh("web", "echo 1 > /run/web/nginx.pid")
    pod.request(20, first=1000)
    wait_until(lambda: pod.restarts()["log-handler"] > restarts)
    ended = pod.statuses()["log-handler"]["lastState"]["terminated"]
    assert ended["exitCode"] == 1
    assert "names 1, which is no process of container 'web'" in ended["message"]
    pod.sh("web", f"echo {master} > /run/web/nginx.pid")
    wait_until(lambda: pod.rotations() > 0)  # in the log of the new start

    pod.request(1, first=1020)
    # One of another user; one of the same user and name, with the log open for writing: only the container is another.
    decoy = int(pod.logs("decoy").split()[0])
    pod.sh("decoy", f"kill -HUP {decoy}")
    wait_until(lambda: "opened" in pod.logs("decoy"))
    for other in (int(pod.logs("foreigner").split()[0]), decoy):
        assert f"names {other}, which is no process of container 'web'" in pod.try_handler(other)
    for name in ("decoy", "foreigner"):
        assert "signalled" not in pod.logs(name)
    # Nor could it signal PID 1 if it wanted to: the sandbox runs as another user.
    assert "not permitted" in pod.sh("log-handler", "kill -0 1 2>&1 || :")


# Writes more than is kept, in bursts with pauses so that it rotates meanwhile, and ends right after the last one.
LINES, BURSTS = 50_000, 50
WRITER = f"""
trap 'exec 3>>/var/log/app/app.log' USR1
exec 3>>/var/log/app/app.log
n=0 burst=0
while [ $burst -lt {BURSTS} ]; do
    end=$((n + {LINES // BURSTS}))
    while [ $n -lt $end ]; do echo "line $n of a log that is written fast" >&3; n=$((n + 1)); done
    burst=$((burst + 1))
    sleep 0.1
done
"""


def test_a_pod_completes_and_every_line_was_shipped_once(kubectl: Callable[..., str], namespace: str) -> None:
    app = {
        "name": "app",
        "image": "busybox:1.28",
        "command": ["sh", "-c", WRITER.replace("$(", "$$(")],
        # Of a target that runs as root, the handler needs the same capabilities: here the runtime's.
        "security_context": {"run_as_user": 0, "run_as_group": 0},
        "volume_mounts": [{"name": "log", "mount_path": "/var/log/app"}],
    }
    handler = {
        "path": "/var/log/app/app.log",
        "rotation": {"max_bytes": 200_000, "keep": 1},
        "ship": True,
        "image": "busybox:1.28",
    }
    args = {"containers": [app], "log_handlers": [handler], "restart_policy": "Never"}
    pod = deployed(kubectl, namespace, {**args, "volumes": [{"name": "log", "empty_dir": {}}]})
    pod.run("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{pod.name}", "--timeout=120s")
    log = pod.logs("log-handler").splitlines()
    lines = [line for line in log if not line.startswith("log-handler: moved ")]
    assert lines == [f"line {number} of a log that is written fast" for number in range(LINES)]
    assert len(log) - len(lines) >= 2, "it did not rotate while it shipped"
    # It ended by itself, and was not killed when the grace period was over.
    assert pod.statuses()["log-handler"]["state"]["terminated"]["exitCode"] == 0


def test_workers_of_another_user_need_any_user(kubectl: Callable[..., str], namespace: str) -> None:
    nginx = {
        "name": "nginx",
        "image": "nginx",
        "image_pull_policy": "IfNotPresent",
        "security_context": {"run_as_user": 0, "run_as_group": 0},
        "volume_mounts": [{"name": "log", "mount_path": "/var/log/nginx"}],
    }
    shared = {"image": "busybox:1.28", "rotation": {"max_bytes": 1000, "patience_seconds": 2}}
    handlers = [
        {**shared, "path": "/var/log/nginx/access.log", "any_user": True, "executable": "/usr/sbin/nginx"},
        {**shared, "path": "/var/log/nginx/error.log", "name": "same-user"},
    ]
    args = {"containers": [nginx], "log_handlers": handlers, "volumes": [{"name": "log", "empty_dir": {}}]}
    pod = deployed(kubectl, namespace, {**args, "termination_grace_period_seconds": 1})
    pod.run("wait", "--for=condition=Ready", f"pod/{pod.name}", "--timeout=120s")
    pod.sh("log-handler", "for n in $(seq 30); do wget -q -O /dev/null http://127.0.0.1/; done")
    wait_until(lambda: pod.rotations() > 0)
    assert pod.restarts()["log-handler"] == 0
    pod.sh("nginx", "for n in $(seq 99); do echo an error that fills the log; done >>/var/log/nginx/error.log")
    wait_until(lambda: "may not be inspected: whether it writes is not known" in pod.last_message("same-user"))
