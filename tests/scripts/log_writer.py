"""An application with a log, in nginx's manner: a master and a worker hold it open, and SIGUSR1 makes both reopen it.

Arguments: the log, the pid file, and what is wrong with the application: `nothing`, `deaf` (it does not reopen before
it got SIGUSR2), `slow` (it reopens only when it gets SIGUSR2), `worker` (only the master reopens) or `hidden` (as
`worker`, and the worker cannot be looked into).
The worker writes numbered lines until the master ends. On standard output: what signal was ignored.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

log, pid_file, wrong = sys.argv[1:]
PR_SET_DUMPABLE = 4
LINE = "{:07d}" + "." * 90 + "\n"


def open_log() -> int:
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)


descriptor = open_log()


def reopen() -> None:
    new = open_log()
    os.dup2(new, descriptor)
    os.close(new)


def run_worker(master: int) -> None:
    signal.signal(signal.SIGUSR1, lambda *_: None if wrong in ("worker", "hidden") else reopen())
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if wrong == "hidden":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0)
    number = 0
    while os.getppid() == master:
        os.write(descriptor, LINE.format(number).encode())
        number += 1
        time.sleep(0.005)


def run_master(worker: int) -> None:
    deaf = wrong in ("deaf", "slow")

    def on_reopen(*_: object) -> None:
        if deaf:
            print("ignored SIGUSR1", flush=True)
        else:
            reopen()
            os.kill(worker, signal.SIGUSR1)

    def on_hearing(*_: object) -> None:
        nonlocal deaf
        deaf = False
        if wrong == "slow":
            on_reopen()

    signal.signal(signal.SIGUSR1, on_reopen)
    signal.signal(signal.SIGUSR2, on_hearing)
    # Last, as nginx does: whoever finds the file may signal.
    Path(pid_file).write_text(f"{os.getpid()}\n")
    while True:
        signal.pause()


Path("/proc/self/comm").write_text("nginx")
# Until each has its own: a signal that nobody handles would end the process.
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
own = os.getpid()
child = os.fork()
if child:
    run_master(child)
else:
    run_worker(own)
