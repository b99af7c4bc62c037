"""The nginx stack's own rules: what production must say, told with the place and what to write."""

import datetime
import runpy
import sys
from pathlib import Path
from typing import Any, Optional

import pulumi
import pytest

from tests.mocks import Run, deploy

Tree = dict[str, Any]
PROGRAM = Path(__file__).resolve().parent.parent / "stacks" / "nginx" / "__main__.py"
DIGEST = f"@sha256:{'0' * 64}"
DEMO: Tree = {"production": False, "image": "nginx"}
PRODUCTION: Tree = {"production": True, "image": f"nginx{DIGEST}"}
DEBUG: Tree = {"image": f"busybox{DIGEST}", "reason": "OPS-1, workers hang", "expires": "2026-05-17"}


@pytest.fixture(autouse=True)
def _last_minute_of_17_may_2026(monkeypatch: pytest.MonkeyPatch) -> None:
    class Frozen(datetime.datetime):
        @classmethod
        def now(cls, tz: Optional[datetime.tzinfo] = None) -> "Frozen":
            return cls(2026, 5, 17, 23, 59, tzinfo=datetime.timezone.utc).astimezone(tz)

    monkeypatch.setattr(datetime, "datetime", Frozen)
    monkeypatch.setattr(sys, "path", sys.path[:])


def nginx(configuration: object) -> Run:
    def program() -> None:
        runpy.run_path(str(PROGRAM), run_name="__main__")

    return deploy(program, config={} if configuration is None else {"project:nginx": configuration})


def refusal(configuration: object) -> "list[str]":
    run = nginx(configuration)
    assert isinstance(run.error, pulumi.RunError), "or the user would see a traceback"
    assert run.registrations == []
    return str(run.error).splitlines()


def test_the_demo_is_a_pod_with_a_shell_and_the_access_to_it() -> None:
    run = nginx({**DEMO, "debug": {"image": "busybox:1.28", "profile": "general"}, "namespace": "demo"})
    assert run.error is None
    assert {*run.kinds()} == {"SharedProcessPod", "Pod", "NetworkPolicy", "ServiceAccount", "Role", "RoleBinding"}
    assert {item.inputs["metadata"]["namespace"] for item in run.registrations[1:]} == {"demo"}


def test_production_has_no_shell_and_no_access_unless_asked_for() -> None:
    run = nginx(PRODUCTION)
    assert run.error is None
    assert {*run.kinds()} == {"SharedProcessDeployment", "Deployment", "NetworkPolicy"}
    spec = run.one("Deployment").inputs["spec"]
    assert spec["replicas"] == 2
    (container,) = spec["template"]["spec"]["containers"]
    assert container["image"] == PRODUCTION["image"]
    assert {"resources", "livenessProbe", "readinessProbe", "startupProbe"} <= container.keys()
    assert container["securityContext"]["runAsUser"] != 0


def test_a_shell_in_production_says_why_and_until_when() -> None:
    run = nginx({**PRODUCTION, "debug": DEBUG, "replicas": 1})
    assert run.error is None
    assert run.one("Deployment").inputs["spec"]["replicas"] == 1
    pod = run.one("Deployment").inputs["spec"]["template"]
    assert pod["metadata"]["annotations"] == {
        "pidshare-components/debug-reason": "OPS-1, workers hang",
        "pidshare-components/debug-expires": "2026-05-17",
    }
    shell = pod["spec"]["containers"][1]
    assert shell["image"] == DEBUG["image"]
    assert shell["securityContext"]["runAsNonRoot"] is True, "restricted is the default"
    assert "Role" not in run.kinds(), "it would be one for every pod of the namespace"


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({"image": "nginx:1.29"}, ["image: .*digest.*write"]),
        ({"debug": {**DEBUG, "image": "busybox:1.37"}}, ["debug.image: .*digest.*write"]),
        ({"debug": {**DEBUG, "reason": ""}}, ["debug.reason: .*write who"]),
        ({"debug": {**DEBUG, "expires": None}}, ["debug.expires: .*write YYYY-MM-DD"]),
        ({"debug": {**DEBUG, "expires": "2026-05-16"}}, ["debug.expires: .*passed.*write"]),
        (
            {"image": "nginx", "debug": {"image": "busybox"}},
            ["image: ", "debug.image: ", "debug.reason: ", "debug.expires: "],
        ),
    ],
)
def test_production_is_refused_one_line_per_mistake(change: Tree, lines: "list[str]") -> None:
    _, *found = refusal({**PRODUCTION, **change})
    assert len(found) == len(lines)
    for line, expected in zip(found, lines, strict=True):
        path, words = expected.split(": ", 1)
        assert line.startswith(f"  nginx.{path}: ")
        for word in filter(None, words.split(".*")):
            assert word in line


def test_the_demo_need_not_say_any_of_it() -> None:
    assert nginx({**DEMO, "debug": {"image": "busybox", "profile": "baseline"}}).error is None


@pytest.mark.parametrize(
    ("configuration", "path"),
    [
        ({**DEMO, "imag": "s3cret"}, "imag"),
        ({**DEMO, "production": "s3cret"}, "production"),
        ({**DEMO, "image": {"s3cret": "s3cret"}}, "image"),
        ({"image": "s3cret"}, "production"),
        ({**DEMO, "imagePullPolicy": "s3cret"}, "imagePullPolicy"),
        ({**DEMO, "debug": {"image": "busybox", "profile": "s3cret"}}, "debug.profile"),
        ({**DEMO, "debug": {"image": "busybox", "expires": "s3cret"}}, "debug.expires"),
        ({**DEMO, "debug": "s3cret"}, "debug"),
        ({**DEMO, "replicas": 2}, "replicas"),
        ({**PRODUCTION, "replicas": 0}, "replicas"),
    ],
)
def test_configuration_of_another_form_is_refused_with_its_place_and_without_its_value(
    configuration: Tree, path: str
) -> None:
    _, line = refusal(configuration)
    assert line.startswith(f"  nginx.{path}: ")
    assert "s3cret" not in line


@pytest.mark.parametrize("configuration", [None, "no: json", "[]", '"nginx"'])
def test_configuration_that_is_missing_or_no_mapping_is_refused(configuration: "str | None") -> None:
    assert any("nginx" in line for line in refusal(configuration))


def test_what_the_component_refuses_is_told_by_its_own_report() -> None:
    assert refusal({**PRODUCTION, "image": "Nginx@sha256:0"})[1].startswith("  containers[0].image: ")
