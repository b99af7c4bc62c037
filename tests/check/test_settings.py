"""What can be configured of a rule: strictly read, and by the engine's schema as by us."""

from __future__ import annotations

from datetime import date
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidshare_components.check import RULES, Level, SettingsError, default_level, read_configuration, read_settings
from pidshare_components.check.schema import schema

Tree = dict[str, Any]
EXEMPTION: Tree = {"kind": "Pod", "name": "web", "reason": "OPS-1", "expires": "2030-01-31"}


def mistakes(tree: object) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        read_configuration(tree)
    return [str(mistake) for mistake in raised.value.mistakes]


def test_what_is_dangerous_or_cannot_work_stops_by_default_and_the_rest_does_not() -> None:
    configuration = read_configuration({})
    assert configuration.of(RULES["literal-secret"]).level is Level.MANDATORY
    assert configuration.of(RULES["sys-ptrace"]).level is Level.ADVISORY


def test_a_level_is_the_rules_own_else_that_of_all() -> None:
    told = {"all": "advisory", "sys-ptrace": "disabled", "host-pid": {"allowedNamespaces": ["kube-system"]}}
    configuration = read_configuration(told)
    levels = [configuration.of(RULES[name]).level for name in ("sys-ptrace", "host-pid", "literal-secret")]
    assert levels == [Level.DISABLED, Level.ADVISORY, Level.ADVISORY]
    as_mapping = read_configuration({"all": {"enforcementLevel": "disabled"}})
    assert as_mapping.of(RULES["host-pid"]).level is Level.DISABLED
    assert mistakes({"all": {"allowedNamespaces": []}}) == ["all: is no level; write advisory, mandatory or disabled"]


def test_remediate_is_mandatory_as_the_engine_takes_it_where_nothing_is_remediated() -> None:
    assert read_configuration({"sys-ptrace": "remediate"}).of(RULES["sys-ptrace"]).level is Level.MANDATORY


def test_every_mistake_is_told_with_its_place() -> None:
    assert mistakes(
        {
            "sys-ptrac": "advisory",
            "sys-ptrace": "off",
            "host-pid": {"allowedNamespace": []},
            "literal-secret": {"exemptions": [{"reason": " ", "expires": "2030-02-30", "nam": "x"}, 7]},
            "no-network-policy": {"allowedImages": ["x"], "exemptions": {}},
            "debug-in-production": {"production": "yes", "allowedNamespaces": [""]},
            "attach-access": 3,
        }
    ) == [
        "sys-ptrac: is no rule; did you mean sys-ptrace?",
        "sys-ptrace: is no level; write advisory, mandatory or disabled",
        "host-pid.allowedNamespace: is no setting of host-pid; did you mean allowedNamespaces?",
        "literal-secret.exemptions[0].nam: is no field of an exemption; did you mean name?",
        (
            "literal-secret.exemptions[0]: selects nothing, or everything; "
            "write at least one of kind, namespace, name, container"
        ),
        "literal-secret.exemptions[0].reason: is no text, or empty; write why this is acceptable",
        "literal-secret.exemptions[0].expires: is no date, or missing; write the last day as YYYY-MM-DD",
        (
            "literal-secret.exemptions[1]: is no mapping; "
            "write reason, expires and some of kind, namespace, name, container"
        ),
        (
            "no-network-policy.allowedImages: is no setting of no-network-policy; "
            "write one of enforcementLevel, allowedNamespaces, exemptions"
        ),
        "no-network-policy.exemptions: is no list; write a list, even of one item",
        "debug-in-production.production: is no flag; write true or false, without quotes",
        "debug-in-production.allowedNamespaces[0]: is no text, or empty; write a name, perhaps with *",
        "attach-access: is neither a level nor a mapping; write one of them",
    ]


def test_a_configuration_is_a_mapping_or_empty() -> None:
    assert read_configuration(None).rules == {}
    assert mistakes([]) == [
        "(the object itself): is no mapping; write ids of rules with a level or a mapping of settings"
    ]


def test_an_exemption_is_read_whole() -> None:
    (exemption,) = read_settings(RULES["sys-ptrace"], {"exemptions": [EXEMPTION]}).exemptions
    assert (exemption.reason, exemption.expires) == ("OPS-1", date(2030, 1, 31))
    assert exemption.selectors == {"kind": "Pod", "name": "web"}


# Near misses of what is right: texts, lists and mappings in each other's place, fields that are missing or too many.
texts = st.sampled_from(["web", "team-*", "", " ", "2030-01-31", "31.1.2030"])
leaves = st.one_of(texts, st.booleans(), st.integers(0, 3), st.none())
exemptions = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("kind", "namespace", "name", "container", "reason"), texts),
            "expires": st.sampled_from(["2030-01-31", "2030-1-31", "", "2030-01-31T00:00:00Z"]),
            "why": texts,
        },
    ),
    st.just(EXEMPTION),
    leaves,
)
settings = st.fixed_dictionaries(
    {},
    optional={
        "allowedNamespaces": st.one_of(st.lists(leaves, max_size=2), leaves),
        "allowedImages": st.one_of(st.lists(texts, max_size=2), leaves),
        "exemptions": st.one_of(st.lists(exemptions, max_size=2), leaves),
        "production": leaves,
    },
)


@given(rule=st.sampled_from(sorted(RULES)), tree=settings)
def test_the_engines_schema_refuses_what_the_reader_refuses(rule: str, tree: Tree) -> None:
    whole = {"type": "object", "properties": schema(RULES[rule]), "additionalProperties": False}
    by_schema = jsonschema.Draft7Validator(whole).is_valid(tree)
    try:
        read_settings(RULES[rule], tree)
    except SettingsError:
        by_reader = False
    else:
        by_reader = True
    assert by_schema == by_reader


def test_every_rule_has_a_default_level() -> None:
    assert {default_level(rule) for rule in RULES.values()} == {Level.MANDATORY, Level.ADVISORY}
