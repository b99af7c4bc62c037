"""Runs a command, and prints its exit code, seconds on the clock and of CPU time, and the most kilobytes of memory.

A process of its own, which imports next to nothing: the kernel counts the memory of who starts a process as its own.
"""

import os
import sys
import time


def main() -> None:
    """Run the command after the name of the file for its output."""
    output, *command = sys.argv[1:]
    nothing = os.open(os.devnull, os.O_WRONLY)
    out = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    begin = time.perf_counter()
    child = os.posix_spawnp(
        command[0],
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, nothing, 2)],
    )
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - begin
    print(os.waitstatus_to_exitcode(status), wall, used.ru_utime + used.ru_stime, used.ru_maxrss)


if __name__ == "__main__":
    main()
