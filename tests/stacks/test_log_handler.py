"""The log handler: what the stack deploys, and how that works on a real node."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.paths import ROOT
from pidshare_components.render import RenderError, render

STACK = ROOT / "stacks/log-handler"


def test_prod_pins_every_image_by_digest() -> None:
    pod = next(item.object for item in render(STACK, "prod") if item.kind == "Pod")
    images = [container["image"] for container in (*pod["spec"]["initContainers"], *pod["spec"]["containers"])]
    assert len(images) == 2
    assert all("@sha256:" in image for image in images)


GOOD: dict[str, Any] = {
    "production": False,
    "web": {"image": "nginx"},
    "handler": {"image": "busybox"},
    "rotation": {"maxBytes": 1, "keep": 1, "intervalSeconds": 1, "patienceSeconds": 1},
}
UNPINNED = "production pins images by digest, write name@sha256:..."
CONFIGURATION_ERRORS = [
    ({"production": True}, [f"log-handler.web.image: {UNPINNED}", f"log-handler.handler.image: {UNPINNED}"]),
    ({"rotation": {**GOOD["rotation"], "keep": 0}}, ["log-handler.rotation.keep: Input should be greater than 0"]),
    (
        {"rotation": {**GOOD["rotation"], "keep": True}},
        ["log-handler.rotation.keep: Input should be a valid integer"],
    ),
    ({"rotation": {**GOOD["rotation"], "maxAge": 1}}, ["log-handler.rotation.maxAge: Extra inputs are not permitted"]),
    ({"web": {}}, ["log-handler.web.image: Field required"]),
]


@pytest.mark.parametrize(("change", "lines"), CONFIGURATION_ERRORS)
def test_bad_configuration_is_refused(tmp_path: Path, change: dict[str, Any], lines: list[str]) -> None:
    project = {"name": "log-handler", "runtime": "python", "main": str(STACK)}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    config = {"config": {"log-handler:log-handler": {**GOOD, **change}}}
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(RenderError) as refusal:
        render(tmp_path)
    told = [line.strip() for line in str(refusal.value).splitlines()]
    start = next(index for index, line in enumerate(told) if "the stack's configuration cannot be used" in line)
    assert told[start + 1 :] == lines


# --- the whole, on a node ---

# It calls itself nginx, tells its PID, opens the log on SIGHUP and reports signals. ($$ would be $ to Kubernetes.)
DECOY = """
printf nginx > /proc/self/comm
trap 'exec 3>>/var/log/web/access.log; echo opened' HUP
trap 'echo signalled' USR1 USR2 TERM INT QUIT WINCH
read -r pid rest < /proc/self/stat
echo $pid
while :; do sleep 1; done
"""
MAX_BYTES = 1000  # as Pulumi.dev.yaml has it


def wait_until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


class DeployedPod:
    """The rendered stack in a namespace, with two decoys beside nginx."""

    def __init__(self, kubectl: Callable[..., str], namespace: str) -> None:
        self._kubectl = kubectl
        self._namespace = namespace
        # The API server itself judges that the pod is as locked down as it can be.
        kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
        objects = [deepcopy(dict(item.object)) for item in render(STACK, "dev")]
        for item in objects:
            item["metadata"]["namespace"] = namespace
        pod = next(item for item in objects if item["kind"] == "Pod")
        pod["spec"]["containers"] += [_decoy(pod, "decoy", 101), _decoy(pod, "foreigner", 102)]
        pod["spec"]["terminationGracePeriodSeconds"] = 1  # the decoys do not end on SIGTERM
        self.name = pod["metadata"]["name"]
        kubectl("apply", "-f", "-", standard_input=yaml.safe_dump_all(objects))
        self._run("wait", "--for=condition=Ready", f"pod/{self.name}", "--timeout=120s")

    def _run(self, *arguments: str) -> str:
        return self._kubectl(f"--namespace={self._namespace}", *arguments)

    def sh(self, container: str, command: str) -> str:
        return self._run("exec", self.name, f"--container={container}", "--", "sh", "-c", command)

    def logs(self, container: str) -> str:
        return self._run("logs", self.name, f"--container={container}")

    def status(self, container: str) -> dict[str, Any]:
        status = json.loads(self._run("get", "pod", self.name, "--output=json"))["status"]
        statuses = (*status["initContainerStatuses"], *status["containerStatuses"])
        found: dict[str, Any] = next(item for item in statuses if item["name"] == container)
        return found

    def request(self, count: int, first: int = 0) -> None:
        url = "http://127.0.0.1:8080/?n=$n"
        loop = f"n={first}; while [ $n -lt {first + count} ]; do wget -q -O /dev/null {url} && n=$((n + 1)); done"
        self.sh("log-handler", loop)

    def requests_seen(self) -> list[int]:
        lines = self.sh("log-handler", "cat /var/log/web/access.log*").splitlines()
        return sorted(int(line.partition("/?n=")[2].partition(" ")[0]) for line in lines)

    def master(self) -> int:
        return int(self.sh("web", "cat /run/web/nginx.pid"))

    def workers(self, master: int) -> list[int]:
        children = self.sh("web", f"cat /proc/{master}/task/{master}/children").split()
        assert children
        return [int(child) for child in children]

    def rotations(self) -> int:
        return self.logs("log-handler").count(" moved ")

    def settled(self) -> bool:
        """Return whether the log is small and no rotation is under way."""
        size, old = self.sh("log-handler", "cat /var/log/web/access.log | wc -c; ls /var/log/web").split("\n", 1)
        return int(size) <= MAX_BYTES and old.count("access.log.") == self.rotations()

    def try_handler(self, pid: int) -> str:
        """Let the pid file name a process, and return what a handler says that finds the log too large."""
        self.sh("web", f"echo {pid} > /run/web/nginx.pid")
        return self.sh("log-handler", "MAX_BYTES=1 PATIENCE=0 sh /etc/log-handler/log-handler.sh 2>&1 && exit 1 || :")


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


@pytest.mark.cluster
def test_nginx_goes_on_and_no_request_is_lost(kubectl: Callable[..., str], namespace: str) -> None:
    pod = DeployedPod(kubectl, namespace)
    master = pod.master()
    # Each old log has at least 12 of these requests, so all of them fit into those that are kept.
    pod.request(100)
    wait_until(lambda: pod.rotations() > 0)
    rotations = pod.rotations()
    pod.request(100, first=100)
    wait_until(lambda: pod.rotations() > rotations)
    wait_until(pod.settled)
    assert pod.requests_seen() == list(range(200))
    assert pod.master() == master
    for process in (master, *pod.workers(master)):
        opened = pod.sh("web", f"for fd in /proc/{process}/fd/*; do readlink $fd; done")
        assert "/var/log/web/access.log\n" in opened
        assert "/var/log/web/access.log." not in opened
    for decoy in ("decoy", "foreigner"):
        assert "signalled" not in pod.logs(decoy)
    for container in ("web", "log-handler", "decoy", "foreigner"):
        assert pod.status(container)["restartCount"] == 0


@pytest.mark.cluster
def test_what_is_not_nginx_is_not_signalled(kubectl: Callable[..., str], namespace: str) -> None:
    pod = DeployedPod(kubectl, namespace)
    master = pod.master()
    # The handler fails for all to see, and goes on as soon as it can.
    pod.sh("web", "echo 1 > /run/web/nginx.pid")
    pod.request(20)
    wait_until(lambda: pod.status("log-handler")["restartCount"] > 0)
    ended = pod.status("log-handler")["lastState"]["terminated"]
    assert ended["exitCode"] == 1
    assert "names PID 1, the sandbox of the pod" in ended["message"]
    pod.sh("web", f"echo {master} > /run/web/nginx.pid")
    wait_until(lambda: pod.rotations() > 0)

    pod.request(1, first=20)
    foreigner = int(pod.logs("foreigner").split()[0])
    assert f"process {foreigner} may not be inspected" in pod.try_handler(foreigner)
    # Same user, same name, the log open for writing: only the container is another.
    decoy = int(pod.logs("decoy").split()[0])
    pod.sh("decoy", f"kill -HUP {decoy}")
    wait_until(lambda: "opened" in pod.logs("decoy"))
    assert f"process {decoy} is in another container" in pod.try_handler(decoy)
    for name in ("decoy", "foreigner"):
        assert "signalled" not in pod.logs(name)
    # Nor could it signal PID 1 if it wanted to: the sandbox runs as another user.
    assert "not permitted" in pod.sh("log-handler", "kill -0 1 2>&1 || :")
