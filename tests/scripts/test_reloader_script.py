"""The reloader's script: when it signals, what it takes for a proof, and what it says, with real processes here."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev.paths import ROOT as CHECKOUT
from tests.scripts.pod import SHELLS, USER, Member, Pod, needs_pods
from tests.shellcheck import complaints

pytestmark = [pytest.mark.timeout(120), needs_pods]  # what is waited for in vain is a failure

FOLDER = CHECKOUT / "pidshare_components/scripts"
SCRIPT = "\n".join((FOLDER / name).read_text() for name in ("process.sh", "reloader.sh"))


class Playground:
    """A target that counts its signals, and a reloader for it."""

    def __init__(self, pod: Pod, folder: Path) -> None:
        self.pod = pod
        self.folder = folder
        self.conf = folder / "conf"
        self.state = folder / "state"
        self.signals = folder / "signals"
        self.conf.mkdir()
        for shared in (self.state, self.signals):
            shared.mkdir()
            shared.chmod(0o777)
        self.publish("one")

    def publish(self, content: str) -> None:
        """Bring a new folder behind the link `..data`, as the kubelet does."""
        data = self.conf / f"..{time.monotonic_ns()}"
        data.mkdir()
        (data / "app.conf").write_text(content)
        link = self.conf / "..data_tmp"
        link.symlink_to(data.name)
        link.replace(self.conf / "..data")
        visible = self.conf / "app.conf"
        if not visible.is_symlink():
            visible.symlink_to("..data/app.conf")

    def target(self, name: str = "HUP", reload: str = "sleep 1000000 &") -> Member:
        """Start a target that notes a signal as a file, and then reloads."""
        handler = f"echo >{self.signals}/$(date +%s%N); {reload}"
        # dash: the shell of busybox loses a signal now and then.
        program = ["dash", "-c", f"trap '{handler}' {name}; echo ready; while :; do sleep 0.1; done"]
        return self.pod.start(self.pod.command("web", USER, *program))

    def reloader(self, *proof: str, watch: str = "", **settings: str) -> subprocess.Popen[str]:
        """Start a reloader."""
        command = self.pod.command("reloader", USER, *self.pod.shell, "-c", SCRIPT, "reloader", *proof)
        given = {"TARGET": "web", "WATCH": watch or str(self.conf), "SIGNAL": "HUP", "INTERVAL": "1", "PATIENCE": "3"}
        return self.pod.popen(command, {**given, "STATE": str(self.state), **settings})

    def loaded(self) -> str:
        """Return what the reloader remembers."""
        file = self.state / "loaded"
        return file.read_text() if file.exists() else ""

    def ready(self) -> bool:
        """Return whether the reloader says that it is ready."""
        return (self.state / "ready").exists()

    def signalled(self) -> int:
        """Return how many signals the target got."""
        return len(list(self.signals.iterdir()))


@pytest.fixture
def playground(open_folder: Path, shell: tuple[str, ...]) -> Iterator[Playground]:
    pod = Pod(open_folder, shell)
    try:
        yield Playground(pod, open_folder)
    finally:
        pod.close()


def until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.05)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str], number: int) -> int:
    """Signal a process of the pod, and return how it ended: `Popen` only knows what entered the pod."""
    os.kill(int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()), number)
    return process.wait()


def test_the_script_is_clean() -> None:
    assert complaints(SCRIPT) == ""


@pytest.mark.parametrize("shell", SHELLS, indirect=True)
def test_a_change_is_signalled_once_and_proved(playground: Playground) -> None:
    reloader = playground.reloader()
    until(playground.ready)
    target = playground.target()
    playground.publish("one")  # the same content in another folder
    playground.publish("two")
    assert line_of(reloader) == f"reloader: web: reloaded: process {target.pid} got SIGHUP and has new child processes"
    playground.publish("three")
    line_of(reloader)
    assert (playground.signalled(), playground.ready()) == (2, True)


def test_what_is_there_before_the_target_starts_counts_as_loaded(playground: Playground) -> None:
    reloader = playground.reloader()
    until(playground.ready)
    playground.target()
    playground.publish("two")
    line_of(reloader)
    assert playground.signalled() == 1


def test_a_target_that_already_runs_reloads_once(playground: Playground) -> None:
    playground.target()
    reloader = playground.reloader()
    line_of(reloader)
    playground.publish("two")
    line_of(reloader)
    assert playground.signalled() == 2


def test_no_change_is_lost_while_the_reloader_starts_again(playground: Playground) -> None:
    reloader = playground.reloader()
    until(playground.ready)
    playground.target()
    end(reloader, signal.SIGKILL)
    playground.publish("two")
    line_of(playground.reloader())
    assert playground.signalled() == 1


def test_a_reload_that_was_not_proved_is_done_again_by_the_next_run(playground: Playground) -> None:
    reloader = playground.reloader(PATIENCE="1000")
    until(playground.ready)
    playground.target(reload=":")
    playground.publish("two")
    until(lambda: playground.signalled() == 1)
    end(reloader, signal.SIGKILL)
    playground.publish("one")  # what was loaded once
    playground.reloader(PATIENCE="1000")
    until(lambda: playground.signalled() == 2)


@pytest.mark.parametrize("shell", SHELLS, indirect=True)
def test_a_failure_is_said_once_and_tried_again_until_it_works(playground: Playground, open_folder: Path) -> None:
    good = open_folder / "good"
    reloader = playground.reloader()
    until(playground.ready)
    target = playground.target(reload=f"[ ! -e {good} ] || sleep 1000000 &")
    playground.publish("two")
    assert line_of(reloader) == (
        f"reloader: web: not reloaded: process {target.pid} got SIGHUP, but after 3 s it has no new child processes"
    )
    until(lambda: not playground.ready())
    until(lambda: playground.signalled() > 1)
    good.touch()
    assert "web: reloaded" in line_of(reloader)
    until(playground.ready)


def test_a_process_without_a_handler_is_left_alone(playground: Playground) -> None:
    reloader = playground.reloader()
    until(playground.ready)
    target = playground.target("USR1")
    playground.publish("two")
    assert line_of(reloader) == f"reloader: web: not reloaded: process {target.pid} has no handler for SIGHUP"
    until(lambda: not playground.ready())
    assert target.process.poll() is None


@pytest.mark.parametrize("name", ["USR1", "USR2"])
def test_other_signals_are_sent_to_processes_that_handle_them(playground: Playground, name: str) -> None:
    playground.target(name)
    reloader = playground.reloader(SIGNAL=name)
    assert f"got SIG{name} " in line_of(reloader)


def test_a_target_of_another_user_is_not_signalled(playground: Playground) -> None:
    target = playground.pod.run("web", "trap : HUP; echo ready; while :; do sleep 1; done", who=USER._replace(uid=4711))
    reloader = playground.reloader()
    assert line_of(reloader).endswith(f"process {target.pid} may not be signalled: that needs its user")


def test_a_target_that_ends_on_the_signal_has_not_reloaded(playground: Playground) -> None:
    target = playground.target(reload="exit")
    assert line_of(playground.reloader()).endswith(f"not reloaded: process {target.pid} ended on SIGHUP")


@pytest.mark.parametrize("shell", SHELLS, indirect=True)
def test_a_command_of_ones_own_is_the_proof(playground: Playground, open_folder: Path) -> None:
    reloader = playground.reloader("test", "-e", str(open_folder / "new version"))
    until(playground.ready)
    target = playground.target()
    playground.publish("two")
    assert line_of(reloader).endswith(f"process {target.pid} got SIGHUP, but for 3 s the command that proves it failed")
    (open_folder / "new version").touch()
    assert line_of(reloader).endswith(f"process {target.pid} got SIGHUP and the command that proves it succeeded")


def test_a_command_that_hangs_proves_nothing(playground: Playground) -> None:
    reloader = playground.reloader("sleep", "1000000")
    until(playground.ready)
    playground.target()
    playground.publish("two")
    assert "the command that proves it failed" in line_of(reloader)
    until(lambda: not playground.ready())


def test_a_single_file_can_be_watched_and_must_be_there(playground: Playground, open_folder: Path) -> None:
    file = open_folder / "one file"
    reloader = playground.reloader(watch=f"{playground.conf}\n{file}")
    line = line_of(reloader)
    assert line.startswith("reloader: web: not reloaded: ")
    assert str(file) in line
    assert not playground.ready()
    file.write_text("one")
    until(playground.ready)
    playground.target()
    file.write_text("two")
    assert "web: reloaded" in line_of(reloader)


@pytest.mark.parametrize("shell", SHELLS, indirect=True)
def test_it_ends_at_once_when_it_is_told_to(playground: Playground) -> None:
    reloader = playground.reloader(INTERVAL="1000000")
    until(playground.ready)
    assert end(reloader, signal.SIGTERM) == -signal.SIGTERM
