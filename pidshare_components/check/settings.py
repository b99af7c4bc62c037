"""What is configured of a rule: its level, and what it does not hold for. Read strictly: nothing in it is ignored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Optional

from pidshare_components.analysis.days import day_of
from pidshare_components.analysis.nearest import nearest
from pidshare_components.analysis.rule import Rule
from pidshare_components.analysis.tree import Path, format_path
from pidshare_components.check.catalog import (
    DEBUG_RULES,
    EXPIRED_EXEMPTION,
    POD_RULES,
    RULES,
    UNDECIDED,
    Level,
    default_level,
)

ALL = "all"
"""The key that has the level of every rule without one of its own."""

_LEVELS = {level.value: level for level in Level} | {"remediate": Level.MANDATORY}


@dataclass(frozen=True)
class Exemption:
    """Something that a rule does not hold for, until a day.

    Attributes:
        path: of it in the configuration.
        reason: why.
        expires: the last day (UTC).
        selectors: patterns that all have to match: by `kind`, `namespace`, `name` and `container`; at least one.
    """

    path: Path
    reason: str
    expires: date
    selectors: Mapping[str, str]


@dataclass(frozen=True)
class RuleSettings:
    """What is configured of one rule.

    Attributes:
        level: what a violation does.
        allowed_namespaces: patterns of namespaces that it does not hold for.
        allowed_images: patterns of images whose containers it does not hold for.
        exemptions: what else it does not hold for.
        production: whether everything, or nothing, is in production; None where each stack says so itself.
    """

    level: Level
    allowed_namespaces: tuple[str, ...] = ()
    allowed_images: tuple[str, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    production: Optional[bool] = None


@dataclass(frozen=True)
class Configuration:
    """What is configured of all rules.

    Attributes:
        rules: by id; those that are missing have the level of `everything`, or their default.
        everything: the level of all rules that have none of their own.
    """

    rules: Mapping[str, RuleSettings] = field(default_factory=dict)
    everything: Optional[Level] = None

    def of(self, rule: Rule) -> RuleSettings:
        """Return what is configured of a rule."""
        return self.rules.get(rule.id) or RuleSettings(self.everything or default_level(rule))


@dataclass(frozen=True)
class Mistake:
    """Something wrong in a configuration.

    Attributes:
        path: where.
        reason: what is wrong, without a final stop.
        instead: what to write, as an imperative.
    """

    path: Path
    reason: str
    instead: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{format_path(self.path)}: {self.reason}; {self.instead}"


class SettingsError(ValueError):
    """A configuration cannot be used.

    Attributes:
        mistakes: everything that is wrong with it.
    """

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(
            "the configuration of the rules cannot be used:\n" + "\n".join(f"  {each}" for each in mistakes)
        )


def read_configuration(tree: object) -> Configuration:
    """Read the configuration of all rules.

    Args:
        tree: as a file has it: by id of a rule its level, or a mapping with `enforcementLevel` and the rest. The key
            `all` has a level for every rule without one.

    Raises:
        SettingsError: with every mistake in it.
    """
    reader = _Reader()
    if tree is None:
        return Configuration()
    if not isinstance(tree, dict):
        raise SettingsError([Mistake((), "is no mapping", "write ids of rules with a level or a mapping of settings")])
    everything = reader.everything(tree[ALL]) if ALL in tree else None
    rules = {}
    for key, told in tree.items():
        rule = RULES.get(key)
        if rule is not None:
            level = everything or default_level(rule)
            rules[key] = reader.settings(rule, told, (key,), level)
        elif key != ALL:
            reader.refuse((key,), "is no rule", nearest(str(key), [ALL, *RULES]))
    reader.end()
    return Configuration(rules, everything)


def read_settings(rule: Rule, tree: object) -> RuleSettings:
    """Read what is configured of one rule, without its level: Pulumi's engine keeps that to itself.

    Raises:
        SettingsError: with every mistake in it.
    """
    reader = _Reader()
    found = reader.settings(rule, tree, (rule.id,), default_level(rule))
    reader.end()
    return found


def keys(rule: Rule) -> tuple[str, ...]:
    """Return what can be configured of a rule beside its level."""
    if rule == EXPIRED_EXEMPTION:
        return ()
    namespaces = ("allowedNamespaces", "exemptions")
    if rule.id in DEBUG_RULES:
        return ("allowedImages", *namespaces, "production")
    if rule.id in POD_RULES or rule is UNDECIDED:
        return ("allowedImages", *namespaces)
    return namespaces


def selectors(rule: Rule) -> tuple[str, ...]:
    """Return by what an exemption from a rule selects."""
    return ("kind", "namespace", "name") + (("container",) if "allowedImages" in keys(rule) else ())


class _Reader:
    """Reads a configuration and collects what is wrong with it."""

    def __init__(self) -> None:
        self._mistakes: list[Mistake] = []

    def refuse(self, path: Path, reason: str, instead: str) -> None:
        self._mistakes.append(Mistake(path, reason, instead))

    def end(self) -> None:
        if self._mistakes:
            raise SettingsError(self._mistakes)

    def everything(self, told: object) -> Level:
        """Return the level of all rules, which Pulumi's engine takes in a mapping too."""
        if isinstance(told, dict) and told.keys() == {"enforcementLevel"}:
            return self.level(told["enforcementLevel"], (ALL, "enforcementLevel"))
        return self.level(told, (ALL,))

    def level(self, told: object, path: Path) -> Level:
        found = _LEVELS.get(told) if isinstance(told, str) else None
        if found is None:
            self.refuse(path, "is no level", "write advisory, mandatory or disabled")
        return found or Level.MANDATORY

    def settings(self, rule: Rule, told: object, path: Path, level: Level) -> RuleSettings:
        if isinstance(told, str):
            return RuleSettings(self.level(told, path))
        if not isinstance(told, dict):
            self.refuse(path, "is neither a level nor a mapping", "write one of them")
            return RuleSettings(level)
        readers: dict[str, Callable[[Any, Path], Any]] = {
            "allowedNamespaces": self._patterns,
            "allowedImages": self._patterns,
            "exemptions": lambda value, where: self._exemptions(rule, value, where),
            "production": self._flag,
        }
        allowed = ("enforcementLevel", *keys(rule))
        found: dict[str, Any] = {}
        for key, value in told.items():
            if key not in allowed:
                # That of another rule is no slip of the pen.
                instead = f"write one of {', '.join(allowed)}" if key in readers else nearest(str(key), allowed)
                self.refuse((*path, key), f"is no setting of {rule.id}", instead)
            elif key == "enforcementLevel":
                level = self.level(value, (*path, key))
            else:
                found[key] = readers[key](value, (*path, key))
        return RuleSettings(
            level,
            found.get("allowedNamespaces", ()),
            found.get("allowedImages", ()),
            found.get("exemptions", ()),
            found.get("production"),
        )

    def _flag(self, told: object, path: Path) -> Optional[bool]:
        if isinstance(told, bool):
            return told
        self.refuse(path, "is no flag", "write true or false, without quotes")
        return None

    def _text(self, told: object, path: Path, instead: str) -> str:
        if isinstance(told, str) and told.strip():
            return told
        self.refuse(path, "is no text, or empty", instead)
        return ""

    def _patterns(self, told: object, path: Path) -> tuple[str, ...]:
        if not isinstance(told, list):
            self.refuse(path, "is no list", "write a list, even of one item")
            return ()
        return tuple(
            self._text(item, (*path, index), "write a name, perhaps with *") for index, item in enumerate(told)
        )

    def _exemptions(self, rule: Rule, told: object, path: Path) -> tuple[Exemption, ...]:
        if not isinstance(told, list):
            self.refuse(path, "is no list", "write a list, even of one item")
            return ()
        return tuple(self._exemption(rule, item, (*path, index)) for index, item in enumerate(told))

    def _exemption(self, rule: Rule, told: object, path: Path) -> Exemption:
        by = selectors(rule)
        if not isinstance(told, dict):
            self.refuse(path, "is no mapping", f"write reason, expires and some of {', '.join(by)}")
            return Exemption(path, "", date.max, {})
        allowed = (*by, "reason", "expires")
        for key in told:
            if key not in allowed:
                self.refuse((*path, key), "is no field of an exemption", nearest(str(key), allowed))
        selecting = {
            key: self._text(told[key], (*path, key), "write a name, perhaps with *") for key in by if key in told
        }
        if not selecting:
            self.refuse(path, "selects nothing, or everything", f"write at least one of {', '.join(by)}")
        reason = self._text(told.get("reason"), (*path, "reason"), "write why this is acceptable")
        return Exemption(path, reason, self._date(told.get("expires"), (*path, "expires")), selecting)

    def _date(self, told: object, path: Path) -> date:
        found = day_of(told) if isinstance(told, str) else None
        if found is not None:
            return found
        self.refuse(path, "is no date, or missing", "write the last day as YYYY-MM-DD")
        return date.max
