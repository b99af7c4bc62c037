"""The lower ends of what the dependencies are declared to be: it works with the oldest version of each."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from dev.paths import ROOT
from tests.packaging.conftest import UV, Distributions
from tests.packaging.interpreters import VERSIONS, find
from tests.packaging.test_distribution import CLEAN

PROGRAM = """
import importlib.metadata
from pidshare_components import SharedProcessDeployment
from pidshare_components.host import PackageHost
from pidshare_components.render import render_program, to_yaml

arguments = {"containers": [{"name": "web", "image": "nginx"}], "debug": {}, "network": {}}
print(to_yaml(render_program(lambda: SharedProcessDeployment("web", arguments))).count("kind:"))
PackageHost()
for name in ("pulumi", "pulumi-kubernetes", "pydantic"):
    print(f"{name}>={importlib.metadata.version(name)}")
"""


def test_the_oldest_version_of_each_dependency_does(distributions: Distributions, tmp_path: Path) -> None:
    interpreter = next(found for version in VERSIONS if (found := find(version)))
    python = tmp_path / "venv" / "bin" / "python"
    for command in (
        ["venv", "--python", interpreter, tmp_path / "venv"],
        ["pip", "install", "--python", python, "--resolution", "lowest-direct", "-r", ROOT / "pyproject.toml"],
        ["pip", "install", "--python", python, "--no-deps", distributions.wheel],
    ):
        environment = {**CLEAN, "UV_PYTHON_DOWNLOADS": "never"}
        subprocess.run([UV, *map(str, command), "--quiet"], env=environment, check=True)
    done = subprocess.run([python, "-c", PROGRAM], cwd=tmp_path, env=CLEAN, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    objects, *used = done.stdout.split()
    assert int(objects) == 2
    declared = re.findall(r'^    "(\S+>=[\d.]+)', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    # A version that is declared as 3.256 is 3.256.0.
    assert [version for version in used if not any(version.startswith(lowest) for lowest in declared)] == []
