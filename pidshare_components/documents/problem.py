"""What is wrong with an input, and where: one line that says what to write instead."""

from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Problem:
    """Something that cannot be judged.

    Attributes:
        file: as it was given.
        document: number of the document in it, from 1; None where it is about the file as a whole.
        line: in the file, from 1; None where it is not known.
        path: from the top of the document; "" where it is about all of it.
        reason: what is wrong, without a final stop. It quotes no value.
        instead: what to write, as an imperative.
    """

    file: str
    document: Optional[int]
    line: Optional[int]
    path: str
    reason: str
    instead: str

    def __str__(self) -> str:
        """Return it as one line: `FILE (document N, line L): PATH: reason; instead`."""
        places = [("document", self.document), ("line", self.line)]
        place = ", ".join(f"{what} {number}" for what, number in places if number is not None)
        where = f"{self.file} ({place})" if place else self.file
        parts = [where, self.path, f"{self.reason}; {self.instead}"]
        return ": ".join(part for part in parts if part)
