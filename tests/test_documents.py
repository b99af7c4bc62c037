"""Text from anybody becomes documents or problems with a place, and nothing else: no crash, no wait, no side effect."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pidshare_components.analysis.images import Ids, ImageFacts, Main, Worker
from pidshare_components.analysis.result import Analysis
from pidshare_components.documents import (
    Document,
    Premises,
    Problem,
    analyses,
    documents,
    is_stack_dir,
    read,
    read_facts,
)
from pidshare_components.documents.builder import ALIASED, DEPTH
from pidshare_components.documents.scalars import resolve

POD = "kind: Pod\nspec:\n  containers:\n  - name: {name}\n"


def found(text: str | bytes) -> list[Document | Problem]:
    return list(read("f.yaml", text.encode() if isinstance(text, str) else text))


def trees(text: str | bytes) -> list[Any]:
    return [item.tree if isinstance(item, Document) else item for item in found(text)]


def tree(text: str | bytes) -> Any:  # noqa: ANN401 - any tree
    (only,) = trees(text)
    return only


def problem(text: str | bytes) -> str:
    (only,) = found(text)
    assert isinstance(only, Problem), only
    return str(only)


def test_a_stream_of_documents() -> None:
    text = "# first\n---\na: 1\n---\n---\n# a comment\n--- # empty\n...\n%YAML 1.1\n---\nb: 2\n...\n"
    assert [(item.number, item.tree) for item in found(text) if isinstance(item, Document)] == [
        (1, {"a": 1}),
        (5, {"b": 2}),
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "---\n...\n", "~", "\ufeff"])
def test_nothing_is_no_document(text: str) -> None:
    assert found(text) == []


def test_a_broken_document_spoils_no_other() -> None:
    text = "a: 1\n---\nb: [\n---\nc: 'open\n---\nd: 4\n---\n\t- e\n---\n- &f [*f]\n---\ng: 7\n"
    items = found(text)
    assert [item.tree for item in items if isinstance(item, Document)] == [{"a": 1}, {"d": 4}, {"g": 7}]
    broken = [item for item in items if isinstance(item, Problem)]
    assert [(item.document, item.line) for item in broken] == [(2, 4), (3, 6), (5, 9), (6, 11)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_break(newline: str) -> None:
    text = "a: |\n  x\n  y\n---\nb: 'it\n\n  folds'\n---\nc: [\n".replace("\n", newline)
    first, second, third = found(text)
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert isinstance(third, Problem)
    assert (first.tree, second.tree) == ({"a": "x\ny\n"}, {"b": "it\nfolds"})
    assert third.document == 3
    assert third.line in (9, 10)


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("utf-16-le", "\ufeff"),
        ("utf-16-be", "\ufeff"),
        ("utf-32", ""),
    ],
)
def test_encodings(encoding: str, mark: str) -> None:
    assert trees(f"{mark}a: ü\n---\nb: 日本\n".encode(encoding)) == [{"a": "ü"}, {"b": "日本"}]


def test_what_is_no_text() -> None:
    assert problem(b"a: 1\nb: \xff\n") == "f.yaml (line 2): is no UTF-8 text; save it as UTF-8"
    assert problem(b"\xff\xfea\x00\x00") == "f.yaml (line 1): is no UTF-16-LE text; save it as UTF-8"
    assert "(document 1, line 2): holds a character that YAML forbids" in problem("a: 1\nb: \x00\n")


def test_json_with_all_that_json_has() -> None:
    assert tree('{"a": "\\ud83d\\ude00\\/\\u0000", "b": [1, 2.5, true, null]}') == {
        "a": "😀/\0",
        "b": [1, 2.5, True, None],
    }
    assert trees('{"a": 1}\n{"a": 2} {"a": 3}\n---\n{"a": 4}') == [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 4}]
    first, second = found('{"a": 1}\n\n{"a": 2,\n "a": 3}')
    assert isinstance(first, Document)
    assert str(second) == "f.yaml (document 2, line 4): the key 'a' stands there twice; take one of them out"
    assert tree("{a: 1}") == {"a": 1}


def test_duplicate_keys_are_named() -> None:
    said = problem("kind: Pod\nspec:\n  a: hunter2-canary\n  b: 1\n  a: hunter2-canary\n")
    assert said == "f.yaml (document 1, line 5): spec: the key 'a' stands there twice; take one of them out"
    assert "the key '1' stands there twice" in problem("1: a\n'1': b\n")
    assert len(problem(f"{'k' * 999}: 1\n{'k' * 999}: 1\n")) < 200


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[a]: b", "a key is a mapping or a list"),
        ("? {a: b}\n: c", "a key is a mapping or a list"),
        ("a: &x [b]\n*x : c", "a key is a mapping or a list"),
        ("~: b", "a key is empty"),
        ("a: *b", "an alias names an anchor that is not there"),
        ("a: &a [*a]", "an alias stands inside of its own anchor"),
        ("&a b: {c: &d {e: *d}}", "an alias stands inside of its own anchor"),
        ("a: !foo 1", "has a tag that means nothing"),
        ("!!python/object/apply:os.system [echo]", "has a tag that means nothing"),
        ("!!python/name:os.system a", "has a tag that means nothing"),
        ("a: {<<: 1}", "'<<' takes a mapping"),
        ("a: b: c", "is no YAML"),
        ("{{ if .Values.x }}", "a key is a mapping or a list"),
        ("%YAML 9.9\n---\na: 1", "is no YAML"),
        ("[" * 5000, "is n"),
        ("- " * (DEPTH + 1) + "a", "is nested deeper than"),
        ("a: 1\x85---\x85b: 2", ""),
    ],
)
def test_what_kubernetes_does_not_read(text: str, reason: str) -> None:
    said = problem(text)
    assert said.startswith("f.yaml (document 1, line ")
    assert reason in said


def test_a_few_lines_of_aliases_that_stand_for_very_much() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert f"its aliases stand for more than {ALIASED} values" in problem(bomb)
    merges = "a: &a {" + ", ".join(f"k{number}: 1" for number in range(1000)) + "}\n"
    merges += "b:\n" + "".join("- {<<: *a}\n" for _ in range(200))
    assert "its aliases stand for more than" in problem(merges)


def test_aliases_and_merges() -> None:
    text = "a: &a {x: 1, w: 2}\nb: {<<: *a, w: 3}\nc: {w: 4, <<: [{z: 5, x: 6}, *a]}\nd: &d 7\ne: [*d, *a]\n'<<': 8\n"
    assert tree(text) == {
        "a": {"x": 1, "w": 2},
        "b": {"x": 1, "w": 3},
        "c": {"x": 6, "w": 4, "z": 5},
        "d": 7,
        "e": [7, {"x": 1, "w": 2}],
        "<<": 8,
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0644", 0o644),
        ("0o644", 0o644),
        ("0x1F", 31),
        ("0b101", 5),
        ("-12", -12),
        ("+3", 3),
        ("1_000", 1000),
        ("08", 8.0),
        ("1:30", "1:30"),
        ("22:22", "22:22"),
        ("2001-01-01", "2001-01-01"),
        ("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z"),
        ("yes", True),
        ("Off", False),
        ("n", False),
        ("yEs", "yEs"),
        ("null", None),
        ("~", None),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5e3", 500.0),
        (".inf", float("inf")),
        ("-.Inf", float("-inf")),
        ("1.29.0", "1.29.0"),
        ("100m", "100m"),
        ("-", "-"),
        ("+", "+"),
        (".", "."),
        ("9" * 5000, float("inf")),
        ("0" * 5000, float("inf")),
    ],
)
def test_plain_scalars_mean_what_they_mean_to_kubectl(text: str, value: object) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_quotes_and_tags_decide() -> None:
    text = "a: '0644'\nb: \"yes\"\nc: !!str 12\nd: ! 12\ne: !!int '12'\nf: !!binary aGk=\n"
    assert tree(text) == {"a": "0644", "b": "yes", "c": "12", "d": "12", "e": 12, "f": "aGk="}
    assert tree("1: a\ntrue: b\n1.5: c\n") == {"1": "a", "true": "b", "1.5": "c"}


@pytest.mark.parametrize(
    ("text", "line", "path", "path_line"),
    [
        ("kind: Pod\nspec:\n  a:\n  - b\n  - c\n", 1, ("spec", "a", 1), 5),
        ("# one\n\n---\n# two\nkind: Pod\nspec: {}\n", 5, ("spec",), 6),
        ("---  {kind: Pod,\n a: b}\n", 1, ("a",), 2),
        ('\n\n{"kind": "Pod",\n "a": 1}\n', 3, ("a",), 4),
        ('{"a": 1}\n\n {"b": {\n"c": 2}}\n', 3, ("b", "c"), 4),
        ("a: &x {b: 1}\nc: *x\n", 1, ("c", "b"), 1),
        ("a:\n  b: 1\n", 1, ("a", "z", 3), 2),
        ("a: 1\n", 1, ("z",), 1),
    ],
)
def test_lines(text: str, line: int, path: tuple[str | int, ...], path_line: int) -> None:
    *_, last = found(text)
    assert isinstance(last, Document)
    assert (last.line, last.line_of(()), last.line_of(path)) == (line, line, path_line)


def test_what_has_no_lines() -> None:
    made = Document("program", 1, {"a": 1})
    assert (made.line, made.line_of(()), made.line_of(("a",))) == (None, None, None)
    (json_alone,) = found('\n{"a": "\\ud800"}')
    assert isinstance(json_alone, Document)
    assert (json_alone.line, json_alone.line_of(("a",))) == (2, None)


def test_nothing_is_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is that of the characters: each is given to the parser once, however many documents there are."""
    given_text = []
    parse = yaml.parse

    def counting(text: str, **options: Any) -> Any:  # noqa: ANN401 - as the original
        given_text.append(len(text))
        return parse(text, **options)

    monkeypatch.setattr(yaml, "parse", counting)
    text = "".join(f"---\nkind: Pod\nmetadata: {{name: p{number}}}\n" for number in range(10_000))
    assert len(found(text)) == 10_000
    assert sum(given_text) == len(text)


