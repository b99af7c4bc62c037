"""The benchmarks run and print their tables; what the figures are is nobody's promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import cdk8s_environment
from benchmarks.essentials import essentials
from benchmarks.measure import BenchmarkError, Sample, Subject, in_turns, process
from dev.engine import EngineError
from dev.languages.node import node
from dev.paths import ROOT
from tests.conftest import cannot_run

ROWS = {
    "render": ["pidshare render, components", "pidshare render, raw resources", "raw resources, Pulumi's mocks"],
    "overhead": ["5 component", "5 raw in a component", "5 raw"],
    "imports": ["Pulumi, its Kubernetes, pydantic", "and SharedProcessPod", "pidshare_components alone", "Python"],
    "exposure": ["matrix of 20 pods", "everything of 20 pods"],
    "check": ["pidshare, 5 files", "pidshare, 10 documents"],
}
ALLOW = (
    "kind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  podSelector: {matchLabels: {a: b}}\n  policyTypes: [Ingress]\n"
)


def benchmark(*arguments: str, **environment: str) -> str:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("part", ROWS)
def test_each_part_prints_the_machine_and_a_row_for_all_that_it_compares(part: str, tmp_path: Path) -> None:
    # Without Node.js on PATH nothing is installed for this test.
    printed = benchmark("--quick", part, PATH=str(tmp_path))
    assert "cores" in printed
    assert re.search(r"pulumi \d+\.\d+", printed)
    for row in ROWS[part]:
        assert re.search(rf"^{re.escape(row)} +[\d.]+ +[\d.]+ +[\d.]+ ", printed, re.MULTILINE), printed
    if part == "render":
        assert "cdk8s-plus-32: not compared; it runs on Node.js, which is not on PATH" in printed
    if part == "check":
        assert "Checkov: not compared; it is not on PATH" in printed


def test_cdk8s_makes_the_same_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{node().parent}")
        cdk8s_environment.python()
    except (BenchmarkError, EngineError) as problem:
        cannot_run(problem)
    assert re.search(r"^cdk8s-plus-32 +[\d.]+ ", benchmark("--quick", "render"), re.MULTILINE)


def test_every_round_runs_everything_once_and_every_other_one_backwards() -> None:
    order = []

    def subject(name: str) -> Subject:
        def run() -> Sample:
            order.append(name)
            return Sample(1, 1)

        return Subject(name, run)

    samples = in_turns([subject("a"), subject("b")], 3)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert {name: len(own) for name, own in samples.items()} == {"a": 3, "b": 3}


def test_a_program_that_fails_has_no_figures() -> None:
    with pytest.raises(BenchmarkError, match="exit code 3"):
        process([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_memory_of_a_process_is_its_own_and_not_ours() -> None:
    ours = bytearray(200 * 2**20)
    assert (process([sys.executable, "-c", ""]).megabytes or 0) < 100 < len(ours) // 2**20


@pytest.mark.parametrize(("ingress", "egress"), [("[]", "[{ports: [{port: 53}]}]"), ("[{ports: [{port: 80}]}]", "[]")])
def test_objects_that_allow_something_else_are_not_the_same(ingress: str, egress: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text(f"{ALLOW}  ingress: []\n  egress: []\n")
    second.write_text(f"{ALLOW}  ingress: {ingress}\n  egress: {egress}\n")
    assert essentials(first) != essentials(second)


def test_an_unknown_part_is_refused_with_those_there_are() -> None:
    command = [sys.executable, "-m", "benchmarks", "speed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no such part: speed; choose from render, overhead, imports, exposure, check" in done.stderr
