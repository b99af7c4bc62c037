"""Objects judged as they are configured: levels, what is allowed, what is exempted and until when."""

from __future__ import annotations

from datetime import date
from typing import Any, Optional

import pytest

from pidshare_components.analysis.objects import objects_in
from pidshare_components.analysis.tree import UNKNOWN, SpecError
from pidshare_components.check import Checker, Level, Violation, read_configuration

Tree = dict[str, Any]
DAY = date(2026, 5, 17)
TRACER: Tree = {"name": "tracer", "image": "busybox:1.37", "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}}}
EXEMPTION: Tree = {"reason": "OPS-1", "expires": "2026-05-17"}


def pod(*containers: Tree, name: object = "web", namespace: object = "team-a", **annotations: object) -> Tree:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
        "spec": {
            "shareProcessNamespace": True,
            "automountServiceAccountToken": False,
            "containers": [{"name": "nginx", "image": "nginx:1.29"}, *(containers or (TRACER,))],
        },
    }


def checked(
    tree: Tree, configuration: Optional[Tree] = None, day: date = DAY, *, called: str = "", production: bool = False
) -> list[Violation]:
    return Checker(read_configuration(configuration), day=day).check(tree, called=called, production=production)


def of_ptrace(tree: Tree, day: date = DAY, called: str = "", **settings: object) -> list[Violation]:
    found = checked(tree, {"sys-ptrace": settings}, day, called=called)
    return [violation for violation in found if violation.rule.id == "sys-ptrace"]


def test_a_violation_says_what_where_and_of_which_container() -> None:
    (found,) = of_ptrace(pod())
    assert found.where == "spec.containers[1].securityContext.capabilities.add"
    assert str(found.subject) == "Pod team-a/web"
    assert (found.subject.container, found.subject.image) == ("tracer", "busybox:1.37")
    assert (found.level, found.stops, found.certain) == (Level.ADVISORY, False, True)


def test_a_mandatory_one_stops() -> None:
    assert [found.stops for found in of_ptrace(pod(), enforcementLevel="mandatory")] == [True]


def test_a_disabled_rule_is_not_asked() -> None:
    assert of_ptrace(pod(), enforcementLevel="disabled") == []


@pytest.mark.parametrize("patterns", [["team-a"], ["other", "team-*"]])
def test_it_does_not_hold_in_namespaces_that_are_allowed(patterns: list[str]) -> None:
    assert of_ptrace(pod(), allowedNamespaces=patterns) == []


def test_a_namespace_that_is_not_known_may_be_an_allowed_one() -> None:
    (found,) = of_ptrace(pod(namespace=UNKNOWN), enforcementLevel="mandatory", allowedNamespaces=["team-a"])
    assert (found.certain, found.stops) == (False, False)


@pytest.mark.parametrize("pattern", ["team-a", "*"])
def test_no_namespace_is_not_any_of_the_allowed_ones(pattern: str) -> None:
    assert [found.certain for found in of_ptrace(pod(namespace=None), allowedNamespaces=[pattern])] == [True]


@pytest.mark.parametrize("pattern", ["team-?", "team-[a]", "TEAM-A"])
def test_only_an_asterisk_stands_for_something_else(pattern: str) -> None:
    assert len(of_ptrace(pod(), allowedNamespaces=[pattern])) == 1


def test_an_object_of_the_cluster_is_in_no_namespace_whatever_it_says() -> None:
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "all", "namespace": "dev"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated"}],
    }
    checker = Checker(read_configuration({"attach-for-everyone": {"allowedNamespaces": ["dev", "*"]}}), day=DAY)
    checker.check(binding)
    assert [(str(found.subject), found.stops) for found in checker.stack()] == [("ClusterRoleBinding all", True)]


def test_a_container_that_is_initial_or_ephemeral_may_be_exempted_too() -> None:
    tree = pod({**TRACER, "name": "other"})
    tree["spec"]["initContainers"] = [{**TRACER, "restartPolicy": "Always"}]
    exemptions = [{**EXEMPTION, "container": "tracer"}]
    exempted = {str(found.subject.container): found.exempted for found in of_ptrace(tree, exemptions=exemptions)}
    assert exempted == {"tracer": "OPS-1", "other": None}


@pytest.mark.parametrize(
    ("image", "pattern", "is_allowed"),
    [
        ("busybox:1.37", "busybox", True),
        ("busybox:1.37", "busybox:1.37", True),
        ("busybox:1.37", "busybox:1.36", False),
        ("busybox:1.37", "docker.io/library/busybox", True),
        ("docker.io/library/busybox:1.37", "busybox", True),
        ("registry.example/busybox:1.37", "busybox", False),
        ("registry.example/tools/shell@sha256:abc", "registry.example/tools/*", True),
        ("registry.example.evil/tools/shell", "registry.example/*", False),
    ],
)
def test_it_does_not_hold_for_containers_of_images_that_are_allowed(image: str, pattern: str, is_allowed: bool) -> None:
    found = of_ptrace(pod({**TRACER, "image": image}), allowedImages=[pattern])
    assert (found == []) is is_allowed


