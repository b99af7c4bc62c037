"""`pidshare verify` with a kubectl that only tells what it was told: what is compared, said and refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from pidshare_components.analysis.capabilities import DEFAULTS, NONE, SYS_PTRACE, Runtime
from pidshare_components.analysis.images import Ids, ImageFacts, Main
from pidshare_components.analysis.node import SecurityModule
from pidshare_components.cli.verify import verify as verify_command
from pidshare_components.live.comparison import Wish, verify
from pidshare_components.live.errors import LiveError
from pidshare_components.live.kubectl import Kubectl

pytestmark = pytest.mark.timeout(120)

KUBECTL = """#!/bin/sh
# Says what files of its folder hold; FILE.error goes to standard error.
folder=$(dirname "$0")
for word; do
  case $word in
    --container=*) container=${word#--container=} ;;
    --*) ;;
    *) [ "$verb" ] || verb=$word ;;
  esac
done
case $verb in
  config) echo context-of-mine; exit ;;
  get) file=pod.json; [ -e "$folder/asked" ] && [ -e "$folder/later.json" ] && file=later.json; : >"$folder/asked" ;;
  exec) file=$container ;;
esac
if [ "$(cat "$folder/$file.error" 2>/dev/null)" = hang ]; then : >"$folder/hangs"; exec sleep 600; fi
if [ -e "$folder/$file.error" ]; then cat "$folder/$file.error" >&2; exit 1; fi
cat "$folder/$file"
"""
DEFAULT = DEFAULTS[Runtime.CONTAINERD]
NGINX, SHELL, SANDBOX = (digit * 64 for digit in "abc")


def line(pid: int, container: str, who: tuple[int, int, int], answers: str, name: str) -> str:
    uid, gid, granted = who
    parent = 7 if pid == 8 else 0
    words = " ".join({"?": "mode", "-": "none"}.get(answer, answer) for answer in answers)
    return f"pidshare:process {pid} {parent} {pid} {uid} {gid} {granted:016x} y {words} 1:pids:/pod/{container} {name}"


def measured(container: str, who: tuple[int, int, int], *lines: str, scope: int = 0, label: str = "") -> str:
    uid, gid, granted = who
    said = [f"self {uid} {gid} {granted:016x} 1:pids:/pod/{container}", f"scope {scope}", "kernel 6.1.0-x"]
    head = [f"pidshare:{each}" for each in [*said, f"label {label}"]]
    return "\n".join([*head, *lines, "pidshare:end", ""])


def pod(**status: dict[str, Any]) -> dict[str, Any]:
    """Return the pod of the Kubernetes task, live."""
    ids = {"nginx": NGINX, "shell": SHELL}
    states = [
        {"name": name, "containerID": f"containerd://{identifier}", "state": {"running": {}}, "restartCount": 0}
        for name, identifier in ids.items()
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "nginx", "namespace": "here"},
        "spec": {
            "shareProcessNamespace": True,
            "containers": [
                {"name": "nginx", "image": "nginx"},
                {
                    "name": "shell",
                    "image": "busybox:1.28",
                    "stdin": True,
                    "tty": True,
                    "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}},
                },
            ],
        },
        "status": {"containerStatuses": [{**state, **status.get(str(state["name"]), {})} for state in states]},
    }


ROOT, TRACER = (0, 0, DEFAULT), (0, 0, DEFAULT | SYS_PTRACE)
PAUSE = line(1, SANDBOX, ROOT, "yyyyy", "pause")
FROM_SHELL = [
    PAUSE,
    line(7, NGINX, ROOT, "yyyyy", "nginx"),
    line(8, NGINX, (101, 101, NONE), "yyyyy", "nginx"),
    line(9, SHELL, TRACER, "yyyyy", "sh"),
]
FROM_NGINX = [
    PAUSE,
    line(7, NGINX, ROOT, "yyyyy", "nginx"),
    line(8, NGINX, (101, 101, NONE), "ynnyn", "nginx"),
    line(9, SHELL, TRACER, "ynnyn", "sh"),
]

Cluster = Callable[..., Path]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A kubectl on the PATH that tells of the Kubernetes task's pod, measured as it was on a real node."""
    program = tmp_path / "kubectl"
    program.write_text(KUBECTL)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def told(**files: str) -> Path:
        usual = {
            "pod.json": json.dumps(pod()),
            "shell": measured(SHELL, TRACER, *FROM_SHELL),
            "nginx": measured(NGINX, ROOT, *FROM_NGINX),
            **{name.replace("_", "."): text for name, text in files.items()},
        }
        for name, text in usual.items():
            (tmp_path / name).write_text(text)
        return tmp_path

    return told


app = typer.Typer()
app.command()(verify_command)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["nginx", "-n", "here", *words])


