"""The policies: one for each rule, under the rule's own name."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Optional, Union

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from pidshare_components.analysis.node import Node
from pidshare_components.analysis.printing import printable
from pidshare_components.analysis.result import Premises
from pidshare_components.analysis.rule import Rule
from pidshare_components.check.catalog import EXPIRED_EXEMPTION, RULES, STACK_RULES, UNDECIDED, default_level, page
from pidshare_components.check.schema import schema
from pidshare_components.check.violation import Violation
from pidshare_components.documents import collect_facts
from pidshare_components.policy.judge import Judge

_NAMES = tuple(name for name in RULES if name != EXPIRED_EXEMPTION.id)


def policies(
    names: Optional[Iterable[str]] = None,
    *,
    enforcement_levels: Optional[Mapping[str, EnforcementLevel]] = None,
    image_facts: Union[str, Path, None] = None,
    node: Optional[Node] = None,
    docs_url: Optional[str] = None,
) -> list[Policy]:
    """Return the policies of rules, for a `PolicyPack`.

    They share what they know of a stack: each resource is judged once, and the policy `undecided` goes by the
    configuration of the others. An expired exemption is a violation of the policy that it exempts from.

    Args:
        names: ids of the rules, such as `sys-ptrace`. Default: all.
        enforcement_levels: by id of a rule what a violation does. Default: mandatory where the rule is of severity
            high, else advisory.
        image_facts: file of what is known of images, as `pidshare check --image-facts` takes it. Default: nothing
            beyond what the library knows.
        node: what the pods run on. Default: nothing is known.
        docs_url: address of a copy of `docs/rules` that messages refer to, without a final slash. Default: none, they
            name the page in this project.

    Raises:
        ValueError: there is no rule of a name, or the file of image facts cannot be used.
    """
    levels = enforcement_levels or {}
    wanted = _NAMES if names is None else tuple(names)
    for name in (*wanted, *levels):
        if name not in _NAMES:
            raise ValueError(f"there is no policy {name!r}; write one of {', '.join(_NAMES)}")
    maker = _Maker(_premises(image_facts, node), docs_url)
    # In the order of the rules: `undecided` speaks for those that were asked before it.
    return [maker.policy(RULES[name], levels.get(name)) for name in _NAMES if name in wanted]


def policy(
    name: str,
    *,
    enforcement_level: Optional[EnforcementLevel] = None,
    image_facts: Union[str, Path, None] = None,
    node: Optional[Node] = None,
    docs_url: Optional[str] = None,
) -> Policy:
    """Return the policy of one rule. For several in one pack take `policies`: they share what they know.

    Args:
        name: id of the rule, such as `sys-ptrace`.
        enforcement_level: as `policies` has them.
        image_facts: as `policies` has them.
        node: as `policies` has it.
        docs_url: as `policies` has it.

    Raises:
        ValueError: there is no such rule, or the file of image facts cannot be used.
    """
    levels = {} if enforcement_level is None else {name: enforcement_level}
    (made,) = policies([name], enforcement_levels=levels, image_facts=image_facts, node=node, docs_url=docs_url)
    return made


def _premises(image_facts: Union[str, Path, None], node: Optional[Node]) -> Premises:
    facts, problems = ({}, []) if image_facts is None else collect_facts(str(image_facts))
    if problems:
        raise ValueError("\n".join(map(str, problems)))
    return Premises(node or Node(), facts)


class _Maker:
    """Makes policies that share what they know of resources."""

    def __init__(self, premises: Premises, docs_url: Optional[str]) -> None:
        self._judge = Judge(premises)
        self._docs_url = docs_url

    def policy(self, rule: Rule, level: Optional[EnforcementLevel]) -> Policy:
        described: dict[str, Any] = {
            "name": rule.id,
            "description": rule.title,
            "enforcement_level": level or EnforcementLevel(default_level(rule).value),
            "config_schema": PolicyConfigSchema(schema(rule)),
            "display_name": rule.id.replace("-", " ").capitalize(),
            "severity": Severity(rule.severity.value),
            "tags": ["kubernetes", "shareProcessNamespace"],
            "remediation_steps": f"pidshare explain {rule.id}",
            "url": self._docs_url and f"{self._docs_url}/{rule.id}.md",
        }
        if rule == UNDECIDED:
            return StackValidationPolicy(validate=self._undecided, **described)
        if rule.id in STACK_RULES:
            return StackValidationPolicy(validate=self._of_stack(rule), **described)
        return ResourceValidationPolicy(validate=self._of_resource(rule), **described)

    def _of_resource(self, rule: Rule) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            for found in self._judge.resource(rule, args):
                report(self._message(found), None)

        return validate

    def _of_stack(self, rule: Rule) -> Callable[[StackValidationArgs, ReportViolation], None]:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            for found in self._judge.stack(rule, args):
                report(self._message(found), _urn(found))

        return validate

    def _undecided(self, args: StackValidationArgs, report: ReportViolation) -> None:
        for found in self._judge.undecided(args):
            report(self._message(found), _urn(found))

    def _message(self, found: Violation) -> str:
        docs = f"{self._docs_url}/{found.rule.id}.md" if self._docs_url else page(found.rule)
        lines = (
            f"what: {found.message}",
            f"where: {found.subject}, {found.where}",
            f"why: {found.rule.why}",
            f"instead: {found.fix}",
            f"more: {docs}, or: pidshare explain {found.rule.id}",
        )
        # Names from outside neither make lines of their own nor steer the terminal.
        return "\n".join(map(printable, lines))


def _urn(found: Violation) -> Optional[str]:
    return found.origin if isinstance(found.origin, str) else None
