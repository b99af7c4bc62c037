"""What came of comparing: predictions beside measurements."""

from dataclasses import dataclass
from typing import Optional

from pidshare_components.analysis.kernel import Action, Answer, Ground
from pidshare_components.analysis.node import Node
from pidshare_components.live.snapshot import Identity


@dataclass(frozen=True)
class Row:
    """One action of one container on another.

    Attributes:
        source: the container that it is from.
        target: what it is on, as in `exposure.Pair`.
        action: the action.
        predicted: what was predicted.
        ground: the rule that decided the prediction.
        measured: what was measured; None if nothing was.
        why: why nothing was measured, else "".
    """

    source: str
    target: str
    action: Action
    predicted: Answer
    ground: Ground
    measured: Optional[bool]
    why: str = ""

    @property
    def agrees(self) -> bool:
        """Whether the measurement does not contradict the prediction."""
        unsaid = self.measured is None or self.predicted is Answer.UNKNOWN
        return unsaid or self.measured == (self.predicted is Answer.YES)


@dataclass(frozen=True)
class Predicted:
    """Whom a process was predicted to be; None where that is not known.

    Attributes:
        uid: user id.
        gid: group id.
        capabilities: permitted ones.
    """

    uid: Optional[int] = None
    gid: Optional[int] = None
    capabilities: Optional[int] = None


@dataclass(frozen=True)
class IdentityRow:
    """Whom a process was predicted to be, and whom the kernel takes it for.

    Attributes:
        process: which one, in words: `nginx` is the main process, `nginx/worker` a worker.
        predicted: the prediction.
        measured: the measurement.
    """

    process: str
    predicted: Predicted
    measured: Identity

    @property
    def agrees(self) -> bool:
        """Whether the measurement does not contradict the prediction."""
        one, other = self.predicted, self.measured
        pairs = ((one.uid, other.uid), (one.gid, other.gid), (one.capabilities, other.capabilities))
        return all(said is None or said == found for said, found in pairs)


@dataclass(frozen=True)
class Entry:
    """How a container was entered.

    Attributes:
        container: its name.
        by: `exec` or `attach`; "" if it was not.
        why: why not, else "".
    """

    container: str
    by: str = ""
    why: str = ""


@dataclass(frozen=True)
class Step:
    """A step of the walk-through.

    Attributes:
        says: what was done and what came of it.
        shown: lines to show below it.
        failed: whether it must not have come out so.
    """

    says: str
    shown: tuple[str, ...] = ()
    failed: bool = False


@dataclass(frozen=True)
class Verification:
    """Everything that was compared.

    Attributes:
        context: kubectl's context.
        namespace: the pod's.
        pod: its name.
        node: the facts of the node, as they were found.
        entries: how each container was entered.
        identities: whom processes were predicted to be and are.
        rows: who was predicted to do what to whom, and can.
        remarks: what was seen and could not be compared.
        walk: the walk-through.
    """

    context: str
    namespace: str
    pod: str
    node: Node
    entries: tuple[Entry, ...]
    identities: tuple[IdentityRow, ...]
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]
    walk: tuple[Step, ...]

    @property
    def differences(self) -> int:
        """How many predictions were wrong, and how many steps failed."""
        rows, identities = (sum(not row.agrees for row in each) for each in (self.rows, self.identities))
        return rows + identities + sum(step.failed for step in self.walk)