def test_what_is_as_predicted_is_success(cluster: Cluster) -> None:
    cluster()
    done = run()
    assert done.exit_code == 0, done.output
    assert "pod nginx in namespace here, context context-of-mine" in done.output
    assert "no differences in 25 answers" in done.output
    assert " ".join(done.output.split()).count("shell nginx yes / yes yes / yes yes / yes yes / yes yes / yes") == 1


def test_what_is_not_is_a_difference(cluster: Cluster) -> None:
    hidden = [line(9, SHELL, TRACER, "yynyn", "sh") if " 9 " in each else each for each in FROM_NGINX]
    cluster(nginx=measured(NGINX, ROOT, *hidden))
    done = run()
    assert done.exit_code == 1
    assert "! environ from nginx on shell: no was predicted (more-capabilities), yes was measured" in done.output
    assert "no / YES !" in done.output
    assert "1 difference in 25 answers" in done.output


def test_json_holds_everything(cluster: Cluster) -> None:
    cluster(nginx=measured(NGINX, ROOT, *FROM_NGINX[:3], line(9, SHELL, TRACER, "ynny?", "sh")))
    done = run("--format", "json")
    assert done.exit_code == 0
    found = json.loads(done.output)
    assert found["node"] == {
        "kernel": "6.1",
        "runtime": "containerd",
        "securityModule": "none",
        "ptraceScope": 0,
        "pauseUser": [0, 0],
    }
    assert found["containers"] == [
        {"name": "nginx", "enteredBy": "exec", "why": None},
        {"name": "shell", "enteredBy": "exec", "why": None},
    ]
    (untold,) = [row for row in found["exposure"] if row["measured"] is None]
    assert untold == {
        "from": "nginx",
        "on": "shell",
        "action": "ptrace",
        "predicted": "no",
        "ground": "more-capabilities",
        "measured": None,
        "why": "the mode of /proc/PID/personality hides it",
        "agrees": True,
    }
    assert all(identity["agrees"] for identity in found["identities"])
    assert [identity["process"] for identity in found["identities"]] == [
        "nginx (exec)",
        "nginx",
        "nginx/worker",
        "shell (exec)",
        "shell",
    ]
    assert found["differences"] == 0


def test_wrong_facts_of_an_image_show(cluster: Cluster) -> None:
    cluster()
    wrong = ImageFacts(Ids(0, 0), main=Main.BECOMES, main_ids=Ids(33, 33), workers=(), source="test")
    found = verify(Kubectl(namespace="here"), Wish("nginx", image_facts={"nginx": wrong}))
    assert [row.process for row in found.identities if not row.agrees] == ["nginx"]
    # Another user that still may be traced by SYS_PTRACE: nothing else differs, but its children were not predicted.
    assert found.differences == 1
    assert "nginx has processes of user 101" in found.remarks[0]


def test_facts_of_images_are_read_from_a_file(cluster: Cluster) -> None:
    facts = cluster() / "facts.yaml"
    facts.write_text("nginx: {user: '0:0', main: becomes, mainIds: '33:33', workers: []}")
    done = run("--image-facts", str(facts))
    assert done.exit_code == 1
    assert "! nginx: user 33 was predicted, it is 0; group 33 was predicted, it is 0" in done.output
    facts.write_text("nginx: {user: nobody}")
    done = run("--image-facts", str(facts))
    assert done.exit_code == 2
    assert "facts.yaml" in done.output


def test_names_of_a_pod_do_not_steer_the_terminal(cluster: Cluster) -> None:
    named = [each.replace(" nginx", " \x1b[2Jnginx\x85") for each in FROM_SHELL]
    cluster(shell=measured(SHELL, TRACER, *named))
    done = run()
    assert done.exit_code == 0, done.output
    assert "\N{REPLACEMENT CHARACTER}[2Jnginx\N{REPLACEMENT CHARACTER}" in done.output
    assert "\x1b" not in done.output


def test_the_node_is_taken_as_it_is(cluster: Cluster) -> None:
    label = "cri-containerd.apparmor.d (enforce)"
    cluster(
        shell=measured(SHELL, TRACER, *FROM_SHELL, scope=1, label=label),
        nginx=measured(NGINX, ROOT, *[each.replace("y y y y y 1", "y y y y n 1") for each in FROM_NGINX], scope=1),
    )
    found = verify(Kubectl(namespace="here"), Wish("nginx"))
    assert (found.node.security_module, found.node.ptrace_scope) == (SecurityModule.APPARMOR, 1)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ('exec: "sh": executable file not found in $PATH: unknown', "no shell"),
        ("Error from server (Forbidden): pods is forbidden", "exec is forbidden for this user"),
        ("some\nError: the connection broke", "exec failed: Error: the connection broke"),
    ],
)
def test_a_container_that_cannot_be_entered_is_said_to_be(cluster: Cluster, error: str, why: str) -> None:
    folder = cluster(nginx_error=error)
    if "orbidden" not in error:
        done = run()
        assert done.exit_code == 0, done.output
        assert f"nginx: not entered, {why}" in done.output
    (folder / "shell.error").write_text(error)
    done = run()
    assert done.exit_code == 2
    hint = "; attach to a shell with -c shell" if "orbidden" in error else ""
    expected = f"no container can be entered (nginx: {why}; shell: {why}){hint} (context context-of-mine)"
    assert expected in done.output


