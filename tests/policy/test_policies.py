"""The policies as the engine asks them: what they say, of what, and what they leave to others."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    ResourceValidationPolicy,
    Severity,
    StackValidationPolicy,
)

from dev.paths import ROOT
from pidshare_components.check import RULES, SettingsError
from pidshare_components.check.catalog import STACK_RULES
from pidshare_components.policy import Node, policies, policy
from pidshare_components.render import render
from tests.policy.asking import STACK, UNKNOWN, Report, ask, resource

Tree = dict[str, Any]
NGINX: Tree = {"name": "nginx", "image": "nginx:1.29"}
TRACER: Tree = {"name": "tracer", "image": "busybox:1.37", "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}}}
SECRET = {"name": "DB_PASSWORD", "value": "hunter2"}


def pod(*containers: Tree, **spec: object) -> Tree:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "team-a"},
        "spec": {
            "shareProcessNamespace": True,
            "automountServiceAccountToken": False,
            "containers": list(containers or (NGINX, TRACER)),
            **spec,
        },
    }


def workload(kind: str, version: str = "apps/v1") -> Tree:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod()["spec"]}
    spec: Tree = {"template": template}
    if kind == "CronJob":
        spec = {"jobTemplate": {"spec": spec}}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, "spec": spec}


def of(name: str, *trees: Tree, **config: object) -> list[Report]:
    return ask([policy(name)], [resource(tree, f"web-{index}") for index, tree in enumerate(trees)], {name: config})


# What they are.


def test_there_is_a_policy_for_each_rule_under_its_name() -> None:
    made = policies()
    assert {each.name for each in made} == RULES.keys() - {"expired-exemption"}
    for each in made:
        rule = RULES[each.name]
        assert (each.description, each.severity) == (rule.title, Severity(rule.severity.value))
        stops = each.enforcement_level is EnforcementLevel.MANDATORY
        assert stops == (each.severity is Severity.HIGH)
        assert isinstance(each, StackValidationPolicy) == (each.name in {*STACK_RULES, "undecided"})
        assert each.config_schema is not None
        assert "exemptions" in each.config_schema.properties


def test_a_pack_of_ones_own_takes_single_policies() -> None:
    made = policy("sys-ptrace", enforcement_level=EnforcementLevel.MANDATORY, docs_url="https://example.com/rules")
    assert isinstance(made, ResourceValidationPolicy)
    assert (made.enforcement_level, made.url) == (EnforcementLevel.MANDATORY, "https://example.com/rules/sys-ptrace.md")
    (report,) = ask([made], [resource(pod())])
    assert report.message.splitlines()[-1] == (
        "more: https://example.com/rules/sys-ptrace.md, or: pidshare explain sys-ptrace"
    )
    with pytest.raises(ValueError, match=r"there is no policy 'sys-ptrac'; write one of host-pid, "):
        policy("sys-ptrac")


def test_a_message_says_what_where_why_and_what_to_write_instead() -> None:
    (report,) = of("literal-secret", pod({**NGINX, "env": [SECRET]}, TRACER))
    assert report.urn == "urn:pulumi:test::project::kubernetes:core/v1:Pod::web-0"
    assert [line.partition(":")[0] for line in report.message.splitlines()] == [
        "what",
        "where",
        "why",
        "instead",
        "more",
    ]
    assert "where: Pod team-a/web, spec.containers[0].env[0]\n" in report.message
    assert report.message.endswith("\nmore: docs/rules/literal-secret.md, or: pidshare explain literal-secret")
    assert "hunter2" not in report.message


# What they look at.

KINDS = [
    pod(),
    workload("Deployment"),
    workload("Deployment", "extensions/v1beta1"),
    workload("StatefulSet"),
    workload("DaemonSet"),
    workload("ReplicaSet"),
    workload("ReplicationController", "v1"),
    workload("Job", "batch/v1"),
    workload("CronJob", "batch/v1"),
]


@pytest.mark.parametrize("tree", KINDS, ids=lambda tree: f"{tree['apiVersion']}-{tree['kind']}")
def test_every_kind_that_makes_pods_is_seen_alone_in_a_list_and_as_a_patch(tree: Tree) -> None:
    kind = tree["kind"]
    assert len(of("sys-ptrace", tree)) == 1
    without_kind = {key: value for key, value in tree.items() if key not in ("apiVersion", "kind")}
    items = {"apiVersion": tree["apiVersion"], "kind": f"{kind}List", "items": [tree, without_kind]}
    assert [report.message.splitlines()[1].partition("items")[2][:3] for report in of("sys-ptrace", items)] == [
        "[0]",
        "[1]",
    ]
    # What a patch leaves out may be anything: so this one may be harmless.
    (report,) = [each for each in ask(policies(), [resource(tree, suffix="Patch")]) if "sys-ptrace" in each.message]
    assert report.policy == "undecided"


def patched(tree: Tree, *names: str) -> list[str]:
    """Return the policies that report of a patch; of all if none is named."""
    made = policies(names or None)
    return [report.policy for report in ask(made, [resource(tree, suffix="Patch")], tags={"environment": "prod"})]


def test_a_patch_is_seen_for_what_it_says() -> None:
    assert patched({"apiVersion": "v1", "kind": "Pod", "spec": {"hostPID": True}}, "host-pid") == ["host-pid"]
    scaled = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"labels": {"a": "b"}},
        "spec": {"replicas": 3},
    }
    assert patched(scaled) == []
    assert patched({"apiVersion": "v1", "kind": "Pod", "metadata": {"annotations": {"a": "b"}}}) == []


def test_what_a_patch_leaves_out_stops_nothing() -> None:
    debugged = {
        "apiVersion": "v1",
        "kind": "Pod",
        "spec": {"shareProcessNamespace": True, "containers": [{"name": "shell", "stdin": True, "tty": True}]},
    }
    assert set(patched(debugged)) == {"undecided"}
    api = "rbac.authorization.k8s.io/v1"
    assert patched({"apiVersion": api, "kind": "Role", "metadata": {"labels": {"a": "b"}}}, "attach-to-any-pod") == []
    network = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": "team-a"}}
    asked = policies(["no-network-policy", "undecided"])
    reports = ask(asked, [resource(pod()), resource(network, suffix="Patch")])
    assert [report.policy for report in reports if "no-network-policy" in report.message] == ["undecided"]


def test_in_a_patch_what_is_left_out_is_not_known() -> None:
    tree = pod({"name": "tracer", "securityContext": TRACER["securityContext"]})
    del tree["spec"]["shareProcessNamespace"]
    patch = resource(tree, suffix="Patch")
    reports = ask([policy("sys-ptrace"), policy("undecided")], [patch])
    assert {report.policy for report in reports} == {"undecided"}
    assert "perhaps sys-ptrace: " in reports[0].message


def test_resources_of_other_kinds_and_providers_are_none_of_their_business() -> None:
    others = [
        resource({"apiVersion": "v1", "kind": "Service", "spec": {}}),
        resource({"apiVersion": "example.com/v1", "kind": "Pod2", "spec": 7}),
        resource(pod())._replace(type="aws:ec2/instance:Instance"),
        resource(pod())._replace(type="my:module:Component"),
    ]
    assert ask(policies(), others) == []


def test_roles_and_bindings_are_seen() -> None:
    api = "rbac.authorization.k8s.io/v1"
    rule = {"apiGroups": [""], "resources": ["pods/attach"], "verbs": ["get", "create"]}
    for kind in ("Role", "ClusterRole"):
        role: Tree = {"apiVersion": api, "kind": kind, "metadata": {"name": "web"}, "rules": [rule]}
        assert [report.policy for report in of("attach-to-any-pod", role)] == ["attach-to-any-pod"]
        role["rules"] = [{**rule, "resourceNames": ["web"]}]
        assert of("attach-to-any-pod", role) == []
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        binding: Tree = {
            "apiVersion": api,
            "kind": kind,
            "metadata": {"name": "web"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
            "subjects": [{"kind": "User", "name": "jane"}],
        }
        assert len(of("attach-by-built-in-role", binding)) == 1


def test_a_stack_is_seen_as_a_whole() -> None:
    network_policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "team-a"},
        "spec": {"podSelector": {}},
    }
    (report,) = of("no-network-policy", pod())
    assert report.urn == "urn:pulumi:test::project::kubernetes:core/v1:Pod::web-0"
    assert of("no-network-policy", pod(), network_policy) == []


# What is not known.


def test_what_is_not_known_stops_nothing_and_is_told() -> None:
    unknown = pod(NGINX, {**TRACER, "securityContext": {"runAsUser": UNKNOWN, **TRACER["securityContext"]}})
    reports = ask(policies(), [resource(unknown)])
    undecided = [report.message for report in reports if report.policy == "undecided"]
    assert any("perhaps sys-ptrace" in message for message in undecided)
    assert "sys-ptrace" not in {report.policy for report in reports}


def test_what_is_told_of_images_decides(tmp_path: Path) -> None:
    stranger = pod(NGINX, {**TRACER, "image": "registry.example/shell"})
    asked = ["sys-ptrace", "undecided"]
    assert "sys-ptrace" not in {each.policy for each in ask(map(policy, asked), [resource(stranger)])}
    known = tmp_path / "image-facts.yaml"
    known.write_text("registry.example/shell: {user: '0:0'}")
    reports = ask([policy(name, image_facts=known) for name in asked], [resource(stranger)])
    assert "sys-ptrace" in {each.policy for each in reports}
    known.write_text("registry.example/shell: {usr: '0:0'}")
    with pytest.raises(ValueError, match=r"image-facts.yaml \(document 1, line 1\): .*usr: is no fact of an image"):
        policies(image_facts=known)


def test_what_is_told_of_nodes_decides() -> None:
    # From Linux 6.15 on PERFMON reads the environment of every process.
    app = {**NGINX, "env": [SECRET], "securityContext": {"runAsUser": 1000, "runAsGroup": 1000}}
    helper = {**TRACER, "securityContext": {"capabilities": {"add": ["PERFMON"]}}}
    reports = [
        ask([policy("literal-secret", node=Node(kernel=kernel))], [resource(pod(app, helper))])
        for kernel in (None, (6, 12), (6, 16))
    ]
    assert [len(found) for found in reports] == [0, 0, 1]


def test_what_the_configuration_leaves_open_is_told_too() -> None:
    secret = pod({**NGINX, "env": [SECRET]}, TRACER)
    secret["metadata"]["namespace"] = UNKNOWN
    exemption = {"namespace": "dev", "reason": "OPS-1", "expires": "2999-01-01"}
    for config in ({"exemptions": [exemption]}, {"allowedNamespaces": ["dev"]}):
        reports = ask(policies(), [resource(secret)], {"literal-secret": config})
        (told,) = [each for each in reports if "literal-secret" in each.message]
        assert told.policy == "undecided"


def test_what_is_undecided_goes_by_the_configuration_of_its_rule() -> None:
    stranger = resource(pod(NGINX, {**TRACER, "image": "registry.example/shell"}))
    exemption = {"kind": "Pod", "reason": "OPS-1", "expires": "2999-01-01"}

    def undecided(**config: Tree) -> list[str]:
        reports = ask(policies(["sys-ptrace", "undecided"]), [stranger], config)
        return [each.message.splitlines()[0][:25] for each in reports if each.policy == "undecided"]

    assert undecided() == ["what: perhaps sys-ptrace:"]
    assert undecided(**{"sys-ptrace": {"exemptions": [exemption]}}) == []
    assert undecided(undecided={"exemptions": [exemption]}) == []
    # A policy that is disabled is not asked at all: its rule is none of this pack.
    reports = ask(policies(["host-pid", "undecided"]), [stranger])
    assert reports == []


def test_a_resource_that_changed_is_judged_anew() -> None:
    """So it is when its outputs come, and when the engine asks again."""
    made = policies(["sys-ptrace", "no-network-policy"])
    assert {each.policy for each in ask(made, [resource(pod())])} == {"sys-ptrace", "no-network-policy"}
    assert ask(made, [resource(pod(NGINX, shareProcessNamespace=False))]) == []


def test_names_from_outside_make_no_lines_of_their_own() -> None:
    tree = pod(NGINX, {**TRACER, "name": "a\n[mandatory] x\x1b[31m"})
    (report,) = ask([policy("sys-ptrace")], [resource(tree)])
    assert len(report.message.splitlines()) == 5
    assert "\x1b" not in report.message


def test_a_key_that_the_sdk_takes_for_its_own_hides_nothing() -> None:
    settings: Tree = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "team-a"},
        "data": {"__target": "x", "DB_PASSWORD": "hunter2"},
    }
    app = {**NGINX, "envFrom": [{"configMapRef": {"name": "settings"}}]}
    reports = ask(
        [policy("secret-in-config-map"), policy("unjudged")], [resource(settings), resource(pod(app, TRACER))]
    )
    assert [each.policy for each in reports] == ["secret-in-config-map"]


def test_a_pod_that_cannot_be_judged_stops() -> None:
    reports = ask(policies(), [resource(pod({"name": "x", "image": {}}))])
    assert [report.policy for report in reports] == ["unjudged"]
    assert (
        "what: no rule can judge it: this must be text\nwhere: Pod team-a/web, spec.containers[0].image\n"
        in reports[0].message
    )


# What is configured.


def test_allowed_and_exempted_is_not_reported() -> None:
    exemption = {"name": "web-0", "reason": "OPS-1", "expires": "2999-01-01"}
    assert of("sys-ptrace", pod(), exemptions=[exemption]) == []
    assert of("sys-ptrace", pod(), allowedNamespaces=["team-*"]) == []
    assert of("sys-ptrace", pod(), allowedImages=["busybox"]) == []
    assert of("no-network-policy", pod(), exemptions=[exemption]) == []


def test_an_expired_exemption_is_told_once_and_exempts_nothing() -> None:
    exemption = {"kind": "Pod", "reason": "OPS-1", "expires": "2020-01-01"}
    for name in ("sys-ptrace", "no-network-policy", "undecided"):
        reports = of(name, pod(), pod(), exemptions=[exemption])
        (expired,) = [
            each for each in reports if "the last day of the exemption, 2020-01-01, has passed" in each.message
        ]
        assert expired.urn is None or expired.urn.split("::")[2] == STACK
        assert f"where: Configuration, {name}.exemptions[0].expires\n" in expired.message
        if name != "undecided":
            assert len(reports) == 3


@pytest.mark.parametrize("name", ["sys-ptrace", "no-network-policy", "undecided"])
def test_a_malformed_configuration_is_an_error_even_of_a_stack_without_pods(name: str) -> None:
    with pytest.raises(SettingsError, match=r"exemptions\[0\]\.expires: is no date, or missing"):
        of(name, exemptions=[{"kind": "Pod", "reason": "OPS-1", "expires": "2030-02-30"}])
    with pytest.raises(SettingsError, match=r"exemption: is no setting of .*; did you mean exemptions"):
        of(name, exemption=[])


def test_a_debug_sidecar_needs_a_reason_where_tags_or_configuration_say_production(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shell = [resource(pod(NGINX, {"name": "shell", "image": "busybox:1.37", "stdin": True, "tty": True}))]
    asked = [policy("debug-in-production")]
    assert ask(asked, shell) == []
    assert ask(asked, shell, tags={"environment": "prod"}) != []
    assert ask(asked, shell, {"debug-in-production": {"production": True}}) != []
    monkeypatch.setattr("pulumi.runtime.get_config_env", lambda: {"shop:environment": "production"})
    assert ask(asked, shell) != []
    assert ask(asked, shell, {"debug-in-production": {"production": False}}) == []


# The stacks of this project.


def rendered(stack: str, project: str = ".") -> Iterator[tuple[str, str]]:
    manifests = render(ROOT / project, stack, allow_unknown=True)
    resources = [resource(dict(manifest.object), f"r{index}") for index, manifest in enumerate(manifests)]
    tags = {"environment": stack}
    for report in ask(policies(), resources, tags=tags):
        yield report.policy, report.message


def levels() -> dict[str, object]:
    return {each.name: each.enforcement_level for each in policies()}


@pytest.mark.parametrize(("stack", "project"), [("dev", "."), ("prod", "."), ("dev", "stacks/log-handler")])
def test_the_stacks_of_this_project_are_not_stopped(stack: str, project: str) -> None:
    stopping = [name for name, _ in rendered(stack, project) if levels()[name] is EnforcementLevel.MANDATORY]
    assert stopping == []


def test_the_task_of_kubernetes_is_told_what_its_shell_may_do() -> None:
    told = {name for name, _ in rendered("dev")}
    assert {"sys-ptrace", "attach-access"} <= told


def test_the_pack_is_what_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[str, list[Policy]]] = []
    monkeypatch.setattr(PolicyPack, "__init__", lambda _, name, policies, **__: served.append((name, policies)))
    runpy.run_path(str(ROOT / "policy" / "__main__.py"))
    ((name, made),) = served
    assert name == "pidshare"
    assert [each.name for each in made] == [each.name for each in policies()]
