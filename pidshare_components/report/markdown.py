"""The report for a comment in a review, in GitHub's Markdown: a table for each pod, with the reasons folded away."""

import re
from collections.abc import Iterable, Iterator
from typing import Optional

from pidshare_components.analysis.exposure import Pair
from pidshare_components.analysis.printing import printable
from pidshare_components.report.entry import NEXT, SHARING, Entry
from pidshare_components.report.matrix import LEGEND, SELF, Matrix, marks, matrix, reasons

_SPECIAL = re.compile(r"[&<>\\`*_\[\]|~$@#]")


def as_markdown(entries: Iterable[Entry], *, explained: bool = True) -> str:
    """Return the report of pods, in their order.

    Args:
        entries: the pods.
        explained: with a folded list of the reasons of all answers.
    """
    blocks: list[str] = []
    has_matrix = False
    for entry in entries:
        found = matrix(entry.analysis)
        has_matrix = has_matrix or found is not None
        blocks += _pod(entry, found, explained=explained)
    if has_matrix:
        blocks.append("<sub>" + "<br>".join(map(_legend, LEGEND)) + "</sub>")
    return "\n\n".join(blocks) + "\n" if blocks else "No pods.\n"


def _escaped(text: str) -> str:
    """Return text that Markdown and HTML show as it is, wherever it stands."""
    return _SPECIAL.sub(_shown, printable(text))


def _shown(sign: re.Match[str]) -> str:
    # A comment behind it keeps GitHub from taking a word for somebody's name, or a number for that of an issue.
    return f"&#{ord(sign[0])};" + ("<!-- -->" if sign[0] in "@#" else "")


def _code(text: str) -> str:
    """Return text as code. Not in backticks: in a table's cell they do not keep `|` from ending it."""
    return f"<code>{_escaped(text)}</code>"


def _legend(parts: list[str]) -> str:
    words = (part.partition(" ") for part in parts)
    return ", ".join(f"`{first.removesuffix(':')}` {rest}" for first, _, rest in words)


def _pod(entry: Entry, found: Optional[Matrix], *, explained: bool) -> Iterator[str]:
    analysis, level = entry.analysis, entry.analysis.pod_security
    yield f"### {_code(entry.title)}"
    wanted = NEXT.get(level.level)
    said = f"{SHARING[analysis.pod.sharing]}; Pod Security {level.version}: **{level.level.value}**"
    yield said[0].upper() + said[1:]
    if found:
        yield "\n".join(_table(found))
    if analysis.findings:
        yield "\n".join(
            f"- **{finding.severity.value}** `{finding.rule.id}` {_code(entry.place(finding.path))}: "
            f"{_escaped(finding.message)}; {_escaped(finding.fix)}"
            for finding in analysis.findings
        )
    if wanted:
        items = [
            f"- `{block.control}`{'' if block.certain else ' (perhaps)'}: {_escaped(block.message)}; "
            f"{_escaped(block.fix)}"
            for block in level.blocks
        ]
        yield from _folded(f"Why not {wanted.value}", items)
    if explained and found:
        yield from _folded("Reasons", [item for pair in analysis.pairs for item in _why(entry, pair)])


def _table(found: Matrix) -> Iterator[str]:
    yield "| from \\ on | " + " | ".join(map(_code, found.columns)) + " |"
    yield "| --- |" + " :-: |" * len(found.columns)
    for name, pairs in found.rows:
        cells = [f"`{marks(pair)}`" if pair else SELF for pair in pairs]
        yield f"| {_code(name)} | " + " | ".join(cells) + " |"


def _folded(title: str, items: list[str]) -> Iterator[str]:
    yield f"<details><summary>{title}</summary>"
    yield "\n".join(items)
    yield "</details>"


def _why(entry: Entry, pair: Pair) -> Iterator[str]:
    yield f"- {_code(pair.source.name)} → {_code(pair.target.name)}"
    for why in reasons(entry.analysis, pair):
        yield f"  - {', '.join(action.value for action in why.actions)}: **{why.answer.value}**, {_escaped(why.text)}"
