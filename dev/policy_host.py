"""A stand-in for what runs a policy pack in Python, for machines that cannot have Pulumi's language host.

Where the engine finds no language host, it starts an executable that is named after the pack's runtime, in the pack's
folder. This one runs the pack in the interpreter of this checkout, as the language host would.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

from dev.executables import write_executable
from dev.paths import ROOT

__all__ = ["install"]

_EXECUTABLE = "pulumi-analyzer-policy-python"
_WATCH_SECONDS = 1.0


def install(folder: Path) -> Path:
    """Write the executable by whose name the engine finds this host on PATH.

    Args:
        folder: made if it is not there; to be put at the front of the engine's PATH.

    Returns:
        The executable.
    """
    # A pack does not flush the port that it prints: unbuffered (-u).
    return write_executable(folder, _EXECUTABLE, "dev.policy_host", "-u")


def main() -> None:
    """Run the pack in the working directory; it serves until the engine interrupts it or is gone."""
    # How the engine ends a pack when all is done. Python's own way could end in a traceback among what the user reads.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    sys.path.remove(str(ROOT))  # a pack has its own folder and what is installed
    # The SDK's runner is the one of the language host too. It would take the pack's options for its own.
    sys.argv[2:] = [str(Path.cwd())]
    runpy.run_module("pulumi.policy", run_name="__main__")


def _end_with(engine: int) -> None:
    """End this process when its parent is gone: an engine that was killed tells nobody."""
    while os.getppid() == engine:
        time.sleep(_WATCH_SECONDS)
    os._exit(1)
