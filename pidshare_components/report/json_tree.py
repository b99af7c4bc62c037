"""The report for programs: `docs/exposure.schema.json` says what is where."""

from collections.abc import Iterable
from typing import Any

from pidshare_components.analysis.explain import explain
from pidshare_components.analysis.exposure import Pair
from pidshare_components.analysis.facts import Container, Pod
from pidshare_components.analysis.holdings import Holding, holdings
from pidshare_components.analysis.kernel import Action
from pidshare_components.analysis.pod_security import Block
from pidshare_components.analysis.rule import Finding
from pidshare_components.analysis.tree import UNKNOWN
from pidshare_components.report.entry import Entry, effective, known_id

Json = dict[str, Any]


def as_json(entries: Iterable[Entry], *, explained: bool = True) -> Json:
    """Return the report of pods, in their order.

    Args:
        entries: the pods.
        explained: with why each answer is what it is, which takes longer than all the rest.
    """
    return {"pods": [pod_as_json(entry, explained=explained) for entry in entries]}


def pod_as_json(entry: Entry, *, explained: bool = True) -> Json:
    """Return the report of one pod."""
    analysis = entry.analysis
    pod, level = analysis.pod, analysis.pod_security
    held = holdings(pod)
    return {
        "source": entry.source,
        "document": entry.document,
        "kind": pod.object.kind,
        "namespace": entry.namespace,
        "name": entry.name,
        "shareProcessNamespace": _flag(pod, "shareProcessNamespace"),
        "hostPID": _flag(pod, "hostPID"),
        "podSecurity": {
            "level": level.level.value,
            "version": level.version,
            "blocks": [_block(entry, block) for block in level.blocks],
        },
        "containers": [_container(entry, container, held[container.path]) for container in pod.containers],
        "pairs": [_pair(pod, pair, explained=explained) for pair in analysis.pairs],
        "findings": [_finding(entry, finding) for finding in analysis.findings],
    }


def _flag(pod: Pod, key: str) -> Any:  # noqa: ANN401 - a flag or a word
    value = pod.spec.get(key)
    return "unknown" if value is UNKNOWN else value is True


def _block(entry: Entry, block: Block) -> Json:
    return {
        "control": block.control,
        "level": block.level.value,
        "paths": [entry.place(path) for path in block.paths],
        "message": block.message,
        "fix": block.fix,
        "certain": block.certain,
    }


def _container(entry: Entry, container: Container, held: Iterable[Holding]) -> Json:
    return {
        "name": container.name,
        "kind": container.kind.value,
        "path": entry.place(container.path),
        "image": container.image or None,
        "user": known_id(container.uid),
        "group": known_id(container.gid),
        "capabilities": effective(container),
        "holdings": [_holding(entry, holding) for holding in held],
    }


def _holding(entry: Entry, holding: Holding) -> Json:
    return {
        "kind": holding.kind.value,
        "name": holding.name or None,
        "path": entry.place(holding.path),
        "where": holding.where or None,
        "mode": None if holding.mode is None else f"{holding.mode:04o}",
    }


def _pair(pod: Pod, pair: Pair, *, explained: bool) -> Json:
    return {
        "from": pair.source.name,
        "on": pair.target.name,
        **{action.value: pair.answer(action).value for action in Action},
        "switching": [action.value for action in Action if action in pair.switching],
        "reasons": {action.value: _reason(pod, pair, action) for action in Action} if explained else {},
    }


def _reason(pod: Pod, pair: Pair, action: Action) -> Json:
    reason = explain(pod, pair, action)
    return {
        "rule": reason.ground.value,
        "why": reason.why,
        "change": reason.change.text if reason.change else None,
    }


def _finding(entry: Entry, finding: Finding) -> Json:
    return {
        "rule": finding.rule.id,
        "severity": finding.severity.value,
        "path": entry.place(finding.path),
        "message": finding.message,
        "fix": finding.fix,
    }
