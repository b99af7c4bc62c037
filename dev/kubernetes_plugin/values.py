"""Between what the engine sends and plain Kubernetes objects: secrets, unknown values, numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from google.protobuf.struct_pb2 import Struct
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.rpc import UNKNOWN

Object = dict[str, Any]
"""A Kubernetes object as JSON has it. A leaf that is not known yet is the string UNKNOWN."""

Secrecy = Mapping[str, PropertyValue]
"""The same properties as the engine sent them: which of them are secret."""


_DATA_OF_SECRETS = ("data", "stringData")


def received(properties: Struct) -> Secrecy:
    """Return properties as the engine sent them."""
    return PropertyValue.unmarshal_map(properties)


def plain(properties: Secrecy) -> Object:
    """Return properties without their secrecy, their nulls, and whole numbers as int."""
    return {key: _plain(value) for key, value in properties.items() if value.value is not None}


def has_unknown(tree: object) -> bool:
    """Return whether a leaf is not known yet."""
    if isinstance(tree, dict):
        return any(map(has_unknown, tree.values()))
    if isinstance(tree, list):
        return any(map(has_unknown, tree))
    return tree == UNKNOWN


def checked(inputs: Object, secrecy: Secrecy) -> Struct:
    """Return the inputs of a program, completed, for the engine: secret exactly where the program has secrets."""
    return _marshalled(inputs, {key: _completed(value, secrecy.get(key)) for key, value in inputs.items()})


def sent(tree: Object, secrecy: Secrecy) -> Struct:
    """Return an object of the API server for the engine, secret where the inputs are.

    A list with a secret in it is secret as a whole: its items may have moved.
    """
    return _marshalled(tree, _fields(tree, secrecy))


def without_secrets(text: str, properties: Secrecy) -> str:
    """Return a message of the API server, which may quote what it refuses, without any secret value."""
    secret_object = properties.get("kind") == PropertyValue("Secret")
    values: set[str] = set()
    for key, item in properties.items():
        values.update(_secret_leaves(item, secret=secret_object and key in _DATA_OF_SECRETS))
    quoted = {json.dumps(value)[1:-1] for value in values}
    for value in sorted(values | quoted, key=len, reverse=True):
        text = text.replace(value, "[secret]")
    return text


def _plain(value: PropertyValue) -> object:
    content = value.value
    if isinstance(content, Mapping):
        return plain(content)
    if isinstance(content, float):
        return int(content) if content.is_integer() else content
    if isinstance(content, Sequence) and not isinstance(content, str):
        return [_plain(item) for item in content]
    return content


def _marshalled(tree: Object, fields: dict[str, PropertyValue]) -> Struct:
    if (tree.get("apiVersion"), tree.get("kind")) == ("v1", "Secret"):
        fields |= {key: fields[key].with_secret(True) for key in _DATA_OF_SECRETS if key in fields}
    return PropertyValue.marshal_map(fields)


def _completed(tree: object, given: PropertyValue | None) -> PropertyValue:
    if given is not None and _plain(given) == tree:
        return given
    if isinstance(tree, dict) and given is not None and isinstance(given.value, Mapping):
        return given.with_value({key: _completed(value, given.value.get(key)) for key, value in tree.items()})
    return _value(tree, None)


def _fields(tree: Object, secrecy: Secrecy) -> dict[str, PropertyValue]:
    return {key: _value(value, secrecy.get(key)) for key, value in tree.items()}


def _value(tree: Any, like: PropertyValue | None) -> PropertyValue:  # noqa: ANN401 - any tree of JSON
    if isinstance(tree, dict):
        if like is not None and not like.is_secret and isinstance(like.value, Mapping):
            return PropertyValue(_fields(tree, like.value))
        content: Any = _fields(tree, {})
    elif isinstance(tree, list):
        content = [_value(item, None) for item in tree]
    else:
        content = float(tree) if isinstance(tree, int) and not isinstance(tree, bool) else tree
    return PropertyValue(content, is_secret=like is not None and like.contains_secret())


def _secret_leaves(value: PropertyValue, *, secret: bool) -> Iterator[str]:
    secret = secret or value.is_secret
    content = value.value
    if isinstance(content, Mapping):
        for item in content.values():
            yield from _secret_leaves(item, secret=secret)
    elif isinstance(content, Sequence) and not isinstance(content, str):
        for item in content:
            yield from _secret_leaves(item, secret=secret)
    elif secret and content not in (None, ""):
        yield str(_plain(value))
