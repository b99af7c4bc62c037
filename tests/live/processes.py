"""Processes of this machine to measure, with the ids and capabilities that a test wants."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from pidshare_components.analysis import capabilities


class Who(NamedTuple):
    """Whom a process runs as."""

    uid: int
    gid: int
    capabilities: Sequence[str] = ()
    """Permitted, effective and inheritable ones of root."""


# A program of its own: a fork of the tests' process may not run Python, it has threads of gRPC. With the word `trace`
# it goes on as it is, because others than root may not reach Python's files: then it says whom it may attach to.
BECOME = """
import ctypes, os, sys
uid, gid, granted, *words = [int(word) if word.isdigit() else word for word in sys.argv[1:]]
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
for capability in range(64):
    if not granted >> capability & 1:
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.setgroups([])
os.setresgid(gid, gid, gid)
os.setresuid(uid, uid, uid)
if words[0] != "trace":
    os.execvp(words[0], list(map(str, words)))
if not uid:
    low, high = granted & 0xFFFFFFFF, granted >> 32
    assert not libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0))
for pid in words[1:]:
    print(pid, "y" if libc.ptrace(0x4206, pid, None, None) == 0 else "n")  # PTRACE_SEIZE: it goes on, after us too
"""


def command_as(who: Who, *command: str) -> list[str]:
    """Return a command that is run as somebody."""
    granted = capabilities.bits(who.capabilities)
    return [sys.executable, "-c", BECOME, str(who.uid), str(who.gid), str(granted), *command]


def output_as(who: Who, *command: str) -> str:
    """Run a command as somebody, and return what it prints."""
    done = subprocess.run(command_as(who, *command), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def traces(who: Who, pids: Sequence[int]) -> dict[int, str]:
    """Return which processes somebody may really attach to with ptrace(2)."""
    lines = output_as(who, "trace", *map(str, pids)).splitlines()
    return {int(pid): answer for pid, answer in map(str.split, lines)}


@contextmanager
def running(*everyone: Who) -> Iterator[list[int]]:
    """Keep a process of each of them running."""
    commands = [command_as(who, "sh", "-c", "echo ready; read -r _") for who in everyone]
    started = [subprocess.Popen(each, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for each in commands]
    try:
        for process in started:
            assert process.stdout
            assert process.stdout.readline() == b"ready\n"
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.kill()
        for process in started:
            with process:
                pass
