"""How long importing takes, as a process of its own, beside what everybody imports who uses Pulumi and Kubernetes."""

import statistics
import sys
from functools import partial

from benchmarks.measure import Subject, measure, process

_OTHERS = (
    "import pulumi, pulumi_kubernetes.core.v1, pulumi_kubernetes.networking.v1, pulumi_kubernetes.rbac.v1; "
    "from pydantic import BaseModel, ConfigDict, Field, Tag, AfterValidator, BeforeValidator, model_validator"
)
_OURS = "import pidshare_components; pidshare_components.SharedProcessPod"
_PROGRAMS = {
    "Pulumi, its Kubernetes, pydantic": _OTHERS,
    "and SharedProcessPod": f"{_OTHERS}; {_OURS}",
    "pidshare_components alone": "import pidshare_components",
    "Python": "",
}
_QUICK_ROUNDS, _MORE_ROUNDS = 1, 3


def show(rounds: int, *, quick: bool) -> None:
    """Print a row for each import, and what ours is more than that of the others."""
    subjects = [Subject(name, partial(process, [sys.executable, "-c", program])) for name, program in _PROGRAMS.items()]
    # Short runs: more of them.
    samples = measure(subjects, _QUICK_ROUNDS if quick else rounds * _MORE_ROUNDS)
    others, both, *_ = samples.values()
    more = [(ours.cpu - theirs.cpu) * 1000 for ours, theirs in zip(both, others, strict=True)]
    least = (min(sample.cpu for sample in both) - min(sample.cpu for sample in others)) * 1000
    print(
        f"SharedProcessPod beside the others, ms of CPU time: {statistics.median(more):.0f} in the median of the "
        f"rounds, {least:.0f} between the least of each"
    )
