"""What a report of violations is made of: what the rules found, with where it stands, and what could not be judged."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Optional, Protocol

from pidshare_components.analysis.tree import UNKNOWN
from pidshare_components.check import Level, Violation


class Problem(Protocol):
    """Something that cannot be judged, see `documents.Problem`."""

    @property
    def file(self) -> str:
        """As it was given."""

    @property
    def document(self) -> Optional[int]:
        """Number of the document in it, from 1; None where it is about the file as a whole."""

    @property
    def line(self) -> Optional[int]:
        """In the file, from 1; None where it is not known."""

    @property
    def path(self) -> str:
        """From the top of the document; "" where it is about all of it."""

    @property
    def reason(self) -> str:
        """What is wrong."""

    @property
    def instead(self) -> str:
        """What to write; "" where the reason says it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object stands.

    Attributes:
        number: which of all objects it is, in the order of the input.
        file: file or folder, as it was given.
        code: the file that shows it in a review: of a folder that a program is in, the program.
        document: number of the document in it, from 1; None for a configuration.
        line: of the object, from 1; None where a program made it.
    """

    number: int
    file: str
    code: str
    document: Optional[int]
    line: Optional[int]


@dataclass(frozen=True, slots=True)
class Found:
    """A violation, and where it stands.

    Attributes:
        violation: it.
        place: of its object.
        line: of what violates the rule; None where no more is known than the object's.
    """

    violation: Violation
    place: Place
    line: Optional[int] = None

    @property
    def some_line(self) -> Optional[int]:
        """The line of what violates the rule, or else that of its object."""
        return self.place.line if self.line is None else self.line


@dataclass(frozen=True)
class Outcome:
    """All that was found.

    Attributes:
        found: by object, those that are not exempted and the most severe first.
        problems: what could not be judged, in the order of the input.
        objects: number of the objects that were judged.
        files: number of the files, and folders of programs, that they are from.
    """

    found: tuple[Found, ...]
    problems: tuple[Problem, ...]
    objects: int
    files: int

    @classmethod
    def of(cls, found: Iterable[Found], problems: Iterable[Problem], objects: int, files: int) -> "Outcome":
        """Return all that was found, in order."""
        return cls(tuple(sorted(found, key=_order)), tuple(problems), objects, files)

    def by_object(self) -> Iterable[list[Found]]:
        """Yield the violations of each object that has some."""
        return (list(group) for _, group in groupby(self.found, lambda each: each.place))

    def counts(self) -> dict[str, int]:
        """Return how many there are of what; those that are exempted count as nothing else."""
        counting = [each.violation for each in self.found if each.violation.exempted is None]
        mandatory = sum(each.level is Level.MANDATORY for each in counting)
        return {
            "files": self.files,
            "objects": self.objects,
            "violations": len(counting),
            "mandatory": mandatory,
            "advisory": len(counting) - mandatory,
            "uncertain": sum(not each.certain for each in counting),
            "exempted": len(self.found) - len(counting),
            "problems": len(self.problems),
        }


def known(value: object) -> Optional[str]:
    """Return a name; None where it is not known."""
    return None if value is UNKNOWN else str(value)


def _order(each: Found) -> tuple[int, bool, int]:
    violation = each.violation
    return each.place.number, violation.exempted is not None, violation.severity.rank
