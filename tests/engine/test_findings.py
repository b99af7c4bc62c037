"""Findings as the real engine shows them: at their resource, in previews, and as what stops a deployment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pulumi.automation import CommandError, EngineEvent

from tests.engine.programs import Component, collect_coroutines

pytestmark = pytest.mark.engine

Objects = Callable[[str], list[dict[str, Any]]]
TRACER = {
    "name": "tracer",
    "image": "busybox:1.28",
    "command": ["sleep", "86400"],
    "security_context": {"capabilities": {"add": ["SYS_PTRACE"]}},
}
SECRET = {"name": "DB_PASSWORD", "value": "hunter2"}


def with_sidecar(component: Component) -> None:
    component.arguments["sidecars"] = [TRACER]
    component.arguments["containers"][0]["env"] = [SECRET]


def diagnostics(operation: Callable[..., object]) -> list[tuple[str, str, str]]:
    """Run an operation and return what it said of components: severity, type of the resource, message."""
    found = []

    def note(event: EngineEvent) -> None:
        said = event.diagnostic_event
        if said is not None and said.urn:
            found.append((said.severity, said.urn.split("::")[2].rpartition(":")[2], said.message))

    operation(on_event=note)
    return found


def test_a_preview_shows_findings_at_the_component(component: Component) -> None:
    with_sidecar(component)
    said = diagnostics(component.stack.preview)
    assert {(severity, kind) for severity, kind, _ in said} >= {("warning", "SharedProcessPod")}
    text = "\n".join(message for _, _, message in said)
    assert "literal-secret (high): containers[0].env[0]: DB_PASSWORD of 'app' holds a literal secret" in text
    assert "sys-ptrace (medium): initContainers[0].securityContext.capabilities.add: 'tracer' can read" in text
    assert "hunter2" not in text


def test_a_finding_that_is_not_accepted_stops_before_anything_is_made(component: Component, objects: Objects) -> None:
    with_sidecar(component)
    component.arguments["on_finding"] = {"fail_from": "high"}
    for operation in (component.stack.preview, component.stack.up):
        with pytest.raises(CommandError) as raised:
            operation()
        collect_coroutines()
        assert "1 finding is not accepted:" in str(raised.value)
        assert "Traceback" not in str(raised.value)
    assert objects("pods") == []
    assert objects("networkpolicies") == []


def test_outputs_stay_as_they_are_from_preview_to_deployment(component: Component) -> None:
    component.arguments["sidecars"] = [TRACER]
    component.up()
    assert component.preview() == {}
    state = component.stack.export_stack().deployment or {}
    (outputs,) = [item["outputs"] for item in state["resources"] if item["type"].endswith(":SharedProcessPod")]
    assert {"from": "tracer", "on": "app", **dict.fromkeys(["see", "environ", "root", "signal", "ptrace"], "yes")} in (
        outputs["exposure"]
    )
    assert outputs["podSecurity"] == "privileged"
    assert [finding["rule"] for finding in outputs["findings"]] == ["sys-ptrace"]
