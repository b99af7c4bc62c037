"""What violates a rule, and what of it is allowed or exempted."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Optional

from pidshare_components.analysis.answers import all_of
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.rule import Rule, Severity
from pidshare_components.analysis.tree import Path, format_path
from pidshare_components.check.catalog import Level
from pidshare_components.check.matching import any_matches, image_matches
from pidshare_components.check.settings import Exemption, RuleSettings


@dataclass(frozen=True)
class Subject:
    """The object that violates a rule.

    Attributes:
        kind: Kubernetes' word for what it is.
        namespace: "" where it says nothing, UNKNOWN where it is not known.
        name: "" where it says nothing, UNKNOWN where it is not known.
        called: name of Pulumi's resource; "" where it is none.
        container: name of the container in it that the violation is about; None where it is about none.
        image: of that container.
    """

    kind: str
    namespace: object
    name: object
    called: str = ""
    container: object = None
    image: object = None

    def __str__(self) -> str:
        """Return kind, namespace and name."""
        name = self.name if isinstance(self.name, str) and self.name else self.called
        parts = [part for part in (self.namespace, name) if isinstance(part, str) and part]
        return f"{self.kind} {'/'.join(parts)}" if parts else self.kind


@dataclass(frozen=True)
class Violation:
    """A rule that is violated.

    Attributes:
        rule: which one.
        severity: how much it matters here.
        level: what it does to a deployment: one that is not certain is advisory.
        subject: the object that violates it.
        path: where, from the top of the document that the object stands in.
        message: what is wrong and what happens because of it. Never a secret's value.
        fix: what to write instead, as an imperative.
        certain: whether it is so whatever the unknown values are.
        exempted: why it is accepted nevertheless; None if it is not.
        origin: what the caller gave for the object.
    """

    rule: Rule
    severity: Severity
    level: Level
    subject: Subject
    path: Path
    message: str
    fix: str
    certain: bool = True
    exempted: Optional[str] = None
    origin: object = None

    @property
    def stops(self) -> bool:
        """Whether it stops a deployment."""
        return self.level is Level.MANDATORY and self.exempted is None

    @property
    def where(self) -> str:
        """The path as Kubernetes prints one."""
        return format_path(self.path)


def judged(found: Violation, settings: RuleSettings, today: date) -> Optional[Violation]:
    """Return a violation as the settings of its rule have it; None where the rule does not hold for its object."""
    allowed = (
        any_matches(settings.allowed_namespaces, found.subject.namespace),
        Answer.NO if found.subject.container is None else image_matches(settings.allowed_images, found.subject.image),
    )
    if settings.level is Level.DISABLED or Answer.YES in allowed:
        return None
    exemptions = [(each, _covers(each, found.subject)) for each in settings.exemptions if each.expires >= today]
    reason = next((each.reason for each, covered in exemptions if covered is Answer.YES), None)
    perhaps = Answer.UNKNOWN in allowed or any(covered is Answer.UNKNOWN for _, covered in exemptions)
    certain = found.certain and (reason is not None or not perhaps)
    level = settings.level if certain else Level.ADVISORY
    return replace(found, level=level, certain=certain, exempted=reason)


def _covers(exemption: Exemption, subject: Subject) -> Answer:
    values = {
        "kind": (subject.kind,),
        "namespace": (subject.namespace,),
        # An autonamed object has a name that nobody can write down beforehand.
        "name": (subject.name, *((subject.called,) if subject.called else ())),
        "container": (subject.container,),
    }
    return all_of(*(any_matches((pattern,), *values[key]) for key, pattern in exemption.selectors.items()))
