"""What is published: nothing is missing in it, nothing is too much, and it works where nothing else is installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from functools import cache
from pathlib import Path

import pytest

from dev.paths import ROOT
from tests.packaging.conftest import UV, Distributions, build
from tests.packaging.interpreters import VERSIONS, find

HERE = Path(__file__).parent
PACKAGE = "pidshare_components"
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("render", "program"),
    ("exposure", "pod.yaml", "--format", "json"),
    ("check", "pod.yaml", "--fail-on", "low"),
    ("explain", "sys-ptrace"),
)
RENDERS_AND_JUDGES = ("check", "program", "--fail-on", "low")
EXTRAS = "[cli,live,policy]"
NOT_INSTALLED = f"pidshare: typer is not installed; run: pip install '{PACKAGE}[cli]'\n"
# What a user's shell may have would reach another Python, or another installation.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_is_the_package_and_nothing_else(distributions: Distributions) -> None:
    package = ROOT / PACKAGE
    files = {
        path for pattern in ("**/*.py", "py.typed", "rules/*.md", "scripts/*.sh") for path in package.glob(pattern)
    }
    built = contents(distributions.wheel)
    in_package = {name for name in built if name.startswith(f"{PACKAGE}/")}
    assert in_package == {str(path.relative_to(ROOT)) for path in files}
    assert all(built[name] == (ROOT / name).read_bytes() for name in in_package)
    assert {name.split("/")[0] for name in built.keys() - in_package} == {f"{distributions.wheel.name[:-17]}.dist-info"}


def test_the_source_distribution_makes_the_same_wheel(distributions: Distributions, tmp_path: Path) -> None:
    again = contents(build(distributions.sdist, tmp_path, "wheel"))
    first = contents(distributions.wheel)
    # RECORD has the same names in another order.
    assert {name for name in again if again[name] != first.get(name)} <= {name for name in again if "RECORD" in name}
    assert again.keys() == first.keys()


def test_the_source_distribution_has_no_half_of_the_tests(distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {name.split("/")[0] for name in names} - {""} == {
        "CHANGELOG.md", "LICENSE", "MANIFEST.in", "PKG-INFO", "README.md", PACKAGE, f"{PACKAGE}.egg-info",
        "pyproject.toml", "setup.cfg",
    }  # fmt: skip


class Environment:
    """A virtual environment with nothing in it."""

    def __init__(self, folder: Path, interpreter: Path) -> None:
        self.bin = folder / "bin"
        self._uv("venv", "--python", interpreter, folder)

    def install(self, distribution: Path, extras: str = "") -> None:
        """Install one of ours, and what it depends on in the versions that are locked."""
        self._uv(
            *("pip", "install", "--python", self.bin / "python"),
            *("--constraints", ROOT / "requirements.txt", "--build-constraints", ROOT / "requirements-dev.txt"),
            f"{PACKAGE}{extras} @ {distribution.as_uri()}",
        )

    def run(self, program: str, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of it."""
        command = [str(self.bin / program), *map(str, arguments)]
        return subprocess.run(command, cwd=cwd, env=CLEAN, capture_output=True, text=True, check=False)

    def _uv(self, *arguments: str | Path) -> None:
        environment = {**CLEAN, "UV_PYTHON_DOWNLOADS": "never"}
        subprocess.run([UV, *map(str, arguments), "--quiet"], env=environment, check=True)


def printed(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with nothing of this checkout but a program and a manifest."""
    (tmp_path / "work").mkdir()
    for name in ("program", "pod.yaml"):
        (tmp_path / "work" / name).symlink_to(HERE / name)
    return tmp_path / "work"


@cache
def said_here(command: tuple[str, ...]) -> tuple[int, str, str]:
    """Return what the checkout says, which all other tests are about: each Python has to say the same."""
    here = [str(Path(sys.executable).with_name("pidshare")), *command]
    done = subprocess.run(here, cwd=HERE, env=CLEAN, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert len(done.stdout.splitlines()) > 10
    assert "canary" not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def interpreter(version: str) -> Path:
    found = find(version)
    if found is None:  # in CI too: the machine decides which Pythons there are
        pytest.skip(f"Python {version} is not here")
    return found


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_the_wheel_works_in_an_empty_environment(
    version: str, distributions: Distributions, folder: Path, tmp_path: Path
) -> None:
    environment = Environment(tmp_path / "venv", interpreter(version))

    environment.install(distributions.wheel)
    manifests = printed(environment.run("python", "-I", HERE / "core_alone.py", "program", cwd=folder))
    assert len(re.findall("^kind: ", manifests, re.MULTILINE)) == 5
    refused = environment.run("pidshare", "check", "pod.yaml", cwd=folder)
    assert (refused.returncode, refused.stdout, refused.stderr) == (2, "", NOT_INSTALLED)

    environment.install(distributions.wheel, EXTRAS)
    version_of_wheel = distributions.wheel.name.split("-")[1]
    assert printed(environment.run("pidshare", "--version", cwd=folder)) == f"pidshare {version_of_wheel}\n"
    for command in COMMANDS:
        done = environment.run("pidshare", *command, cwd=folder)
        assert (done.returncode, done.stdout, done.stderr) == said_here(command)
    rest = "from pidshare_components.live import AttachedShell; from pidshare_components.policy import policies"
    assert int(printed(environment.run("python", "-I", "-c", f"{rest}; print(len(policies()))", cwd=folder))) > 30


@pytest.mark.parametrize("version", VERSIONS[1:-1])
def test_the_wheel_says_the_same_on_the_versions_between(
    version: str, distributions: Distributions, folder: Path, tmp_path: Path
) -> None:
    environment = Environment(tmp_path / "venv", interpreter(version))
    environment.install(distributions.wheel, EXTRAS)
    done = environment.run("pidshare", *RENDERS_AND_JUDGES, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr) == said_here(RENDERS_AND_JUDGES)


def test_the_source_distribution_can_be_installed(distributions: Distributions, folder: Path, tmp_path: Path) -> None:
    newest = next(found for version in reversed(VERSIONS) if (found := find(version)))
    environment = Environment(tmp_path / "venv", newest)
    environment.install(distributions.sdist, "[cli]")
    assert "SYS_PTRACE" in printed(environment.run("pidshare", "explain", "sys-ptrace", cwd=folder))
