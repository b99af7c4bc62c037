"""The real `pidshare exposure` in a process of its own: streams, exit codes, bad input of every kind, and no secret."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dev.paths import ROOT
from tests.test_cli import CANARY, MODULE, PIDSHARE

POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
spec:
  shareProcessNamespace: true
  containers:
  - name: app
    image: nginx:1.29
  - name: shell
    image: busybox
    command: [sh]
"""
PULUMI = """
import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Pod
later = ConfigMap("later").metadata.uid
Pod("b", spec={
    "shareProcessNamespace": True,
    "securityContext": {"runAsUser": pulumi.Output.secret(4242)},
    "containers": [
        {
            "name": "app",
            "image": later.apply(lambda uid: f"registry.example/app:{uid}"),
            "env": [{"name": "PASSWORD", "value": pulumi.Output.secret("hunter2-canary")}],
        },
        {"name": "shell", "image": "busybox", "command": ["sh"], "securityContext": {"runAsUser": 0}},
    ],
})
print("noise")
"""


def exposure(
    *arguments: object, stdin: bytes = b"", command: tuple[str, ...] = PIDSHARE, **environment: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*command, "exposure", *map(str, arguments)],
        capture_output=True,
        input=stdin,
        check=False,
        env={**os.environ, "COLUMNS": "80", **environment},
    )
    text = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in text.stderr
    assert CANARY not in text.stdout + text.stderr
    return text


def pods(*arguments: object, stdin: bytes = b"", expected: int = 0) -> list[Any]:
    done = exposure(*arguments, "--format", "json", "--no-reasons", stdin=stdin)
    assert done.returncode == expected, done.stderr
    found: list[Any] = json.loads(done.stdout)["pods"]
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "pod.yaml"
    made.write_text(POD.format(name="web"))
    return made


@pytest.mark.parametrize("command", [PIDSHARE, MODULE], ids=["script", "module"])
def test_a_matrix_for_people(file: Path, command: tuple[str, ...]) -> None:
    done = exposure(file, command=command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Pod web  {file} (document 1)\n  shared process namespace\n")
    assert "  from \\ on  app    app/worker  shell  /pause\n" in done.stdout
    assert "\x1b" not in done.stdout


def test_pods_come_in_the_order_of_the_input(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("---\n".join(POD.format(name=name) for name in ("z", "a")))
    (tmp_path / "a.json").write_text('{"kind": "ConfigMap"}')
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "c.yml").write_text(POD.format(name="m"))
    found = pods(tmp_path / "below", tmp_path, "-", stdin=POD.format(name="stdin").encode())
    assert [(pod["name"], pod["document"]) for pod in found] == [("m", 1), ("z", 1), ("a", 2), ("m", 1), ("stdin", 1)]
    assert [pod["source"] for pod in found][-1] == "<stdin>"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"kind: Pod\nspec: [\n", "(document 1, line 3): is no YAML (did not find expected node content); correct it"),
        (b"kind: Pod\n", "(document 1, line 1): spec: is missing, or no mapping; write the pod's spec there"),
        (b"just text\n", "(document 1, line 1): is no Kubernetes object; write a mapping with apiVersion and kind"),
        (b"a: b\n", "(document 1, line 1): kind: says nothing of what this object is"),
        (b"kind: Pod\nspec: &a\n  containers: *a\n", "(document 1, line 3): spec: an alias stands inside of its own"),
        (b"kind: Pod\nkind: Pod\n", "(document 1, line 2): the key 'kind' stands there twice"),
        (b"kind: Pod\nspec:\n  containers: {}\n", "(document 1, line 3): spec.containers: must be a list"),
        (
            b"kind: Pod\nspec:\n  containers:\n  - securityContext:\n      capabilities: {add: [SUPER]}\n",
            "(document 1, line 5): spec.containers[0].securityContext.capabilities.add[0]: is no capability",
        ),
        (b"a: \xff\n", "(line 1): is no UTF-8 text; save it as UTF-8"),
        (b"a: \x07\n", "(document 1, line 1): holds a character that YAML forbids"),
    ],
)
def test_bad_input_is_one_line_and_the_rest_is_still_analysed(
    tmp_path: Path, file: Path, content: bytes, said: str
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_bytes(content)
    done = exposure(bad, file)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"pidshare: {bad} {said}")
    assert "Pod web" in done.stdout