_LINES = [
    "---",
    "...",
    "a: 1",
    "- b",
    "  c: &x [1]",
    "d: *x",
    "<<: *x",
    "kind: Pod",
    "spec:",
    "  containers:",
    "  - name: a",
    "{",
    "}",
    '{"a":',
    "1}",
    "'",
    '"',
    "# c",
    "%YAML 1.1",
    "? a",
    ": b",
    ">",
    " x",
    "\t",
    "\x85",
]
TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="ab:-?[]{},&*!|>'\"%@`#\n \t.<~0179x\\", max_size=60),
    st.lists(st.sampled_from(_LINES), max_size=12).map("\n".join),
)


@settings(deadline=None)
@given(TEXTS)
def test_any_text_is_documents_or_problems(text: str) -> None:
    encoded = text.encode("utf-8", "surrogatepass")
    for item in read("f", encoded):
        if isinstance(item, Problem):
            assert str(item).startswith("f")
            continue
        json.dumps(item.tree)
        for known in analyses(item, Premises()):
            assert isinstance(known, (Analysis, Problem))


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_documents_or_problems(content: bytes) -> None:
    for item in read("f", content):
        assert isinstance(item, (Document, Problem))


_FIELDS = [
    "name",
    "image",
    "env",
    "value",
    "valueFrom",
    "secretKeyRef",
    "securityContext",
    "capabilities",
    "add",
    "drop",
    "runAsUser",
    "runAsGroup",
    "privileged",
    "command",
    "args",
    "volumeMounts",
    "mountPath",
    "seccompProfile",
    "type",
    "appArmorProfile",
    "seLinuxOptions",
    "restartPolicy",
    "targetContainerName",
]
_LISTS = ("containers", "initContainers", "ephemeralContainers", "securityContext", "volumes", "hostPID")
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-1, 2000), st.text(max_size=4), st.sampled_from(["ALL", "KILL"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(_FIELDS), inner, max_size=4)),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(_LISTS, VALUES)), st.sampled_from([True, False, None, "yes", 1])
)
def test_any_spec_is_analysed_or_a_problem(spec: dict[str, Any], shared: object) -> None:
    pod = {"kind": "Pod", "metadata": {"name": "a"}, "spec": {"shareProcessNamespace": shared, **spec}}
    for known in analyses(Document("f", 1, pod), Premises()):
        assert isinstance(known, (Analysis, Problem))


