"""The measuring script on processes of this machine, what is read from it, and whose processes they are."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.exposure import NODE
from pidshare_components.analysis.facts import PAUSE, Sharing
from pidshare_components.analysis.kernel import Action, Process, may_access, may_read_environ, may_signal
from pidshare_components.live import AttachedShell
from pidshare_components.live.doors import AttachDoor
from pidshare_components.live.owners import owners
from pidshare_components.live.probe import SCRIPT
from pidshare_components.live.snapshot import Identity, Reading, Seen, Snapshot, read_snapshot
from tests.live.processes import Who, output_as, running, traces
from tests.shellcheck import complaints

pytestmark = pytest.mark.timeout(120)

SHELLS = [
    shell
    for shell in (["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"], ["ksh"], ["mksh"])
    if shutil.which(shell[0])
]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="starts processes of other users")

DEFAULT = capabilities.names_of(capabilities.DEFAULTS[capabilities.Runtime.CONTAINERD])
EVERYONE = [
    Who(0, 0, DEFAULT),
    Who(0, 0, [*DEFAULT, "SYS_PTRACE"]),
    Who(0, 0),
    Who(0, 0, ["KILL"]),
    Who(0, 0, ["SYS_PTRACE"]),
    Who(0, 2000, DEFAULT),
    Who(1000, 1000),
    Who(1000, 2000),
    Who(2000, 2000),
]
"""Whom containers run as, mostly."""


def test_the_script_can_be_typed_at_a_prompt() -> None:
    lines = [line for line in SCRIPT.splitlines() if not line.strip().startswith("#")]
    assert not re.search(r"['!\t]", SCRIPT)
    assert max(map(len, SCRIPT.splitlines())) < 120
    # What an attached shell takes for a prompt, see AttachedShell: it must not show while the script is typed.
    assert [line for line in lines if re.search(r"[#$] ", line)] == []


def test_the_script_is_clean() -> None:
    assert complaints(SCRIPT) == ""


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_every_shell_says_the_same_of_itself(shell: list[str]) -> None:
    done = subprocess.run([*shell, "-c", SCRIPT], capture_output=True, text=True, check=False)
    snapshot = read_snapshot(done.stdout)
    assert (done.stderr, done.returncode) == ("", 0)
    me = snapshot.process(os.getpid())
    assert me is not None
    stat = Path("/proc/self/stat").read_text().rpartition(") ")[2].split()
    assert (me.parent, me.start) == (int(stat[1]), int(stat[19]))
    assert me.identity == snapshot.identity == Identity(os.getuid(), os.getgid(), me.identity.capabilities)
    assert set(me.readings.values()) == {Reading.YES}
    assert me.groups == Path("/proc/self/cgroup").read_text().strip().replace("\n", ";")


@needs_root
@pytest.mark.parametrize("who", EVERYONE, ids=str)
def test_the_script_measures_what_the_kernel_permits(who: Who) -> None:
    with running(*EVERYONE) as pids:
        snapshot = read_snapshot(output_as(who, "sh", "-c", SCRIPT))
        traced = traces(who, pids)
    me = process_of(who)
    assert snapshot.identity == Identity(me.uid, me.gid, me.capabilities)
    for pid, other in zip(pids, EVERYONE, strict=True):
        seen, target = snapshot.process(pid), process_of(other)
        assert seen is not None
        assert seen.identity == Identity(target.uid, target.gid, target.capabilities)
        expected = {
            Action.SEE: Reading.YES,
            Action.ENVIRON: reading(permitted=may_read_environ(me, target, perfmon_reads=True)[0]),
            Action.ROOT: reading(permitted=may_access(me, target)[0]),
            Action.SIGNAL: reading(permitted=may_signal(me, target)[0]),
        }
        assert {action: seen.readings[action] for action in expected} == expected, other
        # The one that cannot be told: it may trace, but the file's mode stands before it.
        hidden = me.capabilities == capabilities.SYS_PTRACE and target.uid != 0
        assert (seen.readings[Action.PTRACE] is Reading.HIDDEN) == hidden
        assert traced[pid] == ("y" if hidden else seen.readings[Action.PTRACE].value), other


def process_of(who: Who) -> Process:
    # Without being root, a program starts without any.
    return Process(who.uid, who.gid, capabilities.NONE if who.uid else capabilities.bits(who.capabilities))


def reading(*, permitted: bool) -> Reading:
    return Reading.YES if permitted else Reading.NO


@needs_root
@pytest.mark.parametrize("file", ["personality", "syscall"])
def test_files_that_need_the_access_of_ptrace_tell_the_same(file: str) -> None:
    who = Who(1000, 1000)
    script = f'for pid; do read -r _ <"/proc/$pid/{file}" && echo "$pid y" || echo "$pid n"; done'
    with running(*EVERYONE) as pids:
        read = dict(map(str.split, output_as(who, "sh", "-c", script, "sh", *map(str, pids)).splitlines()))
        assert {int(pid): answer for pid, answer in read.items()} == traces(who, pids)


@needs_root
def test_a_process_that_hides_itself_is_measured_as_such() -> None:
    hide = "import ctypes, sys; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); print('ready', flush=True); sys.stdin.read()"
    who = Who(1000, 1000)
    command = ["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--", sys.executable, "-c", hide]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        seen = read_snapshot(output_as(who, "sh", "-c", SCRIPT)).process(process.pid)
        process.kill()
    assert seen is not None
    assert [seen.readings[action].value for action in Action] == ["y", "n", "n", "y", "n"]


def test_names_and_signals_that_are_handled_are_read() -> None:
    name = ") S 1 x"
    program = (
        "import pathlib, signal, sys; pathlib.Path('/proc/self/comm').write_text(sys.argv[1]); "
        "getattr(signal, 'signal')(signal.SIGHUP, eval(sys.argv[2])); print('ready', flush=True); sys.stdin.read()"
    )
    for action, survives in (("signal.SIG_DFL", False), ("signal.SIG_IGN", True), ("lambda *_: None", True)):
        command = [sys.executable, "-c", program, name, action]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout
            process.stdout.readline()
            seen = read_snapshot(subprocess.check_output(["sh", "-c", SCRIPT], text=True)).process(process.pid)
            process.kill()
        assert seen is not None
        assert (seen.name, seen.parent, seen.survives_hangup) == (name, os.getpid(), survives)


def test_the_script_is_typed_at_an_attached_shell() -> None:
    for shell in (shell for shell in SHELLS if shell[0] in ("dash", "bash", "busybox")):
        quiet = ["--norc", "--noprofile"] if shell == ["bash"] else []
        with AttachedShell(["env", "PS1=/ # ", "ENV=", *shell, *quiet, "-i"], timeout=10) as attached:
            snapshot = read_snapshot(AttachDoor(attached).run(SCRIPT))
            assert attached.run('echo "${pidshare_script-gone}"').strip() == "gone"
        assert snapshot.process(os.getpid()) is not None, shell


def test_half_a_line_is_given_up() -> None:
    with AttachedShell(["env", "PS1=/ # ", "ENV=", "sh", "-i"], timeout=1) as shell:
        with pytest.raises(Exception, match="no prompt came"):
            shell.run("echo 'an open quote")
        shell.abort()
        assert shell.run("echo on").strip() == "on"


def test_an_interrupted_script_leaves_a_prompt() -> None:
    with AttachedShell(["env", "PS1=/ # ", "ENV=", "sh", "-i"], timeout=60) as shell:
        interrupt = threading.Timer(2, os.kill, [os.getpid(), signal.SIGINT])
        interrupt.start()
        with pytest.raises(KeyboardInterrupt):
            AttachDoor(shell).run("sleep 600")
        interrupt.join()
        assert shell.run('echo "on${pidshare_script-}"').strip() == "on"


def test_what_was_cut_off_is_no_measurement() -> None:
    whole = subprocess.check_output(["sh", "-c", SCRIPT], text=True)
    with pytest.raises(ValueError, match="did not come to its end"):
        read_snapshot(whole.removesuffix("pidshare:end\n"))
    with pytest.raises(ValueError, match="did not come to its end"):
        read_snapshot("sh: syntax error")
    assert read_snapshot(f"/ # typed\r\n{whole}/ # ").processes == read_snapshot(whole).processes


ONE, OTHER, SANDBOX, FOREIGN = (digit * 64 for digit in "abcd")
NAMES = {ONE: "one", OTHER: "other"}
FORMS = {
    "v1, cgroupfs": ("11:pids:/kubepods/burstable/podf00/{0};1:name=systemd:/kubepods/burstable/podf00/{0};0::/", None),
    "v1, two controllers": ("4:cpu,cpuacct:/kubepods/podf00/{0}", None),
    "v1, systemd": ("1:name=systemd:/kubepods.slice/kubepods-podf00.slice/cri-containerd-{0}.scope", None),
    "v1, a node in a container": (f"1:name=systemd:/docker/{FOREIGN}/kubelet/kubepods/podf00/{{0}}", None),
    "v2, the host's namespace": ("0::/kubepods.slice/kubepods-podf00.slice/cri-containerd-{0}.scope", None),
    "v2, systemd": ("0::/../cri-containerd-{0}.scope", "0::/"),
    "v2, cgroupfs": ("0::/../{0}", "0::/"),
    "v2, CRI-O": ("0::/../crio-{0}.scope/container", "0::/"),
    "v2, groups of its own": ("0::/../cri-containerd-{0}.scope/init", "0::/init"),
}
"""How the groups of a container's process look from another container, and from its own one where that differs."""


