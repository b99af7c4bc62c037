"""The version stands in one place, the changelog tells of it, and docs/versions.md promises what is true."""

from __future__ import annotations

import re
from importlib.metadata import metadata

import yaml

from dev.paths import ROOT
from pidshare_components.analysis.pod_security import supported_versions
from tests.packaging.interpreters import VERSIONS
from tests.packaging.public_api import MODULES, components

PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
DOC = (ROOT / "docs" / "versions.md").read_text(encoding="utf-8")
(VERSION,) = re.findall(r'^version = "(.*)"$', PYPROJECT, re.MULTILINE)
SECTIONS = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
RELEASE = re.compile(r"\[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d{2}-\d{2}")
CHANGES = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_changelog_tells_of_this_version_and_of_those_before_it() -> None:
    first, *releases = SECTIONS
    assert first == "[Unreleased]"
    found = [RELEASE.fullmatch(release) for release in releases]
    assert None not in found, releases
    numbers = [tuple(map(int, each.groups())) for each in found if each]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] == tuple(map(int, VERSION.split(".")))


def test_the_changelog_has_the_kinds_of_changes_that_readers_know() -> None:
    assert set(re.findall(r"^### (.*)$", CHANGELOG, re.MULTILINE)) <= CHANGES


def test_the_policy_pack_has_the_version_of_the_library() -> None:
    assert yaml.safe_load((ROOT / "policy" / "PulumiPolicy.yaml").read_text())["version"] == VERSION


def test_every_version_that_is_promised_is_the_one_that_is_declared() -> None:
    (pythons,) = re.findall(r"^\| Python \| (.*?) \|", DOC, re.MULTILINE)
    assert pythons.split(", ") == VERSIONS
    declared = set(metadata("pidshare_components").get_all("Requires-Dist") or [])
    names = {re.sub(r"; .*| ", "", each) for each in declared}
    for name in ("pulumi", "pulumi-kubernetes", "pulumi-policy"):
        (promised,) = re.findall(rf"^\| \S+ \| `({name}>.*?)` \|", DOC, re.MULTILINE)
        lower, upper = promised.removeprefix(name).split(",")
        assert {f"{name}{lower},{upper}", f"{name}{upper},{lower}"} & names, promised


def test_the_promised_pod_security_standards_are_those_that_are_known() -> None:
    (promised,) = re.findall(r"^\| Pod Security Standards \| (\S+) to (\S+) \|", DOC, re.MULTILINE)
    known = [each for each in supported_versions() if each[0].isdigit()]
    assert promised == (known[0], known[-1])


def test_what_is_called_public_is_there() -> None:
    table = DOC[DOC.index("## What is public") : DOC.index("## What may change")]
    assert set(re.findall(r"`(pidshare_components[.\w]*)`", table)) == set(MODULES)
    tokens = re.findall(r"`pidshare-components:index:(\w+)`", table)
    assert set(tokens) <= {component.__name__ for component in components()}
    (extras,) = re.findall(r"^\| extras \| (.*) \|$", table, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", extras)) == set(metadata("pidshare_components").get_all("Provides-Extra") or [])


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", DOC):
        assert (ROOT / "docs" / target).exists(), target


def test_it_is_said_that_nothing_is_deprecated_as_long_as_nothing_is() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "pidshare_components").rglob("*.py")]
    deprecates = any("DeprecationWarning" in source or " is deprecated" in source for source in sources)
    assert ("Nothing is deprecated now." in DOC) is not deprecates
