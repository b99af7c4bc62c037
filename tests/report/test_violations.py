"""What reports of violations do with names that nobody should give, with what is not known, and with files anywhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dev.paths import ROOT
from pidshare_components import report
from pidshare_components.analysis.tree import UNKNOWN
from pidshare_components.check import RULES, Checker, Configuration, Level, RuleSettings, read_configuration
from pidshare_components.documents import Problem
from pidshare_components.report import Found, Outcome, Place
from pidshare_components.report.pieces import with_items

SARIF = json.loads((ROOT / "tests" / "data" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
IS_SARIF = jsonschema.Draft4Validator(SARIF)
IS_JSON = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "check.schema.json").read_text(encoding="utf-8")))
BASE = Path("/repository")
# What RFC 3986 lets stand in a relative reference without a scheme, or in a file URI.
URI = re.compile(r"(?:file:///)?(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})*")
HOSTILE = "\x1b[2J](http://x)`<b>*\n\u202e{0}"


def pod(name: object = "web", namespace: object = "shop", **spec: object) -> dict[str, Any]:
    containers = [{"name": "app", "image": "busybox", "command": ["sleep", "9"]}]
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"hostPID": True, "automountServiceAccountToken": False, "containers": containers, **spec},
    }


def outcome(
    *trees: dict[str, Any],
    file: str = "a.yaml",
    line: int | None = 3,
    problems: tuple[Problem, ...] = (),
    configuration: Configuration | None = None,
) -> Outcome:
    checker = Checker(configuration)
    found = [
        Found(violation, Place(number, file, file, 1, 1), line)
        for number, tree in enumerate(trees)
        for violation in checker.check(tree)
    ]
    return Outcome.of(found, problems, len(trees), 1)


def as_text(found: Outcome, **options: Any) -> str:  # noqa: ANN401 - as the original
    return "".join(report.violations_as_text(found, **options))


def as_json(found: Outcome) -> Any:  # noqa: ANN401 - JSON
    return json.loads("".join(report.violations_as_json(found)))


def sarif(found: Outcome) -> Any:  # noqa: ANN401 - JSON
    log = json.loads("".join(report.as_sarif(found, "1.2.3", BASE)))
    IS_SARIF.validate(log)
    (run,) = log["runs"]
    return run


def result(found: Outcome) -> Any:  # noqa: ANN401 - JSON
    (only,) = sarif(found)["results"]
    return only


@given(st.lists(st.dictionaries(st.text(max_size=3), st.lists(st.text(max_size=3)), max_size=3)))
def test_json_in_pieces_is_that_in_one(items: list[dict[str, Any]]) -> None:
    for nested in (False, True):
        tree = {"first": [], "text": "[]\n", "last": items}
        empty = {**tree, "last": []}
        whole, given_tree = ({"runs": [tree]}, {"runs": [empty]}) if nested else (tree, empty)
        assert "".join(with_items(given_tree, iter(items))) == json.dumps(whole, indent=2) + "\n"


# --- text ---


def test_a_hostile_name_steers_no_terminal() -> None:
    text = as_text(outcome(pod(HOSTILE), file=HOSTILE))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.startswith("Pod shop/?[2J](http://x)`<b>*?{0}  ?[2J](http://x)`<b>*?{0}:1\n")


def test_colours_are_all_that_colour_changes() -> None:
    exempting = read_configuration(
        {"sys-ptrace": {"exemptions": [{"name": "web", "reason": "a test", "expires": "9999-12-31"}]}}
    )
    found = outcome(pod(), pod(containers=[{"name": "a", "image": "x"}]), configuration=exempting)
    plain, colored = as_text(found), as_text(found, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    assert "\x1b[1;31mHIGH" in colored


@settings(deadline=None)
@given(st.text(max_size=20), st.text(max_size=20), st.integers(1, 200))
def test_any_name_is_reported(name: str, file: str, width: int) -> None:
    found = outcome(pod(name), file=file)
    assert "\x1b" not in as_text(found, width=width)
    IS_JSON.validate(as_json(found))
    uri = result(found)["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert URI.fullmatch(uri)


def test_an_object_is_shown_once_however_its_violations_come() -> None:
    first, second = outcome(pod("a")).found[0], outcome(pod("b")).found[0]
    places = [Place(number, "a.yaml", "a.yaml", number, number) for number in (1, 2)]
    found = [Found(first.violation, places[0]), Found(second.violation, places[1]), Found(first.violation, places[0])]
    text = as_text(Outcome.of(found, (), 2, 1))
    assert text.count("Pod shop/a  a.yaml:1\n") == text.count("Pod shop/b  a.yaml:2\n") == 1
    assert text.count("HIGH") == 3


def test_what_only_a_deployment_knows() -> None:
    found = outcome(pod(UNKNOWN, UNKNOWN), line=None)
    (violation,) = as_json(found)["violations"]
    assert (violation["namespace"], violation["name"]) == (None, None)
    assert as_text(found).startswith("Pod  a.yaml:1\n  HIGH    host-pid  mandatory  spec.")
    assert "(line" not in as_text(found)
    assert result(found)["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_numbers_agree_with_their_words() -> None:
    problem = Problem("b.yaml", None, None, "", "is no YAML", "correct it")
    assert as_text(Outcome.of([], [], 1, 2)) == "no violations in 1 object of 2 files\n"
    text = as_text(outcome(pod(), problems=(problem, problem)))
    assert "\n1 violation in 1 object of 1 file: 1 mandatory, 0 advisory; 2 problems\n" in text


# --- SARIF ---


def test_every_rule_is_told_with_its_page() -> None:
    rules = sarif(Outcome.of([], [], 0, 0))["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    for rule in rules:
        known = RULES[rule["id"]]
        assert rule["shortDescription"]["text"] == known.title
        assert rule["help"]["markdown"].startswith(f"# {known.id}\n")
        assert re.fullmatch("[A-Z][A-Za-z0-9]+", rule["name"])
        low, high = {"high": (7.0, 8.9), "medium": (4.0, 6.9), "low": (0.1, 3.9)}[known.severity.value]
        assert low <= float(rule["properties"]["security-severity"]) <= high
    levels = {rule["id"]: rule["defaultConfiguration"]["level"] for rule in rules}
    assert (levels["host-pid"], levels["sys-ptrace"], levels["switches-user"]) == ("error", "warning", "note")


@pytest.mark.parametrize(
    ("level", "shown"), [(Level.MANDATORY, "error"), (Level.ADVISORY, "warning"), (Level.DISABLED, None)]
)
def test_levels(level: Level, shown: str | None) -> None:
    configured = Configuration({"host-pid": RuleSettings(level)})
    found = sarif(outcome(pod(), configuration=configured))["results"]
    assert [each["level"] for each in found] == ([shown] if shown else [])


def test_what_is_not_certain_is_a_note() -> None:
    configured = read_configuration({"host-pid": {"allowedNamespaces": ["kube-*"]}})
    found = result(outcome(pod(namespace=UNKNOWN), configuration=configured))
    assert found["level"] == "note"
    assert found["message"]["text"].startswith("perhaps Pod web: spec.hostPID: ")


def test_a_message_says_what_and_where_and_what_to_write_instead() -> None:
    found = outcome(pod())
    violation = found.found[0].violation
    said = result(found)
    assert said["message"]["text"] == f"Pod shop/web: spec.hostPID: {violation.message}; {violation.fix}"
    assert said["locations"][0]["logicalLocations"] == [
        {"fullyQualifiedName": "Pod/shop/web/spec.hostPID", "kind": "object"}
    ]
    assert list(RULES)[said["ruleIndex"]] == said["ruleId"] == "host-pid"


def test_a_name_makes_no_link() -> None:
    assert "](" not in result(outcome(pod(HOSTILE)))["message"]["text"]


def test_what_is_exempted_is_suppressed_and_all_else_says_that_it_is_not() -> None:
    exemption = {"name": "web", "reason": "an agent", "expires": "9999-12-31"}
    configured = read_configuration({"host-pid": {"exemptions": [exemption]}})
    found = sarif(outcome(pod(), pod("other"), configuration=configured))["results"]
    assert [each["suppressions"] for each in found] == [
        [{"kind": "external", "status": "accepted", "justification": "an agent"}],
        [],
    ]


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("k8s/web.yaml", "k8s/web.yaml"),
        ("./k8s/../web.yaml", "web.yaml"),
        ("team b/ü#1?.yaml", "team%20b/%C3%BC%231%3F.yaml"),
        ("a:b.yaml", "a%3Ab.yaml"),
        ("/repository/a.yaml", "a.yaml"),
        ("/elsewhere/a b.yaml", "file:///elsewhere/a%20b.yaml"),
        ("../other/a.yaml", "file:///other/a.yaml"),
        ("<stdin>", "%3Cstdin%3E"),
        ("not-utf8-\udcff.yaml", "not-utf8-%FF.yaml"),
    ],
)
def test_places_are_uris(file: str, uri: str) -> None:
    place = result(outcome(pod(), file=file))["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": uri}, "region": {"startLine": 3}}
    assert URI.fullmatch(uri)
    assert unquote(uri)


def test_problems_are_notifications() -> None:
    problem = Problem("b c.yaml", 2, 7, "spec", "is no mapping", "write one")
    no_line = Problem("nowhere", None, None, "", "cannot be read", "")
    (invocation,) = sarif(outcome(problems=(problem, no_line)))["invocations"]
    assert invocation["executionSuccessful"] is False
    first, second = invocation["toolExecutionNotifications"]
    assert first["message"]["text"] == "spec: is no mapping; write one"
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "b%20c.yaml"},
        "region": {"startLine": 7},
    }
    assert second["message"]["text"] == "cannot be read"
    assert sarif(outcome())["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def fingerprints(found: Outcome) -> list[str]:
    prints = [each["partialFingerprints"]["pidshare/v1"] for each in sarif(found)["results"]]
    assert len(set(prints)) == len(prints)
    return prints


def in_list(number: int) -> Outcome:
    found = [
        Found(violation, Place(0, "list.yaml", "list.yaml", 1, 1), 9)
        for violation in Checker().check(pod(), ("items", number))
    ]
    return Outcome.of(found, (), 1, 1)


def test_a_fingerprint_is_that_of_an_object_and_not_of_its_place() -> None:
    once = fingerprints(outcome(pod()))
    assert fingerprints(outcome(pod(), file="b.yaml", line=99)) == once
    assert fingerprints(in_list(0)) == fingerprints(in_list(7)) == once
    others = [pod("other"), pod(namespace="other"), {**pod(), "kind": "ReplicaSet", "spec": {"template": pod()}}]
    assert once[0] not in {each for other in others for each in fingerprints(outcome(other))}
    assert fingerprints(outcome(pod(), pod()))[0] == once[0]
