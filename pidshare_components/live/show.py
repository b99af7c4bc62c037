"""A verification as text and as JSON."""

from collections.abc import Iterator
from typing import Any

from pidshare_components.analysis.capabilities import names_of
from pidshare_components.analysis.kernel import Action, Answer
from pidshare_components.live.snapshot import Identity
from pidshare_components.live.verification import IdentityRow, Predicted, Row, Verification

_ACTIONS = tuple(Action)
_MEASURED = {True: "yes", False: "no", None: "-"}
_SHORT = 3  # as many capabilities are named one by one


def to_text(found: Verification) -> str:
    """Return a verification for people."""
    return printable("\n".join(_lines(found))) + "\n"


def printable(text: str) -> str:
    """Return a text without what would steer a terminal: processes and files of a pod may be called anything."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _lines(found: Verification) -> Iterator[str]:
    yield f"pod {found.pod} in namespace {found.namespace}, context {found.context}"
    node = found.node
    pause = f"{node.pause_user.uid}:{node.pause_user.gid}" if node.pause_user else "unknown"
    module = node.security_module.value if node.security_module else "unknown"
    kernel = ".".join(map(str, node.kernel)) if node.kernel else "unknown"
    yield (
        f"node: kernel {kernel}, runtime {node.runtime.value}, security module {module}, "
        f"ptrace scope {node.ptrace_scope}, sandbox's user {pause}"
    )
    for entry in found.entries:
        yield f"{entry.container}: " + (f"entered by {entry.by}" if entry.by else f"not entered, {entry.why}")
    yield ""
    yield from _table(
        [
            ["", "PROCESS", "PREDICTED", "MEASURED"],
            *([_sign(row), row.process, _identity(row.predicted), _identity(row.measured)] for row in found.identities),
        ]
    )
    yield ""
    yield "Predicted / measured:"
    yield from _table([["", "FROM", "ON", *(action.value.upper() for action in _ACTIONS)], *_matrix(found.rows)])
    yield from _notes(found)
    if found.walk:
        yield ""
        yield "Walk-through:"
    for step in found.walk:
        yield f"{'!' if step.failed else '-'} {step.says}"
        yield from (f"    {line}" for line in step.shown)
    yield ""
    yield _verdict(found)


def _verdict(found: Verification) -> str:
    unknown = sum(row.predicted is Answer.UNKNOWN for row in found.rows)
    unmeasured = sum(row.measured is None for row in found.rows)
    beside = [f"{unknown} not predicted"] * bool(unknown) + [f"{unmeasured} not measured"] * bool(unmeasured)
    said = f"{found.differences or 'no'} difference{'s' * (found.differences != 1)}"
    return f"{said} in {len(found.rows)} answers" + (f" ({', '.join(beside)})" if beside else "")


def _matrix(rows: "tuple[Row, ...]") -> Iterator[list[str]]:
    pairs: dict[tuple[str, str], dict[Action, Row]] = {}
    for row in rows:
        pairs.setdefault((row.source, row.target), {})[row.action] = row
    for (source, target), cells in pairs.items():
        if all(row.measured is None for row in cells.values()):
            continue  # one of the notes says why
        sign = "" if all(row.agrees for row in cells.values()) else "!"
        yield [sign, source, target, *(_cell(cells[action]) for action in _ACTIONS)]


def _cell(row: Row) -> str:
    measured = _MEASURED[row.measured]
    return f"{row.predicted.value} / {measured if row.agrees else measured.upper() + ' !'}"


def _notes(found: Verification) -> Iterator[str]:
    """Yield what the tables do not say, each thing once."""
    for row in found.identities:
        if not row.agrees:
            yield f"! {row.process}: {_difference(row)}"
    for answer in found.rows:
        if not answer.agrees:
            yield (
                f"! {answer.action.value} from {answer.source} on {answer.target}: {answer.predicted.value} was "
                f"predicted ({answer.ground.value}), {_MEASURED[answer.measured]} was measured"
            )
    reasons: dict[str, dict[str, None]] = {}
    for answer in found.rows:
        if answer.measured is None:
            where = f"{answer.action.value} from {answer.source} on {answer.target}"
            reasons.setdefault(answer.why, {}).setdefault(where)
    for why, places in reasons.items():
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        yield f"- not measured, {why}: {next(iter(places))}{more}"
    yield from (f"- {remark}" for remark in found.remarks)


def _difference(row: IdentityRow) -> str:
    one, other = row.predicted, row.measured
    said = [
        f"{what} {predicted} was predicted, it is {measured}"
        for what, predicted, measured in (("user", one.uid, other.uid), ("group", one.gid, other.gid))
        if predicted not in (None, measured)
    ]
    if one.capabilities not in (None, other.capabilities):
        predicted = one.capabilities or 0
        more, fewer = (names_of(each) for each in (other.capabilities & ~predicted, predicted & ~other.capabilities))
        said += [f"it has {' '.join(more)}, which was not predicted"] * bool(more)
        said += [f"it lacks {' '.join(fewer)}, which was predicted"] * bool(fewer)
    return "; ".join(said)


def _sign(row: IdentityRow) -> str:
    return "" if row.agrees else "!"


def _identity(found: "Predicted | Identity") -> str:
    if found.uid is None:
        return "unknown"
    gid = "?" if found.gid is None else found.gid
    if found.capabilities is None:
        return f"{found.uid}:{gid}"
    return f"{found.uid}:{gid}, {_capabilities(found.capabilities)}"


def _capabilities(found: int) -> str:
    names = names_of(found)
    if not names:
        return "no capability"
    if len(names) <= _SHORT:
        return " ".join(names)
    return f"{len(names)} capabilities" + (" with SYS_PTRACE" if "SYS_PTRACE" in names else "")


def _table(rows: list[list[str]]) -> Iterator[str]:
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, wide, strict=True)).rstrip()


def to_json(found: Verification) -> dict[str, Any]:
    """Return a verification for programs."""
    node = found.node
    return {
        "context": found.context,
        "namespace": found.namespace,
        "pod": found.pod,
        "node": {
            "kernel": ".".join(map(str, node.kernel)) if node.kernel else None,
            "runtime": node.runtime.value,
            "securityModule": node.security_module.value if node.security_module else None,
            "ptraceScope": node.ptrace_scope,
            "pauseUser": [node.pause_user.uid, node.pause_user.gid] if node.pause_user else None,
        },
        "containers": [
            {"name": entry.container, "enteredBy": entry.by or None, "why": entry.why or None}
            for entry in found.entries
        ],
        "identities": [
            {
                "process": row.process,
                "predicted": _identity_json(row.predicted),
                "measured": _identity_json(row.measured),
                "agrees": row.agrees,
            }
            for row in found.identities
        ],
        "exposure": [
            {
                "from": row.source,
                "on": row.target,
                "action": row.action.value,
                "predicted": row.predicted.value,
                "ground": row.ground.value,
                "measured": None if row.measured is None else _MEASURED[row.measured],
                "why": row.why or None,
                "agrees": row.agrees,
            }
            for row in found.rows
        ],
        "remarks": list(found.remarks),
        "walkThrough": [{"says": step.says, "shown": list(step.shown), "failed": step.failed} for step in found.walk],
        "differences": found.differences,
    }


def _identity_json(found: "Predicted | Identity") -> dict[str, Any]:
    named = None if found.capabilities is None else names_of(found.capabilities)
    return {"uid": found.uid, "gid": found.gid, "capabilities": named}
