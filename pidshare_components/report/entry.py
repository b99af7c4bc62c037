"""What a report is made of: pods with what is known of them, and how the reports call things."""

from dataclasses import dataclass
from typing import Optional, Union

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.capabilities import names_of
from pidshare_components.analysis.facts import Container, Id, OpenId, Sharing
from pidshare_components.analysis.pod_security import Level
from pidshare_components.analysis.result import Analysis
from pidshare_components.analysis.tree import UNKNOWN, Path, format_path

NEXT = {Level.PRIVILEGED: Level.BASELINE, Level.BASELINE: Level.RESTRICTED}
"""The level after each."""

SHARING = {
    Sharing.POD: "shared process namespace",
    Sharing.NODE: "the node's process namespace (hostPID): every process of the node is visible",
    Sharing.NONE: "no shared process namespace: no container sees the processes of another one",
    Sharing.UNKNOWN: "whether the process namespace is shared is not known yet",
}
"""Whose process namespace the containers are in, in words."""

KNOWN_LATER = "(known after deployment)"
"""In the place of a name that nobody knows yet."""


@dataclass(frozen=True)
class Entry:
    """A pod in a report.

    Attributes:
        analysis: what is known of it.
        source: the file or folder that it is from; "" where it is from none.
        document: number of its document there, from 1; None where it has none.
    """

    analysis: Analysis
    source: str = ""
    document: Optional[int] = None

    @property
    def name(self) -> Optional[str]:
        """Name of the pod's object; "" for one that gets its name later, None where it is not known."""
        return _text(self.analysis.pod.object.name)

    @property
    def namespace(self) -> Optional[str]:
        """Namespace of the pod's object; "" where it says nothing, None where it is not known."""
        return _text(self.analysis.pod.object.namespace)

    @property
    def title(self) -> str:
        """Kind, namespace and name in a line."""
        shown = [KNOWN_LATER if part is None else part for part in (self.namespace, self.name)]
        return f"{self.analysis.pod.object.kind} {'/'.join(part for part in shown if part) or '(without a name)'}"

    def place(self, path: Path) -> str:
        """Return a path from the pod's spec as one from the top of the document."""
        return format_path(self.analysis.pod.object.place(path))


def _text(value: object) -> Optional[str]:
    return None if value is UNKNOWN else str(value)


def known_id(value: Id) -> Union[int, str]:
    """Return a user or a group as a number, or `unknown`."""
    return value if isinstance(value, int) else "unknown"


def effective(container: Container) -> Union[list[str], str]:
    """Return the capabilities that a process has as it starts: only root has any. `unknown` if nobody knows."""
    if container.is_never_root or container.most == capabilities.NONE:
        return []
    if isinstance(container.uid, OpenId) or container.least != container.most:
        return "unknown"
    return names_of(container.least)
