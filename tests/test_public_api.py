"""What users import: the names, the version, and that their type checker knows what is right and what is wrong."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pidshare_components
from dev.paths import ROOT

USAGE = ROOT / "tests" / "typing" / "usage.py"
TOOLS = Path(sys.executable).parent


def test_all_is_every_public_name_in_order() -> None:
    names = [
        name
        for name in dir(pidshare_components)
        if not name.startswith("_") and not isinstance(getattr(pidshare_components, name), ModuleType)
    ]
    assert sorted(names) == pidshare_components.__all__


def test_a_name_is_read_when_it_is_first_used() -> None:
    program = """
import sys
import pidshare_components
assert not {"pulumi", "pydantic", "yaml"} & sys.modules.keys()
from pidshare_components import Container, Problem
assert pidshare_components.Container is Container
try:
    pidshare_components.NoSuchName
except AttributeError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout == "module 'pidshare_components' has no attribute 'NoSuchName'\n", done.stderr


def test_every_public_name_says_what_it_is() -> None:
    for name in pidshare_components.__all__:
        assert getattr(pidshare_components, name).__doc__, name


def test_the_package_is_typed() -> None:
    assert (Path(pidshare_components.__file__).parent / "py.typed").is_file()


def checked(*command: str) -> str:
    environment = {**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    return "" if done.returncode == 0 else done.stdout + done.stderr


# An error that is not expected there fails, and so does an expected one that does not come.


def test_mypy_tells_right_from_wrong_use(tmp_path: Path) -> None:
    assert checked(str(TOOLS / "mypy"), "--strict", f"--cache-dir={tmp_path}", str(USAGE)) == ""


def test_pyright_tells_right_from_wrong_use() -> None:
    assert checked(str(TOOLS / "pyright"), "--project", str(USAGE.parent), "--pythonpath", sys.executable) == ""
