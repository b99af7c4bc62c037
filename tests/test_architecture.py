"""The house: what each room may import, how large it may grow, and that the core stands without the extras."""

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

import pytest

from dev.paths import ROOT

PACKAGE = ROOT / "pidshare_components"
MODULES = sorted(PACKAGE.rglob("*.py"))
EXTRAS = ("typer", "click", "rich", "pexpect", "kubernetes", "pulumi_policy")

# What each room may import from outside of the standard library; rooms inside of `args` and `manifests` are one.
ALLOWED = {
    "__init__": set(),
    "__main__": set(),
    "errors": {"pulumi", "pydantic"},
    "formats": set(),
    "inputs": {"pulumi", "pydantic"},
    "args": {"pulumi", "pydantic", "typing_extensions"},
    "manifests": set(),
    "components": {"pulumi", "pulumi_kubernetes", "typing_extensions"},
    "host": {"pulumi", "typing_extensions"},
    "judgement": {"pulumi"},
    "analysis": set(),
    "check": set(),
    "documents": {"yaml"},
    "report": set(),
    "render": {"pulumi", "google", "yaml", "typing_extensions"},
    "cli": {"typer"},
    "live": {"pexpect", "typing_extensions"},
    "policy": {"pulumi", "pulumi_policy"},
}


def room(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(module: Path) -> Iterator[str]:
    """Yield the top-level packages that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]


@pytest.mark.parametrize("module", MODULES, ids=[str(module.relative_to(PACKAGE)) for module in MODULES])
def test_a_room_imports_no_third_party_but_those_it_is_for(module: Path) -> None:
    foreign = set(imported(module)) - set(sys.stdlib_module_names) - {"pidshare_components"}
    assert foreign <= ALLOWED[room(module)]


def test_every_room_is_in_the_import_contracts() -> None:
    contracts = (ROOT / ".importlinter").read_text(encoding="utf-8")
    rooms = {room(module) for module in MODULES} - {"__init__"}
    assert rooms == {name for name in rooms if re.search(rf"pidshare_components\.{name}\b", contracts)}
    # And none is in there that is gone: the linter passes over modules it does not find in some kinds of contract.
    named = set(re.findall(r"pidshare_components\.(\w+)", contracts))
    assert named == rooms


def test_the_contracts_are_read() -> None:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    assert len([section for section in parser.sections() if ":contract:" in section]) > 5


def test_dependencies_are_what_the_core_imports_and_no_extra_is_one() -> None:
    declared = requires("pidshare_components") or []
    names = {re.split(r"[^\w.-]", line)[0].lower().replace("-", "_"): line for line in declared}
    needed = {name for name, line in names.items() if "extra ==" not in line}
    distributions = {"google": "protobuf", "yaml": "pyyaml"}
    core = {name for key, allowed in ALLOWED.items() if key not in ("cli", "live", "policy") for name in allowed}
    assert needed == {distributions.get(name, name) for name in core}
    assert "pulumi_policy" in names.keys() - needed


@pytest.mark.parametrize(
    "module",
    [file for folder in ("pidshare_components", "dev", "stacks") for file in sorted((ROOT / folder).rglob("*.py"))],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_a_module_is_read_in_one_sitting(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 400


def test_no_module_postpones_annotations() -> None:
    # Pulumi's schema inference reads annotations as types, not as text.
    postponed = [module for module in MODULES if "from __future__ import annotations" in module.read_text("utf-8")]
    assert postponed == []


def test_the_core_stands_without_the_extras() -> None:
    program = f"""
import sys
sys.modules.update(dict.fromkeys({EXTRAS!r}))  # None: importing it fails as if it were not installed
import pidshare_components, pidshare_components.render
args = pidshare_components.SharedProcessPodArgs(containers=[pidshare_components.Container(name="a", image="b")])
print(args.containers[0].image)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.stdout, done.returncode) == ("b\n", 0), done.stderr


def test_manifests_are_analysed_without_pulumi() -> None:
    program = """
import sys
sys.modules.update(dict.fromkeys(["pulumi", "pulumi_kubernetes", "pydantic", "google.protobuf"]))
import pidshare_components.check, pidshare_components.documents, pidshare_components.report
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_blocking_the_extras_works() -> None:
    program = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS!r})); import pidshare_components.cli"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert "typer" in done.stderr
    assert done.returncode == 1
