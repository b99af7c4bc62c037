"""YAML in and out, the same for every reader: kubectl, Pulumi and PyYAML disagree about plain scalars."""

import re
from functools import lru_cache
from typing import Any

import yaml

_REMEMBERED = 10_000  # texts


class Loader(yaml.SafeLoader):
    """Reads what Pulumi reads: `yes` and dates are text, as in YAML 1.2."""


class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes block style without aliases, and quotes all text that some reader would take for another type."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002
        """Write a value that occurs twice twice."""
        return True


_TEXT_IN_YAML_1_2 = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}
Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _TEXT_IN_YAML_1_2]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)

# A plain scalar that matches is quoted when it is text. Go's YAML readers know more numbers and booleans than PyYAML.
Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"[yYnN]$"), list("yYnN"))
Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+.]*[0-9][-+0-9._:eExXoObBa-fA-F]*$"), list("-+.0123456789")
)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Dumper.add_representer(str, _text)


def dump(tree: Any) -> str:  # noqa: ANN401 - a tree of plain values
    """Return a tree of plain values as one YAML document, keys in the order they have."""
    lines: list[str] = []
    try:
        _lay_out(tree, "", "", lines)
    except _NotOneLineError:
        return _dump(tree)
    return "".join(lines)


def _dump(tree: Any) -> str:  # noqa: ANN401 - a tree of plain values
    return yaml.dump(
        tree, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=2**31 - 1
    )


# --- The same in less time --------------------------------------------------------------------------------------------
# PyYAML takes most of its time for the layout of mappings and lists, which is done here; how a scalar is written it
# says once for each.


class _NotOneLineError(Exception):
    """Something in the tree does not go on one line: PyYAML has to lay out the whole."""


def _lay_out(tree: Any, first: str, indent: str, lines: list[str]) -> None:  # noqa: ANN401 - a tree of plain values
    """Append the lines of a mapping or a list.

    Args:
        tree: what to write.
        first: what stands before the first of its lines.
        indent: what stands before all others.
        lines: where to.
    """
    if not _has_lines(tree):
        raise _NotOneLineError
    if type(tree) is dict:
        for key, value in tree.items():
            head = first + _key(key)
            if _has_lines(value):
                lines.append(f"{head}\n")
                inside = f"{indent}  " if type(value) is dict else indent
                _lay_out(value, inside, inside, lines)
            else:
                lines.append(f"{head} {_leaf(value)}\n")
            first = indent
    else:
        for value in tree:
            if _has_lines(value):
                _lay_out(value, f"{first}- ", f"{indent}  ", lines)
            else:
                lines.append(f"{first}- {_leaf(value)}\n")
            first = indent


def _has_lines(tree: Any) -> bool:  # noqa: ANN401 - a tree of plain values
    return type(tree) in (dict, list) and bool(tree)


def _leaf(value: Any) -> str:  # noqa: ANN401 - a scalar, or something empty
    return _known_leaf(value) if type(value) in (str, int, bool) else _new_leaf(value)


def _new_leaf(value: Any) -> str:  # noqa: ANN401 - a scalar, or something empty
    return _only_line([value]).removeprefix("- ")


_known_leaf = lru_cache(_REMEMBERED, typed=True)(_new_leaf)  # typed, because True is 1


@lru_cache(_REMEMBERED)
def _key(key: str) -> str:
    return _only_line({key: None}).removesuffix(" null")


def _only_line(tree: Any) -> str:  # noqa: ANN401 - a tree of plain values
    line, _, rest = _dump(tree).partition("\n")
    if rest:
        raise _NotOneLineError
    return line
