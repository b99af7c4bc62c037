"""Waiting until an object is ready, or gone: until it is, a deadline, or Ctrl-C."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dev.kubernetes_plugin.cluster import Cluster, ClusterError, UnreachableError
from dev.kubernetes_plugin.readiness import readiness_of
from dev.kubernetes_plugin.values import Object

_FIRST_POLL_SECONDS, _LAST_POLL_SECONDS = 0.05, 0.5
_PATIENCE_SECONDS = 30.0
"""For how long an API server that does not answer is waited for."""


class NotReadyError(Exception):
    """An object exists, but did not become ready."""

    def __init__(self, item: Object, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.item = item
        self.reasons = reasons


@dataclass
class Wait:
    """How long to wait, what ends it, and whom to tell."""

    seconds: float
    cancelled: threading.Event
    tell: Callable[[str], None]
    """Is told what is waited for, whenever that changes, and the empty text at the end."""
    _said: str = field(default="", init=False)

    def until_ready(self, cluster: Cluster, item: Object) -> Object:
        """Wait until an object is ready, and return it as it is then.

        Args:
            cluster: that has it.
            item: as the API server has it.

        Raises:
            NotReadyError: it cannot become ready, the time is over, the API server is lost, or this was cancelled.
            ClusterError: it was deleted meanwhile.
        """
        answered = time.monotonic()
        for ended in self._polls():
            state = readiness_of(item)
            if state.ready:
                self._say("")
                return item
            self._say("; ".join(state.reasons))
            if state.final:
                raise NotReadyError(item, state.reasons)
            if ended:
                raise NotReadyError(item, (f"{ended} it was ready", *state.reasons))
            try:
                item = _still_there(cluster, item)
                answered = time.monotonic()
            except UnreachableError as error:
                if time.monotonic() - answered > _PATIENCE_SECONDS:
                    raise NotReadyError(item, (str(error), *state.reasons)) from None
        raise AssertionError("polls end with a reason")

    def until_gone(self, cluster: Cluster, item: Object) -> None:
        """Wait until an object is gone; another one of its name is not it.

        Raises:
            ClusterError: it is still there after that time, the API server is lost, or this was cancelled.
        """
        uid = None
        for ended in self._polls():
            found = cluster.get(item)
            if found is None or found["metadata"]["uid"] != (uid := uid or found["metadata"]["uid"]):
                self._say("")
                return
            held = ", ".join(found["metadata"].get("finalizers", []))
            self._say(f"being deleted; its finalizers: {held or 'none'}")
            if ended:
                raise ClusterError(f"{ended} it was gone ({self._said}); its deletion goes on")

    def _polls(self) -> Iterator[str]:
        """Yield the empty text at longer and longer intervals, and in the end why that was the last time."""
        deadline = time.monotonic() + self.seconds
        pause = _FIRST_POLL_SECONDS
        while time.monotonic() < deadline:
            yield ""
            if self.cancelled.wait(pause):
                yield "interrupted before"
                return
            pause = min(2 * pause, _LAST_POLL_SECONDS)
        yield f"{self.seconds:g} s were over before"

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self.tell(text)


def _still_there(cluster: Cluster, item: Object) -> Object:
    found = cluster.get(item)
    if found is None or found["metadata"]["uid"] != item["metadata"]["uid"]:
        raise ClusterError("it was deleted by somebody else before it was ready")
    return found
