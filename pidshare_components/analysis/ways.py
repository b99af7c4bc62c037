"""Ways into pods: bindings whose roles open a door, and which of them lead into which pod."""

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import NamedTuple, Optional

from pidshare_components.analysis.answers import all_of, any_of
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.naming import listed
from pidshare_components.analysis.rbac import UP_TO, Door, Grant, Granted
from pidshare_components.analysis.stack_pods import SharingPod
from pidshare_components.analysis.tree import UNKNOWN

SHOWN = 4
"""How many ways of each kind are told one by one."""

_WORDS = {
    Door.ATTACH: "attach",
    Door.EXEC: "exec",
    Door.EPHEMERAL: "add ephemeral containers",
    Door.NODE: "exec through the kubelet",
}
# The API server cuts a generateName there, to add five characters (`SimpleNameGenerator` of its names package).
_LONGEST_BASE = 58


class Doors(NamedTuple):
    """Doors that somebody may come in by.

    Attributes:
        sure: those that are surely open.
        perhaps: those that may be.
        by_get: those of them that get alone opens, in older clusters.
    """

    sure: frozenset[Door] = frozenset()
    perhaps: frozenset[Door] = frozenset()
    by_get: frozenset[Door] = frozenset()

    def doubted(self) -> "Doors":
        """Return them as ones of which nothing is certain."""
        return self._replace(sure=frozenset(), perhaps=self.sure | self.perhaps)

    @property
    def text(self) -> str:
        """What one may do, and only what is certain if anything is: `may attach and exec`."""
        doors = self.sure or self.perhaps
        words = listed([word for door, word in _WORDS.items() if door in doors])
        if self.sure:
            return f"may {words}"
        return f"may be able to {words}{UP_TO if self.by_get else ''}"


def doors(granted: Granted, answers: Iterable[Answer]) -> Doors:
    """Return the doors that a role opens.

    Args:
        granted: what it grants.
        answers: for each grant whether it counts.
    """
    sure: set[Door] = set()
    # Of what is not known the pods' own doors are told: of nodes a binding in a namespace gives nothing.
    perhaps: set[Door] = set() if granted.complete else {*Door} - {Door.NODE}
    by_get: set[Door] = set()
    for grant, counts in zip(granted.grants, answers, strict=True):
        answer = all_of(counts, grant.answer)
        if answer is not Answer.NO:
            (sure if answer is Answer.YES else perhaps).add(grant.door)
            by_get.update([grant.door] if grant.by_get else [])
    return Doors(frozenset(sure), frozenset(perhaps - sure), frozenset(by_get - sure))


class Way:
    """A binding as a way into pods.

    Attributes:
        whom: its subjects, in words.
        via: role and binding, in words.
        granted: what the role grants.
        into_all: the doors into a pod that no rule names.
    """

    __slots__ = ("granted", "into_all", "via", "whom")

    def __init__(self, whom: str, via: str, granted: Granted) -> None:
        self.whom, self.via, self.granted = whom, via, granted
        self.into_all = doors(granted, [_unnamed(grant) for grant in granted.grants])

    def into(self, pod: SharingPod) -> Doors:
        """Return the doors into a pod."""
        return doors(self.granted, [_is_for(grant, pod) for grant in self.granted.grants])

    @property
    def names(self) -> frozenset[str]:
        """The names of pods that its rules name."""
        return frozenset[str]().union(
            *(grant.names.known for grant in self.granted.grants if grant.door is not Door.NODE)
        )


class Ways(NamedTuple):
    """The ways into one pod.

    Attributes:
        shown: the first ones, those that are certain before the others.
        total: how many there are.
    """

    shown: Sequence[tuple[Way, Doors]]
    total: int


def _unnamed(grant: Grant) -> Answer:
    """Return whether a grant is for a pod that it does not name; a pod may be on any node."""
    names = grant.names
    may_be = names.more or (grant.door is Door.NODE and names.known)
    return any_of(names.every, Answer.UNKNOWN if may_be else Answer.NO)


def _is_for(grant: Grant, pod: SharingPod) -> Answer:
    if grant.door is Door.NODE:
        return _unnamed(grant)
    if isinstance(pod.name, str) and pod.name and pod.kind == "Pod":
        return grant.names.has(pod.name)
    fits = any(_may_be(pod, name) for name in grant.names.known)
    return any_of(_unnamed(grant), Answer.UNKNOWN if fits else Answer.NO)


def _may_be(pod: SharingPod, name: str) -> bool:
    """Return whether a pod of a workload, or one whose name is not known, may have a name."""
    if not isinstance(pod.name, str) or not pod.name:
        return True
    if pod.kind == "StatefulSet":
        return name.startswith(f"{pod.name}-") and name[len(pod.name) + 1 :].isdecimal()
    return name.startswith(f"{pod.name}-"[:_LONGEST_BASE])


def _beginnings(name: str) -> set[str]:
    """Return the names of workloads whose pods may have a name, as far as names are looked up, see `_beginning`."""
    ends = {place for place, letter in enumerate(name) if letter == "-"}
    return {name[:place] for place in (*ends, *([_LONGEST_BASE] if len(name) > _LONGEST_BASE else []))}


def _beginning(pod: SharingPod) -> str:
    """Return how the names of the pods of a workload begin."""
    return str(pod.name) if pod.kind == "StatefulSet" else str(pod.name)[:_LONGEST_BASE]


class WaysIn:
    """The ways into the pods of one namespace, so that a pod is compared with those alone that name it."""

    def __init__(self) -> None:
        self._sure: list[Way] = []
        self._perhaps: list[Way] = []
        self._only_named: list[Way] = []
        self._by_name: dict[str, list[Way]] = {}
        self._by_beginning: dict[str, list[Way]] = {}
        self._into_nameless: Optional[Ways] = None

    def add(self, way: Way) -> None:
        """Add a way."""
        self._into_nameless = None
        in_all = way.into_all
        (self._sure if in_all.sure else self._perhaps if in_all.perhaps else self._only_named).append(way)
        beginnings: set[str] = set()
        for name in way.names:
            self._by_name.setdefault(name, []).append(way)
            beginnings.update(_beginnings(name))
        for beginning in beginnings:
            self._by_beginning.setdefault(beginning, []).append(way)

    def into(self, pod: SharingPod) -> Ways:
        """Return the ways into a pod."""
        if pod.name is not UNKNOWN and pod.name:
            of_pod = pod.kind == "Pod"
            naming = self._by_name.get(str(pod.name)) if of_pod else self._by_beginning.get(_beginning(pod))
            return self._into(pod, naming or ())
        # All pods of whose names nothing is known are the same here.
        if self._into_nameless is None:
            self._into_nameless = self._into(pod, self._only_named)
        return self._into_nameless

    def _into(self, pod: SharingPod, naming: Iterable[Way]) -> Ways:
        """Return the ways into a pod, of which some may lead there because of its name."""
        by_name = {way: way.into(pod) for way in naming if not way.into_all.sure}
        by_name = {way: into for way, into in by_name.items() if into.sure or into.perhaps}
        surely = [way for way, into in by_name.items() if into.sure]
        perhaps = [way for way, into in by_name.items() if not into.sure]
        others = (way for way in self._perhaps if way not in by_name)
        shown = [(way, way.into(pod)) for way in islice(chain(surely, self._sure, perhaps, others), SHOWN)]
        only_named = sum(not way.into_all.perhaps for way in by_name)
        return Ways(shown, len(self._sure) + len(self._perhaps) + only_named)
