"""The Kubernetes task's walk through a pod with nginx and a shell: see, signal and read the other container."""

import time
from collections.abc import Callable

from pidshare_components.live import AttachedShell, Process

_MASTER = "nginx: master process"
_WORKER = "nginx: worker process"
_RELOAD_SECONDS = 20
_POLL_SECONDS = 0.5


class WalkThroughError(Exception):
    """A step of the walk-through did not come out as it must."""


def walk_through(shell: AttachedShell, say: Callable[[str], None]) -> None:
    """Look at nginx from the shell, restart its worker by a signal, and read its configuration.

    Args:
        shell: attached to the debug sidecar, with a transcript that prints.
        say: called with a sentence before each step.

    Raises:
        WalkThroughError: something is not as the task describes it.
        ShellError: the shell did not answer.
    """
    say("Every process of the pod is visible, and PID 1 is the pod's sandbox:")
    before = shell.processes()
    _require(any(process.pid == 1 and process.command == "/pause" for process in before), "PID 1 is not /pause")
    master = _master(before)
    workers = _workers(before)
    _require(bool(workers), "nginx has no worker")
    _require(any(process.command.split()[0].endswith("sh") for process in before), "the shell does not see itself")

    say(f"SIGHUP makes nginx (PID {master.pid}) start new workers and keep its master:")
    shell.run(f"kill -HUP {master.pid}")
    after = _after_reload(shell, workers)
    _require(_master(after) == master, "the reload replaced nginx's master")

    say("The other container's files are reachable through /proc/PID/root:")
    config = shell.run(f"head /proc/{master.pid}/root/etc/nginx/nginx.conf")
    _require("worker_processes" in config, "nginx.conf could not be read through /proc")


def _after_reload(shell: AttachedShell, old: set[int]) -> list[Process]:
    """Return the processes once no old worker is left, or give up."""
    deadline = time.monotonic() + _RELOAD_SECONDS
    while True:
        now = shell.processes()
        if _workers(now) and not _workers(now) & old:
            return now
        _require(time.monotonic() < deadline, f"the workers were not replaced within {_RELOAD_SECONDS} s")
        time.sleep(_POLL_SECONDS)


def _master(processes: list[Process]) -> Process:
    masters = [process for process in processes if process.command.startswith(_MASTER)]
    _require(len(masters) == 1, f"there are {len(masters)} nginx masters, not one")
    return masters[0]


def _workers(processes: list[Process]) -> set[int]:
    return {process.pid for process in processes if process.command.startswith(_WORKER)}


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise WalkThroughError(otherwise)
