"""All rules of this library, those about one pod and those about whole stacks, and what each does to a deployment."""

from enum import Enum

from pidshare_components.analysis import access, findings, interactive, stack
from pidshare_components.analysis.rule import Rule, Severity


class Level(Enum):
    """What a violation does, in the words of Pulumi's enforcement levels."""

    ADVISORY = "advisory"
    """It is told."""
    MANDATORY = "mandatory"
    """It stops the deployment."""
    DISABLED = "disabled"
    """The rule is not asked."""


EXPIRED_EXEMPTION = Rule(
    "expired-exemption",
    Severity.HIGH,
    "An exemption's last day has passed",
    "An exemption is granted until a day. From the next one (UTC) it exempts nothing, and stays in the configuration "
    "as if it did.",
)
UNDECIDED = Rule(
    "undecided",
    Severity.LOW,
    "A rule may be violated, but values that decide it are not known",
    "An Output in a preview, or the user of an image that nobody told, can decide whether a rule is violated. Such a "
    "violation stops nothing: what is not known is no proof.",
)
UNJUDGED = Rule(
    "unjudged",
    Severity.HIGH,
    "An object cannot be judged",
    "Where the rules cannot read an object, none of them finds anything in it. The API server refuses most of what "
    "they cannot read; a policy that lets it pass would leave the rest to chance.",
)

POD_RULES = dict(findings.RULES)
"""The rules about one pod, by id."""
DEBUG_RULES = {rule.id: rule for rule in interactive.RULES}
"""The rules about one pod that hold in production alone, by id."""
ACCESS_RULES = {rule.id: rule for rule in access.RULES}
"""The rules about one object of RBAC, by id."""
STACK_RULES = {rule.id: rule for rule in stack.RULES}
"""The rules about several objects together, by id."""

RULES = {
    **POD_RULES,
    **DEBUG_RULES,
    **ACCESS_RULES,
    **STACK_RULES,
    **{rule.id: rule for rule in (EXPIRED_EXEMPTION, UNJUDGED, UNDECIDED)},
}
"""Every rule, by its id."""


def default_level(rule: Rule) -> Level:
    """Return what a violation does where nothing is configured: what is dangerous or cannot work stops."""
    return Level.MANDATORY if rule.severity is Severity.HIGH else Level.ADVISORY


def page(rule: Rule) -> str:
    """Return the path of the rule's documentation, from the top of this project."""
    return f"docs/rules/{rule.id}.md"
