"""The log handler's script: what becomes of a log, and whom it signals and whom not, with real processes here.

How it finds a process is another script's affair; here that is a file with a PID in it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import pytest

from dev.paths import ROOT
from tests.shellcheck import complaints

pytestmark = pytest.mark.timeout(120)  # a handler that waits for ever is a failure

FOLDER = ROOT / "pidshare_components/scripts"
FINDS = """
find_process() {
    read -r found <"$3" || { echo "nobody" >&2; return 1; }
    echo "$found"
}
find_members() { members="$writer $(cat "/proc/$writer/task/$writer/children")"; }
"""
SCRIPT = "\n".join([(FOLDER / "process.sh").read_text(), FINDS, (FOLDER / "log-handler.sh").read_text()])
SHELLS = pytest.mark.parametrize("shell", ["sh", "busybox"], indirect=True)

# Leaves no capability to the program that it becomes, as in the pod: root would look into every process. A program of
# its own, because a fork of this process may not run Python: after other tests it has threads of gRPC.
WITHOUT_CAPABILITIES = """
import ctypes, os, sys
PR_CAPBSET_DROP = 24
for capability in range(64):
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Playground:
    """A log, a pid file, and the processes around them; they end with the test."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "access.log"
        self.pid_file = folder / "nginx.pid"
        self.script = folder / "log-handler.sh"
        self.script.write_text(SCRIPT)
        self._processes: list[subprocess.Popen[str]] = []

    def start(
        self,
        *command: str | Path,
        output: IO[str] | int = subprocess.PIPE,
        environment: dict[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", WITHOUT_CAPABILITIES, *map(str, command)],
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    def start_app(self, *, wrong: str = "nothing") -> subprocess.Popen[str]:
        app = self.start(sys.executable, Path(__file__).with_name("log_writer.py"), self.log, self.pid_file, wrong)
        wait_until(lambda: self.pid_file.exists() and self.pid_file.read_text() == f"{app.pid}\n")
        return app

    def start_stranger(self, *, mode: str) -> subprocess.Popen[str]:
        """Start a process that has the log open, as the one that is found; SIGUSR1 would end it."""
        program = "import sys; file = open(*sys.argv[1:]); print('ready', flush=True); sys.stdin.read()"
        stranger = self.start(sys.executable, "-c", program, self.log, mode)
        assert stranger.stdout
        assert stranger.stdout.readline() == "ready\n"
        self.pid_file.write_text(f"{stranger.pid}\n")
        return stranger

    def start_rotation(
        self,
        *,
        max_bytes: int = 1000,
        keep: int = 100,
        patience: int = 30,
        shell: Sequence[str] = ("sh",),
        ship_to: IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        rotation = {
            "PID_FILE": str(self.pid_file),
            "MAX_BYTES": str(max_bytes),
            "KEEP": str(keep),
            "PATIENCE": str(patience),
            "SIGNAL": "USR1",
        }
        if ship_to:
            return self._start_handler(shell, rotation | {"SHIP": "yes"}, ship_to)
        return self._start_handler(shell, rotation)

    def start_shipping(self, *, shell: Sequence[str] = ("sh",)) -> subprocess.Popen[str]:
        return self._start_handler(shell, {"SHIP": "yes"})

    def _start_handler(
        self, shell: Sequence[str], settings: dict[str, str], output: IO[str] | int = subprocess.PIPE
    ) -> subprocess.Popen[str]:
        common = {"TARGET": "web", "LOG_FILE": str(self.log), "INTERVAL": "1"}
        return self.start(*shell, self.script, output=output, environment=common | settings)

    def refusal(self, *, patience: int = 0) -> str:
        """Run a handler that has to give up, and return what it says."""
        process = self.start_rotation(patience=patience)
        output, error = process.communicate(timeout=60)
        assert (process.returncode, output) == (1, ""), error
        return error

    def old_logs(self) -> list[Path]:
        """Return the logs that were moved aside, the oldest first."""
        old = self.log.parent.glob(f"{self.log.name}.*")
        return sorted(old, key=lambda path: int(path.suffix[1:]), reverse=True)

    def end(self) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            with process:  # closes its pipes: what it started may hold them open for a moment longer
                pass


def wait_until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


@pytest.fixture
def playground(tmp_path: Path) -> Iterator[Playground]:
    made = Playground(tmp_path)
    try:
        yield made
    finally:
        made.end()


def said(handler: subprocess.Popen[str], count: int) -> list[str]:
    """Return the next lines of what a handler says of its work."""
    assert handler.stderr
    return [handler.stderr.readline() for _ in range(count)]


def ended(handler: subprocess.Popen[str]) -> str:
    """Return what a handler that is told to end has shipped."""
    handler.terminate()
    output, error = handler.communicate(timeout=60)
    assert handler.returncode == 0, error
    return output


def numbers_in(text: str) -> list[int]:
    return [int(line[:7]) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def test_the_script_is_clean() -> None:
    assert complaints((FOLDER / "process.sh").read_text() + (FOLDER / "log-handler.sh").read_text()) == ""


# --- rotation ---


@SHELLS
def test_rotates_again_and_again_and_loses_no_line(playground: Playground, shell: Sequence[str]) -> None:
    app = playground.start_app()
    with playground.log.open() as reader:  # whoever only reads, such as a log shipper, is in nobody's way
        handler = playground.start_rotation(shell=shell)
        assert all(" moved " in line for line in said(handler, 3))
        assert reader.readline().startswith("0000000.")
    handler.kill()
    handler.wait()
    assert app.poll() is None
    app.kill()
    app.wait()
    # Ended at any moment, the handler may have left no log behind, or the worker have written half a line.
    files = [*playground.old_logs(), playground.log]
    numbers = numbers_in("".join(file.read_text() for file in files if file.exists()))
    assert len(numbers) >= 3 * 10
    assert numbers == list(range(len(numbers)))


def test_keeps_as_many_old_logs_as_asked_for(playground: Playground) -> None:
    big, younger, older = "x" * 2_000_000, "younger", "older"
    for name, text in (("access.log", big), ("access.log.1", younger), ("access.log.2", older)):
        playground.log.with_name(name).write_text(text)
    playground.start_app()
    said(playground.start_rotation(keep=2, max_bytes=1_000_000), 1)
    second, first = playground.old_logs()
    assert (second.name, second.read_text()) == ("access.log.2", younger)
    assert (first.name, first.read_text()[: len(big)]) == ("access.log.1", big)


def test_a_small_log_stays_where_it_is(playground: Playground) -> None:
    playground.log.write_text("x" * 1000)
    playground.pid_file.write_text("1")
    handler = playground.start_rotation(max_bytes=1000)
    with pytest.raises(subprocess.TimeoutExpired):
        handler.wait(timeout=3)
    assert playground.old_logs() == []


def test_without_a_process_nothing_is_moved(playground: Playground) -> None:
    playground.log.write_text("x" * 2000)
    playground.pid_file.write_text("")
    assert playground.refusal() == "log-handler: nobody\n"
    assert playground.old_logs() == []


def test_a_process_that_only_reads_the_log_is_not_signalled(playground: Playground) -> None:
    playground.log.write_text("x" * 2000)
    stranger = playground.start_stranger(mode="r")
    assert f"process {stranger.pid} does not write" in playground.refusal()
    assert playground.old_logs() == []
    assert stranger.poll() is None


def test_a_process_that_would_end_on_the_signal_is_not_signalled(playground: Playground) -> None:
    playground.log.write_text("x" * 2000)
    stranger = playground.start_stranger(mode="a")
    assert f"process {stranger.pid} has no handler for SIGUSR1" in playground.refusal()
    assert playground.old_logs() == []
    assert stranger.poll() is None


def test_refuses_a_process_that_took_over_the_pid_while_it_was_looked_at(playground: Playground) -> None:
    playground.log.write_text("x" * 2000)
    # It would end on the signal, and passes every check but that of the start time.
    stranger = playground.start_stranger(mode="a")
    proc = playground.log.parent / "proc"
    process, real = proc / str(stranger.pid), Path("/proc", str(stranger.pid))
    (process / "fdinfo").mkdir(parents=True)
    for entry in ("fd", "root"):
        (process / entry).symlink_to(real / entry)
    [descriptor] = [entry.name for entry in (real / "fd").iterdir() if entry.samefile(playground.log)]
    stat = (real / "stat").read_text()
    start = stat.rpartition(") ")[2].split()[19]
    (process / "stat").write_text(stat)
    os.mkfifo(process / "fdinfo" / descriptor)
    playground.script.write_text(SCRIPT.replace("/proc/", f"{proc}/"))
    handler = playground.start_rotation(patience=0)
    # Opens once the handler does, which has read the start time by then.
    with (process / "fdinfo" / descriptor).open("w") as flags:
        (process / "stat").write_text(stat.replace(f" {start} ", f" {int(start) + 1} "))
        flags.write("flags:\t0100001\n")
    _, error = handler.communicate(timeout=60)
    assert handler.returncode == 1
    assert "ended while it was looked at" in error
    assert stranger.poll() is None


def test_a_writer_that_does_not_reopen_is_an_error_and_the_next_start_finishes(playground: Playground) -> None:
    app = playground.start_app(wrong="deaf")
    wait_until(lambda: playground.log.stat().st_size > 1000)
    assert f"process {app.pid} did not reopen" in playground.refusal()
    assert f"process {app.pid} did not reopen" in playground.refusal()
    # Nothing is lost meanwhile, and nothing is moved twice.
    assert [path.name for path in playground.old_logs()] == ["access.log.1"]
    assert not playground.log.exists()
    app.send_signal(signal.SIGUSR2)
    [line] = said(playground.start_rotation(max_bytes=10**9), 1)
    assert "finished what an earlier run began" in line
    assert [path.name for path in playground.old_logs()] == ["access.log.1"]
    wait_until(lambda: playground.log.exists() and playground.log.stat().st_size > 0)


def test_is_patient_with_a_slow_writer(playground: Playground) -> None:
    app = playground.start_app(wrong="slow")
    handler = playground.start_rotation(patience=60)
    assert app.stdout
    assert app.stdout.readline() == "ignored SIGUSR1\n"
    app.send_signal(signal.SIGUSR2)
    [line] = said(handler, 1)
    assert " moved " in line


def test_signals_once_and_waits_as_long_as_it_is_told(playground: Playground) -> None:
    slept = playground.log.with_name("slept")
    playground.script.write_text(f"sleep() {{ echo $1 >>{slept}; }}\n{SCRIPT}")
    app = playground.start_app(wrong="deaf")
    wait_until(lambda: playground.log.stat().st_size > 1000)
    playground.refusal(patience=5)
    assert slept.read_text() == "1\n" * 5
    app.kill()
    output, _ = app.communicate(timeout=60)
    assert output == "ignored SIGUSR1\n"


def test_a_writer_that_ends_meanwhile_may_have_a_successor(playground: Playground) -> None:
    first = playground.start_app(wrong="slow")
    handler = playground.start_rotation(patience=60)
    assert first.stdout
    assert first.stdout.readline() == "ignored SIGUSR1\n"
    first.kill()
    # It never reopens by a signal: it is proved by the log that it opened itself.
    second = playground.start_app(wrong="deaf")
    [line] = said(handler, 1)
    assert f"process {second.pid} of 'web' writes a new one" in line


def test_a_worker_that_cannot_be_looked_into_is_an_error(playground: Playground) -> None:
    playground.start_app(wrong="hidden")
    wait_until(lambda: playground.log.stat().st_size > 1000)
    # With the time that the master needs to reopen on a busy machine: this is about the worker.
    assert "may not be inspected: whether it writes is not known" in playground.refusal(patience=3)


def test_a_worker_that_does_not_reopen_is_an_error(playground: Playground) -> None:
    app = playground.start_app(wrong="worker")
    wait_until(lambda: playground.log.stat().st_size > 1000)
    error = playground.refusal(patience=3)
    assert f"still writes {playground.log}.1" in error
    assert f"process {app.pid} " not in error


# --- shipping ---


@SHELLS
def test_ships_every_line_once_through_rotations(playground: Playground, shell: Sequence[str]) -> None:
    app = playground.start_app()
    shipped = playground.log.with_name("shipped")
    with shipped.open("w") as output:
        # With one old log: what the handler had not copied before it rotates again would be gone.
        handler = playground.start_rotation(keep=1, patience=10, ship_to=output, shell=shell)
    assert all(" moved " in line for line in said(handler, 3))
    app.kill()
    app.wait()
    ended(handler)
    numbers = numbers_in(shipped.read_text())
    assert len(numbers) >= 3 * 10
    assert numbers == list(range(len(numbers)))


@SHELLS
def test_ships_what_somebody_else_rotates_or_cuts_off(playground: Playground, shell: Sequence[str]) -> None:
    handler = playground.start_shipping(shell=shell)  # before there is a log
    assert handler.stdout
    with playground.log.open("a", buffering=1) as log:
        print("first", file=log)
        assert handler.stdout.readline() == "first\n"
        playground.log.rename(playground.log.with_suffix(".1"))
        playground.log.write_text("third\n")
        print("second", file=log)  # its writer has not reopened it yet
    assert [handler.stdout.readline() for _ in range(2)] == ["second\n", "third\n"]
    playground.log.write_text("4\n")
    assert handler.stdout.readline() == "4\n"
    playground.log.rename(playground.log.with_suffix(".1"))
    playground.log.write_text("last, without an end of line")
    assert ended(handler) == "last, without an end of line"


def test_one_that_only_rotates_ends_at_once(playground: Playground) -> None:
    playground.log.write_text("x" * 1000)
    handler = playground.start_rotation()
    with pytest.raises(subprocess.TimeoutExpired):
        handler.wait(timeout=2)
    handler.terminate()
    output, error = handler.communicate(timeout=60)
    assert (handler.returncode, output, error) == (-signal.SIGTERM, "", "")
