"""The rules of this library, all of them, and what they find in a pod."""

from collections.abc import Sequence

from pidshare_components.analysis import pid1, secrets, sharing
from pidshare_components.analysis.exposure import Pair
from pidshare_components.analysis.facts import Pod, Sharing
from pidshare_components.analysis.rule import Finding, Rule

RULES: dict[str, Rule] = {rule.id: rule for rule in (*sharing.RULES, *pid1.RULES, *secrets.RULES)}
"""Every rule, by its id."""


def findings(pod: Pod, pairs: Sequence[Pair]) -> tuple[Finding, ...]:
    """Return what the rules find, the most severe first, then in the order of the spec.

    They are about processes that others see: a pod whose containers each have a namespace of their own has none.
    """
    if pod.sharing is Sharing.NONE and not any(container.target for container in pod.containers):
        return ()
    found = [*sharing.findings(pod, pairs), *secrets.findings(pod, pairs)]
    if pod.sharing in (Sharing.POD, Sharing.NODE):
        found += pid1.findings(pod.spec)
    return tuple(sorted(found, key=lambda finding: finding.severity.rank))
