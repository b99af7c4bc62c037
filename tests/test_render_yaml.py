"""The YAML text: what is written comes back the same, whoever reads it."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pidshare_components.render.yamltext import Dumper, Loader, dump

# Every character that YAML can hold but lone surrogates, which UTF-8 cannot.
TEXTS = st.text(st.characters(codec="utf-8"))
WORDS = """
    y n Y N yes No ON off true False null Null ~ NaN .nan .inf -.INF = << & * ! | > % @ ` - ? : --- ... [] {} # '
    1 +1 -0 0x1F 0o17 017 0b11 1_000 1e3 1.5e+3 .5 1. 12:30 12:30:45 2030-01-31 2030-01-31T10:00:00Z
"""
LOOKALIKES = st.sampled_from(WORDS.split())
SCALARS = st.one_of(TEXTS, LOOKALIKES, st.integers(-(2**53), 2**53), st.booleans(), st.floats(-1e15, 1e15))
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS | LOOKALIKES, inner))


def yaml_1_2(text: str) -> Any:  # noqa: ANN401 - a tree
    return YAML(typ="safe", pure=True).load(io.StringIO(text))


READERS = [
    pytest.param(yaml.safe_load, id="PyYAML"),
    pytest.param(lambda text: yaml.load(text, Loader=Loader), id="Pulumi"),  # noqa: S506 - a SafeLoader
    pytest.param(yaml_1_2, id="YAML 1.2"),
]


def same(read: object, written: object) -> bool:
    """Compare with types: in Python True is 1 and 1.0."""
    if isinstance(written, dict) and isinstance(read, dict):
        return list(read) == list(written) and all(same(read[key], item) for key, item in written.items())
    if isinstance(written, list) and isinstance(read, list):
        return len(read) == len(written) and all(map(same, read, written))
    return type(read) is type(written) and read == written


@pytest.mark.parametrize("reader", READERS)
@given(tree=TREES)
@example(tree={"a": "line\n", "b": "two\nlines\n\n", "c": " indented\n  more\n", "d": "trailing \nspace", "e": "\n"})
@example(tree={"a": "tab\tin\n\tside", "b": "\r\n", "c": "\x85\u2028\u2029\ufeff\x00\x7f", "d": "🐙\n🐙"})
@example(tree={"a": "#!/bin/sh\nset -e\nexec nginx -g 'daemon off;'\n"})
def test_every_tree_comes_back_the_same_from_every_reader(reader: Any, tree: Any) -> None:  # noqa: ANN401
    assert same(reader(dump({"root": tree})), {"root": tree})


@given(tree=TREES)
def test_a_tree_that_occurs_twice_is_written_twice(tree: Any) -> None:  # noqa: ANN401
    assert dump({"a": tree, "b": tree}) == dump({"a": tree, "b": copy.deepcopy(tree)})


def test_a_script_stays_readable() -> None:
    script = "#!/bin/sh\nset -e\necho 'ready: yes'\n"
    assert dump({"run.sh": script}) == "run.sh: |\n  #!/bin/sh\n  set -e\n  echo 'ready: yes'\n"


def test_long_lines_are_not_folded() -> None:
    line = "word " * 100 + "end"
    assert dump({"line": line}) == f"line: {line}\n"


@given(tree=TREES)
@example(tree={"a": [[], {}, "", None, [["b"], {"c": [{"d": {}}]}]], "k" * 200: 1, "e": [1, True, 1.0, -0.0, 0.0]})
@example(tree=[[["a"], "b"], {"c": {"d": [True, 1]}}])
def test_the_layout_is_that_of_pyyaml(tree: Any) -> None:  # noqa: ANN401
    options: Any = {"sort_keys": False, "allow_unicode": True, "default_flow_style": False, "width": 2**31 - 1}
    assert dump(tree) == yaml.dump(tree, Dumper=Dumper, **options)
