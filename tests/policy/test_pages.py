"""What the pages of the rules call bad and good, as the policies see it, and what the pack's own page says."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from pulumi_policy import EnforcementLevel, PolicyPack

from dev.paths import ROOT
from pidshare_components.check.catalog import DEBUG_RULES, RULES
from pidshare_components.policy import policies, policy
from tests.policy.asking import Report, ask, resource

NAMES = [each.name for each in policies()]
PACK = (ROOT / "policy" / "README.md").read_text(encoding="utf-8")


def blocks(name: str, title: str, language: str) -> list[str]:
    text = (ROOT / "docs" / "rules" / f"{name}.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def reports(name: str, title: str, config: object = None) -> list[Report]:
    """Return what the policy of a rule says of an example on its page, of a stack in production if need be."""
    (text,) = blocks(name, title, "yaml")
    resources = [resource(tree, f"r{index}") for index, tree in enumerate(yaml.safe_load_all(text))]
    tags = {"environment": "prod"} if name in DEBUG_RULES else {}
    return ask([policy(name)], resources, {name: config} if isinstance(config, dict) else {}, tags)


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_reports_the_bad_one_with_its_fix(name: str) -> None:
    found = reports(name, "Bad")
    assert found
    for report in found:
        lines = report.message.splitlines()
        assert [line.partition(": ")[0] for line in lines] == ["what", "where", "why", "instead", "more"]
        assert all(line.partition(": ")[2].strip() for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_it_lets_the_good_one_pass(name: str) -> None:
    assert reports(name, "Good") == []


@pytest.mark.parametrize("name", NAMES)
def test_what_its_page_exempts_is_exempted(name: str) -> None:
    (text,) = blocks(name, "Exempt", "json")
    ((key, settings),) = json.loads(text).items()
    assert key == name
    if isinstance(settings, dict) and "exemptions" in settings:
        assert reports(name, "Bad", settings) == []
    else:  # such a pod never works: only the level is lowered, by the engine
        assert RULES[name].severity.value == "high"


def test_the_packs_page_shows_what_the_policy_says(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {"name": "DB_PASSWORD", "value": "hunter2"}
    tracer = {"name": "tracer", "image": "busybox", "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}}}
    tree = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "shareProcessNamespace": True,
            "containers": [{"name": "app", "image": "nginx", "env": [secret]}, tracer],
        },
    }
    (report,) = ask([policy("literal-secret")], [resource(tree)])
    shown = [line.strip() for line in PACK.split("```text\n")[1].split("```")[0].splitlines()]
    said = [RULES["literal-secret"].title, *report.message.splitlines()]
    for line, full in zip(shown[-len(said) :], said, strict=True):
        assert full.startswith(line.removesuffix(" […]"))

    served: list[dict[str, object]] = []
    monkeypatch.setattr(
        PolicyPack, "__init__", lambda _, __, made: served.append({each.name: each.enforcement_level for each in made})
    )
    (program,) = re.findall(r"^```python\n(.*?)^```$", PACK, re.MULTILINE | re.DOTALL)
    exec(program, {})  # noqa: S102 - our own page
    assert served == [
        {
            "literal-secret": EnforcementLevel.MANDATORY,
            "sys-ptrace": EnforcementLevel.MANDATORY,
            "no-network-policy": EnforcementLevel.ADVISORY,
            "undecided": EnforcementLevel.ADVISORY,
        }
    ]
