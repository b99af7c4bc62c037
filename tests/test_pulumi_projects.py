"""The Pulumi projects of this checkout: `pulumi install` finds what their programs need."""

from pathlib import Path

import pytest
import yaml

from dev.paths import ROOT

PROJECTS = [ROOT / "Pulumi.yaml", *sorted((ROOT / "stacks").glob("*/Pulumi.yaml"))]


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: str(project.relative_to(ROOT)))
def test_the_requirements_lie_beside_the_program(project: Path) -> None:
    settings = yaml.safe_load(project.read_text(encoding="utf-8"))
    program = project.parent / settings.get("main", ".")
    (line,) = (program / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert (program / line.removeprefix("-r ")).resolve() == ROOT / "requirements.txt"
    environment = project.parent / settings["runtime"]["options"]["virtualenv"]
    assert environment.resolve() == (ROOT / ".venv").resolve()
