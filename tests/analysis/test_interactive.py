"""Debug sidecars in production, and what they have to say of themselves."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pidshare_components.analysis.interactive import DEBUG_IN_PRODUCTION, EXPIRES, REASON, debug_findings
from pidshare_components.analysis.objects import pods_in
from pidshare_components.analysis.result import analyse
from pidshare_components.analysis.rule import Finding
from pidshare_components.analysis.tree import UNKNOWN, format_path
from tests.analysis.unknowns import by_place, contradicts, with_unknowns
from tests.strategies import Tree

TODAY = date(2026, 3, 1)
GOOD = {REASON: "ticket 17", EXPIRES: "2026-03-01"}
APP: Tree = {"name": "app", "image": "nginx:1.29"}
SHELL: Tree = {"name": "shell", "image": "busybox:1.37", "stdin": True, "tty": True}


def found(annotations: Any, *containers: Tree, **spec: object) -> list[Finding]:  # noqa: ANN401 - of a tree
    whole = {"shareProcessNamespace": True, "containers": [APP, *containers], **spec}
    return found_in(annotations, whole)


def found_in(annotations: Any, whole: Tree) -> list[Finding]:  # noqa: ANN401 - of a tree
    metadata = {"name": "pod", "annotations": annotations}
    (pod,) = pods_in({"kind": "Pod", "metadata": metadata, "spec": whole})
    return list(debug_findings(analyse(pod), TODAY))


NO_REASON, NO_DAY = "no reason is written", "its last day is not written"


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        (GOOD, []),
        ({}, [NO_REASON, NO_DAY]),
        (None, [NO_REASON, NO_DAY]),
        ({**GOOD, REASON: " \n"}, [NO_REASON]),
        ({REASON: "ticket 17"}, [NO_DAY]),
        ({**GOOD, EXPIRES: "2026-02-28"}, ["its last day, 2026-02-28, has passed"]),
        ({**GOOD, EXPIRES: ""}, ["is no date"]),
        ({**GOOD, EXPIRES: "20270101"}, ["is no date"]),
        ({**GOOD, EXPIRES: "2027-02-30"}, ["is no date"]),
        ({**GOOD, EXPIRES: "2027-01-01T00:00:00Z"}, ["is no date"]),
    ],
)
def test_what_a_debug_sidecar_has_to_say(annotations: Tree, said: list[str]) -> None:
    findings = found(annotations, SHELL)
    assert len(findings) == len(said)
    for finding, part in zip(findings, said, strict=True):
        assert part in finding.message
        assert finding.message.startswith("'shell' is a debug sidecar in production, and ")
        assert finding.certain
        assert finding.severity is DEBUG_IN_PRODUCTION.severity


def test_where_each_mistake_is() -> None:
    places = [format_path(each.path) for each in found({EXPIRES: "later"}, SHELL)]
    # The annotations are for all of the pod's: it is the container that an exemption names.
    assert places == ["containers[1]", "containers[1]"]
    (malformed,) = found({**GOOD, EXPIRES: "hunter2"}, SHELL)
    assert "hunter2" not in f"{malformed.message} {malformed.fix}"
    assert "YYYY-MM-DD" in malformed.fix


@pytest.mark.parametrize(
    ("annotations", "shell", "spec", "certain"),
    [
        ({**GOOD, REASON: UNKNOWN}, SHELL, {}, [False]),
        ({**GOOD, EXPIRES: UNKNOWN}, SHELL, {}, [False]),
        (UNKNOWN, SHELL, {}, [False, False]),
        ({REASON: "ticket 17"}, {**SHELL, "tty": UNKNOWN}, {}, [False]),
        ({REASON: "ticket 17"}, {**SHELL, "stdin": UNKNOWN}, {}, [False]),
        ({REASON: "ticket 17"}, SHELL, {"shareProcessNamespace": UNKNOWN}, [False]),
        ({}, {**SHELL, "tty": False}, {}, []),
        ({}, {**SHELL, "stdin": None}, {}, []),
        ({}, SHELL, {"shareProcessNamespace": False}, []),
        ({REASON: "ticket 17"}, SHELL, {"shareProcessNamespace": False, "hostPID": True}, [True]),
    ],
)
def test_what_is_no_debug_sidecar_and_what_may_be_one(
    annotations: Tree, shell: Tree, spec: Tree, certain: list[bool]
) -> None:
    assert [each.certain for each in found(annotations, shell, **spec)] == certain


@pytest.mark.parametrize(("policy", "certain"), [("Always", [True]), (UNKNOWN, [False]), (None, [])])
def test_an_init_container_stays_only_as_a_sidecar(policy: object, certain: list[bool]) -> None:
    init = {**SHELL, "restartPolicy": policy}
    assert [each.certain for each in found({REASON: "a"}, initContainers=[init])] == certain


@pytest.mark.parametrize(
    ("spec", "certain"),
    [
        ({}, []),
        ({"initContainers": [APP]}, []),
        ({"initContainers": [{**APP, "restartPolicy": "Always"}]}, [True]),
        ({"initContainers": [{**APP, "restartPolicy": UNKNOWN}]}, [False]),
        ({"initContainers": UNKNOWN}, [False]),
        ({"initContainers": [UNKNOWN]}, [False]),
        ({"ephemeralContainers": [APP]}, [True]),
        ({"containers": [SHELL, UNKNOWN]}, [False]),
        ({"containers": [SHELL, APP]}, [True]),
        ({"shareProcessNamespace": False, "hostPID": True}, [True]),
        ({"hostPID": UNKNOWN}, [False]),
    ],
)
def test_a_container_that_runs_alone_is_beside_nobody(spec: Tree, certain: list[bool]) -> None:
    whole = {"shareProcessNamespace": True, "containers": [SHELL], **spec}
    assert [each.certain for each in found_in({REASON: "ticket 17"}, whole)] == certain


def test_the_annotations_of_a_workload_stand_at_its_template() -> None:
    spec = {"shareProcessNamespace": True, "containers": [APP, SHELL]}
    metadata = {"name": "web", "annotations": GOOD}
    tree = {"kind": "Deployment", "metadata": metadata, "spec": {"template": {"spec": spec}}}
    (workload,) = pods_in({"kind": "List", "items": [tree]})
    where = "items[0].spec.template.metadata.annotations"
    told = [each.fix for each in debug_findings(analyse(workload), TODAY)]
    assert [fix.partition(", ")[0] for fix in told] == [
        f"write one as {REASON} in {where}",
        f"write it as {EXPIRES} in {where}",
    ]
    assert all(where in each.fix for late in ("2020-01-01", "x") for each in late_in(tree, late))
    assert "in metadata.annotations" in found({}, SHELL)[0].fix


def late_in(tree: Tree, day: str) -> list[Finding]:
    template = {"metadata": {"annotations": {**GOOD, EXPIRES: day}}, "spec": tree["spec"]["template"]["spec"]}
    (workload,) = pods_in({"kind": "List", "items": [{**tree, "spec": {"template": template}}]})
    (finding,) = debug_findings(analyse(workload), TODAY)
    return [finding]


def test_an_ephemeral_container_cannot_be_changed() -> None:
    (said,) = found({REASON: "ticket 17"}, ephemeralContainers=[SHELL])
    assert said.fix.endswith("or replace the pod: an ephemeral container can neither be changed nor removed")
    (said,) = found({REASON: "ticket 17"}, SHELL)
    assert said.fix.endswith("or take stdin and tty out of 'shell'")


@given(st.integers(-400, 400))
def test_the_last_day_counts_until_its_end(days: int) -> None:
    last = TODAY + timedelta(days=days)
    assert bool(found({**GOOD, EXPIRES: last.isoformat()}, SHELL)) is (last < TODAY)


@given(
    st.fixed_dictionaries(
        {}, optional={REASON: st.sampled_from(["", "a"]), EXPIRES: st.sampled_from(["2030-01-01", "x"])}
    ),
    st.fixed_dictionaries({}, optional={"stdin": st.booleans(), "tty": st.booleans()}),
    st.data(),
)
def test_what_is_certain_stays_so_whatever_the_unknown_values_are(
    annotations: Tree, flags: Tree, data: st.DataObject
) -> None:
    tree = {"annotations": annotations, "shell": {**SHELL, **flags}}
    unknown = with_unknowns(data, tree, lambda path: path[0] == "annotations" or path[-1] in ("stdin", "tty"))
    known, before = (by_message(found(each["annotations"], each["shell"])) for each in (tree, unknown))
    assert contradicts(before, known) == []


def by_message(findings: list[Finding]) -> dict[Any, bool]:
    """Return what was found by its subject: where depends on whether an annotation is known to be there."""
    by_subject = (
        [each for each in findings if REASON in each.fix],
        [each for each in findings if REASON not in each.fix],
    )
    return {index: any(by_place(each).values()) for index, each in enumerate(by_subject) if each}
