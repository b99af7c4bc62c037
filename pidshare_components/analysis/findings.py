"""The rules of this library, all of them, and what they find in a pod."""

from collections.abc import Sequence
from dataclasses import replace

from pidshare_components.analysis import pid1, secrets, sharing
from pidshare_components.analysis.exposure import NODE, Pair
from pidshare_components.analysis.facts import PAUSE, Pod, Sharing
from pidshare_components.analysis.kernel import Action, Answer
from pidshare_components.analysis.pid1_commands import SIGNALS_PID_1
from pidshare_components.analysis.rule import Finding, Rule, Severity

RULES: dict[str, Rule] = {rule.id: rule for rule in (*sharing.RULES, *pid1.RULES, *secrets.RULES)}
"""Every rule, by its id."""


def findings(pod: Pod, pairs: Sequence[Pair]) -> tuple[Finding, ...]:
    """Return what the rules find, the most severe first, then in the order of the spec.

    They are about processes that others see: a pod whose containers each have a namespace of their own has none.
    """
    if pod.sharing is Sharing.NONE and all(container.target is None for container in pod.containers):
        return ()
    found = [*sharing.findings(pod, pairs), *secrets.findings(pod, pairs)]
    if pod.sharing in (Sharing.POD, Sharing.NODE):
        found += [_as_permitted(pod, pairs, finding) for finding in pid1.findings(pod.spec)]
    return tuple(sorted(found, key=lambda finding: finding.severity.rank))


def _as_permitted(pod: Pod, pairs: Sequence[Pair], finding: Finding) -> Finding:
    """Return a finding about a signal to PID 1, as far as the kernel lets it through."""
    if finding.rule is not SIGNALS_PID_1:
        return finding
    first = NODE if pod.sharing is Sharing.NODE else PAUSE
    to_first = [pair for pair in pairs if pair.source.path == finding.path[:2] and pair.target.name == first]
    answers = {pair.answer(Action.SIGNAL) for pair in to_first}
    if answers == {Answer.NO}:
        name = to_first[0].source.name
        message = f"'{name}' signals PID 1, which is none of its own: the kernel refuses it, and nothing happens"
        return replace(finding, severity=Severity.MEDIUM, message=message)
    return replace(finding, certain=Answer.YES in answers)
