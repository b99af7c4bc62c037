"""What a component costs beside the same resources written raw, in one process.

Raw is `pulumi_kubernetes` resources with plain dicts: in a `ComponentResource` of the user's own, which makes the
resources the same one by one, and without any, which is one resource less. That all render to the same objects is
checked.
"""

import re
from collections.abc import Callable
from functools import partial

from benchmarks.measure import BenchmarkError, Subject, here, measure
from benchmarks.workloads import LABEL, RawPod, component, raw
from pidshare_components.render import render_program, to_yaml

Build = Callable[[str], object]

_SIZES, _QUICK_SIZES = (100, 500), (5,)
_BUILDS: dict[str, Build] = {"component": component, "raw in a component": RawPod, "raw": raw}


def show(rounds: int, *, quick: bool) -> None:
    """Print the rows of each number of workloads."""
    texts = {_without_label(rendered(build, 10)) for build in _BUILDS.values()}
    if len(texts) > 1:
        raise BenchmarkError("the programs do not render to the same objects")
    for count in _QUICK_SIZES if quick else _SIZES:
        subjects = [
            Subject(f"{count} {name}", partial(here, partial(rendered, build, count)), count)
            for name, build in _BUILDS.items()
        ]
        measure(subjects, rounds, things="workloads")


def rendered(build: Build, count: int) -> str:
    """Return what a number of workloads render to."""

    def program() -> None:
        for number in range(count):
            build(f"web-{number:04}")

    return to_yaml(render_program(program))


def _without_label(text: str) -> str:
    """Return a rendered text without the value that a component makes up."""
    return re.sub(rf"{LABEL}: .*", LABEL, text)
