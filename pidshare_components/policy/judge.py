"""Judges the resources of a stack, each once however many policies ask about it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple, Union

import pulumi
from pulumi_policy import PolicyResource, ResourceValidationArgs, StackValidationArgs

from pidshare_components.analysis.objects import objects_in
from pidshare_components.analysis.result import Premises
from pidshare_components.analysis.rule import Rule
from pidshare_components.analysis.tree import Path, SpecError, Tree
from pidshare_components.check.catalog import UNDECIDED, UNJUDGED, Level
from pidshare_components.check.checker import Checker, today
from pidshare_components.check.examine import Examined, examine, subject_of
from pidshare_components.check.production import says_production
from pidshare_components.check.settings import Configuration, RuleSettings, read_settings
from pidshare_components.check.violation import Subject, Violation, judged
from pidshare_components.policy.plain import kubernetes_object

_STACK_TYPE = "pulumi:pulumi:Stack"


class _Unjudged(NamedTuple):
    """An object that cannot be examined, and why."""

    subject: Subject
    error: SpecError


class _Known(NamedTuple):
    """A resource that was examined: what it was then, and what became of the objects in it."""

    tree: Tree
    outcomes: "tuple[Union[Examined, _Unjudged], ...]"


Resource = Union[ResourceValidationArgs, PolicyResource]


class Judge:
    """Judges resources for policies, and remembers what is configured of those that asked.

    Args:
        premises: what no object says of itself.
    """

    def __init__(self, premises: Premises) -> None:
        self._premises = premises
        self._known: dict[str, _Known] = {}
        self._asked: dict[str, RuleSettings] = {}

    def resource(self, rule: Rule, args: ResourceValidationArgs) -> Iterator[Violation]:
        """Yield what a rule about one object says of a resource, and at the stack which exemptions have expired.

        Raises:
            SettingsError: the rule's configuration cannot be used.
        """
        settings, checker = self._begin(rule, args.get_config())
        if args.resource_type == _STACK_TYPE:
            yield from checker.expired()
        for outcome in self._outcomes(args):
            if isinstance(outcome, Examined):
                found = checker.violations(outcome, production=_is_production(args.stack_tags))
                yield from (each for each in found if _stands(each, rule))
            elif rule == UNJUDGED:
                yield from _judged(_unjudged(outcome), settings)

    def stack(self, rule: Rule, args: StackValidationArgs) -> Iterator[Violation]:
        """Yield what a rule about several objects says of a stack; the origin of each is the URN of its resource.

        Raises:
            SettingsError: the rule's configuration cannot be used.
        """
        _, checker = self._begin(rule, args.get_config())
        yield from checker.expired()
        for resource in args.resources:
            for outcome in self._outcomes(resource):
                if isinstance(outcome, Examined):
                    checker.keep(outcome, resource.urn)
        yield from (each for each in checker.stack() if _stands(each, rule))

    def undecided(self, args: StackValidationArgs) -> Iterator[Violation]:
        """Yield what the rules that asked before may find in a stack, as they are configured; any rule if none did.

        Raises:
            SettingsError: the configuration of the rule `undecided` cannot be used.
        """
        asked = {name: settings for name, settings in self._asked.items() if name != UNDECIDED.id}
        # A rule that is not asked is not in the pack, or disabled.
        configuration = Configuration(asked, Level.DISABLED if asked else None)
        settings, checker = self._begin(UNDECIDED, args.get_config())
        yield from checker.expired()
        for found in self._found(args, Checker(configuration, self._premises)):
            if not found.certain and found.exempted is None:
                message = f"perhaps {found.rule.id}: {found.message}"
                undecided = replace(found, rule=UNDECIDED, severity=UNDECIDED.severity, message=message)
                yield from _judged(undecided, settings)

    def _found(self, args: StackValidationArgs, checker: Checker) -> Iterator[Violation]:
        production = _is_production(args.stack_tags)
        for resource in args.resources:
            for outcome in self._outcomes(resource):
                if isinstance(outcome, Examined):
                    checker.keep(outcome, resource.urn)
                    yield from checker.violations(outcome, resource.urn, production=production)
        yield from checker.stack()

    def _begin(self, rule: Rule, config: Mapping[str, object]) -> tuple[RuleSettings, Checker]:
        settings = self._asked[rule.id] = read_settings(rule, dict(config))
        return settings, Checker(Configuration({rule.id: settings}), self._premises)

    def _outcomes(self, resource: Resource) -> "tuple[Union[Examined, _Unjudged], ...]":
        """Return what becomes of the objects in a resource; a policy may ask of it again, with other properties."""
        tree = kubernetes_object(resource.resource_type, resource.props)
        if tree is None:
            return ()
        known = self._known.get(resource.urn)
        if known is None or known.tree != tree:
            objects = objects_in(tree)
            known = _Known(tree, tuple(self._outcome(item, path, resource.name) for path, item in objects))
            self._known[resource.urn] = known
        return known.outcomes

    def _outcome(self, tree: object, path: Path, called: str) -> Union[Examined, _Unjudged]:
        try:
            examined = examine(tree, self._premises, path, called)
            # What the rules about several objects read of it is looked at here, once.
            Checker(premises=self._premises).keep(examined)
        except SpecError as error:
            subject = subject_of(tree, called) if isinstance(tree, dict) else Subject("Object", "", "", called)
            return _Unjudged(subject, error)
        return examined


def _unjudged(outcome: _Unjudged) -> Violation:
    error = outcome.error
    return Violation(
        rule=UNJUDGED,
        severity=UNJUDGED.severity,
        level=Level.MANDATORY,
        subject=outcome.subject,
        path=error.path,
        message=f"no rule can judge it: this {error.reason}",
        fix=error.instead,
    )


def _judged(found: Violation, settings: RuleSettings) -> Iterator[Violation]:
    """Yield a violation unless the settings of its rule accept it."""
    judgement = judged(found, settings, today())
    if judgement is not None and judgement.exempted is None:
        yield judgement


def _stands(found: Violation, rule: Rule) -> bool:
    """Return whether a violation is one of this rule, certain and not exempted."""
    return found.rule == rule and found.certain and found.exempted is None


def _is_production(tags: Mapping[str, str]) -> bool:
    return says_production(tags) or says_production(pulumi.runtime.get_config_env())
