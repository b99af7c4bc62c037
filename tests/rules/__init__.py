"""The rules over several fields, each by arguments that break it and nearly the same ones that do not."""

from tests.rules import containers, pod
from tests.rules.parts import Rule

__all__ = ["RULES", "Rule"]

RULES = {**containers.RULES, **pod.RULES}