def seen(pid: int, groups: str, *, start: int = 0, parent: int = 0, uid: int = 0) -> Seen:
    readings = dict.fromkeys(Action, Reading.YES)
    return Seen(pid, parent, start or pid, Identity(uid, uid, 0), False, readings, groups, "x")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sharing", [Sharing.POD, Sharing.NODE])
def test_control_groups_tell_whose_a_process_is(form: str, sharing: Sharing) -> None:
    others, own = FORMS[form]
    mine = own or others.format(ONE)
    processes = (
        seen(1, others.format(SANDBOX)) if sharing is Sharing.POD else seen(1, "0::/init.scope", start=1),
        seen(7, mine),
        seen(8, mine, parent=7),
        seen(20, others.format(OTHER)),
        seen(30, mine),  # by kubectl exec
        *([seen(5, others.format(SANDBOX))] if sharing is Sharing.NODE else []),
    )
    if sharing is Sharing.NODE and own:
        processes = (seen(1, "0::/../../../init.scope"), *processes[1:])
    found = owners(Snapshot(Identity(0, 0, 0), mine, 0, None, "", processes), "one", NAMES, sharing)
    mains = {name: main.pid for name in found.of for main in [found.main(name)] if main}
    node = {NODE: 1} if sharing is Sharing.NODE else {}
    assert mains == {"one": 7, "other": 20, PAUSE: 5 if node else 1, **node}
    assert [process.pid for process in found.offspring("one")] == [8]
    assert found.complete


def test_the_oldest_process_is_the_main_one_whatever_its_number_is() -> None:
    processes = (seen(1, "0::/../x", start=1), seen(7, "0::/", start=900), seen(8, "0::/", start=80))
    found = owners(Snapshot(Identity(0, 0, 0), "0::/", 0, None, "", processes), "one", NAMES, Sharing.POD)
    main = found.main("one")
    assert main is not None
    assert main.pid == 8


def test_strange_control_groups_leave_it_open() -> None:
    processes = (seen(1, f"0::/../{SANDBOX}"), seen(7, "0::/"), seen(9, "0::/../something"))
    found = owners(Snapshot(Identity(0, 0, 0), "0::/", 0, None, "", processes), "one", NAMES, Sharing.POD)
    assert not found.complete
