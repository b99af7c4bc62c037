"""What `pidshare check` prints of a folder with everything, by the real command, to the byte.

UPDATE_GOLDEN=1 writes the golden files anew.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from dev.paths import ROOT

GOLDEN = ROOT / "tests" / "golden"
PIDSHARE = Path(sys.executable).parent / "pidshare"
SUFFIXES = {"text": "txt", "json": "json", "sarif": "sarif"}
SCHEMAS = {
    "json": json.loads((ROOT / "docs" / "check.schema.json").read_text(encoding="utf-8")),
    # As published by OASIS, which its id says where.
    "sarif": json.loads((ROOT / "tests" / "data" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")),
}
PROBLEMS = """\
pidshare: tests/data/check/broken.yaml (document 1, line 2): metadata: the key 'name' stands there twice; \
take one of them out
pidshare: tests/data/check/broken.yaml (document 2, line 7): spec.containers: must be a list; \
write a list, even of one item
"""


def check(form: str, seed: str = "0") -> str:
    done = subprocess.run(
        [PIDSHARE, "check", "tests/data/check", "--config", "tests/data/check-rules.yaml", "--format", form],
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed, "COLUMNS": "80"},
    )
    assert (done.returncode, done.stderr.decode()) == (2, PROBLEMS)
    return done.stdout.decode()


def without_pages(text: str) -> str:
    """Return SARIF without the pages of the rules, and without the version of this library."""
    log = json.loads(text)
    driver = log["runs"][0]["tool"]["driver"]
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", driver.pop("version"))
    for rule in driver["rules"]:
        page = (ROOT / "docs" / "rules" / f"{rule['id']}.md").read_text(encoding="utf-8")
        assert rule.pop("help") == {"text": page, "markdown": page}
    return json.dumps(log, indent=2) + "\n"


@pytest.mark.parametrize("form", SUFFIXES)
def test_a_report_is_the_same_in_every_process(form: str) -> None:
    text = check(form)
    assert check(form, seed="4242") == text
    if form in SCHEMAS:
        validator = jsonschema.validators.validator_for(SCHEMAS[form])
        validator(SCHEMAS[form]).validate(json.loads(text))
    shown = without_pages(text) if form == "sarif" else text
    file = GOLDEN / f"check-folder.{SUFFIXES[form]}"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("suffix", SUFFIXES.values())
def test_no_report_shows_a_secret(suffix: str) -> None:
    assert "canary" not in (GOLDEN / f"check-folder.{suffix}").read_text(encoding="utf-8")


def test_text_fits_into_eighty_columns() -> None:
    for line in (GOLDEN / "check-folder.txt").read_text(encoding="utf-8").splitlines():
        assert len(line) <= 80, line


def test_every_feature_is_in_it() -> None:
    """The golden files guard what is in them alone: each kind of line is."""
    text = (GOLDEN / "check-folder.txt").read_text(encoding="utf-8")
    for said in ("mandatory", "advisory", "perhaps", "exempted", "(line ", "HIGH", "MEDIUM", "LOW", "Configuration"):
        assert said in text
    found = json.loads((GOLDEN / "check-folder.json").read_text(encoding="utf-8"))
    assert all(found["counts"].values())


def test_the_schema_refuses_what_is_none() -> None:
    found = json.loads((GOLDEN / "check-folder.json").read_text(encoding="utf-8"))
    found["violations"][0]["level"] = "disabled"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMAS["json"]).validate(found)
