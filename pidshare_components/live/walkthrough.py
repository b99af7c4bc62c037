"""The Kubernetes task's walk through a pod, for any pod: see another container, signal it, reach its files.

The signal is 0, which the kernel judges and does not deliver. Only when asked for it is SIGHUP, on which a server
reads its configuration again; never to a program that it would end.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pidshare_components.analysis.kernel import Action
from pidshare_components.live.doors import Door
from pidshare_components.live.owners import Owners
from pidshare_components.live.snapshot import Reading, Seen
from pidshare_components.live.verification import Step

_RELOAD_SECONDS = 20
_POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Walk:
    """Where to walk.

    Attributes:
        door: into the container that it starts from.
        source: that container's name.
        target: the other container's name.
        look: measures anew from there.
    """

    door: Door
    source: str
    target: str
    look: Callable[[], Owners]


def walk_through(walk: Walk, owners: Owners, *, reload: bool) -> Iterator[Step]:
    """Walk, and yield what came of each step.

    Args:
        walk: where.
        owners: what was measured from there.
        reload: whether to send SIGHUP.

    Raises:
        NotEnteredError: the container cannot be entered any more.
    """
    seen = sum(map(len, owners.of.values()))
    yield Step(f"{walk.source} sees {seen} processes:", tuple(_table(owners)))
    main = owners.main(walk.target)
    if main is None:
        yield Step(f"{walk.source} does not see {walk.target}", failed=reload)
        return
    named = f"{walk.target}'s main process ({main.name}, PID {main.pid})"
    permitted = main.readings[Action.SIGNAL] is Reading.YES
    yield Step(f"a signal to {named} is {'permitted' if permitted else 'refused'}")
    if reload:
        yield _reload(walk, owners, main, permitted=permitted)
    yield _files(walk, main)


def _table(owners: Owners) -> Iterator[str]:
    rows = [("PID", "USER", "CONTAINER", "NAME")]
    processes = [(seen, owner) for owner, each in owners.of.items() for seen in each]
    for seen, owner in sorted(processes, key=lambda pair: pair[0].pid):
        rows.append((str(seen.pid), str(seen.identity.uid), owner, seen.name))
    wide = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        yield "  ".join([*(text.ljust(width) for text, width in zip(row, wide, strict=False)), row[-1]])


def _reload(walk: Walk, owners: Owners, main: Seen, *, permitted: bool) -> Step:
    """Send SIGHUP and wait for other children."""
    if not permitted:
        return Step(f"SIGHUP was not sent: {walk.source} may not signal {walk.target}", failed=True)
    if not main.survives_hangup:
        return Step(f"SIGHUP was not sent: {main.name} does not handle it, so it would end", failed=True)
    before = _children(owners, walk.target)
    walk.door.run(_hang_up(main))
    deadline = time.monotonic() + _RELOAD_SECONDS
    while True:
        time.sleep(_POLL_SECONDS)
        now = walk.look()
        after = now.main(walk.target)
        if after is None or (after.pid, after.start) != (main.pid, main.start):
            return Step(f"SIGHUP ended {walk.target}'s main process", failed=True)
        children = _children(now, walk.target)
        if not before or (children and not before & children) or time.monotonic() > deadline:
            return Step(f"SIGHUP: {main.name} (PID {main.pid}) goes on; its children {_change(before, children)}")


def _hang_up(main: Seen) -> str:
    """Return a script that sends SIGHUP if the process is still the one that was seen."""
    return f"""
while read -r line; do
  stat=$line
done </proc/{main.pid}/stat
case "${{stat##*)}}" in
  *" {main.start} "*) kill -HUP {main.pid} ;;
esac
"""


def _children(owners: Owners, container: str) -> set[int]:
    return {seen.pid for seen in owners.offspring(container)}


def _change(before: set[int], after: set[int]) -> str:
    if not before:
        return "are none"
    if before & after:
        return f"stayed: {_numbers(before & after)}"
    return f"were replaced: {_numbers(before)} by {_numbers(after)}"


def _numbers(pids: set[int]) -> str:
    return ", ".join(map(str, sorted(pids)))


def _files(walk: Walk, main: Seen) -> Step:
    """List the root of the other container's files."""
    root = f"/proc/{main.pid}/root"
    mark = "files:"
    output = walk.door.run(f'm={mark}\nfor file in {root}/*; do printf "%s%s\\n" "$m" "$file"; done')
    found = [line.removeprefix(mark) for line in output.splitlines() if line.startswith(mark)]
    names = sorted(line.rpartition("/")[2] for line in found)
    if names in ([], ["*"]):
        return Step(f"{walk.target}'s files are out of reach through {root}")
    return Step(f"{walk.target}'s files are in reach through {root}:", (" ".join(names),))
