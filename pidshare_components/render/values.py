"""From the engine's wire format to plain values, with placeholders for what is secret or unknown."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Optional, Union

from google.protobuf import struct_pb2
from pulumi.runtime.rpc import UNKNOWN

# Signatures of special objects in the engine's wire format (sdk/go/common/resource/sig of pulumi/pulumi).
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the mark of a secret, not one
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"

HIDDEN = "[secret]"
SECRET_DATA = {"data": base64.b64encode(HIDDEN.encode()).decode(), "stringData": HIDDEN}
"""Fields of a Secret whose values are secret, with the placeholder that is valid there."""
NOT_KNOWN = "<unknown>"


class Placeholders(NamedTuple):
    """What stands where no value may or can.

    Attributes:
        unknown: in the place of what only a deployment knows.
        secret_text: of a secret text.
        secret: of any other secret value.
    """

    unknown: Any = NOT_KNOWN
    secret_text: Any = HIDDEN
    secret: Any = HIDDEN


PRINTED = Placeholders()
"""Those that a person reads."""

# What str() makes of an Output, in every version of the SDK.
_STRINGIFIED_OUTPUT = "Calling __str__ on an Output[T] is not supported"

# Keys that come first wherever they occur, then all others by name: protobuf keeps no order.
_FIRST = {
    key: rank for rank, key in enumerate(("apiVersion", "kind", "metadata", "spec", "name", "namespace", "image"))
}

Path = Optional[tuple[Any, Union[str, int]]]
"""A place in a tree: the place of its parent and a key or an index; None for the top."""


@dataclass
class Reader:
    """Reads one object's values.

    Attributes:
        show_secrets: keep secret values instead of placeholders.
        placeholders: what stands for the others.
        hidden: places of the secret values so far.
        unknown: places of the unknown values so far.
        not_values: places of what no Kubernetes object can hold, with what it is.
    """

    show_secrets: bool
    placeholders: Placeholders = PRINTED
    hidden: list[Path] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)
    not_values: list[tuple[Path, str]] = field(default_factory=list)

    def read(self, value: struct_pb2.Value, path: Path = None, *, secret: bool = False) -> Any:  # noqa: ANN401
        """Return a value as Python has it; whole numbers as int, since the wire has only floats."""
        kind = value.WhichOneof("kind")
        if kind == "struct_value":
            return self.read_struct(value.struct_value, path, secret=secret)
        if kind == "list_value":
            items = value.list_value.values
            return [self.read(item, (path, index), secret=secret) for index, item in enumerate(items)]
        if kind in (None, "null_value"):
            return None
        if kind == "string_value" and self._is_no_text(value.string_value, path):
            return self.placeholders.unknown
        if secret and not self.show_secrets:
            self.hidden.append(path)
            return self.placeholders.secret_text if kind == "string_value" else self.placeholders.secret
        leaf = getattr(value, kind)
        return int(leaf) if isinstance(leaf, float) and leaf.is_integer() else leaf

    def read_struct(self, struct: struct_pb2.Struct, path: Path = None, *, secret: bool = False) -> Any:  # noqa: ANN401
        """Return a mapping without its nulls, or what a special object stands for."""
        fields = struct.fields
        if SIGNATURE in fields:
            if fields[SIGNATURE].string_value == SECRET:
                return self.read(fields["value"], path, secret=True)
            self.not_values.append((path, "a Pulumi resource or asset"))
            return self.placeholders.unknown
        tree = {}
        for key in sorted(fields, key=_position):
            item = self.read(fields[key], (path, key), secret=secret)
            if item is not None:
                tree[key] = item
        return tree

    def _is_no_text(self, text: str, path: Path) -> bool:
        if UNKNOWN in text:
            self.unknown.append(path)
        elif _STRINGIFIED_OUTPUT in text:
            self.not_values.append((path, "the text of an Output"))
        else:
            return False
        return True


def _position(key: str) -> tuple[int, str]:
    return _FIRST.get(key, len(_FIRST)), key


def format_path(path: Path) -> str:
    """Return a place as Kubernetes prints one: `spec.containers[0].image`."""
    steps: list[Union[str, int]] = []
    while path is not None:
        path, step = path
        steps.append(step)
    text = ""
    for step in reversed(steps):
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("-", "_").isidentifier():
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def hide_data(secret: dict[str, Any]) -> set[str]:
    """Put placeholders for all data of a Secret, and return the places."""
    hidden = set()
    for data, placeholder in SECRET_DATA.items():
        values = secret.get(data)
        if isinstance(values, dict):
            secret[data] = dict.fromkeys(values, placeholder)
            hidden |= {format_path(((None, data), key)) for key in values}
    return hidden


def is_given(fields: Any, key: str) -> bool:  # noqa: ANN401 - a protobuf map
    """Return whether a field is there, and neither null nor empty text."""
    kind = fields[key].WhichOneof("kind") if key in fields else None
    return bool(fields[key].string_value) if kind == "string_value" else kind not in (None, "null_value")


def mapping(value: struct_pb2.Value) -> Any:  # noqa: ANN401 - a protobuf map
    """Return the fields of a mapping, secret or not; None for all else."""
    fields = value.struct_value.fields
    if SIGNATURE in fields and fields[SIGNATURE].string_value == SECRET:
        return mapping(fields["value"])
    return fields if value.HasField("struct_value") and SIGNATURE not in fields else None


def add_unknowns(fields: Any, keys: Iterable[str]) -> None:  # noqa: ANN401 - a protobuf map
    """Add fields that only the cluster fills in, unless they are there.

    Each is an unknown Output of its own: the SDK takes a mapping with a bare unknown in it as unknown as a whole.
    """
    for key in keys:
        if key not in fields:
            fields[key].struct_value.fields[SIGNATURE].string_value = OUTPUT
