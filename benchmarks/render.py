"""How long it takes from a program to the text of its manifests, each as a process of its own, by different tools.

All make the same Kubernetes objects, five for each workload; that is checked before anything is measured.
"""

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import cdk8s_environment
from benchmarks.essentials import essentials
from benchmarks.measure import BenchmarkError, Sample, Subject, measure, process
from dev.paths import ROOT

_COUNT, _QUICK_COUNT = 500, 3
_KINDS = ("NetworkPolicy", "Pod", "Role", "RoleBinding", "ServiceAccount")
_PROGRAM = """\
from benchmarks.workloads import {build}

for number in range({count}):
    {build}(f"web-{{number:04}}")
"""


def show(rounds: int, *, quick: bool) -> None:
    """Print a row for each tool."""
    count = _QUICK_COUNT if quick else _COUNT
    runners: dict[str, Callable[[Path], tuple[Path, Callable[[], Sample]]]] = {
        "pidshare render, components": partial(_pidshare, "component", count),
        "pidshare render, raw resources": partial(_pidshare, "raw", count),
        "raw resources, Pulumi's mocks": partial(_mocks, count),
    }
    try:
        runners["cdk8s-plus-32"] = partial(_cdk8s, cdk8s_environment.python(), count)
    except BenchmarkError as problem:
        print(f"cdk8s-plus-32: not compared; {problem}")
    with tempfile.TemporaryDirectory() as name:
        subjects, outputs = [], {}
        for number, (tool, prepare) in enumerate(runners.items()):
            folder = Path(name, str(number))
            folder.mkdir()
            outputs[tool], run = prepare(folder)
            subjects.append(Subject(tool, run, count))
        _require_the_same(subjects, outputs, count)
        measure(subjects, rounds, things="workloads")


def _require_the_same(subjects: list[Subject], outputs: dict[str, Path], count: int) -> None:
    """Run each program once, which also fills caches, and compare what they made.

    Raises:
        BenchmarkError: they differ.
    """
    first = None
    for subject in subjects:
        subject.run()
        found = essentials(outputs[subject.name])
        kinds = sorted(kind for kind, _ in found)
        if kinds != sorted(_KINDS * count):
            raise BenchmarkError(f"{subject.name}: not {count} of each of {', '.join(_KINDS)}")
        first = found if first is None else first
        for identity, item in first.items():
            if found.get(identity) != item:
                raise BenchmarkError(f"{subject.name}: {' '.join(identity)} is {found.get(identity)}, not {item}")


def _pidshare(build: str, count: int, folder: Path) -> tuple[Path, Callable[[], Sample]]:
    (folder / "Pulumi.yaml").write_text("name: benchmark\nruntime: python\n", encoding="utf-8")
    (folder / "__main__.py").write_text(_PROGRAM.format(build=build, count=count), encoding="utf-8")
    output = folder / "output.yaml"
    command = [str(Path(sys.executable).parent / "pidshare"), "render", str(folder)]
    return output, partial(process, command, output=output, environment={"PYTHONPATH": str(ROOT)})


def _mocks(count: int, folder: Path) -> tuple[Path, Callable[[], Sample]]:
    output = folder / "output.yaml"
    command = [sys.executable, "-m", "benchmarks.mocks_program", str(count)]
    return output, partial(process, command, output=output, environment={"PYTHONPATH": str(ROOT)})


def _cdk8s(python: Path, count: int, folder: Path) -> tuple[Path, Callable[[], Sample]]:
    command = [str(python), str(Path(__file__).parent / "cdk8s_program.py"), str(count), str(folder)]
    return folder / "app.k8s.yaml", partial(process, command)
