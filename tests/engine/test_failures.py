"""Updates that fail, and the second `up` that mends what they left."""

from __future__ import annotations

import gc
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi.automation import CommandError

from dev.cluster import Cluster
from dev.deployment import Deployment
from dev.engine import Engine
from pidshare_components import SharedProcessPod
from tests.engine.programs import Component, pod_of_busybox
from tests.engine.proxy import Proxy, through

pytestmark = pytest.mark.engine

Objects = Callable[[str], list[dict[str, Any]]]
CANNOT_START = "localhost/there-is-none:1"
SOON = {"pulumi.com/timeoutSeconds": "15"}


def names(pods: list[dict[str, Any]]) -> list[str]:
    return [pod["metadata"]["name"] for pod in pods]


def failure(operation: Callable[[], object]) -> str:
    with pytest.raises(CommandError) as raised:
        operation()
    # The SDK abandons coroutines when a program fails. They end here: amidst an import, CPython's parser fails.
    gc.collect()
    return str(raised.value)


def test_an_image_that_cannot_start_is_mended_by_the_next_up(component: Component, objects: Objects) -> None:
    component.arguments["annotations"] = SOON
    component.arguments["containers"][0]["image"] = CANNOT_START
    assert "app" in failure(component.up)
    component.arguments["containers"][0]["image"] = "busybox:1.28"
    component.up()
    (pod,) = objects("pods")
    assert pod["status"]["phase"] == "Running"
    assert component.preview() == {}


def test_a_replacement_that_cannot_start_leaves_one_pod_in_the_end(component: Component, objects: Objects) -> None:
    component.arguments["annotations"] = SOON
    component.up()
    (before,) = names(objects("pods"))
    component.arguments["containers"][0]["image"] = CANNOT_START
    failure(component.up)
    # The pod that works stays until there is a new one that does.
    assert before in names(objects("pods"))
    component.arguments["containers"][0]["image"] = "busybox:1.28"
    component.arguments["containers"][0]["env"] = [{"name": "MODE", "value": "b"}]
    component.up()
    (after,) = objects("pods")
    assert after["status"]["phase"] == "Running"
    assert after["metadata"]["name"] != before
    assert component.preview() == {}


@pytest.fixture
def cuttable(cluster: Cluster, pulumi_engine: Engine, tmp_path: Path) -> Iterator[tuple[Proxy, Deployment]]:
    """A way to the cluster that can be cut, and Pulumi that goes it."""
    proxy, kubeconfig = through(cluster.kubeconfig, tmp_path)
    yield proxy, Deployment(tmp_path / "pulumi", pulumi_engine, replace(cluster, kubeconfig=kubeconfig))
    proxy.close()


def test_an_api_server_that_stops_between_two_pods(
    cuttable: tuple[Proxy, Deployment], namespace: str, objects: Objects
) -> None:
    proxy, through_it = cuttable
    cut_now = True

    def program() -> None:
        first = SharedProcessPod("first", pod_of_busybox(namespace))

        def between(name: str) -> str:
            if cut_now and not pulumi.runtime.is_dry_run():
                proxy.cut()
            return name

        after = {"after": first.pod_name.apply(between)}
        SharedProcessPod("second", pod_of_busybox(namespace, annotations=after))

    stack = through_it.inline(program, namespace)
    failure(stack.up)
    (first,) = names(objects("pods"))
    cut_now = False
    proxy.mend()
    stack.up()
    pods = names(objects("pods"))
    assert first in pods
    assert len(pods) == 2
    stack.up(expect_no_changes=True)
    stack.destroy()
    assert objects("pods") == []


def test_an_api_server_that_stops_while_a_pod_starts(
    cuttable: tuple[Proxy, Deployment], namespace: str, objects: Objects
) -> None:
    proxy, through_it = cuttable
    arguments = pod_of_busybox(namespace, annotations=SOON)
    arguments["containers"][0]["startup_probe"] = {
        "exec": {"command": ["sh", "-c", "test -e /tmp/late || { sleep 8; touch /tmp/late; }"]},
        "timeout_seconds": 10,
    }
    stack = through_it.inline(lambda: SharedProcessPod("app", arguments), namespace)

    def cut_when_there_is_a_pod() -> None:
        deadline = time.monotonic() + 60
        while not objects("pods") and time.monotonic() < deadline:
            time.sleep(0.2)
        proxy.cut()

    watcher = threading.Thread(target=cut_when_there_is_a_pod)
    watcher.start()
    failure(stack.up)
    watcher.join()
    proxy.mend()
    stack.up()
    (pod,) = objects("pods")
    assert pod["status"]["containerStatuses"][0]["ready"] is True
    stack.up(expect_no_changes=True)
    stack.destroy()
    assert objects("pods") == []


def test_mistakes_are_told_at_once_and_nothing_is_registered(component: Component, objects: Objects) -> None:
    component.arguments["containers"][0]["image"] = "two words"
    component.arguments["containers"][0]["volume_mounts"] = [{"name": "none", "mount_path": "/data"}]
    said = failure(component.up)
    assert "containers[0].image" in said
    assert "containers[0].volume_mounts[0].name" in said
    assert "two words" not in said
    assert objects("pods") == []
    assert component.resources() in ([], ["pulumi:pulumi:Stack"])


def test_an_output_that_breaks_a_rule_stops_the_pod(component: Component, objects: Objects) -> None:
    component.outputs = lambda: {"image": pulumi.Output.secret("two words")}
    said = failure(component.up)
    assert "containers[0].image" in said
    assert "two words" not in said
    assert objects("pods") == []


def test_secrets_are_encrypted_in_the_state_and_masked_in_previews(component: Component) -> None:
    secret = secrets.token_hex(8)
    component.outputs = lambda: {"env": [{"name": "TOKEN", "value": pulumi.Output.secret(secret)}]}
    said = [component.stack.preview(diff=True).stdout, component.stack.up(diff=True).stdout]
    component.arguments["containers"][0]["working_dir"] = "/tmp"  # noqa: S108 - a change beside the secret
    said.append(component.stack.preview(diff=True).stdout)
    assert "[secret]" in said[0]
    assert not [text for text in said if secret in text]
    home = Path(component.stack.workspace.env_vars["PULUMI_BACKEND_URL"].removeprefix("file://"))
    state = [file.read_bytes() for file in home.rglob("*") if file.is_file() and component.namespace in str(file)]
    assert state
    assert not [content for content in state if secret.encode() in content]
