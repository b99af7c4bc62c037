"""stacks/log-handler by the real engine; stacks/nginx is deployed in tests/cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pulumi.automation import ConfigValue

from dev.deployment import Deployment
from dev.paths import ROOT
from tests.engine.programs import changes

pytestmark = pytest.mark.engine


def test_the_log_handler_stack_is_deployed_changed_and_destroyed(
    deployment: Deployment, namespace: str, objects: Callable[[str], list[dict[str, Any]]]
) -> None:
    stack = deployment.project(ROOT / "stacks/log-handler", "dev")
    stack.workspace.set_config("dev", "log-handler.namespace", ConfigValue(namespace), path=True)
    assert changes(stack.up) == {"create": ["ConfigMap", "NetworkPolicy", "Pod"]}
    (pod,) = objects("pods")
    statuses = (*pod["status"]["initContainerStatuses"], *pod["status"]["containerStatuses"])
    assert {status["name"]: status["ready"] for status in statuses} == {"log-handler": True, "web": True}
    assert changes(stack.preview) == {}

    stack.workspace.set_config("dev", "log-handler.rotation.keep", ConfigValue("3"), path=True)
    assert changes(stack.up)["create-replacement"] == ["Pod"]
    (replacement,) = objects("pods")
    assert replacement["metadata"]["uid"] != pod["metadata"]["uid"]

    stack.destroy()
    assert objects("pods") + objects("networkpolicies") == []
