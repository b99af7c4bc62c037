"""The report for people: a matrix that is read at a glance, and in words what stands behind it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Optional

from pidshare_components.analysis.exposure import Pair
from pidshare_components.analysis.facts import Sharing
from pidshare_components.analysis.kernel import Action, Answer
from pidshare_components.analysis.pod_security import PodSecurity
from pidshare_components.report.entry import NEXT, SHARING, Entry
from pidshare_components.report.matrix import LEGEND, LETTERS, SELF, Mark, Matrix, mark, matrix, reasons
from pidshare_components.report.terminal import SEVERITIES, Columns, Paint, Style, fit, paragraph, pieces, together

_INDENT = "  "
_DEEPER = "    "
_GAP = "  "
_CORNER = "from \\ on"
_ANSWERS = {Answer.YES: Style.DANGER, Answer.NO: Style.DIM, Answer.UNKNOWN: Style.WARNING}
_MARKS = {Mark.NO.value: Style.DIM, Mark.UNKNOWN.value: Style.WARNING, Mark.SWITCHING.value: Style.WARNING}


def as_text(entries: Iterable[Entry], *, explained: bool = False, color: bool = False, width: int = 80) -> str:
    """Return the report of pods, in their order.

    Args:
        entries: the pods.
        explained: with the reason of each answer.
        color: with the colours of a terminal.
        width: of the terminal.
    """
    writer = _Writer(Paint(color), width)
    written = [line for entry in entries for line in (*writer.pod(entry, explained=explained), "")]
    return "".join(f"{line}\n" for line in (*written, *writer.legend()))


class _Writer:
    def __init__(self, paint: Paint, width: int) -> None:
        self._paint, self._width = paint, width
        self._has_matrix = False

    # --- a pod ---

    def pod(self, entry: Entry, *, explained: bool) -> Iterator[str]:
        analysis = entry.analysis
        place = f"  {entry.source}" if entry.source else ""
        place += f" (document {entry.document})" if entry.document is not None else ""
        yield self._paint(entry.title, Style.BOLD) + self._paint(place, Style.DIM)
        style = Style.DANGER if analysis.pod.sharing is Sharing.NODE else Style.PLAIN
        yield from (self._paint(line, style) for line in paragraph(SHARING[analysis.pod.sharing], self._width, _INDENT))
        yield from self._pod_security(analysis.pod_security)
        found = matrix(analysis)
        if found:
            self._has_matrix = True
            yield ""
            yield from self._matrix(found)
        if analysis.findings:
            yield ""
            yield from self._findings(entry)
        if explained and found:
            for pair in analysis.pairs:
                yield ""
                yield from self._why(entry, pair)

    def _pod_security(self, found: PodSecurity) -> Iterator[str]:
        said = f"Pod Security {found.version}: {found.level.value}"
        wanted = NEXT.get(found.level)
        yield _INDENT + self._paint(f"{said}; not {wanted.value}, because of" if wanted else said)
        for block in found.blocks:
            perhaps = "" if block.certain else "perhaps "
            first = f"{_DEEPER}- {perhaps}{block.control}: "
            yield from paragraph(f"{block.message}; {block.fix}", self._width, f"{_DEEPER}  ", first)

    def _findings(self, entry: Entry) -> Iterator[str]:
        for finding in entry.analysis.findings:
            severity, rule, place = f"{finding.severity.name:<6}", finding.rule.id, entry.place(finding.path)
            indent = _INDENT + " " * len(severity) + _GAP
            fits = len(f"{indent}{rule}{_GAP}{place}") <= self._width
            head = _INDENT + self._paint(severity, SEVERITIES[finding.severity]) + _GAP
            where = self._paint(place, Style.DIM)
            yield head + self._paint(rule, Style.BOLD) + (_GAP + where if fits else "")
            if not fits:
                yield indent + where
            yield from paragraph(f"{finding.message}; {finding.fix}", self._width, indent)

    def _why(self, entry: Entry, pair: Pair) -> Iterator[str]:
        yield _INDENT + self._paint(f"{pair.source.name} → {pair.target.name}", Style.BOLD)
        for why in reasons(entry.analysis, pair):
            actions, answer = ", ".join(action.value for action in why.actions), why.answer.value
            head = f"{actions}: {answer}, "
            first, *others = paragraph(head + why.text, self._width, f"{_DEEPER}  ", _DEEPER)
            style = Style.PLAIN if why.actions == (Action.SEE,) else _ANSWERS[why.answer]
            rest = first.removeprefix(_DEEPER + head.rstrip())
            yield _DEEPER + self._paint(f"{actions}: ") + self._paint(answer, style) + "," + rest
            yield from others

    # --- the matrix ---

    def _matrix(self, found: Matrix) -> Iterator[str]:
        names = [name for name, _ in found.rows]
        columns = fit([_CORNER, *names], found.columns, len(LETTERS), self._width - len(_INDENT))
        for block in columns.blocks:
            if block.start:
                yield ""
            yield from self._heads(columns, block)
            for name, pairs in found.rows:
                yield from self._row(columns, name, [pairs[column] for column in block], block)

    def _heads(self, columns: Columns, block: range) -> Iterator[str]:
        height = max(len(columns.names[column]) for column in block)
        for row in range(height):
            corner = _CORNER if row == height - 1 else ""
            line = self._paint(corner.ljust(columns.label), Style.DIM)
            for column in block:
                name = columns.names[column]
                # Names end at the line above their column.
                shown = name[row - height + len(name)] if row >= height - len(name) else ""
                line += _GAP + self._paint(shown.ljust(columns.widths[column]), Style.BOLD)
            yield (_INDENT + line).rstrip()

    def _row(self, columns: Columns, name: str, pairs: Sequence[Optional[Pair]], block: range) -> Iterator[str]:
        first, *others = pieces(name, columns.label)
        line = self._paint(first.ljust(columns.label), Style.BOLD)
        for column, pair in zip(block, pairs, strict=True):
            cell = self._cell(pair) if pair else self._paint(SELF.center(len(LETTERS)), Style.DIM)
            line += _GAP + cell + " " * (columns.widths[column] - len(LETTERS))
        yield (_INDENT + line).rstrip()
        yield from (_INDENT + self._paint(line, Style.BOLD) for line in others)

    def _cell(self, pair: Pair) -> str:
        return "".join(self._letter(mark(pair, action), action) for action in Action)

    def _letter(self, letter: str, action: Action) -> str:
        if action is Action.SEE and letter == LETTERS[action]:
            return letter
        return self._paint(letter, _MARKS.get(letter, Style.DANGER))

    # --- what the letters mean, once ---

    def legend(self) -> Iterator[str]:
        if not self._has_matrix:
            return
        for parts in LEGEND:
            yield from (self._paint(line, Style.DIM) for line in together(parts, self._width))
