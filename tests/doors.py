"""The same arguments by each way there is to give them: mappings, camelCase, classes, values that resolve later."""

from collections import abc
from collections.abc import Callable
from types import NoneType
from typing import Any, Union, get_args, get_origin

import pulumi
from pydantic import BaseModel

from pidshare_components import SharedProcessPodArgs

Tree = dict[str, Any]
Build = Callable[[type[BaseModel], Tree], Any]
Leaf = Callable[[Any], Any]


def as_classes(tree: Tree) -> Tree:
    """Return arguments for `SharedProcessPodArgs(**arguments)`, with objects of the classes inside."""
    return {
        key: _built(SharedProcessPodArgs, key, item, lambda model, fields: model(**fields))
        for key, item in tree.items()
    }


def as_camel_case(tree: Tree) -> Tree:
    """Return arguments in the spelling of other languages."""
    return dict(_object(SharedProcessPodArgs, tree, _camel_cased, lambda leaf: leaf))


def with_leaves(tree: Tree, leaf: Leaf) -> Tree:
    """Return arguments in which every value that may be an Output is what `leaf` returns for it."""
    return dict(_object(SharedProcessPodArgs, tree, lambda _, fields: fields, leaf))


def _camel_cased(model: type[BaseModel], fields: Tree) -> Tree:
    aliases = {name: field.alias or name for name, field in model.model_fields.items()}
    return {aliases.get(name, name): item for name, item in fields.items()}


def _object(model: type[BaseModel], tree: Tree, build: Build, leaf: Leaf) -> Any:  # noqa: ANN401
    return build(model, {key: _built(model, key, item, build, leaf) for key, item in tree.items()})


def _built(model: type[BaseModel], key: str, item: Any, build: Build, leaf: Leaf = lambda leaf: leaf) -> Any:  # noqa: ANN401
    names = {field.alias: name for name, field in model.model_fields.items()}
    field = model.model_fields.get(names.get(key, key))
    return item if field is None else _value(field.annotation, item, build, leaf)


def _value(annotation: Any, item: Any, build: Build, leaf: Leaf) -> Any:  # noqa: ANN401
    arms = [arm for arm in get_args(annotation) if arm is not NoneType]
    if annotation is Any or any(get_origin(arm) is pulumi.Output for arm in arms):
        return leaf(item)
    if get_origin(annotation) is Union:
        return _value(arms[0], item, build, leaf)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and isinstance(item, dict):
        return _object(annotation, item, build, leaf)
    if get_origin(annotation) is abc.Sequence and isinstance(item, list):
        return [_value(arms[0], each, build, leaf) for each in item]
    if get_origin(annotation) is abc.Mapping and isinstance(item, dict):
        return {key: _value(arms[1], each, build, leaf) for key, each in item.items()}
    return item
