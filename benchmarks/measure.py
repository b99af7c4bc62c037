"""Runs what is compared in turns, and prints tables of what it took.

Everything that is compared runs once in each round, in an order that is reversed every other round: what slows the
machine down for a while slows down all of them.
"""

import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Optional

_NAME_WIDTH = 34


class BenchmarkError(Exception):
    """Something that is measured does not do what it is measured for."""


@dataclass(frozen=True)
class Sample:
    """What one run took.

    Attributes:
        wall: seconds on the clock.
        cpu: seconds of CPU time, of a process with all that it started and waited for.
        megabytes: the most memory of a process at a time; None inside this process.
    """

    wall: float
    cpu: float
    megabytes: Optional[int] = None


@dataclass(frozen=True)
class Subject:
    """Something that is measured.

    Attributes:
        name: what its row is called.
        run: runs it once.
        count: how many things a run makes or judges; None if they are not to be counted.
    """

    name: str
    run: Callable[[], Sample]
    count: Optional[int] = None


def process(
    command: Sequence[str],
    *,
    output: Optional[Path] = None,
    environment: Mapping[str, str] = MappingProxyType({}),
    accepted: Sequence[int] = (0,),
) -> Sample:
    """Run a command as a process of its own, from its start to its end.

    Args:
        command: the program and its arguments.
        output: a file for what it prints; nowhere if None.
        environment: variables that it has beside ours.
        accepted: exit codes with which it did what it is measured for.

    Raises:
        BenchmarkError: it ended with another exit code, or by a signal.
    """
    launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launcher.py"))]
    done = subprocess.run(
        [*launcher, str(output or os.devnull), *command],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment},  # compiled once, as for everybody
    )
    code, wall, cpu, kilobytes = done.stdout.split()
    if int(code) not in accepted:
        raise BenchmarkError(f"{' '.join(command)} ended with exit code {code}")
    return Sample(float(wall), float(cpu), int(kilobytes) // 1024)


def here(work: Callable[[], object]) -> Sample:
    """Run a function in this process."""
    gc.collect()
    begin, cpu = time.perf_counter(), time.process_time()
    work()
    return Sample(time.perf_counter() - begin, time.process_time() - cpu)


def in_turns(subjects: Sequence[Subject], rounds: int) -> dict[str, list[Sample]]:
    """Return what each subject took in each round, by its name."""
    samples: dict[str, list[Sample]] = {subject.name: [] for subject in subjects}
    for number in range(rounds):
        for subject in reversed(subjects) if number % 2 else subjects:
            samples[subject.name].append(subject.run())
    return samples


def measure(subjects: Sequence[Subject], rounds: int, *, things: str = "") -> dict[str, list[Sample]]:
    """Run subjects in turns and print a row for each; the first is what the others are compared with.

    Args:
        subjects: what to measure.
        rounds: how often.
        things: what is counted, in the plural.

    Returns:
        What each took in each round, by its name.
    """
    samples = in_turns(subjects, rounds)
    base = samples[subjects[0].name]
    counted = f"{f'{things} per CPU s':>24}" if things else ""
    print(
        f"{'':{_NAME_WIDTH}}{'wall s: min':>12}{'median':>8}{'max':>8}{'CPU s: min':>12}{'median':>8}{'max':>8}"
        f"{'CPU ratio: min':>16}{'median':>8}{'max':>8}{'MB':>6}{counted}"
    )
    for subject in subjects:
        own = samples[subject.name]
        walls, cpus = [sample.wall for sample in own], [sample.cpu for sample in own]
        ratios = [sample.cpu / first.cpu for sample, first in zip(own, base, strict=True)]
        most = max((sample.megabytes for sample in own if sample.megabytes is not None), default=None)
        rate = f"{subject.count / statistics.median(cpus):24.0f}" if subject.count else ""
        print(
            f"{subject.name:{_NAME_WIDTH}}{spread(walls, 12)}{spread(cpus, 12)}{spread(ratios, 16)}"
            f"{'' if most is None else most:>6}{rate}"
        )
    return samples


def spread(values: Sequence[float], width: int) -> str:
    """Return the least, the median and the largest of some values, the first in so many columns."""
    return f"{min(values):{width}.2f}{statistics.median(values):8.2f}{max(values):8.2f}"
