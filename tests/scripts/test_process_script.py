"""The process finder: whom it takes for whom, with real processes in real namespaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from dev.paths import ROOT as CHECKOUT
from tests.live.processes import Who
from tests.scripts.pod import ROOT, USER, Member, Pod, needs_pods
from tests.shellcheck import complaints

pytestmark = [pytest.mark.timeout(120), needs_pods]

SCRIPT = (CHECKOUT / "pidshare_components/scripts/process.sh").read_text()
WAITS = "echo ready; sleep 1000000; :"
NOBODY = Who(4711, 4711)


@pytest.fixture
def server(open_folder: Path) -> Path:
    """A program of its own, which only waits."""
    return Path(shutil.copy(shutil.which("sleep") or "", open_folder / "server"))


def find(
    pod: Pod, container: str, executable: object = "", pid_file: object = "", who: Who = USER
) -> tuple[int, str, str]:
    """Find a process as another container of the pod does."""
    return pod.output("reader", f"{SCRIPT}\nfind_process '{container}' '{executable}' '{pid_file}'", who=who)


def child_of(pod: Pod, member: Member) -> int:
    """Return the PID, in the pod, of the first child."""
    status, text, _ = pod.output("reader", f'grep -l "^PPid:[[:space:]]*{member.pid}$" /proc/[1-9]*/status')
    assert status == 0
    return int(text.split()[0].split("/")[2])


def test_the_script_is_clean() -> None:
    assert complaints(SCRIPT) == ""


def test_it_finds_the_main_process_of_the_named_container_as_anybody(pod: Pod) -> None:
    web, web2 = pod.run("web", WAITS, who=ROOT), pod.run("web-2", WAITS)
    assert find(pod, "web", who=NOBODY) == (0, str(web.pid), "")
    assert find(pod, "web-2", who=NOBODY) == (0, str(web2.pid), "")
    status, found, why = find(pod, "we")
    assert (status, found) == (1, "")
    assert why == "container 'we' does not run"


def test_a_session_of_kubectl_exec_is_not_the_main_process(pod: Pod) -> None:
    main = pod.run("web", WAITS)
    session = pod.run("web", WAITS)
    assert session.pid != main.pid
    assert find(pod, "web") == (0, str(main.pid), "")


def test_processes_of_two_runs_of_a_container_are_refused(pod: Pod) -> None:
    pod.run("web", WAITS, run="1")
    pod.run("web", WAITS, run="2")
    assert find(pod, "web") == (2, "", "container 'web' has processes of 2 runs")


def test_no_volume_can_pass_for_the_container(pod: Pod, open_folder: Path) -> None:
    forged = open_folder / "kubelet/pods/0f3c/volumes/kubernetes.io~empty-dir/v/pods/0f3c/containers/web/0"
    forged.parent.mkdir(parents=True)
    forged.touch()
    pod.start(pod.command_with(forged, USER, "sh", "-c", WAITS))
    assert find(pod, "web")[:2] == (1, "")


def test_outside_of_a_pod_nothing_is_found(pod: Pod) -> None:
    done = subprocess.run(
        [*pod.shell, "-c", f"{SCRIPT}\nfind_process web '' ''"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("this is no container of Kubernetes")


def test_a_program_is_found_below_another_one(pod: Pod, server: Path) -> None:
    main = pod.run("web", f"{server} 1000000 & echo ready; wait")
    pod.run("decoy", f"{server} 1000000 & echo ready; wait")
    assert find(pod, "web", server) == (0, str(child_of(pod, main)), "")


def test_a_program_that_forked_is_found_as_the_master(pod: Pod, open_folder: Path) -> None:
    master = str(shutil.copy(shutil.which("dash") or "", open_folder / "master"))
    worker = f"{master} -c 'sleep 1000000 & echo ready; wait' & wait"
    main = pod.start(pod.command("web", USER, master, "-c", worker))
    assert find(pod, "web", master) == (0, str(main.pid), "")


def test_two_processes_that_run_the_program_are_refused(pod: Pod, server: Path) -> None:
    pod.run("web", f"{server} 1000000 & {server} 1000001 & echo ready; wait")
    status, found, why = find(pod, "web", server)
    assert (status, found) == (2, "")
    assert why.endswith(f"of container 'web' both run {server}")


def test_what_cannot_be_inspected_could_be_another_one(pod: Pod, server: Path) -> None:
    pod.run("web", f"{server} 1000000 & echo ready; wait")
    other = pod.run("web", WAITS, who=NOBODY)
    status, found, why = find(pod, "web", server)
    assert (status, found) == (2, "")
    assert f"process {other.pid} of container 'web' may not be inspected" in why


def test_workers_need_not_be_inspected(pod: Pod, open_folder: Path) -> None:
    # As root the master may start workers of other users, which root without SYS_PTRACE cannot inspect.
    master = str(shutil.copy(shutil.which("python3") or "", open_folder / "python"))
    script = "import os, time\nif not os.fork(): os.setuid(4711)\nelse: time.sleep(0.2); print('ready', flush=True)\n"
    who = Who(0, 0, ["SETUID"])
    main = pod.start(pod.command("web", who, master, "-c", script + "time.sleep(1e6)"))
    real = Path(f"/proc/{main.host_pid}/exe").readlink()
    assert find(pod, "web", real, who=who) == (0, str(main.pid), "")


def test_a_pid_file_names_a_process_of_the_container(pod: Pod, open_folder: Path) -> None:
    file = open_folder / "web.pid"
    main = pod.run("web", "sleep 1000000 & echo ready; wait")
    other = pod.run("other", WAITS)
    child = child_of(pod, main)
    file.write_text(f"{child}\n")
    assert find(pod, "web", pid_file=file) == (0, str(child), "")
    file.write_text(str(child))
    assert find(pod, "web", pid_file=file) == (0, str(child), "")
    file.write_text(f"{other.pid}\n")
    assert find(pod, "web", pid_file=file) == (
        1,
        "",
        f"{file} names {other.pid}, which is no process of container 'web'",
    )


@pytest.mark.parametrize("text", ["", "1\n", "0\n", "-1\n", "nginx\n", "7 8\n", "007\n"])
def test_a_pid_file_without_the_pid_of_a_member_is_refused(
    open_folder: Path, shell: tuple[str, ...], text: str
) -> None:
    pod = Pod(open_folder, shell)
    try:
        pod.run("web", WAITS)
        (open_folder / "web.pid").write_text(text)
        status, found, why = find(pod, "web", pid_file=open_folder / "web.pid")
        assert (status, found) == (1, "")
        assert "\n" not in why
    finally:
        pod.close()


def test_a_link_on_the_way_to_a_pid_file_is_refused(pod: Pod, open_folder: Path) -> None:
    main = pod.run("web", WAITS)
    (open_folder / "run").mkdir()
    (open_folder / "run/web.pid").write_text(str(main.pid))
    (open_folder / "var").symlink_to(open_folder / "run")
    status, found, why = find(pod, "web", pid_file=open_folder / "var/web.pid")
    assert (status, found) == (2, "")
    assert why == f"{open_folder}/var is a link in container 'web': write the path without it"


def test_a_pid_file_and_a_program_must_agree(pod: Pod, open_folder: Path, server: Path) -> None:
    main = pod.run("web", f"{server} 1000000 & echo ready; wait")
    file, child = open_folder / "web.pid", child_of(pod, main)
    file.write_text(str(child))
    assert find(pod, "web", server, file) == (0, str(child), "")
    file.write_text(str(main.pid))
    assert find(pod, "web", server, file)[:2] == (2, "")


def test_another_user_cannot_look_inside(pod: Pod, open_folder: Path) -> None:
    main = pod.run("web", WAITS)
    status, found, why = find(pod, "web", pid_file=open_folder / "web.pid", who=NOBODY)
    assert (status, found) == (2, "")
    assert why.startswith(f"process {main.pid} of container 'web' may not be inspected")


def start_in_stat(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[19]


def test_the_start_time_is_read_behind_any_name(pod: Pod, open_folder: Path) -> None:
    odd = shutil.copy(shutil.which("sleep") or "", open_folder / "a) S 0 (\nb c")
    with subprocess.Popen([odd, "1000000"]) as process:
        while Path(f"/proc/{process.pid}/stat").read_text().find("a) S 0 (") < 0:
            time.sleep(0.01)
        start = start_in_stat(process.pid)
        done = subprocess.run(
            [*pod.shell, "-c", f"{SCRIPT}\nstart_time {process.pid}; same_process {process.pid} {start} && echo same"],
            capture_output=True,
            text=True,
            check=False,
        )
        process.kill()
    assert done.stdout.split() == [start, "same"]


def test_a_dead_or_a_later_process_is_not_the_same(pod: Pod) -> None:
    with subprocess.Popen(["sleep", "1000000"]) as process:
        start = start_in_stat(process.pid)
        process.kill()
        while "Z" not in Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2]:
            time.sleep(0.01)
        checks = (f"same_process {process.pid} {start}", f"same_process {os.getpid()} 1", "same_process 999999999 1")
        done = [subprocess.run([*pod.shell, "-c", f"{SCRIPT}\n{check}"], check=False).returncode for check in checks]
    assert 0 not in done
