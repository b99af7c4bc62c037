"""What is printed of the stacks of this repository and of a pod with everything, by the real command, to the byte.

UPDATE_GOLDEN=1 writes the golden files anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from dev.paths import ROOT

GOLDEN = ROOT / "tests" / "golden"
PIDSHARE = Path(sys.executable).parent / "pidshare"
SCHEMA = json.loads((ROOT / "docs" / "exposure.schema.json").read_text(encoding="utf-8"))
INPUTS = {
    "nginx-dev": ("stacks/nginx", "--stack", "dev"),
    "nginx-prod": ("stacks/nginx", "--stack", "prod"),
    "everything": ("tests/data/exposure.yaml", "--reasons"),
}
SUFFIXES = {"text": "txt", "json": "json", "markdown": "md"}


def exposure(*arguments: str, seed: str = "0") -> str:
    done = subprocess.run(
        [PIDSHARE, "exposure", *arguments],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed, "COLUMNS": "80"},
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.parametrize("form", SUFFIXES)
@pytest.mark.parametrize("name", INPUTS)
def test_a_report_is_the_same_in_every_process(name: str, form: str) -> None:
    arguments = (*INPUTS[name], "--format", form, "--kubernetes-version", "1.34")
    text = exposure(*arguments)
    file = GOLDEN / f"exposure-{name}.{SUFFIXES[form]}"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
    if name == "everything":
        assert exposure(*arguments, seed="4242") == text
    if form == "json":
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("suffix", SUFFIXES.values())
def test_no_report_shows_a_secret(name: str, suffix: str) -> None:
    assert "canary" not in (GOLDEN / f"exposure-{name}.{suffix}").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", INPUTS)
def test_text_fits_into_eighty_columns(name: str) -> None:
    for line in (GOLDEN / f"exposure-{name}.txt").read_text(encoding="utf-8").splitlines():
        assert len(line) <= 80 or " " not in line.strip(), line


def test_the_schema_is_one_and_refuses_what_is_none() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    report = json.loads((GOLDEN / "exposure-everything.json").read_text(encoding="utf-8"))
    report["pods"][0]["pairs"][0]["see"] = "maybe"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(report)
