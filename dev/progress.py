"""What is being done and for how long, on stderr: stdout belongs to results."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_HEARTBEAT_SECONDS = 15.0


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print `what …`, a sign of life every 15 s, and at the end the seconds it took."""
    begin = time.monotonic()
    over = threading.Event()

    def heartbeat() -> None:
        while not over.wait(_HEARTBEAT_SECONDS):
            say(f"  {what}: {time.monotonic() - begin:.0f} s so far")

    say(f"{what} …")
    thread = threading.Thread(target=heartbeat, daemon=True)
    thread.start()
    outcome = "failed after"
    try:
        yield
        outcome = "took"
    finally:
        over.set()
        thread.join()
        say(f"  {what}: {outcome} {time.monotonic() - begin:.1f} s")


def say(line: str) -> None:
    """Print a line."""
    print(line, file=sys.stderr, flush=True)
