"""What the stacks of this repository render to, by the real command. UPDATE_GOLDEN=1 writes the golden files anew."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev.paths import ROOT

TESTS = ROOT / "tests"
PIDSHARE = Path(sys.executable).parent / "pidshare"


def rendered(folder: str, *options: str, **environment: str) -> str:
    done = subprocess.run(
        [PIDSHARE, "render", ROOT / folder, *options],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def objects(text: str) -> list[Any]:
    return list(yaml.safe_load_all(text))


def one(text: str, kind: str) -> Any:  # noqa: ANN401 - a Kubernetes object
    (found,) = (item for item in objects(text) if item["kind"] == kind)
    return found


@pytest.mark.parametrize(
    ("folder", "stack", "golden"),
    [
        ("stacks/nginx", "dev", "nginx-dev.yaml"),
        ("stacks/nginx", "prod", "nginx-prod.yaml"),
        ("stacks/log-handler", "dev", "log-handler-dev.yaml"),
    ],
)
def test_a_stack_renders_to_the_same_bytes_in_every_process(folder: str, stack: str, golden: str) -> None:
    texts = {rendered(folder, "--stack", stack, PYTHONHASHSEED=seed) for seed in ("0", "1", "4242")}
    assert len(texts) == 1
    (text,) = texts
    file = TESTS / "golden" / golden
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_dev_is_the_default_stack() -> None:
    assert rendered("stacks/nginx") == rendered("stacks/nginx", "--stack", "dev")


def test_the_root_renders_the_same_program_as_its_folder() -> None:
    assert rendered(".") == rendered("stacks/nginx")


def test_the_dev_pod_means_the_same_as_the_manifest_of_the_task() -> None:
    pod = one(rendered("stacks/nginx"), "Pod")
    task = one((TESTS / "data" / "share-process-namespace.yaml").read_text(encoding="utf-8"), "Pod")
    # What the stack adds: a pull policy for images of the node, no token, where it is and which policy selects it.
    for container in pod["spec"]["containers"]:
        container.pop("imagePullPolicy", None)
    assert pod["spec"].pop("automountServiceAccountToken") is False
    assert pod["metadata"].pop("namespace") == "default"
    assert list(pod["metadata"].pop("labels")) == ["pidshare-components/pod"]
    assert pod == task


def test_the_dev_objects_fit_together() -> None:
    text = rendered("stacks/nginx")
    pod, role, binding = one(text, "Pod"), one(text, "Role"), one(text, "RoleBinding")
    assert all(rule["resourceNames"] == [pod["metadata"]["name"]] for rule in role["rules"])
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"][0]["name"] == one(text, "ServiceAccount")["metadata"]["name"]
    assert one(text, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == pod["metadata"]["labels"]


def test_prod_pins_its_images_and_has_no_shell() -> None:
    deployment = one(rendered("stacks/nginx", "--stack", "prod"), "Deployment")
    containers = deployment["spec"]["template"]["spec"]["containers"]
    assert [container["name"] for container in containers] == ["nginx"]
    assert "@sha256:" in containers[0]["image"]
