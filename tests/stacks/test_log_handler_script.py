"""The log handler's script: whom it signals and whom not, with real processes of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(120)  # a handler that waits for ever is a failure

SCRIPT = Path(__file__).resolve().parents[2] / "stacks/log-handler/log-handler.sh"

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
        self._processes: list[subprocess.Popen[str]] = []

    def start(self, *command: str | Path, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", WITHOUT_CAPABILITIES, *map(str, command)],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    def start_app(self, *, wrong: str = "nothing") -> subprocess.Popen[str]:
        app = self.start(sys.executable, Path(__file__).with_name("log_writer.py"), self.log, self.pid_file, wrong)
        wait_until(lambda: self.pid_file.exists() and self.pid_file.read_text() == f"{app.pid}\n")
        return app

    def start_stranger(self, *, name: str = "nginx", mode: str) -> subprocess.Popen[str]:
        """Start a process that has the log open; SIGUSR1 would end it."""
        program = (
            "import pathlib, sys; name, log, mode = sys.argv[1:]; pathlib.Path('/proc/self/comm').write_text(name); "
            "file = open(log, mode); print('ready', flush=True); sys.stdin.read()"
        )
        stranger = self.start(sys.executable, "-c", program, name, self.log, mode)
        assert stranger.stdout
        assert stranger.stdout.readline() == "ready\n"
        return stranger

    def start_handler(
        self, *, script: Path = SCRIPT, max_bytes: int = 1000, keep: int = 100, patience: int = 0
    ) -> subprocess.Popen[str]:
        return self.start(
            "sh",
            script,
            LOG_FILE=str(self.log),
            PID_FILE=str(self.pid_file),
            PROGRAM="nginx",
            MAX_BYTES=str(max_bytes),
            KEEP=str(keep),
            INTERVAL="1",
            PATIENCE=str(patience),
        )

    def refusal(self, *, patience: int = 0) -> str:
        """Run a handler that has to give up, and return what it says."""
        process = self.start_handler(patience=patience)
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


def lines_of(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout
    return [process.stdout.readline() for _ in range(count)]


def test_rotates_again_and_again_and_loses_no_line(playground: Playground) -> None:
    app = playground.start_app()
    with playground.log.open() as reader:  # whoever only reads, such as a log shipper, is in nobody's way
        handler = playground.start_handler()
        assert all(" moved " in line for line in lines_of(handler, 3))
        assert reader.readline().startswith("0000000.")
    handler.kill()
    handler.wait()
    assert app.poll() is None
    app.kill()
    app.wait()
    # Ended at any moment, the handler may have left no log behind, or the worker have written half a line.
    files = [*playground.old_logs(), playground.log]
    text = "".join(file.read_text() for file in files if file.exists())
    numbers = [int(line[:7]) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    assert len(numbers) >= 3 * 10
    assert numbers == list(range(len(numbers)))


def test_keeps_as_many_old_logs_as_asked_for(playground: Playground) -> None:
    big, younger, older = "x" * 2_000_000, "younger", "older"
    for name, text in (("access.log", big), ("access.log.1", younger), ("access.log.2", older)):
        playground.log.with_name(name).write_text(text)
    playground.start_app()
    lines_of(playground.start_handler(keep=2, max_bytes=1_000_000), 1)
    second, first = playground.old_logs()
    assert (second.name, second.read_text()) == ("access.log.2", younger)
    assert (first.name, first.read_text()[: len(big)]) == ("access.log.1", big)


def test_a_small_log_stays_where_it_is(playground: Playground) -> None:
    playground.log.write_text("x" * 1000)
    playground.pid_file.write_text("1")
    handler = playground.start_handler(max_bytes=1000)
    with pytest.raises(subprocess.TimeoutExpired):
        handler.wait(timeout=3)
    assert playground.old_logs() == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("1\n", "names PID 1, the sandbox of the pod"),
        ("01\n", "holds '01', which is no PID"),
        ("0\n", "holds '0', which is no PID"),
        ("-1\n", "holds '-1', which is no PID"),
        ("+1\n", "holds '+1', which is no PID"),
        ("1 1\n", "holds '1 1', which is no PID"),
        ("nginx\n", "holds 'nginx', which is no PID"),
        ("", "cannot be read, or is empty"),
        (None, "cannot be read, or is empty"),
        ("4194305\n", "there is no process 4194305"),  # more than the kernel's largest PID
    ],
)
def test_refuses_what_names_no_process_of_a_container(playground: Playground, content: str | None, reason: str) -> None:
    playground.log.write_text("x" * 2000)
    if content is not None:
        playground.pid_file.write_text(content)
    assert reason in playground.refusal()
    assert playground.old_logs() == []


@pytest.mark.parametrize(
    ("name", "mode", "reason"),
    [
        ("nginx", "r", "does not write"),  # the right name is not enough, nor is reading the log
        ("apache", "a", "is 'apache', not 'nginx'"),  # neither is the log without the name
        (") S 1\n) S 1", "a", "is ') S 1', not 'nginx'"),  # a name may be anything
    ],
)
def test_refuses_a_stranger(playground: Playground, name: str, mode: str, reason: str) -> None:
    playground.log.write_text("x" * 2000)
    stranger = playground.start_stranger(name=name, mode=mode)
    playground.pid_file.write_text(f"{stranger.pid}\n")
    assert reason in playground.refusal()
    assert playground.old_logs() == []
    assert stranger.poll() is None


def test_refuses_a_process_that_took_over_the_pid_while_it_was_looked_at(playground: Playground) -> None:
    playground.log.write_text("x" * 2000)
    # It would end on the signal, and passes every check but that of the start time, which its name tries to hide.
    stranger = playground.start_stranger(name="nginx\n) S 1", mode="a")
    playground.pid_file.write_text(str(stranger.pid))  # without an end of line, as some programs write it
    proc = playground.log.parent / "proc"
    process = proc / str(stranger.pid)
    process.mkdir(parents=True)
    real = Path("/proc", str(stranger.pid))
    for entry in ("fd", "fdinfo", "root"):
        (process / entry).symlink_to(real / entry)
    stat = (real / "stat").read_text()
    start = stat.rpartition(") ")[2].split()[19]
    (process / "stat").write_text(stat)
    os.mkfifo(process / "comm")
    script = playground.log.parent / "log-handler.sh"
    script.write_text(SCRIPT.read_text().replace("/proc/", f"{proc}/"))
    handler = playground.start_handler(script=script)
    with (process / "comm").open("w") as comm:  # opens once the handler does, which has read the start time by then
        (process / "stat").write_text(stat.replace(f" {start} ", f" {int(start) + 1} "))
        comm.write("nginx\n")
    _, error = handler.communicate(timeout=60)
    assert handler.returncode == 1
    assert "ended while it was looked at" in error
    assert stranger.poll() is None


def test_an_application_that_does_not_reopen_is_an_error_and_the_next_start_finishes(playground: Playground) -> None:
    app = playground.start_app(wrong="deaf")
    wait_until(lambda: playground.log.stat().st_size > 1000)
    assert f"nginx (process {app.pid}) did not reopen" in playground.refusal()
    assert f"nginx (process {app.pid}) did not reopen" in playground.refusal()
    # Nothing is lost meanwhile, and nothing is moved twice.
    assert [path.name for path in playground.old_logs()] == ["access.log.1"]
    assert not playground.log.exists()
    app.send_signal(signal.SIGUSR2)
    [line] = lines_of(playground.start_handler(max_bytes=10**9), 1)
    assert "finished what an earlier run began" in line
    assert [path.name for path in playground.old_logs()] == ["access.log.1"]
    wait_until(lambda: playground.log.exists() and playground.log.stat().st_size > 0)


def test_is_patient_with_a_slow_application(playground: Playground) -> None:
    app = playground.start_app(wrong="deaf")
    handler = playground.start_handler(patience=60)
    assert lines_of(app, 1) == ["ignored SIGUSR1\n"]
    app.send_signal(signal.SIGUSR2)
    [line] = lines_of(handler, 1)
    assert " moved " in line


def test_a_worker_that_cannot_be_looked_into_is_an_error(playground: Playground) -> None:
    playground.start_app(wrong="hidden")
    wait_until(lambda: playground.log.stat().st_size > 1000)
    # With the time that the master needs to reopen on a busy machine: this is about the worker.
    assert "started by nginx, may not be inspected" in playground.refusal(patience=3)


def test_a_worker_that_does_not_reopen_is_an_error(playground: Playground) -> None:
    app = playground.start_app(wrong="worker")
    wait_until(lambda: playground.log.stat().st_size > 1000)
    error = playground.refusal(patience=3)
    assert f"still writes {playground.log}.1" in error
    assert f"process {app.pid} " not in error
