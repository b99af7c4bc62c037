"""The real command in a process of its own: streams, exit codes, files, and no traceback whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PIDSHARE = (str(Path(sys.executable).parent / "pidshare"),)
MODULE = (sys.executable, "-m", "pidshare_components")
CANARY = "hunter2-canary"

PROGRAM = """
import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace

Namespace("team")
ConfigMap("b", metadata={"namespace": "team"}, data={"password": pulumi.Output.secret("hunter2-canary")})
ConfigMap("a", metadata={"namespace": "team"})
"""
TEXT = """\
apiVersion: v1
kind: Namespace
metadata:
  name: team
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  namespace: team
---
# secret: data.password
apiVersion: v1
kind: ConfigMap
metadata:
  name: b
  namespace: team
data:
  password: '[secret]'
"""
FILES = ["01-namespace-team.yaml", "02-configmap-a.yaml", "03-configmap-b.yaml"]
UNKNOWN = """
from pulumi_kubernetes.core.v1 import ConfigMap, Service
ConfigMap("a", data={"ip": Service("web", spec={}).spec.cluster_ip})
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "program"
    made.mkdir()
    (made / "Pulumi.yaml").write_text("name: app\nruntime: python\n")
    (made / "__main__.py").write_text(PROGRAM)
    return made


def pidshare(*arguments: object, command: tuple[str, ...] = PIDSHARE) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done


def refused(*arguments: object) -> str:
    done = pidshare(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done
    return done.stderr


@pytest.mark.parametrize("command", [PIDSHARE, MODULE], ids=["script", "module"])
def test_objects_go_to_standard_output_and_remarks_to_standard_error(folder: Path, command: tuple[str, ...]) -> None:
    done = pidshare("render", folder, command=command)
    assert (done.returncode, done.stdout) == (0, TEXT)
    assert done.stderr == "pidshare: 1 value is hidden; --show-secrets prints the value\n"


def test_secrets_are_printed_when_asked_for(folder: Path) -> None:
    done = pidshare("render", folder, "--show-secrets")
    assert f"password: {CANARY}\n" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")


def test_unknown_values(folder: Path) -> None:
    (folder / "__main__.py").write_text(UNKNOWN)
    assert "pidshare: kubernetes:core/v1:ConfigMap 'a': data.ip is known only after" in refused("render", folder)
    done = pidshare("render", folder, "--allow-unknown")
    assert "ip: <unknown>\n" in done.stdout
    assert (done.returncode, done.stderr) == (0, "pidshare: 1 value is known only after deployment\n")


def test_what_a_program_and_its_children_print_is_not_among_the_objects(folder: Path) -> None:
    noise = "print('from print')\nimport os, subprocess\nos.system('echo from a child')\n"
    (folder / "__main__.py").write_text(noise + PROGRAM + "pulumi.log.info('from the log')\n")
    done = pidshare("render", folder)
    assert (done.returncode, done.stdout) == (0, TEXT)
    assert sorted(done.stderr.splitlines()[:3]) == ["from a child", "from print", "info: from the log"]


@pytest.mark.parametrize(
    "source",
    [
        "raise LookupError('gone')",
        "import pulumi; pulumi.log.error('broken')",
        "print('never seen'); import sys; sys.exit(7)",
        "from pidshare_components import SharedProcessPodArgs; SharedProcessPodArgs(containers=[])",
        "def (",
    ],
)
def test_a_program_that_fails_prints_no_objects(folder: Path, source: str) -> None:
    (folder / "__main__.py").write_text(PROGRAM + source)
    assert "pidshare: " in refused("render", folder)


def test_what_follows_from_a_failure_is_not_told(folder: Path) -> None:
    (folder / "__main__.py").write_text(
        "from pulumi_kubernetes.core.v1 import ConfigMap\n"
        "name = ConfigMap('a').metadata.name\n"
        "wrong = name.apply(lambda name: 1 / 0)\n"
        "for number in range(3): ConfigMap(f'b{number}', data={'x': wrong, 'y': name.apply(lambda name: {}[name])})\n"
    )
    (line,) = refused("render", folder).splitlines()
    assert line.startswith(f"pidshare: {folder}/__main__.py:")


def test_mistakes_in_the_arguments_are_one_line_each(folder: Path) -> None:
    (folder / "__main__.py").write_text(
        "from pidshare_components import SharedProcessPod\n"
        "SharedProcessPod('web', {'containers': [{'name': 'No', 'image': 'nginx'}], 'hostname': 'A_B'})\n"
    )
    first, *lines = refused("render", folder).splitlines()
    assert first == "pidshare: 2 mistakes in the arguments:"
    assert [line.split(":")[1].strip() for line in lines] == ["containers[0].name", "hostname"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("render",),
        ("render", "nowhere"),
        ("render", "x" * 5000),
        ("render", ".", "--stack"),
        ("render", ".", "--no-such-option"),
        ("no-such-command",),
    ],
)
def test_bad_usage(arguments: tuple[str, ...]) -> None:
    assert refused(*arguments)


