"""The stack log-handler: its configuration. What it deploys is tested on a node by tests/cluster."""

from __future__ import annotations

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
