"""Asks all rules: those about one object of each one that comes, those about several in the end."""

from collections.abc import Iterator
from datetime import date, datetime, timezone
from typing import Optional

from pidshare_components.analysis.interactive import debug_findings
from pidshare_components.analysis.result import Premises
from pidshare_components.analysis.rule import Finding
from pidshare_components.analysis.stack import Stack
from pidshare_components.analysis.tree import Path
from pidshare_components.check.catalog import DEBUG_RULES, EXPIRED_EXEMPTION, Level
from pidshare_components.check.examine import Examined, examine, placed
from pidshare_components.check.settings import Configuration
from pidshare_components.check.violation import Subject, Violation, judged


def today() -> date:
    """Return the day it is, in UTC."""
    return datetime.now(timezone.utc).date()


class Checker:
    """Judges objects by the rules and what is configured of them.

    Args:
        configuration: of the rules.
        premises: what no object says of itself.
        day: (UTC) of which it is asked whether an exemption or a debug sidecar has expired. Default: today.
    """

    def __init__(
        self,
        configuration: Optional[Configuration] = None,
        premises: Optional[Premises] = None,
        day: Optional[date] = None,
    ) -> None:
        self._configuration = configuration or Configuration()
        self._premises = premises or Premises()
        self._today = day or today()
        self._stack = Stack()

    def check(
        self, tree: object, path: Path = (), origin: object = None, *, called: str = "", production: bool = False
    ) -> list[Violation]:
        """Return what the rules about one object find, and keep what the others need of it.

        Args:
            tree: the object as Kubernetes has it; its leaves may be UNKNOWN.
            path: of it in the document that it stands in, see `analysis.objects.objects_in`.
            origin: whatever tells the caller where it is from; violations have it.
            called: name of Pulumi's resource.
            production: whether it is in production, unless the configuration says so or not.

        Raises:
            SpecError: it cannot be judged. Paths begin at the top of the document.
        """
        examined = examine(tree, self._premises, path, called)
        self.keep(examined, origin)
        return list(self.violations(examined, origin, production=production))

    def keep(self, examined: Examined, origin: object = None) -> None:
        """Keep what the rules about several objects need of one."""
        if examined.analysis is not None:
            self._stack.add_pod(examined.analysis, (examined.subject, origin))
        else:
            self._stack.add(examined.tree, examined.path, (examined.subject, origin))

    def violations(self, examined: Examined, origin: object = None, *, production: bool = False) -> Iterator[Violation]:
        """Yield what the rules about one object found in it, as it is configured."""
        for finding in (*examined.findings, *self._in_production(examined, default=production)):
            found = self._judged(finding, examined.at(finding.path), origin)
            if found is not None:
                yield found

    def stack(self) -> Iterator[Violation]:
        """Yield what the rules about several objects find in all that were checked."""
        for each in self._stack.findings():
            subject, origin = each.origin
            found = self._judged(each.finding, subject, origin)
            if found is not None:
                yield found

    def expired(self, origin: object = None) -> Iterator[Violation]:
        """Yield the exemptions whose last day has passed.

        Args:
            origin: of the configuration.
        """
        level = self._configuration.of(EXPIRED_EXEMPTION).level
        if level is Level.DISABLED:
            return
        for settings in self._configuration.rules.values():
            for exemption in settings.exemptions:
                if exemption.expires < self._today:
                    yield Violation(
                        rule=EXPIRED_EXEMPTION,
                        severity=EXPIRED_EXEMPTION.severity,
                        level=level,
                        subject=Subject("Configuration", "", ""),
                        path=(*exemption.path, "expires"),
                        message=f"the last day of the exemption, {exemption.expires}, has passed: it exempts nothing",
                        fix="take it out, or write a new day if the reason still holds",
                        origin=origin,
                    )

    def _in_production(self, examined: Examined, *, default: bool) -> Iterator[Finding]:
        if examined.analysis is None:
            return
        for rule in DEBUG_RULES.values():
            configured = self._configuration.of(rule).production
            if default if configured is None else configured:
                yield from placed(examined.analysis, tuple(debug_findings(examined.analysis, self._today)))

    def _judged(self, finding: Finding, subject: Subject, origin: object) -> Optional[Violation]:
        settings = self._configuration.of(finding.rule)
        found = Violation(
            rule=finding.rule,
            severity=finding.severity,
            level=settings.level,
            subject=subject,
            path=finding.path,
            message=finding.message,
            fix=finding.fix,
            certain=finding.certain,
            origin=origin,
        )
        return judged(found, settings, self._today)
