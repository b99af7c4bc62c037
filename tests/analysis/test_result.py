"""The analysis as a whole: what holds for every pod, whatever of it is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pidshare_components.analysis.change import Change, changed
from pidshare_components.analysis.explain import explain
from pidshare_components.analysis.kernel import Action, Answer
from pidshare_components.analysis.objects import pods_in
from pidshare_components.analysis.result import Analysis, analyse
from pidshare_components.analysis.tree import UNKNOWN, Path, SpecError, format_path
from tests.analysis.measured_pods import IMAGE, IMAGE_FACTS, NODE
from tests.analysis.pod_strategies import pod_specs
from tests.analysis.whole_pods import whole_pod_specs

Tree = dict[str, Any]


def analysis_of(spec: Tree, **facts: Any) -> Analysis:  # noqa: ANN401 - of `analyse`
    (found,) = pods_in({"kind": "Pod", "metadata": {"name": "pod"}, "spec": spec})
    return analyse(found, **facts)


def of_probes(spec: Tree) -> Tree:
    """Return a spec whose containers run an image of which everything is known."""
    lists = ("initContainers", "containers")
    return {**spec, **{key: [{**item, "image": IMAGE} for item in spec[key]] for key in lists if key in spec}}


def leaves(tree: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - any tree
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from leaves(item, (*path, key))


def answers(analysis: Analysis) -> dict[tuple[str, str, Action], Answer]:
    return {
        (pair.source.name, pair.target.name, action): pair.answer(action)
        for pair in analysis.pairs
        for action in Action
    }


@given(whole_pod_specs(), st.data())
def test_what_is_not_known_yet_makes_answers_unknown_and_nothing_else(spec: Tree, data: st.DataObject) -> None:
    known = analysis_of(spec)
    # What never starts does nothing, and nobody does anything to it.
    assume(all(finding.rule.id != "root-refused" for finding in known.findings))
    # Names and the lists of containers tell what is what: they are not in question here.
    lists = {"containers", "initContainers"}
    places = [path for path in leaves(spec) if path[-1] != "name" and not (path[0] in lists and len(path) < 3)]
    place = data.draw(st.sampled_from(places))
    unknown = analysis_of(changed(spec, Change("", ((place, UNKNOWN),))))
    before, after = answers(known), answers(unknown)
    for cell in before.keys() & after.keys():
        assert after[cell] in (before[cell], Answer.UNKNOWN), (format_path(place), cell)
    for pair in unknown.pairs:
        assert all(explain(unknown.pod, pair, action).why for action in Action)


@settings(max_examples=30)
@given(whole_pod_specs())
def test_every_cell_can_be_explained(spec: Tree) -> None:
    analysis = analysis_of(spec)
    for pair in analysis.pairs:
        for action in Action:
            reason = explain(analysis.pod, pair, action)
            assert reason.ground is pair.cells[action].ground
            assert reason.why
            assert pair.answer(action) is not Answer.UNKNOWN or reason.change


@settings(max_examples=50)
@given(pod_specs())
def test_the_change_turns_the_answer_round(spec: Tree) -> None:
    """The pods are those whose every cell the kernel agrees with: see test_exposure_cluster.py."""
    spec = of_probes(spec)
    analysis = analysis_of(spec, node=NODE, image_facts=IMAGE_FACTS)
    for pair in analysis.pairs:
        for action in Action:
            change = explain(analysis.pod, pair, action).change
            assert change, (pair.source.name, pair.target.name, action)
            after = analysis_of(changed(spec, change), node=NODE, image_facts=IMAGE_FACTS)
            # The node's processes are no target any more once they are out of sight.
            turned = answers(after).get((pair.source.name, pair.target.name, action), Answer.NO)
            assert {turned, pair.answer(action)} == {Answer.YES, Answer.NO}, change.text
            assert change.edits


def test_a_spec_that_is_none_says_where_and_what_to_write() -> None:
    with pytest.raises(SpecError) as raised:
        analysis_of({"containers": [{"name": "a", "securityContext": {"runAsUser": "root"}}]})
    assert str(raised.value) == (
        "spec.containers[0].securityContext.runAsUser: must be a whole number; write it without quotes"
    )


def with_container(**more: object) -> Tree:
    return {"spec": {"containers": [{"name": "a", **more}]}}


def with_user(user: object) -> Tree:
    return with_container(securityContext={"runAsUser": user})


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"spec": {"containers": []}}, "spec.containers: is missing or empty"),
        ({"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}, "spec.containers[1].name: is the name of another"),
        (with_user(-1), "runAsUser: is no user or group id; write a number from 0 to 2147483647"),
        (with_user(2**31), "runAsUser: is no user or group id"),
        (with_user(True), "runAsUser: must be a whole number; write it without quotes"),
        (with_container(env=[{"name": "A", "value": 1}]), "env[0].value: must be text; write it in quotes"),
        ({"spec": {"containers": [{"name": "a"}], "volumes": [{"csi": 5}]}}, "spec.volumes[0].csi: must be a mapping"),
        ({**with_container(), "metadata": {"annotations": {"a/b": 5}}}, 'metadata.annotations["a/b"]: must be text'),
    ],
)
def test_what_is_no_pod_is_refused_at_its_place(document: Tree, said: str) -> None:
    (found,) = pods_in({"kind": "Pod", **document})
    with pytest.raises(SpecError) as raised:
        analyse(found)
    assert said in str(raised.value)


def test_a_list_without_items_is_refused() -> None:
    pods = pods_in({"kind": "List", "items": {}})
    with pytest.raises(SpecError, match="items: is no list"):
        next(pods)


@pytest.mark.parametrize(
    "tree",
    [
        {"kind": "Pod", "metadata": UNKNOWN, "spec": {"containers": [{"name": "a", "image": "nginx"}]}},
        {"kind": "Pod", "metadata": {"name": "a"}, "spec": UNKNOWN},
        {"kind": "Deployment", "metadata": {"name": "a"}, "spec": UNKNOWN},
        {"kind": "CronJob", "spec": {"jobTemplate": UNKNOWN}},
        {"kind": "Deployment", "spec": {"template": {"metadata": UNKNOWN, "spec": UNKNOWN}}},
    ],
)
def test_an_object_may_be_unknown_as_a_whole(tree: dict[str, Any]) -> None:
    (pod,) = pods_in(tree)
    analysis = analyse(pod)
    assert all(not finding.certain for finding in analysis.findings)
