"""The policy pack on the real engine: what it tells, what it stops, and that it stops before anything is made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation
from pulumi.automation import CommandError
from pulumi_kubernetes.rbac.v1 import RoleBinding

from dev.deployment import Deployment
from dev.paths import ROOT
from tests.engine.programs import Arguments, Component, collect_coroutines, pod_of_busybox

pytestmark = pytest.mark.engine

Objects = Callable[[str], list[dict[str, Any]]]
SECRET = {"name": "DB_PASSWORD", "value": "hunter2"}
TRACER = {
    "name": "tracer",
    "image": "busybox:1.28",
    "command": ["sleep", "86400"],
    "security_context": {"capabilities": {"add": ["SYS_PTRACE"]}},
}


@dataclass
class Governed:
    """A stack that is deployed under the policies."""

    stack: automation.Stack
    pack: Path
    config: Arguments

    def run(self, operation: str) -> str:
        """Run `preview` or `up` and return what was said."""
        file = self.pack / "config.json"
        file.write_text(json.dumps(self.config))
        done = getattr(self.stack, operation)(policy_packs=[str(self.pack)], policy_pack_configs=[str(file)])
        return str(done.stdout)

    def failure(self, operation: str) -> str:
        with pytest.raises(CommandError) as raised:
            self.run(operation)
        collect_coroutines()
        return str(raised.value)


def violations(said: str) -> set[tuple[str, str, str]]:
    """Return what policies said: level, name of the policy, kind and name of the resource."""
    found = re.findall(r"- \[(\w+)\] \[severity: \w+\]  (\S+)  \(\S+:(\w+: \S+)\)$", said, re.MULTILINE)
    return set(found)


@pytest.fixture(scope="module")
def pack(deployment: Deployment) -> Path:
    return deployment.policy_pack(ROOT / "policy")


@pytest.fixture
def governed(component: Component, pack: Path) -> Governed:
    """The component with what the policies find in its arguments, as far as a test adds it."""
    return Governed(component.stack, pack, {})


def with_a_secret_within_reach(component: Component) -> None:
    component.arguments["containers"][0]["env"] = [SECRET]
    component.arguments["sidecars"] = [TRACER]


def test_what_is_dangerous_stops_before_anything_is_made(
    component: Component, governed: Governed, objects: Objects
) -> None:
    with_a_secret_within_reach(component)
    for operation in ("preview", "up"):
        said = governed.failure(operation)
        assert violations(said) >= {("mandatory", "literal-secret", "Pod: app"), ("advisory", "sys-ptrace", "Pod: app")}
        assert (
            "what: DB_PASSWORD of 'app' holds a literal secret, which 'tracer' can read through /proc/PID/environ"
            in said
        )
        assert "more: docs/rules/literal-secret.md, or: pidshare explain literal-secret" in said
        assert "hunter2" not in said
    assert objects("pods") == []


def test_what_is_advisory_is_told_and_deployed(component: Component, governed: Governed, objects: Objects) -> None:
    component.arguments["sidecars"] = [TRACER]
    told = {("advisory", "sys-ptrace", "Pod: app"), ("advisory", "attach-access", "Pod: app")}
    assert violations(governed.run("preview")) == told
    assert violations(governed.run("up")) == told
    assert len(objects("pods")) == 1


def test_levels_and_exemptions_come_from_the_configuration(
    component: Component, governed: Governed, objects: Objects
) -> None:
    with_a_secret_within_reach(component)
    exemption = {"kind": "Pod", "name": "app", "reason": "OPS-1", "expires": "2999-12-31"}
    governed.config = {"literal-secret": {"exemptions": [exemption]}, "sys-ptrace": "mandatory"}
    said = violations(governed.failure("preview"))
    assert ("mandatory", "sys-ptrace", "Pod: app") in said
    assert "literal-secret" not in {name for _, name, _ in said}
    governed.config["sys-ptrace"] = {"allowedImages": ["busybox"]}
    assert violations(governed.run("up")) == {("advisory", "attach-access", "Pod: app")}
    assert len(objects("pods")) == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"exemptions": [{"kind": "Pod", "reason": "OPS-1"}]}, "expires is required"),
        (
            {"exemptions": [{"kind": "Pod", "reason": "OPS-1", "expires": "2030-02-30"}]},
            "expires: is no date, or missing",
        ),
        ({"exemption": []}, "sys-ptrace.exemption: is no setting of sys-ptrace; did you mean exemptions?"),
        ({"exemptions": [{"kind": "Pod", "reason": "OPS-1", "expires": "2020-01-01"}]}, "2020-01-01, has passed"),
    ],
)
def test_a_configuration_that_cannot_be_used_stops(
    governed: Governed, objects: Objects, settings: Arguments, said: str
) -> None:
    governed.config = {"sys-ptrace": {"enforcementLevel": "mandatory", **settings}}
    for operation in ("preview", "up"):
        assert said in governed.failure(operation)
    assert objects("pods") == []


def test_a_debug_sidecar_in_production_says_why_and_until_when(component: Component, governed: Governed) -> None:
    component.arguments["debug"] = {"image": "busybox:1.28"}
    assert "debug-in-production" not in governed.run("preview")
    component.stack.workspace.set_tag(component.stack.name, "environment", "prod")
    assert "'shell' is a debug sidecar in production, and" in governed.failure("preview")
    component.arguments["debug"] |= {"reason": "OPS-1", "expires": "2020-01-01"}
    assert "debug-in-production" in governed.failure("preview")
    component.arguments["debug"] |= {"expires": "2999-12-31"}
    assert "debug-in-production" not in governed.run("preview")


def test_whoever_may_attach_is_seen_in_the_whole(deployment: Deployment, namespace: str, pack: Path) -> None:
    def program() -> None:
        made = Component(namespace, pod_of_busybox(namespace))
        made.program()
        RoleBinding(
            "everyone",
            metadata={"namespace": namespace},
            role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
            subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"}],
        )

    said = Governed(deployment.inline(program, project=namespace), pack, {}).failure("preview")
    assert violations(said) >= {
        ("mandatory", "attach-for-everyone", "RoleBinding: everyone"),
        ("advisory", "attach-by-built-in-role", "RoleBinding: everyone"),
    }


def test_the_project_of_this_checkout_is_deployed_under_its_policies(deployment: Deployment, pack: Path) -> None:
    said = violations(Governed(deployment.project(ROOT, "dev"), pack, {}).run("preview"))
    assert said == {("advisory", name, "Pod: nginx") for name in ("sys-ptrace", "attach-access")}
