"""The how-tos of docs/how-to are true: their programs make pods, and what is shown of them is what is printed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from dev.paths import ROOT
from pidshare_components.render import RenderError, render
from tests.pages import assert_shows, blocks, run, runnable, write_files

PAGES = {page.stem: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "how-to").glob("*.md"))}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """The folder that a reader of the page has after writing its files."""
    write_files(PAGES[request.node.callspec.params["name"]], tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", PAGES)
def test_its_commands_print_what_is_shown(name: str, folder: Path) -> None:
    assert (folder / "__main__.py").exists()
    commands = runnable(PAGES[name])
    assert commands
    for command, shown in commands:
        assert_shows(shown, run(command))


@pytest.mark.parametrize("name", PAGES)
def test_no_python_of_it_is_only_shown(name: str) -> None:
    """A block that is no file would have no test."""
    for block in blocks(PAGES[name]):
        assert block.language != "python" or block.text.startswith("# __main__.py\n")


@pytest.mark.parametrize("name", PAGES)
def test_no_rule_stops_what_it_shows(name: str, folder: Path) -> None:
    assert name
    stacks = [file.stem.partition(".")[2] for file in folder.glob("Pulumi.*.yaml")] or ["dev"]
    for stack in stacks:
        found = json.loads(run(f"pidshare check . --stack {stack} --format json"))
        assert [each["rule"] for each in found["violations"] if each["level"] == "mandatory"] == []


@pytest.mark.parametrize("name", ["production-without-debug"])
def test_a_debug_shell_in_production_needs_what_the_page_says(name: str, folder: Path) -> None:
    assert name
    file = folder / "Pulumi.incident.yaml"
    whole = file.read_text(encoding="utf-8")
    for line in ("reason", "expires"):
        file.write_text(re.sub(rf"^ +{line}: .*\n", "", whole, flags=re.MULTILINE), encoding="utf-8")
        assert "debug-in-production  mandatory" in run("pidshare check . --stack incident", expect=1)
    file.write_text(whole.replace("2999-12-31", "2020-12-31"), encoding="utf-8")
    assert "debug-in-production  mandatory" in run("pidshare check . --stack incident", expect=1)


@pytest.mark.parametrize("name", ["log-handler", "reloader"])
def test_the_helper_runs_as_the_user_of_its_target(name: str, folder: Path) -> None:
    assert name
    (pods,) = [each.object["spec"]["template"]["spec"] for each in render(folder) if each.kind == "Deployment"]
    (helper,) = pods["initContainers"]
    (target,) = pods["containers"]
    for field in ("runAsUser", "runAsGroup"):
        assert helper["securityContext"][field] == target["securityContext"][field]
    assert "runAsUser" not in pods.get("securityContext", {})


@pytest.mark.parametrize("name", ["log-handler", "reloader", "shell-less-image"])
def test_without_the_user_of_its_target_it_is_refused(name: str, folder: Path) -> None:
    assert name
    file = folder / "__main__.py"
    file.write_text(re.sub(r"^ +run_as_user=.*\n", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE))
    with pytest.raises(RenderError, match=r"containers\[0\].security_context.run_as_user"):
        render(folder)
