"""The pages of docs/rules are true: each rule finds what its page calls bad, and lets pass what it calls good."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest
import yaml

from dev.paths import ROOT
from pidshare_components.analysis.objects import objects_in
from pidshare_components.analysis.rule import Rule, Severity
from pidshare_components.analysis.tree import SpecError
from pidshare_components.check import (
    RULES,
    Checker,
    Configuration,
    Level,
    SettingsError,
    Violation,
    default_level,
    read_configuration,
)
from pidshare_components.check.catalog import DEBUG_RULES, EXPIRED_EXEMPTION, UNDECIDED, UNJUDGED, page
from pidshare_components.check.violation import judged
from pidshare_components.documents import Document, read

FOLDER = ROOT / "docs" / "rules"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
PAGES = {file.stem: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.md") if file.name != "README.md"}
SECTIONS = ["Why", "Bad", "Good", "Exempt", "Related checks"]
LEVELS = {Level.MANDATORY: "stops a deployment by default", Level.ADVISORY: "advisory by default"}

# Of the examples only its own page has the NetworkPolicy that this one wants.
LEFT_OUT = "no-network-policy"
REFUSED_BY_THE_API_SERVER = "host-pid-and-shared"
NAMESPACE = "shop"
TODAY = date(2026, 1, 1)

MANIFESTS = [rule for rule in RULES.values() if rule not in (EXPIRED_EXEMPTION, UNJUDGED)]
EXEMPTING = [rule for rule in MANIFESTS if '"exemptions"' in PAGES.get(rule.id, "")]
LOWERING = [rule for rule in MANIFESTS if rule not in EXEMPTING]


def section(rule: Rule, title: str) -> str:
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGES[rule.id], re.MULTILINE | re.DOTALL)
    return str(found)


def block(rule: Rule, title: str, language: str) -> str:
    """Return the one block of code in a section of a page."""
    ((found, text),) = re.findall(r"^```(\w*)\n(.*?)^```$", section(rule, title), re.MULTILINE | re.DOTALL)
    assert found == language
    return str(text)


def configuration(rule: Rule, title: str = "Exempt") -> Configuration:
    return read_configuration(json.loads(block(rule, title, "json")))


def violations(rule: Rule, title: str, configured: Configuration | None = None) -> Iterator[Violation]:
    """Yield what all rules find in an example."""
    checker = Checker(configured, day=TODAY)
    for document in read(page(rule), block(rule, title, "yaml").encode()):
        assert isinstance(document, Document), document
        for path, tree in objects_in(document.tree):
            yield from checker.check(tree, path, production=rule.id in DEBUG_RULES)
    yield from checker.stack()


def is_of(found: Violation, rule: Rule) -> bool:
    return not found.certain if rule is UNDECIDED else found.certain and found.rule is rule


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    assert PAGES.keys() == RULES.keys()
    assert all((ROOT / page(rule)).is_file() for rule in RULES.values())


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
class TestPage:
    def test_it_begins_with_what_the_rule_says_of_itself(self, rule: Rule) -> None:
        head, subtitle, *_ = PAGES[rule.id].split("\n\n")
        assert head == f"# {rule.id}"
        level = LEVELS[default_level(rule)]
        assert subtitle.replace("\n", " ") == f"{rule.title} (severity: {rule.severity.value}; {level})"

    def test_it_has_every_section_in_order(self, rule: Rule) -> None:
        assert re.findall(r"^## (.*)$", PAGES[rule.id], re.MULTILINE) == SECTIONS
        assert all(section(rule, title).strip() for title in SECTIONS)

    def test_a_terminal_can_show_it(self, rule: Rule) -> None:
        text = PAGES[rule.id]
        assert max(map(len, text.splitlines())) <= 120
        assert text.count("```") % 2 == 0
        assert text.isprintable() or set(filter(lambda sign: not sign.isprintable(), text)) == {"\n"}


@pytest.mark.parametrize("rule", MANIFESTS, ids=lambda rule: rule.id)
class TestManifests:
    def test_the_rule_finds_the_bad_one(self, rule: Rule) -> None:
        found = list(violations(rule, "Bad"))
        assert any(is_of(each, rule) for each in found)
        worse = [each.rule.id for each in found if each.severity is Severity.HIGH and each.rule is not rule]
        assert worse == []

    def test_no_rule_as_severe_finds_the_good_one(self, rule: Rule) -> None:
        found = [each for each in violations(rule, "Good") if each.rule.id != LEFT_OUT or each.rule is rule]
        assert [each for each in found if is_of(each, rule)] == []
        assert [each.rule.id for each in found if each.severity.rank <= rule.severity.rank] == []

    def test_they_are_yaml_of_one_namespace(self, rule: Rule) -> None:
        for title in ("Bad", "Good"):
            for tree in yaml.safe_load_all(block(rule, title, "yaml")):
                assert tree["metadata"]["namespace"] == NAMESPACE


def test_what_cannot_be_judged_is_no_violation_but_an_error() -> None:
    """In a policy pack there is a policy for it, see tests/policy."""
    with pytest.raises(SpecError, match="is no capability"):
        list(violations(UNJUDGED, "Bad"))
    assert all(found.severity is not Severity.HIGH for found in violations(UNJUDGED, "Good"))


@pytest.mark.parametrize("rule", EXEMPTING, ids=lambda rule: rule.id)
def test_the_exemption_exempts_the_bad_one(rule: Rule) -> None:
    configured = configuration(rule)
    ((key, settings),) = configured.rules.items()
    assert key == rule.id
    (exemption,) = settings.exemptions
    if rule is UNDECIDED:
        # The policy of this rule asks all others as they are, and itself what of that is exempted.
        found = [judged(each, settings, TODAY) for each in violations(rule, "Bad") if is_of(each, rule)]
    else:
        found = [each for each in violations(rule, "Bad", configured) if is_of(each, rule)]
    assert found
    assert {each.exempted for each in found if each} == {exemption.reason}


@pytest.mark.parametrize("rule", LOWERING, ids=lambda rule: rule.id)
def test_without_an_exemption_the_level_can_be_lowered(rule: Rule) -> None:
    found = [each for each in violations(rule, "Bad", configuration(rule)) if each.rule is rule]
    assert found
    assert not any(each.stops for each in found)


def test_an_expired_exemption() -> None:
    def expired(title: str) -> list[Violation]:
        return list(Checker(configuration(EXPIRED_EXEMPTION, title), day=TODAY).expired())

    (found,) = expired("Bad")
    assert found.rule is EXPIRED_EXEMPTION
    assert found.stops
    assert expired("Good") == []
    both = {
        **json.loads(block(EXPIRED_EXEMPTION, "Bad", "json")),
        **json.loads(block(EXPIRED_EXEMPTION, "Exempt", "json")),
    }
    (lowered,) = Checker(read_configuration(both), day=TODAY).expired()
    assert not lowered.stops


def test_the_table_has_every_rule() -> None:
    rows = re.findall(r"^\| \[(\S+)\]\((\S+)\) \| (\S+) \| (\S+) \| (.*) \|$", README, re.MULTILINE)
    assert rows == [
        (rule.id, f"{rule.id}.md", rule.severity.value, default_level(rule).value, rule.title)
        for rule in sorted(RULES.values(), key=lambda rule: rule.severity.rank)
    ]


def test_the_configuration_of_the_readme_is_one() -> None:
    blocks = re.findall(r"^```json\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert blocks
    for text in blocks:
        read_configuration(json.loads(text))


def test_a_mistake_is_told_as_the_readme_shows_it() -> None:
    tree = json.loads(re.findall(r"^```json\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)[0])
    del tree["sys-ptrace"]["exemptions"][0]["expires"]
    with pytest.raises(SettingsError) as raised:
        read_configuration(tree)
    (mistake,) = raised.value.mistakes
    assert f"`{mistake}`" in " ".join(README.split())


def test_every_link_leads_somewhere() -> None:
    for text in (README, *PAGES.values()):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
            assert (FOLDER / target).exists(), target


@pytest.mark.cluster
def test_the_api_server_takes_every_example(kubectl: Callable[..., str], namespace: str) -> None:
    refused = {}
    for rule in MANIFESTS:
        for title in ("Bad", "Good"):
            text = block(rule, title, "yaml").replace(f"namespace: {NAMESPACE}", f"namespace: {namespace}")
            printed = kubectl("apply", "--dry-run=server", "--filename=-", standard_input=text, check=False)
            if printed.count("(server dry run)") != len(list(yaml.safe_load_all(text))):
                refused[rule.id, title] = printed
    assert refused.keys() == {(REFUSED_BY_THE_API_SERVER, "Bad")}, refused
    assert "cannot both be" in refused[REFUSED_BY_THE_API_SERVER, "Bad"]
