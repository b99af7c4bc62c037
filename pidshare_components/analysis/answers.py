"""Answers of what a tree says, and answers put together."""

from collections.abc import Collection, Iterable

from pidshare_components.analysis.facts import Sharing
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.tree import UNKNOWN

_NEGATED = {Answer.YES: Answer.NO, Answer.NO: Answer.YES, Answer.UNKNOWN: Answer.UNKNOWN}
_SHARES = {Sharing.NONE: Answer.NO, Sharing.UNKNOWN: Answer.UNKNOWN}


def all_of(*answers: Answer) -> Answer:
    """Return whether all of them are yes: one no decides, whatever is not known."""
    if Answer.NO in answers:
        return Answer.NO
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.YES


def any_of(*answers: Answer) -> Answer:
    """Return whether one of them is yes: one yes decides, whatever is not known."""
    if Answer.YES in answers:
        return Answer.YES
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.NO


def negated(answer: Answer) -> Answer:
    """Return no for yes, and yes for no."""
    return _NEGATED[answer]


def among(wanted: Iterable[object], values: Collection[object], *, more: bool) -> Answer:
    """Return whether one of the wanted values is among others.

    Args:
        wanted: these.
        values: the others, as far as they are known.
        more: whether there may be more of them.
    """
    if any(value in values for value in wanted):
        return Answer.YES
    return Answer.UNKNOWN if more else Answer.NO


def flag(value: object) -> Answer:
    """Return whether a flag of a tree is set; where nothing stands, it is not."""
    if value is UNKNOWN:
        return Answer.UNKNOWN
    return Answer.YES if value is True else Answer.NO


def shares(sharing: Sharing) -> Answer:
    """Return whether the containers of a pod are in one process namespace, be it the pod's or the node's."""
    return _SHARES.get(sharing, Answer.YES)
