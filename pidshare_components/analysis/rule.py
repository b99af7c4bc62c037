"""What a rule and a finding are. The rules themselves stand by their subject; `findings` has the list of all."""

from dataclasses import dataclass
from enum import Enum

from pidshare_components.analysis.tree import Path


class Severity(Enum):
    """How much a finding matters."""

    HIGH = "high"
    """Dangerous, or cannot work."""
    MEDIUM = "medium"
    """Exposes more than it needs to, or may not work."""
    LOW = "low"
    """Worth knowing."""

    @property
    def rank(self) -> int:
        """Return 0 for the most severe, and more for less."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Rule:
    """One thing to look for.

    Attributes:
        id: stable name in kebab-case: in output, in policies, and of the page in the docs.
        severity: how much a finding of it matters at most.
        title: what it finds, in a few words.
        why: the fact behind it, with where it stands (a manual page, Kubernetes' documentation).
    """

    id: str
    severity: Severity
    title: str
    why: str


@dataclass(frozen=True)
class Finding:
    """Something that a rule found.

    Attributes:
        rule: what found it.
        severity: how much it matters here.
        path: where, from the pod's spec.
        message: what is wrong and what happens because of it, in one sentence. Never a secret's value.
        fix: what to write instead, as an imperative.
        certain: whether it is so whatever the unknown values and facts are.
    """

    rule: Rule
    severity: Severity
    path: Path
    message: str
    fix: str
    certain: bool = True
