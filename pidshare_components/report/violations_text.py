"""Violations for people: by object, each with what to write instead."""

from collections.abc import Iterator

from pidshare_components.report.outcome import Found, Outcome, Place
from pidshare_components.report.terminal import SEVERITIES, Paint, Style, paragraph

_INDENT = "  "
_GAP = "  "


def violations_as_text(outcome: Outcome, *, color: bool = False, width: int = 80) -> Iterator[str]:
    """Yield the report of violations in lines.

    Args:
        outcome: what was found.
        color: with the colours of a terminal.
        width: of the terminal.
    """
    writer = _Writer(Paint(color), width)
    for group in outcome.by_object():
        for line in (*writer.object(group), ""):
            yield f"{line}\n"
    yield from (f"{line}\n" for line in writer.end(outcome))


class _Writer:
    def __init__(self, paint: Paint, width: int) -> None:
        self._paint, self._width = paint, width

    def object(self, group: list[Found]) -> Iterator[str]:
        first = group[0]
        yield self._paint(str(first.violation.subject), Style.BOLD) + self._paint(
            f"{_GAP}{_shown(first.place)}", Style.DIM
        )
        for each in group:
            yield from self._violation(each) if each.violation.exempted is None else self._exempted(each)

    def _violation(self, each: Found) -> Iterator[str]:
        violation = each.violation
        severity = f"{violation.severity.name:<6}"
        indent = _INDENT + " " * len(severity) + _GAP
        perhaps = "" if violation.certain else "perhaps "
        level = f"{_GAP}{violation.level.value}"
        where = violation.where + (f"{_GAP}(line {each.line})" if each.line is not None else "")
        fits = len(f"{indent}{perhaps}{violation.rule.id}{level}{_GAP}{where}") <= self._width
        head = _INDENT + self._paint(severity, SEVERITIES[violation.severity]) + _GAP
        head += self._paint(perhaps) + self._paint(violation.rule.id, Style.BOLD) + self._paint(level)
        yield head + (_GAP + self._paint(where, Style.DIM) if fits else "")
        if not fits:
            yield from (self._paint(line, Style.DIM) for line in paragraph(where, self._width, indent))
        yield from paragraph(f"{violation.message}; {violation.fix}", self._width, indent)

    def _exempted(self, each: Found) -> Iterator[str]:
        violation = each.violation
        severity = f"{_INDENT}{violation.severity.name:<6}{_GAP}"
        text = f"{violation.rule.id}{_GAP}exempted{_GAP}{violation.where}: {violation.exempted}"
        for line in paragraph(text, self._width, " " * len(severity), severity):
            yield self._paint(line, Style.DIM)

    def end(self, outcome: Outcome) -> Iterator[str]:
        counts = outcome.counts()
        seen = f"in {_many(outcome.objects, 'object')} of {_many(outcome.files, 'file')}"
        said = f"no violations {seen}"
        if counts["violations"]:
            said = (
                f"{_many(counts['violations'], 'violation')} {seen}: {counts['mandatory']} mandatory, "
                f"{counts['advisory']} advisory"
            )
        if counts["exempted"]:
            said += f"; {counts['exempted']} exempted"
        if counts["problems"]:
            said += f"; {_many(counts['problems'], 'problem')}"
        yield from paragraph(said, self._width, "")
        if outcome.found:
            yield self._paint("pidshare explain RULE says more", Style.DIM)


def _shown(place: Place) -> str:
    if place.line is not None:
        return f"{place.file}:{place.line}"
    return place.file if place.document is None else f"{place.file} (document {place.document})"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
