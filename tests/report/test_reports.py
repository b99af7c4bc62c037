"""What reports do with names that nobody should give, with what is not known, and with narrow terminals."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dev.paths import ROOT
from pidshare_components.analysis.node import Node
from pidshare_components.analysis.objects import pods_in
from pidshare_components.analysis.printing import printable
from pidshare_components.analysis.result import analyse
from pidshare_components.analysis.tree import UNKNOWN
from pidshare_components.report import Entry, as_json, as_markdown, as_text, pod_as_json
from pidshare_components.report.terminal import fit, pieces

SCHEMA = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "exposure.schema.json").read_text("utf-8")))
ANSI = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = "\x1b[2J|`<b>*_[x](y)@me #1\n\u202e"


def entry(spec: dict[str, Any], **metadata: Any) -> Entry:  # noqa: ANN401 - of a tree
    pod = {"kind": "Pod", "metadata": metadata, "spec": {"shareProcessNamespace": True, **spec}}
    return Entry(analyse(next(pods_in(pod)), Node()))


def container(name: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - of a tree
    return {"name": name, "image": "busybox", "command": ["sleep", "9"], **fields}


def two(*names: str, **spec: Any) -> Entry:  # noqa: ANN401 - of a tree
    return entry({"containers": [container(name) for name in names], **spec}, name="p", namespace="n")


def test_a_hostile_name_steers_no_terminal() -> None:
    text = as_text([two(HOSTILE, "b")], explained=True)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "?[2J|`<b>*_[x](y)@me #1?" in text.replace("\n", "").replace(" ", "").replace("#", " #")


def test_a_hostile_name_changes_no_markdown() -> None:
    text = as_markdown([two(HOSTILE, "b")])
    inside = re.findall(r"<code>(.*?)</code>", text)
    assert any(html.unescape(name.replace("<!-- -->", "")) == printable(HOSTILE) for name in inside)
    for name in inside:
        assert not set("|`*_[]\\~$") & set(re.sub(r"&#\d+;|<!-- -->", "", name))
    for row in [line for line in text.splitlines() if line.startswith("|")]:
        assert row.count("|") == 5
    assert "<b>" not in text


@settings(deadline=None)
@given(st.text(max_size=20), st.text(max_size=20), st.integers(1, 200))
def test_any_name_is_reported(one: str, other: str, width: int) -> None:
    entries = [two(one, f"{other}x", hostPID=True)]
    text = as_text(entries, explained=True, color=True, width=width)
    assert "\x1b" not in ANSI.sub("", text)
    assert as_markdown(entries)
    SCHEMA.validate(json.loads(json.dumps(as_json(entries))))


def test_colours_are_all_that_colour_changes() -> None:
    entries = [two("a", "b", securityContext={"runAsUser": 1000})]
    plain, colored = as_text(entries), as_text(entries, color=True)
    assert ANSI.sub("", colored) == plain
    assert colored != plain


def test_what_only_a_deployment_knows() -> None:
    known_later = entry(
        {"containers": [container("a", image=UNKNOWN), container("b", securityContext={"runAsUser": UNKNOWN})]},
        name=UNKNOWN,
        namespace=UNKNOWN,
    )
    found = pod_as_json(known_later)
    SCHEMA.validate({"pods": [found]})
    assert (found["name"], found["namespace"], found["containers"][0]["image"]) == (None, None, None)
    assert found["containers"][1]["capabilities"] == "unknown"
    assert as_text([known_later]).startswith("Pod (known after deployment)/(known after deployment)\n")


def test_a_flag_that_is_not_known() -> None:
    one = entry({"shareProcessNamespace": UNKNOWN, "containers": [container("a"), container("b")]})
    assert pod_as_json(one)["shareProcessNamespace"] == "unknown"
    text = as_text([one])
    assert "Pod (without a name)\n  whether the process namespace is shared is not known yet\n" in text
    assert re.search(r"^  a +- +\?", text, re.MULTILINE)


def test_a_pod_that_shares_nothing_has_no_matrix() -> None:
    one = entry({"shareProcessNamespace": False, "containers": [container("a"), container("b")]}, name="p")
    text = as_text([one], explained=True)
    assert "no shared process namespace: no container sees the processes of another one" in text
    assert "from \\ on" not in text
    assert "see in the process list" not in text
    assert "| from" not in as_markdown([one])
    assert {pair["see"] for pair in pod_as_json(one)["pairs"]} == {"no"}


def test_an_ephemeral_container_sees_its_target_alone() -> None:
    spec = {
        "shareProcessNamespace": False,
        "containers": [container("a"), container("b")],
        "ephemeralContainers": [container("debugger", targetContainerName="a")],
    }
    row = re.search(r"^  debugger +(\S+) +(\S+)", as_text([entry(spec)]), re.MULTILINE)
    assert row is not None
    assert row[1].startswith("s")
    assert row[2] == "·····"


def test_no_pods() -> None:
    assert as_text([]) == ""
    assert as_json([]) == {"pods": []}
    assert as_markdown([]) == "No pods.\n"


def test_reasons_are_made_only_when_they_are_wanted() -> None:
    one = two("a", "b")
    assert {tuple(pair["reasons"]) for pair in pod_as_json(one, explained=False)["pairs"]} == {()}
    assert "<summary>Reasons" not in as_markdown([one], explained=False)
    assert "<summary>Reasons" in as_markdown([one])
    assert "→" not in as_text([one])
    text = as_text([one], explained=True)
    assert text.count("→") == 4
    for word in ("see", "environ", "root", "signal", "ptrace"):
        assert len(re.findall(rf"\b{word}(?:, \w+)*: (?:yes|no|unknown), ", text)) == 4


def test_the_legend_is_there_once() -> None:
    pods = [two("a", "b"), two("c", "d")]
    assert as_text(pods).count("see in the process list") == 1
    assert as_markdown(pods).count("see in the process list") == 1


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_a_matrix_has_every_pair_whatever_the_width(width: int) -> None:
    names = ["nginx", "log-handler", "config-reloader", "shell"]
    one = two(*names)
    text = as_text([one], width=width)
    cells = re.findall(r"(?<= )[serkt·?~]{5}(?= |$)", text, re.MULTILINE)
    assert len(cells) == len(one.analysis.pairs)
    if width >= 80:
        assert text.count("from \\ on") == 1


def test_names_are_broken_between_their_words() -> None:
    assert pieces("config-reloader", 15) == ["config-reloader"]
    assert pieces("config-reloader", 8) == ["config-", "reloader"]
    assert pieces("nginx/worker", 7) == ["nginx/", "worker"]
    assert pieces("/pause", 6) == ["/pause"]
    assert pieces("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert pieces("", 4) == [""]
    assert len(fit(["x"], ["y" * 63] * 9, 5, 80).blocks) > 1


def test_capabilities_are_those_that_a_process_has() -> None:
    spec = {
        "containers": [
            container("root", securityContext={"capabilities": {"drop": ["ALL"], "add": ["KILL"]}, "runAsUser": 0}),
            container("user", securityContext={"capabilities": {"add": ["KILL"]}, "runAsUser": 1}),
            container("open", image="registry.example/a"),
            container("bare", image="registry.example/a", securityContext={"capabilities": {"drop": ["ALL"]}}),
            container("never-root", image="registry.example/a", securityContext={"runAsNonRoot": True}),
        ]
    }
    found = [each["capabilities"] for each in pod_as_json(entry(spec))["containers"]]
    assert found == [["KILL"], [], "unknown", [], []]


def test_paths_are_from_the_top_of_the_document() -> None:
    spec = {"shareProcessNamespace": True, "containers": [container("a", securityContext={"privileged": True})]}
    items = [{"kind": "ConfigMap"}, {"kind": "Deployment", "spec": {"template": {"spec": spec}}}]
    found = pod_as_json(Entry(analyse(next(pods_in({"kind": "List", "items": items})))))
    place = "items[1].spec.template.spec.containers[0]"
    assert found["containers"][0]["path"] == place
    assert f"{place}.securityContext.privileged" in [each["path"] for each in found["findings"]]
    blocks = {path for block in found["podSecurity"]["blocks"] for path in block["paths"]}
    assert f"{place}.securityContext.privileged" in blocks


def test_an_annotation_has_its_path_too() -> None:
    key = "container.apparmor.security.beta.kubernetes.io/a"
    pod = {
        "kind": "Pod",
        "metadata": {"annotations": {key: "unconfined"}},
        "spec": {"containers": [container("a")]},
    }
    (block,) = pod_as_json(Entry(analyse(next(pods_in(pod)))))["podSecurity"]["blocks"]
    assert block["paths"] == [f'metadata.annotations["{key}"]']