@settings(deadline=None)
@given(VALUES)
def test_what_json_writes_is_read_again(value: object) -> None:
    text = json.dumps({"a": value})
    assert tree(text) == {"a": value}


# --- pods ---


def names(text: str) -> list[str]:
    items = [item for item in found(text) if isinstance(item, Document)]
    known = [result for item in items for result in analyses(item, Premises())]
    return [
        str(result) if isinstance(result, Problem) else f"{result.pod.object.path}{result.pod.containers[0].name}"
        for result in known
    ]


def test_a_list_goes_on_after_an_item_that_is_broken() -> None:
    items = [
        {"kind": "Pod", "spec": {"containers": [{"name": "a"}]}},
        {"kind": "Pod", "spec": []},
        "no object",
        {"kind": "ConfigMap"},
        {"kind": "Pod", "spec": {"containers": [{"name": "b", "securityContext": {"capabilities": {"add": ["X"]}}}]}},
        {"kind": "List", "items": [{"kind": "Pod", "spec": {"containers": [{"name": "c"}]}}]},
    ]
    first, second, third, fourth, fifth = names(json.dumps({"kind": "List", "items": items}, indent=1))
    assert first == "('items', 0)a"
    assert second.startswith("f.yaml (document 1, line 16): items[1].spec: is missing")
    assert "items[2]: is no Kubernetes object" in third
    assert "items[4].spec.containers[0].securityContext.capabilities.add[0]: is no capability" in fourth
    assert fifth == "('items', 5, 'items', 0)c"
    assert names('{"kind": "PodList", "items": [{"spec": {"containers": [{"name": "a"}]}}]}') == ["('items', 0)a"]


