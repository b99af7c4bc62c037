"""Label selectors: which labels one selects.

Source: Kubernetes' documentation of labels and selectors, and `LabelSelectorAsSelector` of its API machinery. Compared
with a running API server: tests/analysis/test_access_cluster.py.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pidshare_components.analysis.answers import all_of, among, negated
from pidshare_components.analysis.checked import check
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.tree import UNKNOWN, Path, SpecError, child, objects

_TYPES = {"matchLabels": ("text",), "matchExpressions": [{"key": "text", "operator": "text", "values": ["text"]}]}
_WITH_VALUES = ("In", "NotIn")
_OPERATORS = (*_WITH_VALUES, "Exists", "DoesNotExist")


class Requirement(NamedTuple):
    """What a selector asks of one label.

    Attributes:
        key: of the label; UNKNOWN where it is not known.
        operator: In, NotIn, Exists or DoesNotExist; UNKNOWN where it is not known.
        values: those that In and NotIn name.
        more: whether they may name others.
    """

    key: object
    operator: object
    values: frozenset[str] = frozenset()
    more: bool = False

    def met(self, labels: Mapping[str, Any]) -> Answer:
        """Return whether labels meet it."""
        if self.key is UNKNOWN or self.operator is UNKNOWN:
            return Answer.UNKNOWN
        has = Answer.YES if self.key in labels else Answer.NO
        if self.operator in _WITH_VALUES and has is Answer.YES:
            value = _value(labels[str(self.key)])
            has = among([value], self.values, more=self.more or value is UNKNOWN)
        return negated(has) if self.operator in ("NotIn", "DoesNotExist") else has


_OPEN = Requirement(UNKNOWN, UNKNOWN)


class Selector(NamedTuple):
    """A label selector.

    Attributes:
        requirements: all of them have to be met. None at all select everything.
    """

    requirements: tuple[Requirement, ...]

    def selects(self, labels: Any) -> Answer:  # noqa: ANN401 - of a checked tree
        """Return whether it selects what has these labels: a mapping, None for none, or UNKNOWN."""
        if labels is UNKNOWN:
            return Answer.UNKNOWN if self.requirements else Answer.YES
        return all_of(*(requirement.met(labels or {}) for requirement in self.requirements))

    def doubted(self) -> "Selector":
        """Return one that selects nothing for certain, and perhaps what this one does."""
        return Selector((*self.requirements, _OPEN))


def read_selector(tree: Any, path: Path = ()) -> Selector:  # noqa: ANN401 - any tree
    """Return the selector that a tree is.

    Args:
        tree: a LabelSelector. None selects everything, as the API has it where a selector is no pointer, such as the
            podSelector of a NetworkPolicy.
        path: of it in its document.

    Raises:
        SpecError: it is none. Paths begin with the given one.
    """
    if tree is None:
        return Selector(())
    if tree is UNKNOWN:
        return Selector((_OPEN,))
    check(tree, _TYPES, path)
    labels = tree.get("matchLabels")
    equal = [_OPEN] if labels is UNKNOWN else [_equality(key, value) for key, value in (labels or {}).items()]
    expressions = [_OPEN] if tree.get("matchExpressions") is UNKNOWN else []
    for index, expression in objects(tree, "matchExpressions"):
        expressions.append(_expression(expression, (*path, "matchExpressions", index)))
    return Selector((*equal, *expressions))


def _equality(key: str, value: Any) -> Requirement:  # noqa: ANN401 - of the tree
    value = _value(value)
    return Requirement(key, "In", frozenset(() if value is UNKNOWN else (value,)), value is UNKNOWN)


def _value(value: Any) -> Any:  # noqa: ANN401 - of the tree
    """Return the value of a label: the API server takes null for an empty one."""
    return "" if value is None else value


def _expression(tree: Any, path: Path) -> Requirement:  # noqa: ANN401 - of the tree
    if tree is UNKNOWN:
        return _OPEN
    key, operator, values = tree.get("key"), tree.get("operator"), child(tree, "values")
    if key is None:
        raise SpecError((*path, "key"), "is missing", "write the key of a label")
    if operator is not UNKNOWN and operator not in _OPERATORS:
        raise SpecError((*path, "operator"), "is none of a label selector", f"write one of {', '.join(_OPERATORS)}")
    if operator in _WITH_VALUES and values in (None, []):
        raise SpecError((*path, "values"), f"is missing, and {operator} needs it", "write at least one value")
    if operator in ("Exists", "DoesNotExist") and values not in (None, [], UNKNOWN):
        raise SpecError((*path, "values"), f"says something, and {operator} looks at no value", "leave it out")
    known = [] if values is None or values is UNKNOWN else values
    names = frozenset(value for value in known if value is not UNKNOWN)
    return Requirement(key, operator, names, values is UNKNOWN or UNKNOWN in known)