def test_documents_beside_a_broken_one_are_analysed(file: Path) -> None:
    text = POD.format(name="one") + "---\nkind: [\n---\n" + POD.format(name="two")
    file.write_bytes(text.replace("\n", "\r\n").encode("utf-16"))
    assert [pod["name"] for pod in pods(file, expected=2)] == ["one", "two"]


def test_what_is_not_there(tmp_path: Path) -> None:
    done = exposure(tmp_path / "nowhere.yaml", "x" * 5000, tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 3
    assert f"pidshare: {tmp_path}/nowhere.yaml: cannot be read (No such file or directory); give a file" in done.stderr


def test_a_terminal_is_not_steered_by_an_error(file: Path) -> None:
    file.write_text('kind: Pod\nspec:\n  containers: []\n  "\\e[2J": 1\n  "\\e[2J": 2\n')
    done = exposure(file)
    assert "the key '?[2J' stands there twice" in done.stderr


def test_no_pods(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("kind: ConfigMap\n")
    done = exposure(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "pidshare: there is no pod in it\n")
    assert pods(tmp_path) == []


# --- the command's own options ---


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("{file}", "--format", "xml"),
        ("{file}", "--kubernetes-version", "1.2"),
        ("{file}", "--kubernetes-version", "newest"),
        ("{file}", "--pause-user", "root"),
        ("{file}", "--kernel", "new"),
        ("{file}", "--ptrace-scope", "4"),
        ("{file}", "--runtime", "docker"),
        ("{file}", "--security-module", "yes"),
        ("{file}", "--image-facts", "nowhere.yaml"),
    ],
)
def test_bad_usage(file: Path, options: tuple[str, ...]) -> None:
    done = exposure(*(option.format(file=file) for option in options))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_the_version_decides_the_level(file: Path) -> None:
    (pod,) = pods(file, "--kubernetes-version", "1.30")
    assert pod["podSecurity"]["version"] == "1.30"


def answers(pod: Any, source: str, target: str) -> dict[str, str]:  # noqa: ANN401 - JSON
    (pair,) = (pair for pair in pod["pairs"] if (pair["from"], pair["on"]) == (source, target))
    return {key: pair[key] for key in ("see", "environ", "root", "signal", "ptrace")}


def test_facts_of_the_node_make_answers_known(file: Path) -> None:
    (pod,) = pods(file)
    assert answers(pod, "shell", "/pause")["environ"] == "unknown"
    options = ("--pause-user", "65535", "--ptrace-scope", "1", "--kernel", "6.12.4", "--security-module", "none")
    (pod,) = pods(file, *options, "--runtime", "cri-o")
    known = answers(pod, "shell", "/pause")
    assert (known["environ"], known["ptrace"]) == ("no", "no")
    assert "NET_RAW" not in pod["containers"][0]["capabilities"]


def test_facts_of_images_make_answers_known(file: Path, tmp_path: Path) -> None:
    file.write_text(POD.format(name="web").replace("nginx:1.29", "registry.example/app:1"))
    facts = tmp_path / "facts.yaml"
    facts.write_text("registry.example/app: {user: 33:33, main: keeps}\n")
    (pod,) = pods(file)
    assert (pod["containers"][0]["user"], answers(pod, "app", "shell")["signal"]) == ("unknown", "unknown")
    (pod,) = pods(file, "--image-facts", facts)
    assert (pod["containers"][0]["user"], answers(pod, "app", "shell")["signal"]) == (33, "no")
    facts.write_text("registry.example/app: {usr: 33:33}\nother: {main: 1}\n")
    done = exposure(file, "--image-facts", facts)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.startswith(f"pidshare: {facts} (document 1, line ") for line in done.stderr.splitlines()] == [True] * 2


