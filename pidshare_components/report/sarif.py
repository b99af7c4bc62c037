"""Violations for code scanning: SARIF 2.1.0, as GitHub and others show it beside the lines of a change."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Optional
from urllib.parse import quote

from pidshare_components.analysis.rule import Rule, Severity
from pidshare_components.analysis.tree import format_path
from pidshare_components.check import RULES, Level, Violation, default_level
from pidshare_components.report.outcome import Found, Outcome, Problem, known
from pidshare_components.report.pages import read_page
from pidshare_components.report.pieces import Json, with_items

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SECURITY = {Severity.HIGH: "8.0", Severity.MEDIUM: "5.0", Severity.LOW: "2.0"}
"""What code scanning calls high, medium and low, on the scale of CVSS."""
_NUMBERS = {rule: number for number, rule in enumerate(RULES)}
_FINGERPRINT = "pidshare/v1"


def as_sarif(outcome: Outcome, version: str, base: Path) -> Iterator[str]:
    """Yield the report of violations in pieces.

    Args:
        outcome: what was found.
        version: of this library.
        base: an absolute path: files below it are named from there.
    """
    writer = _Writer(base)
    run = {
        "tool": {"driver": {"name": "pidshare", "version": version, "rules": [_rule(rule) for rule in RULES.values()]}},
        "invocations": [
            {
                "executionSuccessful": not outcome.problems,
                "toolExecutionNotifications": [writer.notification(each) for each in outcome.problems],
            }
        ],
        "results": [],
    }
    return with_items({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, map(writer.result, outcome.found))


def _rule(rule: Rule) -> Json:
    text = read_page(rule)
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _level(default_level(rule), rule.severity)},
        "properties": {"security-severity": _SECURITY[rule.severity], "tags": ["security", "kubernetes"]},
    }


def _level(level: Level, severity: Severity, *, certain: bool = True) -> str:
    if level is Level.MANDATORY:
        return "error"
    return "warning" if certain and severity is not Severity.LOW else "note"


class _Writer:
    def __init__(self, base: Path) -> None:
        self._base = base
        self._seen: Counter[str] = Counter()

    def result(self, each: Found) -> Json:
        violation = each.violation
        perhaps = "" if violation.certain else "perhaps "
        said = f"{perhaps}{violation.subject}: {violation.where}: {violation.message}; {violation.fix}"
        return {
            "ruleId": violation.rule.id,
            "ruleIndex": _NUMBERS[violation.rule.id],
            "level": _level(violation.level, violation.severity, certain=violation.certain),
            "message": {"text": _plain(said)},
            "locations": [
                {
                    **self._physical(each.place.code, each.some_line),
                    "logicalLocations": [{"fullyQualifiedName": _identity(violation), "kind": "object"}],
                }
            ],
            "partialFingerprints": {_FINGERPRINT: self._fingerprint(violation)},
            # Of a run either all results say whether they are suppressed, or none does.
            "suppressions": _suppressions(violation.exempted),
            "properties": {"severity": violation.severity.value, "certain": violation.certain},
        }

    def notification(self, problem: Problem) -> Json:
        parts = [problem.path, "; ".join(part for part in (problem.reason, problem.instead) if part)]
        return {
            "level": "error",
            "message": {"text": _plain(": ".join(part for part in parts if part))},
            "locations": [self._physical(problem.file, problem.line)],
        }

    def _physical(self, file: str, line: Optional[int]) -> Json:
        # Code scanning refuses a place without a line.
        return {
            "physicalLocation": {"artifactLocation": {"uri": self._uri(file)}, "region": {"startLine": line or 1}},
        }

    def _uri(self, file: str) -> str:
        path = Path(os.path.normpath(self._base / file))
        if path.is_relative_to(self._base):
            return quote(os.fsencode(path.relative_to(self._base).as_posix()))
        return path.as_uri()

    def _fingerprint(self, violation: Violation) -> str:
        """Return what stays the same when lines move; where the same object stands several times they are counted."""
        said = "\n".join((violation.rule.id, _identity(violation)))
        digest = hashlib.sha256(said.encode(errors="surrogatepass")).hexdigest()[:32]
        self._seen[digest] += 1
        return f"{digest}:{self._seen[digest]}"


def _identity(violation: Violation) -> str:
    """Return what tells an object and a place in it from others, wherever the object stands."""
    subject = violation.subject
    names = (known(subject.namespace), known(subject.name) or subject.called)
    path = violation.path
    while path[:1] == ("items",):  # of a list: which of its items an object is says nothing of it
        path = path[2:]
    return "/".join((subject.kind, *(name or "" for name in names), format_path(path)))


def _suppressions(reason: Optional[str]) -> list[Json]:
    return [] if reason is None else [{"kind": "external", "status": "accepted", "justification": reason}]


def _plain(text: str) -> str:
    """Return text in which nobody's name makes a link."""
    return text.replace("](", "] (")
