"""The script of a debug shell in a target's root file system, as far as it needs no pod."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest

from dev.paths import ROOT

SCRIPT = (ROOT / "pidshare_components/scripts/target-root.sh").read_text()
FINDS = "find_process() { echo $$; }\n"


@pytest.mark.parametrize("shell", ["sh", "busybox"], indirect=True)
def test_a_command_that_is_not_there_is_not_tried_without_a_pause(shell: Sequence[str]) -> None:
    sleeps = "sleep() { echo slept; exit; }\n"
    command = [*shell, "-c", f"{FINDS}{sleeps}{SCRIPT}", "target-root", "no-such-command"]
    done = subprocess.run(
        command, env={"TARGET": "web", "PATH": "/bin:/usr/bin"}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "slept\n")
    assert done.stderr.count("no-such-command") == 1
