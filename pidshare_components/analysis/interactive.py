"""Shells to attach to in production: each has to say why it is there, and until when."""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple, Optional

from pidshare_components.analysis.answers import all_of, flag, shares
from pidshare_components.analysis.company import has_company, stays
from pidshare_components.analysis.days import day_of
from pidshare_components.analysis.facts import Container, ContainerKind, Pod
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.result import Analysis
from pidshare_components.analysis.rule import Finding, Rule, Severity
from pidshare_components.analysis.tree import UNKNOWN, child, format_path

REASON = "pidshare-components/debug-reason"
"""The annotation that says why a pod has a debug sidecar: any text."""
EXPIRES = "pidshare-components/debug-expires"
"""The annotation with the last day of a pod's debug sidecar, in UTC: `YYYY-MM-DD`."""

DEBUG_IN_PRODUCTION = Rule(
    "debug-in-production",
    Severity.HIGH,
    "A debug sidecar is in production without a reason, or after its last day",
    "A container with stdin and tty is there to attach to, and in a shared process namespace it is within reach of "
    "every other one (Kubernetes, Share Process Namespace between Containers in a Pod). In production it needs the "
    "annotations pidshare-components/debug-reason and pidshare-components/debug-expires.",
)
RULES = (DEBUG_IN_PRODUCTION,)


class _Mistake(NamedTuple):
    certain: bool
    what: str
    fix: str


def debug_findings(analysis: Analysis, today: date) -> Iterator[Finding]:
    """Yield the debug sidecars of a pod in production that do not say why they are there, or until when.

    Args:
        analysis: of the pod.
        today: the day in UTC.
    """
    pod = analysis.pod
    for container in pod.containers:
        answer = _is_debug(pod, container)
        if answer is Answer.NO:
            continue
        for mistake in _mistakes(pod, today):
            certain = mistake.certain and answer is Answer.YES
            is_one = "is" if answer is Answer.YES else "may be"
            message = f"'{container.name}' {is_one} a debug sidecar in production, and {mistake.what}"
            fix = f"{mistake.fix}, or {_without(container)}"
            yield Finding(DEBUG_IN_PRODUCTION, DEBUG_IN_PRODUCTION.severity, container.path, message, fix, certain)


def _is_debug(pod: Pod, container: Container) -> Answer:
    """Return whether it is a container to attach to that others share their processes with."""
    return all_of(
        shares(pod.sharing),
        has_company(pod),
        stays(container),
        flag(container.tree.get("stdin")),
        flag(container.tree.get("tty")),
    )


def _without(container: Container) -> str:
    """Return how to do without it, as an imperative."""
    if container.kind is ContainerKind.EPHEMERAL:
        return "replace the pod: an ephemeral container can neither be changed nor removed"
    return f"take stdin and tty out of '{container.name}'"


def _mistakes(pod: Pod, today: date) -> Iterator[_Mistake]:
    annotations = child(pod.object.metadata, "annotations")
    # A workload has annotations of its own, which its pods do not get.
    where = format_path((*pod.object.path, "metadata", "annotations"))
    wrong = (_wrong_reason(child(annotations, REASON), where), _wrong_day(child(annotations, EXPIRES), where, today))
    yield from (mistake for mistake in wrong if mistake is not None)


def _wrong_reason(reason: Any, where: str) -> Optional[_Mistake]:  # noqa: ANN401 - of the tree
    """Return what is wrong with a reason; None for one that says something."""
    if reason is UNKNOWN:
        return _Mistake(False, "the reason is not known yet", f"write it as {REASON} in {where}")
    if not (reason or "").strip():
        return _Mistake(True, "no reason is written", f"write one as {REASON} in {where}")
    return None


def _wrong_day(expires: Any, where: str, today: date) -> Optional[_Mistake]:  # noqa: ANN401 - of the tree
    """Return what is wrong with a last day; None for one that has not passed."""
    write = f"write it as {EXPIRES} in {where}, as YYYY-MM-DD"
    if expires is None:
        return _Mistake(True, "its last day is not written", write)
    if expires is UNKNOWN:
        return _Mistake(False, "its last day is not known yet", write)
    last = day_of(expires)
    if last is None:
        fix = f"write the last day in UTC as YYYY-MM-DD, such as 2030-01-31, in {where}"
        return _Mistake(True, f"the annotation {EXPIRES} is no date", fix)
    if last < today:
        what = f"its last day, {last.isoformat()}, has passed"
        return _Mistake(True, what, f"take it out, or write a later day as {EXPIRES} in {where}")
    return None