def test_lists_in_lists_have_an_end() -> None:
    deep: Any = {"kind": "Pod", "spec": {"containers": []}}
    for _ in range(400):
        deep = {"kind": "List", "items": [deep]}
    for text in (json.dumps(deep), '{"kind": "List", "items": [' * 100_000):
        for item in found(text):
            known = [item] if isinstance(item, Problem) else list(analyses(item, Premises()))
            assert known


def test_a_problem_has_its_line() -> None:
    text = "# x\nkind: Pod\nspec:\n  containers:\n  - name: a\n    securityContext:\n      runAsUser: 'root'\n"
    (said,) = names("---\nkind: Service\n---\n" + text)
    where = "f.yaml (document 2, line 10): spec.containers[0].securityContext.runAsUser: must be a whole number"
    assert said.startswith(where)


def test_secrets_are_in_no_problem() -> None:
    canary = "hunter2-canary"
    for text in (
        f"kind: Pod\nspec: {canary}\n",
        f"kind: Pod\nspec:\n  containers:\n  - env: {canary}\n",
        f"kind: Pod\nspec:\n  containers:\n  - env:\n    - {{name: A, value: [{canary}]}}\n",
        f"kind: {{a: {canary}}}\n",
        f"a: '{canary}\n",
        f"a: {canary}: b\n",
        f"a: *{canary}\n",
        f"a: !{canary} b\n",
        f"{{[{canary}]: a}}\n",
    ):
        for item in found(text):
            known = [item] if isinstance(item, Problem) else list(analyses(item, Premises()))
            assert known
            assert canary not in "".join(map(str, known))


# --- where documents come from ---


def read_names(path: Path | str) -> list[str]:
    return [str(item) if isinstance(item, Problem) else f"{item.file}:{item.tree}" for item in documents(str(path))]


def test_a_folder_is_read_by_name_and_whole(tmp_path: Path) -> None:
    for name in (
        "b.yaml",
        "a/z.yml",
        "a/b.json",
        "c.txt",
        ".hidden.yaml",
        ".git/x.yaml",
        "Pulumi.yaml",
        "Pulumi.dev.yaml",
    ):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text('{"a": 1}')
    (tmp_path / "loop").symlink_to(tmp_path)
    assert read_names(tmp_path) == [f"{tmp_path}/{name}:{{'a': 1}}" for name in ("a/b.json", "a/z.yml", "b.yaml")]
    assert len(read_names(tmp_path / "c.txt")) == 1


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (said,) = read_names(tmp_path / "nowhere")
    assert said.endswith(
        "nowhere: cannot be read (No such file or directory); give a file, a folder, or - for standard input"
    )
    (said,) = read_names(tmp_path)
    assert said.endswith(": holds no .yaml, .yml or .json file; give a folder that does")
    for path in ("x" * 5000, "a\0b"):
        (said,) = read_names(path)
        assert "cannot be read (" in said


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("a: ü\n---\nb: [".encode())))
    assert read_names("-")[0] == "<stdin>:{'a': 'ü'}"
    assert not is_stack_dir("-")


