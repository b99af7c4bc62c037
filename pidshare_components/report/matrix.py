"""The pairs of a pod as rows and columns, with one letter for each action that is possible."""

from dataclasses import dataclass
from enum import Enum
from typing import Optional

from pidshare_components.analysis.explain import explain
from pidshare_components.analysis.exposure import Pair
from pidshare_components.analysis.kernel import Action, Answer
from pidshare_components.analysis.result import Analysis
from pidshare_components.analysis.tree import Path

LETTERS = {Action.SEE: "s", Action.ENVIRON: "e", Action.ROOT: "r", Action.SIGNAL: "k", Action.PTRACE: "t"}
"""A letter for each action: k as in kill, t as in trace."""

_MEANINGS = {
    Action.SEE: "see in the process list",
    Action.ENVIRON: "read the environment",
    Action.ROOT: "reach the files",
    Action.SIGNAL: "signal (kill)",
    Action.PTRACE: "trace (ptrace): read and write the memory",
}


class Mark(Enum):
    """What a place in a cell says instead of a letter."""

    NO = "·"
    UNKNOWN = "?"
    SWITCHING = "~"


SELF = "-"
"""The cell of a container and itself."""

LEGEND = (
    [f"{letter} {_MEANINGS[action]}" for action, letter in LETTERS.items()],
    [
        f"{Mark.NO.value} no",
        f"{Mark.UNKNOWN.value} unknown",
        f"{Mark.SWITCHING.value} no as it starts, yes once it has changed its user or group, as it may",
    ],
    ["from: a process with what its container starts with, as kubectl exec starts one", "on: a main process"],
)
"""What a matrix means, in lines of parts that begin with what they explain."""


def mark(pair: Pair, action: Action) -> str:
    """Return the letter of an action, or what stands in its place."""
    answer = pair.answer(action)
    if answer is Answer.YES:
        return LETTERS[action]
    if answer is Answer.UNKNOWN:
        return Mark.UNKNOWN.value
    return Mark.SWITCHING.value if action in pair.switching else Mark.NO.value


def marks(pair: Pair) -> str:
    """Return a cell: a character for each action, in their order."""
    return "".join(mark(pair, action) for action in Action)


@dataclass(frozen=True)
class Matrix:
    """Rows and columns.

    Attributes:
        columns: names of what is acted on.
        rows: name of each container that acts, and its pairs by column; None in its own.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Optional[Pair], ...]], ...]


def matrix(analysis: Analysis) -> Optional[Matrix]:
    """Return the pairs of a pod as rows and columns; None where nobody sees anybody."""
    if all(pair.answer(Action.SEE) is Answer.NO for pair in analysis.pairs):
        return None
    columns = _columns(analysis)
    by_place = {(pair.source.path, _key(pair)): pair for pair in analysis.pairs}
    rows = [
        (source.name, tuple(by_place.get((source.path, column)) for column in columns))
        for source in analysis.pod.containers
    ]
    return Matrix(tuple(name for _, name in columns), tuple(rows))


_Column = tuple[Path, str]


def _key(pair: Pair) -> _Column:
    return pair.target.path, pair.target.name


def _columns(analysis: Analysis) -> list[_Column]:
    """Return what is acted on: containers in their order, each with its worker processes, then the rest."""
    places = {container.path: index for index, container in enumerate(analysis.pod.containers)}
    found = dict.fromkeys(map(_key, analysis.pairs))
    return sorted(found, key=lambda column: places.get(column[0], len(places)))


@dataclass(frozen=True)
class Why:
    """Why the answers for some actions are what they are.

    Attributes:
        actions: those of one pair that have the same reason.
        answer: to each of them.
        text: why, and what would change it.
    """

    actions: tuple[Action, ...]
    answer: Answer
    text: str


_BRINGS = {Answer.YES: "to refuse it", Answer.NO: "to allow it", Answer.UNKNOWN: "to know it"}


def reasons(analysis: Analysis, pair: Pair) -> list[Why]:
    """Return the reasons of a pair, each once."""
    found: dict[tuple[Answer, str], list[Action]] = {}
    for action in Action:
        reason, answer = explain(analysis.pod, pair, action), pair.answer(action)
        text = f"{reason.why}; {_BRINGS[answer]}: {reason.change.text}" if reason.change else reason.why
        found.setdefault((answer, text), []).append(action)
    return [Why(tuple(actions), answer, text) for (answer, text), actions in found.items()]