def test_containers_that_do_not_run_are_not_compared(cluster: Cluster) -> None:
    stopped = pod(nginx={"state": {"waiting": {"reason": "CrashLoopBackOff"}}})
    cluster(pod_json=json.dumps(stopped), shell=measured(SHELL, TRACER, PAUSE, FROM_SHELL[-1]))
    found = verify(Kubectl(namespace="here"), Wish("nginx"))
    assert {(row.target, row.why) for row in found.rows} == {
        ("nginx", "nginx does not run"),
        ("nginx/worker", "nginx does not run"),
        ("/pause", ""),
    }
    assert found.differences == 0


def test_a_container_that_nobody_sees_is_a_difference(cluster: Cluster) -> None:
    cluster(shell=measured(SHELL, TRACER, PAUSE, FROM_SHELL[-1]), nginx_error='"sh": executable file not found')
    found = verify(Kubectl(namespace="here"), Wish("nginx"))
    assert {row.target for row in found.rows if not row.agrees} == {"nginx", "nginx/worker"}


def test_a_pod_that_changed_is_an_error(cluster: Cluster) -> None:
    cluster(later_json=json.dumps(pod(nginx={"restartCount": 1})))
    with pytest.raises(LiveError, match="changed while it was measured: nginx; run this again"):
        verify(Kubectl(namespace="here"), Wish("nginx"))


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("-c", "none"), "pod nginx has no container none; it has: nginx, shell"),
        (("--target", "none"), "pod nginx has no container none; it has: nginx, shell"),
        (("-c", "shell", "--target", "shell"), "the walk goes from shell to another container: name another target"),
        (("-c", "nginx"), "container nginx cannot be attached to: it has no stdin and tty"),
    ],
)
def test_what_cannot_be_done_is_refused(cluster: Cluster, words: tuple[str, ...], error: str) -> None:
    cluster()
    done = run(*words)
    assert done.exit_code == 2
    assert error in done.output


def test_no_pod_and_no_kubectl_are_errors(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster(pod_json_error='Error from server (NotFound): pods "nginx" not found')
    done = run()
    assert done.exit_code == 2
    assert 'pod nginx cannot be read: Error from server (NotFound): pods "nginx" not found' in done.output
    monkeypatch.setenv("PATH", "")
    done = run()
    assert done.exit_code == 2
    assert "kubectl cannot be started: No such file or directory; install kubectl" in done.output


def test_the_walk_sends_no_signal_unless_asked(cluster: Cluster) -> None:
    cluster()
    found = verify(Kubectl(namespace="here"), Wish("nginx"))
    assert [step.says for step in found.walk] == [
        "shell sees 4 processes:",
        "a signal to nginx's main process (nginx, PID 7) is permitted",
        "nginx's files are out of reach through /proc/7/root",  # this kubectl lists none
    ]


def test_a_program_that_does_not_handle_sighup_gets_none(cluster: Cluster) -> None:
    deaf = [each.replace(f"{DEFAULT:016x} y", f"{DEFAULT:016x} n") for each in FROM_SHELL]
    cluster(shell=measured(SHELL, TRACER, *deaf))
    found = verify(Kubectl(namespace="here"), Wish("nginx", reload=True))
    assert [step.says for step in found.walk if step.failed] == [
        "SIGHUP was not sent: nginx does not handle it, so it would end"
    ]
    assert found.differences == 1


def test_ctrl_c_leaves_nothing_running(cluster: Cluster) -> None:
    folder = cluster(shell_error="hang")
    program = "import typer; from pidshare_components.cli.verify import verify as c; typer.run(c)"
    command = [sys.executable, "-c", program, "nginx", "-n", "here"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (folder / "hangs").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "pidshare: interrupted\n")
    assert children
    assert not any(map(runs, children))


def runs(pid: str) -> bool:
    """Return whether a process runs; one that was killed, and that nobody has waited for yet, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def test_exec_needs_no_pexpect() -> None:
    program = (
        "import sys; sys.modules['pexpect'] = None\n"
        "import pidshare_components.cli.verify, pidshare_components.live.comparison\n"
        "from pidshare_components.live.doors import attached; from pidshare_components.live.kubectl import Kubectl\n"
        "try:\n    attached(Kubectl(), 'pod', 'shell').__enter__()\nexcept Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "attach needs pexpect: install pidshare_components[live]\n", done.stderr
