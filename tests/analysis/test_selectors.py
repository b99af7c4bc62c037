"""Label selectors, as far as labels and they are known. What they select is judged in test_access_cluster.py."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.selectors import read_selector
from pidshare_components.analysis.tree import UNKNOWN, SpecError, Tree
from tests.analysis.access_strategies import labels, selectors
from tests.analysis.unknowns import with_unknowns
from tests.strategies import anything

YES, NO, OPEN = Answer.YES, Answer.NO, Answer.UNKNOWN


def asks(operator: object, values: object = None, key: object = "app") -> Tree:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": values}]}


@pytest.mark.parametrize(
    ("selector", "own", "answer"),
    [
        (None, {}, YES),
        ({}, None, YES),
        ({}, UNKNOWN, YES),
        (UNKNOWN, {"app": "web"}, OPEN),
        ({"matchLabels": {"app": "web"}}, UNKNOWN, OPEN),
        ({"matchLabels": UNKNOWN}, {}, OPEN),
        ({"matchLabels": {"app": UNKNOWN}}, {"app": "web"}, OPEN),
        ({"matchLabels": {"app": UNKNOWN}}, {}, NO),
        ({"matchLabels": {"app": UNKNOWN, "tier": "a"}}, {"app": "web", "tier": "b"}, NO),
        ({"matchLabels": {"app": None}}, {"app": ""}, YES),
        ({"matchLabels": {"app": ""}}, {"app": None}, YES),
        (asks("In", ["a", UNKNOWN]), {"app": "a"}, YES),
        (asks("In", ["a", UNKNOWN]), {"app": "b"}, OPEN),
        (asks("In", UNKNOWN), {}, NO),
        (asks("NotIn", UNKNOWN), {}, YES),
        (asks("NotIn", ["a", UNKNOWN]), {"app": "a"}, NO),
        (asks("NotIn", ["a"]), {"app": UNKNOWN}, OPEN),
        (asks("Exists"), {"app": UNKNOWN}, YES),
        (asks("DoesNotExist"), {"app": UNKNOWN}, NO),
        (asks(UNKNOWN, ["a"]), {"app": "a"}, OPEN),
        (asks("Exists", key=UNKNOWN), {"app": "a"}, OPEN),
        ({"matchExpressions": [UNKNOWN]}, {}, OPEN),
    ],
)
def test_what_a_selector_says(selector: object, own: object, answer: Answer) -> None:
    assert read_selector(selector).selects(own) is answer


@pytest.mark.parametrize(
    ("selector", "said"),
    [
        ("app=web", "spec.podSelector: must be a mapping"),
        ({"matchLabels": ["app"]}, "spec.podSelector.matchLabels: must be a mapping"),
        ({"matchLabels": {"version": 1}}, "spec.podSelector.matchLabels.version: must be text; write it in quotes"),
        ({"matchExpressions": {}}, "spec.podSelector.matchExpressions: must be a list"),
        (
            asks("in", ["a"]),
            "matchExpressions[0].operator: is none of a label selector; write one of In, NotIn, Exists",
        ),
        (asks(None), "matchExpressions[0].operator: is none of a label selector"),
        (asks("In"), "matchExpressions[0].values: is missing, and In needs it; write at least one value"),
        (asks("NotIn", []), "matchExpressions[0].values: is missing, and NotIn needs it"),
        (
            asks("Exists", ["a"]),
            "matchExpressions[0].values: says something, and Exists looks at no value; leave it out",
        ),
        (asks("Exists", key=None), "matchExpressions[0].key: is missing; write the key of a label"),
    ],
)
def test_what_is_no_selector_is_refused_at_its_place(selector: object, said: str) -> None:
    with pytest.raises(SpecError) as raised:
        read_selector(selector, ("spec", "podSelector"))
    assert said in str(raised.value)


@given(selectors, labels, st.data())
def test_what_is_certain_stays_so_whatever_the_unknown_values_are(
    selector: Tree, own: dict[str, Any], data: st.DataObject
) -> None:
    known = read_selector(selector).selects(own)
    unknown = with_unknowns(data, {"selector": selector, "labels": own}, lambda _: True)
    answer = read_selector(unknown["selector"]).selects(unknown["labels"])
    assert answer in (known, OPEN)


@given(anything)
def test_no_tree_is_a_surprise(tree: object) -> None:
    try:
        read_selector(tree)
    except SpecError as error:
        assert error.reason  # noqa: PT017 - either is right
