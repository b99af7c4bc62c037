"""Violations for programs: `docs/check.schema.json` says what is where."""

from collections.abc import Iterator

from pidshare_components.check import page
from pidshare_components.report.outcome import Found, Outcome, Problem, known
from pidshare_components.report.pieces import Json, with_items


def violations_as_json(outcome: Outcome) -> Iterator[str]:
    """Yield the report of violations in pieces."""
    problems = [_problem(each) for each in outcome.problems]
    tree = {"counts": outcome.counts(), "problems": problems, "violations": []}
    return with_items(tree, map(_violation, outcome.found))


def _violation(each: Found) -> Json:
    violation, place = each.violation, each.place
    subject = violation.subject
    return {
        "rule": violation.rule.id,
        "severity": violation.severity.value,
        "level": violation.level.value,
        "certain": violation.certain,
        "exempted": violation.exempted,
        "file": place.file,
        "document": place.document,
        "line": each.some_line,
        "kind": subject.kind,
        "namespace": known(subject.namespace),
        "name": known(subject.name),
        "resource": subject.called or None,
        "container": None if subject.container is None else known(subject.container),
        "path": violation.where,
        "message": violation.message,
        "fix": violation.fix,
        "docs": page(violation.rule),
    }


def _problem(problem: Problem) -> Json:
    return {
        "file": problem.file,
        "document": problem.document,
        "line": problem.line,
        "path": problem.path,
        "reason": problem.reason,
        "instead": problem.instead,
    }