@pytest.mark.parametrize(
    ("form", "options", "has"),
    [
        ("text", (), False),
        ("text", ("--reasons",), True),
        ("json", (), True),
        ("json", ("--no-reasons",), False),
        ("markdown", (), True),
        ("markdown", ("--no-reasons",), False),
    ],
)
def test_reasons(file: Path, form: str, options: tuple[str, ...], has: bool) -> None:
    text = exposure(file, "--format", form, *options).stdout
    assert ("every process of the namespace is listed" in text) is has


# --- colours ---


def on_a_terminal(*arguments: object, **environment: str) -> str:
    """Run it on a terminal, and return what it shows."""
    ours, theirs = pty.openpty()
    base = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM", "COLUMNS")}
    with subprocess.Popen(
        [*PIDSHARE, "exposure", *map(str, arguments)], stdout=theirs, stderr=theirs, env={**base, **environment}
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:
            pass  # the other end is gone
        os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode()


def test_colours_are_for_terminals(file: Path) -> None:
    assert "\x1b[1;31mk\x1b[0m" in on_a_terminal(file, TERM="xterm")
    assert "\x1b" not in on_a_terminal(file, TERM="xterm", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(file, TERM="dumb")
    assert "\x1b" not in on_a_terminal(file, "--no-color", TERM="xterm")
    assert "\x1b[" in on_a_terminal(file, "--color", TERM="xterm", NO_COLOR="1")
    assert "\x1b[" in exposure(file, "--color").stdout
    assert "\x1b" not in exposure(file).stdout


# --- Pulumi programs ---


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: app\nruntime: python\n")
    (folder / "__main__.py").write_text(PULUMI)
    return folder


def test_a_pulumi_program_with_what_is_unknown_and_secret(program: Path, file: Path) -> None:
    done = exposure(program, file, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "noise\n")
    first, second = json.loads(done.stdout)["pods"]
    assert (first["source"], first["name"], second["name"]) == (str(program), "b", "web")
    app, shell = first["containers"]
    assert (app["image"], app["user"], shell["user"]) == (None, "unknown", 0)
    assert answers(first, "app", "shell")["environ"] == "unknown"
    assert "literal-secret" in [finding["rule"] for finding in first["findings"]]
    assert "4242" not in done.stdout


def test_a_pulumi_program_that_fails_leaves_the_rest(program: Path, file: Path) -> None:
    (program / "__main__.py").write_text("raise LookupError('gone')\n")
    done = exposure(program, file)
    assert done.returncode == 2
    assert done.stderr.startswith(f"pidshare: {program}/__main__.py:1: LookupError: gone")
    assert "Pod web" in done.stdout
    assert "there is no stack 'nope'" in exposure(ROOT / "stacks" / "nginx", "--stack", "nope").stderr


def test_the_stack_decides() -> None:
    names = [len(pods(ROOT / "stacks" / "nginx", "--stack", stack)[0]["containers"]) for stack in ("dev", "prod")]
    assert names == [2, 1]


# --- what it costs ---


def test_manifests_need_no_pulumi(file: Path) -> None:
    program = """
import sys
sys.argv = ["pidshare", "exposure", sys.argv[1], "--format", "json"]
from pidshare_components.__main__ import main
try:
    main()
finally:
    found = {"pulumi", "grpc", "google.protobuf"} & sys.modules.keys()
    print(sorted(found), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program, file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_ten_thousand_documents(file: Path) -> None:
    small = "---\nkind: Pod\nspec: {containers: [{name: a, image: busybox, command: [sleep, '1']}]}\n"
    file.write_text(small * 10_000 + "---\nkind: [\n")
    found = pods(file, expected=2)
    assert len(found) == 10_000
    assert found[-1]["document"] == 10_000


def test_a_reader_that_leaves_early_is_no_error(file: Path) -> None:
    file.write_text("---\n".join(POD.format(name=f"p{number}") for number in range(300)))
    with subprocess.Popen([*PIDSHARE, "exposure", file], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