def test_a_stack_that_is_not_there(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text("")
    assert refused("render", folder, "--stack", "nope") == (
        f"pidshare: {folder}: there is no stack 'nope' (no Pulumi.nope.yaml); choose --stack from dev\n"
    )


def test_help_and_version() -> None:
    assert "render" in pidshare("--help").stdout
    assert "--allow-unknown" in pidshare("render", "--help").stdout
    assert pidshare("--version").stdout.startswith("pidshare ")


def test_a_reader_that_leaves_early_is_no_error(folder: Path) -> None:
    (folder / "__main__.py").write_text(
        "from pulumi_kubernetes.core.v1 import ConfigMap\nConfigMap('a', data={'a': 'x' * 500_000})\n"
    )
    with subprocess.Popen([*PIDSHARE, "render", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_an_error(folder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PIDSHARE, "render", folder], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_it_quietly(folder: Path) -> None:
    (folder / "__main__.py").write_text("import time; print('here', flush=True); time.sleep(600)")
    with subprocess.Popen([*PIDSHARE, "render", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        assert process.stderr.readline() == b"here\n"
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.stdout.read() == b""
    assert process.returncode == 130
    assert b"Traceback" not in rest


def test_without_its_library_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError('gone', name='typer')\n")
    done = subprocess.run(
        [*MODULE, "render", "."],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 2
    assert done.stderr == "pidshare: typer is not installed; run: pip install 'pidshare_components[cli]'\n"


# --output


def test_one_file_per_object_in_the_order_to_apply_them(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "made" / "on the way"
    done = pidshare("render", folder, "-o", target)
    assert (done.returncode, done.stdout) == (0, "")
    assert sorted(path.name for path in target.iterdir()) == FILES
    texts = [(target / name).read_text() for name in FILES]
    assert all(text.startswith("# Rendered by pidshare render") for text in texts)
    assert "---\n".join(text.partition("\n")[2] for text in texts) == TEXT
    assert (target / FILES[0]).stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_what_is_left_of_an_earlier_run_goes_and_files_of_others_stay(folder: Path, tmp_path: Path) -> None:
    others = {"README.md": "mine", "kustomization.yaml": "resources: []", "04-pod-mine.yaml": "kind: Pod"}
    for name, text in others.items():
        (tmp_path / name).write_text(text)
    pidshare("render", folder, "-o", tmp_path)
    (folder / "__main__.py").write_text("from pulumi_kubernetes.core.v1 import ConfigMap\nConfigMap('new')\n")
    pidshare("render", folder, "-o", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["01-configmap-new.yaml", *sorted(others), "program"]
    assert {name: (tmp_path / name).read_text() for name in others} == others


def test_a_file_of_another_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    (tmp_path / FILES[1]).write_text("mine")
    assert f"{tmp_path / FILES[1]}: not written by pidshare render" in refused("render", folder, "-o", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILES[1], "program"]
    assert (tmp_path / FILES[1]).read_text() == "mine"


def test_a_failed_run_leaves_the_files_of_the_one_before(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    pidshare("render", folder, "-o", target)
    before = {path: path.read_bytes() for path in target.iterdir()}
    (folder / "__main__.py").write_text(PROGRAM + "ConfigMap('c'); raise LookupError")
    refused("render", folder, "-o", target)
    assert {path: path.read_bytes() for path in target.iterdir()} == before
    refused("render", folder, "-o", tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_a_folder_that_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for target in (tmp_path / "file", tmp_path / "file" / "below"):
        assert f"pidshare: {target}: cannot be written (" in refused("render", folder, "-o", target)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
