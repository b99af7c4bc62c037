"""What the component says of its pod's exposure: outputs, log lines, and what it fails on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pulumi

from pidshare_components import AcceptedFinding, ArgumentsError, FindingsError, OnFinding, Severity, SharedProcessPod
from tests.mocks import Run, deploy, unknown

Tree = dict[str, Any]

NGINX: Tree = {"name": "nginx", "image": "nginx:1.29"}
TRACER: Tree = {
    "name": "tracer",
    "image": "busybox:1.37",
    "security_context": {"capabilities": {"add": ["SYS_PTRACE"]}},
}
KNOWN_NODE: Tree = {"pause_user": 65535, "security_module": "none", "ptrace_scope": 1}


def run_of(*, preview: bool = False, **args: Any) -> Run:  # noqa: ANN401 - whatever arguments
    def program() -> None:
        SharedProcessPod("web", {key: item() if callable(item) else item for key, item in args.items()})

    return deploy(program, preview=preview)


def outputs_of(**args: Any) -> Mapping[str, Any]:  # noqa: ANN401 - whatever arguments
    run = run_of(**args)
    assert run.error is None, run.error
    return run.outputs["web"]


def row(outputs: Mapping[str, Any], source: str, on: str) -> Tree:
    (found,) = [row for row in outputs["exposure"] if (row["from"], row["on"]) == (source, on)]
    return {key: value for key, value in found.items() if key not in ("from", "on")}


def answers(text: str) -> Tree:
    return dict(zip(("see", "environ", "root", "signal", "ptrace"), text.split(), strict=True))


def test_the_matrix_of_the_kubernetes_task_is_an_output() -> None:
    outputs = outputs_of(containers=[NGINX, TRACER], node_facts=KNOWN_NODE)
    assert row(outputs, "tracer", "nginx") == answers("yes yes yes yes yes")
    assert row(outputs, "tracer", "nginx/worker") == answers("yes yes yes yes yes")
    assert row(outputs, "nginx", "tracer") == answers("yes no no yes no")
    assert row(outputs, "nginx", "/pause") == answers("yes no no yes no")
    assert len(outputs["exposure"]) == 2 + 1 + 2


def test_what_nobody_knows_is_unknown_and_facts_make_it_known() -> None:
    apps = [{"name": name, "image": "registry.example.com/app:1"} for name in ("one", "two")]
    assert row(outputs_of(containers=apps), "one", "two") == answers("yes unknown unknown yes unknown")
    facts = [{"image": "registry.example.com/app", "user": 1000, "group": 1000, "keeps_user": True}]
    outputs = outputs_of(containers=apps, image_facts=facts, node_facts=KNOWN_NODE)
    assert row(outputs, "one", "two") == answers("yes yes yes yes no")


def test_the_level_is_that_of_the_version_asked_for() -> None:
    context = {
        "run_as_non_root": True,
        "allow_privilege_escalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccomp_profile": {"type": "RuntimeDefault"},
    }
    restricted = {**NGINX, "security_context": context}
    probed = {**restricted, "readiness_probe": {"tcp_socket": {"port": 80, "host": "10.0.0.1"}}}
    assert outputs_of(containers=[restricted])["podSecurity"] == "restricted"
    assert outputs_of(containers=[NGINX])["podSecurity"] == "baseline"
    assert outputs_of(containers=[TRACER])["podSecurity"] == "privileged"
    # Hosts of probes are a control from 1.34 on.
    assert outputs_of(containers=[probed], kubernetes_version="1.33")["podSecurity"] == "restricted"
    assert outputs_of(containers=[probed], kubernetes_version="1.34")["podSecurity"] == "privileged"


def rules(outputs: Mapping[str, Any]) -> dict[str, str]:
    return {finding["rule"]: finding["severity"] for finding in outputs["findings"]}


def test_findings_are_an_output_with_place_and_remedy() -> None:
    (finding,) = [
        found for found in outputs_of(containers=[NGINX, TRACER])["findings"] if found["rule"] == "sys-ptrace"
    ]
    assert finding["path"] == "containers[1].securityContext.capabilities.add"
    assert finding["severity"] == "medium"
    assert "'tracer'" in finding["message"]
    assert finding["fix"]


SECRET: Tree = {"containers": [{**NGINX, "env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}, TRACER]}


def test_a_finding_from_the_chosen_severity_on_fails_before_anything_is_registered() -> None:
    run = run_of(**SECRET, on_finding={"fail_from": "high"})
    assert isinstance(run.error, FindingsError)
    assert run.registrations == []
    assert [finding.rule.id for finding in run.error.findings] == ["literal-secret"]
    assert re.fullmatch(
        r"1 finding is not accepted:\n"
        r"  literal-secret \(high\): containers\[0\]\.env\[0\]: DB_PASSWORD of 'nginx' holds a literal secret, .+; .+",
        str(run.error),
    )
    assert "hunter2" not in str(run.error)


def test_a_finding_below_the_chosen_severity_fails_nothing() -> None:
    assert run_of(containers=[NGINX, TRACER], on_finding={"fail_from": "high"}).error is None
    assert isinstance(run_of(containers=[NGINX, TRACER], on_finding={"fail_from": "medium"}).error, FindingsError)


def test_an_accepted_finding_fails_nothing_and_says_why() -> None:
    accept = [AcceptedFinding(rule="literal-secret", reason="a test")]
    outputs = outputs_of(**SECRET, on_finding=OnFinding(fail_from=Severity.HIGH, accept=accept))
    assert {found["rule"]: found.get("accepted") for found in outputs["findings"]}["literal-secret"] == "a test"


def test_a_rule_that_there_is_not_is_a_mistake() -> None:
    run = run_of(containers=[NGINX], on_finding={"accept": [{"rule": "sys-trace", "reason": " "}]})
    assert isinstance(run.error, ArgumentsError)
    assert str(run.error).splitlines()[1:] == [
        "  on_finding.accept[0].reason: empty; write why this is acceptable",
        "  on_finding.accept[0].rule: is no rule of the analysis; did you mean sys-ptrace?",
    ]


def test_a_value_of_a_preview_is_unknown_and_judged_when_it_resolves() -> None:
    def containers(value: pulumi.Output[Any]) -> list[Tree]:
        return [NGINX, {**TRACER, "security_context": {"run_as_user": value}}]

    preview = run_of(preview=True, containers=lambda: containers(unknown()), node_facts=KNOWN_NODE)
    assert preview.error is None
    assert row(preview.outputs["web"], "tracer", "nginx") == answers("yes unknown unknown unknown no")
    assert preview.outputs["web"]["podSecurity"] == "baseline"
    later = run_of(containers=lambda: containers(pulumi.Output.from_input(1000)), node_facts=KNOWN_NODE)
    assert row(later.outputs["web"], "tracer", "nginx") == answers("yes no no no no")


def test_a_finding_that_shows_when_a_value_resolves_fails_before_a_child_is_registered() -> None:
    def containers() -> list[Tree]:
        return [NGINX, {**TRACER, "args": pulumi.Output.from_input(["sh", "-c", "kill 1"])}]

    run = run_of(containers=containers, on_finding={"fail_from": "high"})
    assert isinstance(run.error, FindingsError)
    assert run.kinds() in ([], ["SharedProcessPod"])


def test_a_secret_of_pulumi_is_found_where_others_can_read_it_and_told_to_nobody() -> None:
    def containers() -> list[Tree]:
        key = pulumi.Output.secret("s3cret")
        return [{**NGINX, "args": ["--key", key], "env": [{"name": "COLOUR", "value": key}]}, TRACER]

    outputs = outputs_of(containers=containers)
    assert rules(outputs) == {"secret-in-command-line": "high", "literal-secret": "high", "sys-ptrace": "medium"}
    assert "s3cret" not in str(outputs)
    # And the outputs are no secret for it.
    assert all(isinstance(outputs[name], list) for name in ("exposure", "findings"))


def test_overrides_that_make_it_no_pod_are_a_mistake_at_their_place() -> None:
    run = run_of(containers=[NGINX], spec_overrides={"securityContext": {"runAsUser": "root"}})
    assert isinstance(run.error, ArgumentsError)
    assert "spec_overrides.securityContext.runAsUser: must be a whole number; write" in str(run.error)


READER: Tree = {"name": "reader", "image": "busybox:1.37"}
OWNER: Tree = {
    "name": "owner",
    "image": "busybox:1.37",
    "security_context": {"run_as_user": 1000, "run_as_group": 0},
    "env": [{"name": "API_TOKEN", "value": "hunter2"}],
}


def test_what_only_may_be_so_fails_nothing_while_a_value_is_open() -> None:
    def containers(user: Any) -> list[Tree]:  # noqa: ANN401 - a number or an Output
        return [OWNER, {**READER, "security_context": {"run_as_user": user, "run_as_group": 0}}]

    fail = {"fail_from": "low"}
    assert run_of(containers=containers(2000), on_finding=fail).error is None
    assert run_of(containers=lambda: containers(pulumi.Output.from_input(2000)), on_finding=fail).error is None
    assert run_of(preview=True, containers=lambda: containers(unknown()), on_finding=fail).error is None
    assert isinstance(
        run_of(containers=lambda: containers(pulumi.Output.from_input(1000)), on_finding=fail).error, FindingsError
    )


def test_a_secret_list_of_pulumi_is_one_of_secrets() -> None:
    def containers() -> list[Tree]:
        return [{**NGINX, "args": pulumi.Output.secret(["--password", "hunter2"])}, TRACER]

    outputs = outputs_of(containers=containers)
    assert "secret-in-command-line" in rules(outputs)
    assert "hunter2" not in str(outputs)