def test_the_folder_of_a_pulumi_program(tmp_path: Path) -> None:
    program, other = tmp_path / "stacks" / "app", tmp_path / "stacks" / "other"
    for folder in (program, other):
        folder.mkdir(parents=True)
    assert not is_stack_dir(str(program))
    (tmp_path / "Pulumi.yaml").write_text("name: a\nruntime: python\nmain: stacks/app\n")
    found_dirs = [path for path in (tmp_path, tmp_path / "stacks", program, other) if is_stack_dir(str(path))]
    assert found_dirs == [tmp_path, program]
    (program / "__main__.py").write_text("")
    (tmp_path / "Pulumi.yaml").write_text("main: stacks/app/__main__.py\n")
    assert is_stack_dir(str(program))
    (tmp_path / "Pulumi.yaml").write_text("main: [\n")
    assert is_stack_dir(str(tmp_path))
    assert not is_stack_dir(str(program))
    for path in ("x" * 5000, "a\0b", str(tmp_path / "Pulumi.yaml")):
        assert not is_stack_dir(path)


# --- facts of images ---

FACTS = """
registry.example/app:1:
  user: 1000:1000
  accounts: ["33:33"]
  noAccountFrom: 1001
  main: becomes
  mainIds: {uid: 33, gid: 33}
  main_dumpable: false
  workers: [{ids: 34:34, dumpable: true}, {ids: "35:35"}]
  programs: [app*]
  changedBy: [APP_USER]
  fileCapabilities: [CAP_NET_BIND_SERVICE, kill]
  source: its Dockerfile
busybox: {}
"""


def facts(tmp_path: Path, text: str) -> list[object]:
    file = tmp_path / "facts.yaml"
    file.write_text(text)
    return [str(item) if isinstance(item, Problem) else item for item in read_facts(str(file))]


def test_facts(tmp_path: Path) -> None:
    assert facts(tmp_path, FACTS) == [
        (
            "registry.example/app:1",
            ImageFacts(
                user=Ids(1000, 1000),
                accounts=(Ids(33, 33),),
                no_account_from=1001,
                main=Main.BECOMES,
                main_ids=Ids(33, 33),
                main_dumpable=False,
                workers=(Worker(Ids(34, 34), dumpable=True), Worker(Ids(35, 35))),
                programs=("app*",),
                changed_by=("APP_USER",),
                file_capabilities=("NET_BIND_SERVICE", "KILL"),
                source="its Dockerfile",
            ),
        ),
        ("busybox", ImageFacts()),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a", "is no mapping; write image references"),
        ("a: 1", "a: is no mapping; write some of user, accounts, noAccountFrom"),
        ("a:\n  user: root", "line 2): a.user: is no user with a group; write UID:GID in numbers"),
        ("a:\n  user: 1000", "a.user: is no user with a group"),
        ("a: {user: {uid: 1, gid: true}}", "a.user.gid: is no user or group id"),
        ("a: {user: 9999999999:1}", "a.user: is no user or group id"),
        ("a: {usr: 1:1}", "a.usr: is no fact of an image; write one of user"),
        ("a: {main: stays}", "a.main: is none of the words for it; write keeps, becomes, unknown"),
        ("a: {main: becomes}", "a: mainIds belongs to main: becomes; write both or neither"),
        ("a: {mainIds: 1:1}", "a: mainIds belongs to main: becomes"),
        ("a: {mainDumpable: 'true'}", "a.mainDumpable: is no flag"),
        ("a: {workers: 1:1}", "a.workers: is no list"),
        ("a: {workers: [{}]}", "a.workers[0].ids: is missing"),
        ("a: {programs: [1]}", "a.programs[0]: is no text"),
        ("a: {noAccountFrom: -1}", "a.noAccountFrom: is no user or group id"),
        ("a: {fileCapabilities: [SUPER]}", "a.fileCapabilities[0]: is no capability"),
        ("a: [", "is no YAML"),
    ],
)
def test_facts_that_are_none(tmp_path: Path, text: str, said: str) -> None:
    (only,) = facts(tmp_path, text)
    assert said in str(only)


def test_a_broken_fact_leaves_the_others(tmp_path: Path) -> None:
    first, second = facts(tmp_path, "a: {main: x}\nb: {main: keeps}\n")
    assert "a.main" in str(first)
    assert second == ("b", ImageFacts(main=Main.KEEPS))
