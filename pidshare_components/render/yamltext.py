"""YAML in and out, the same for every reader: kubectl, Pulumi and PyYAML disagree about plain scalars."""

import re
from typing import Any

import yaml


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
    return yaml.dump(
        tree, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=2**31 - 1
    )