@pytest.mark.parametrize(
    "selectors",
    [
        {"kind": "Pod"},
        {"namespace": "team-*", "name": "web"},
        {"container": "tracer"},
        {"kind": "Pod", "namespace": "team-a", "name": "w*", "container": "tracer"},
    ],
)
def test_an_exemption_holds_for_what_all_of_its_selectors_match(selectors: Tree) -> None:
    (found,) = of_ptrace(pod(), enforcementLevel="mandatory", exemptions=[{**EXEMPTION, **selectors}])
    assert (found.exempted, found.stops) == ("OPS-1", False)


@pytest.mark.parametrize(
    "selectors",
    [
        {"kind": "Deployment"},
        {"namespace": "team-a", "name": "other"},
        {"container": "nginx"},
        {"kind": "Pod", "namespace": "team-b"},
    ],
)
def test_and_for_nothing_else(selectors: Tree) -> None:
    (found,) = of_ptrace(pod(), enforcementLevel="mandatory", exemptions=[{**EXEMPTION, **selectors}])
    assert (found.exempted, found.stops) == (None, True)


def test_an_exemption_may_name_the_resource_of_an_object_that_gets_its_name_later() -> None:
    settings: Tree = {"enforcementLevel": "mandatory", "exemptions": [{**EXEMPTION, "name": "frontend"}]}
    (found,) = of_ptrace(pod(name="frontend-3c448801"), called="frontend", **settings)
    assert found.exempted == "OPS-1"
    (found,) = of_ptrace(pod(name=UNKNOWN), called="other", **settings)
    assert (found.exempted, found.certain, found.stops) == (None, False, False)


def test_an_exemption_holds_through_its_last_day() -> None:
    exemptions = [{**EXEMPTION, "kind": "Pod"}]
    assert [found.exempted for found in of_ptrace(pod(), exemptions=exemptions)] == ["OPS-1"]
    assert [found.exempted for found in of_ptrace(pod(), date(2026, 5, 18), exemptions=exemptions)] == [None]


def test_an_expired_exemption_is_a_violation_of_its_own() -> None:
    configuration = read_configuration({"sys-ptrace": {"exemptions": [{**EXEMPTION, "kind": "Pod"}]}})
    assert list(Checker(configuration, day=DAY).expired()) == []
    (found,) = Checker(configuration, day=date(2026, 5, 18)).expired("rules.yaml")
    assert (found.rule.id, found.stops, found.origin) == ("expired-exemption", True, "rules.yaml")
    assert found.where == "sys-ptrace.exemptions[0].expires"
    assert found.message == "the last day of the exemption, 2026-05-17, has passed: it exempts nothing"


SHELL: Tree = {"name": "shell", "image": "busybox:1.37", "stdin": True, "tty": True}
SAID = {"pidshare-components/debug-reason": "OPS-1", "pidshare-components/debug-expires": "2026-05-17"}


def debugging(tree: Tree, configuration: Optional[Tree] = None, day: date = DAY, *, production: bool) -> list[str]:
    found = checked(tree, configuration, day, production=production)
    return [violation.message for violation in found if violation.rule.id == "debug-in-production" and violation.stops]


def test_a_debug_sidecar_in_production_needs_a_reason_and_a_day_that_has_not_passed() -> None:
    assert debugging(pod(SHELL), production=False) == []
    assert len(debugging(pod(SHELL), production=True)) == 2
    assert debugging(pod(SHELL, **SAID), production=True) == []
    assert len(debugging(pod(SHELL, **SAID), day=date(2026, 5, 18), production=True)) == 1


def test_the_configuration_decides_what_is_production_if_it_says_so() -> None:
    assert debugging(pod(SHELL), {"debug-in-production": {"production": False}}, production=True) == []
    assert debugging(pod(SHELL), {"debug-in-production": {"production": True}}, production=False) != []


def test_one_debug_sidecar_may_be_exempted_by_its_name() -> None:
    exemptions = [{"container": "shell", "reason": "OPS-1", "expires": "2030-01-31"}]
    configuration = {"debug-in-production": {"exemptions": exemptions}}
    late = pod(SHELL, {**SHELL, "name": "other"}, **SAID)
    (message,) = debugging(late, configuration, day=date(2026, 5, 18), production=True)
    assert message.startswith("'other' is a debug sidecar in production")


def test_several_objects_are_judged_together_in_the_end() -> None:
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "team-a"},
        "spec": {"podSelector": {}},
    }
    checker = Checker(day=DAY)
    document = {"kind": "List", "items": [pod(), pod(namespace="team-b"), policy]}
    for path, tree in objects_in(document):
        checker.check(tree, path, origin=path)
    found = [violation for violation in checker.stack() if violation.rule.id == "no-network-policy"]
    assert [(violation.origin, str(violation.subject)) for violation in found] == [(("items", 1), "Pod team-b/web")]
    assert found[0].path[:2] == ("items", 1)


def test_what_cannot_be_judged_is_told_with_its_place_in_the_document() -> None:
    broken: Tree = pod({"name": "x", "image": 7})
    with pytest.raises(SpecError) as raised:
        Checker().check(broken, ("items", 3))
    assert str(raised.value) == "items[3].spec.containers[1].image: must be text; write it in quotes"


def test_an_object_of_a_kind_without_rules_is_fine() -> None:
    assert checked({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": "whatever"}) == []
