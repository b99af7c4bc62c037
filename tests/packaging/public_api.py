"""The public API as text: what a version must keep, one line each, so that a breaking change is a line in a review."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import partial
from importlib import import_module
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pulumi
import typer.main
from pydantic import BaseModel

import pidshare_components
from pidshare_components.check import RULES, default_level
from pidshare_components.cli import app
from tests.mocks import deploy

MODULES = ("pidshare_components", "pidshare_components.policy", "pidshare_components.render")
"""Where public names are imported from; docs/versions.md says so."""

_EVERYTHING: Mapping[str, Any] = {
    "containers": [{"name": "app", "image": "busybox:1.37", "command": ["sleep", "60"]}],
    "attach": {},
    "network": {},
}
_WIDE = {"attach": {"namespace_wide": True}}
_OF_ONE: Mapping[str, Mapping[str, Any]] = {
    "SharedProcessCronJob": {"schedule": "0 * * * *", **_WIDE},
    "SharedProcessDaemonSet": _WIDE,
    "SharedProcessDeployment": _WIDE,
    "SharedProcessJob": _WIDE,
}


def components() -> list[type[pulumi.ComponentResource]]:
    """Return the components among the public names."""
    found = [getattr(pidshare_components, name) for name in pidshare_components.__all__]
    return [item for item in found if inspect.isclass(item) and issubclass(item, pulumi.ComponentResource)]


def text() -> str:
    """Return all of it."""
    return "\n".join([*_modules(), *_children(), *_rules(), *_commands()]) + "\n"


def _modules() -> Iterator[str]:
    for name in MODULES:
        module = import_module(name)
        yield f"== {name}"
        for public in module.__all__:
            yield from _described(public, getattr(module, public))
        yield ""


def _described(name: str, item: Any) -> Iterator[str]:  # noqa: ANN401 - anything that has a name
    if not inspect.isclass(item):
        yield f"{name}{_signature(item)}" if callable(item) else name
    elif issubclass(item, Enum):
        yield f"enum {name}"
        yield from (f"  {member.name} = {member.value!r}" for member in item)
    elif issubclass(item, BaseModel):
        yield f"class {name}"
        for field, declared in item.model_fields.items():
            needed = ", required" if declared.is_required() else f" = {_value(declared.default)}"
            yield f"  {field}: {spelled(declared.annotation)}{needed}"
    else:
        yield f"class {name}({', '.join(base.__name__ for base in item.__bases__ if base is not object)})"
        yield from (f"  {line}" for line in _members(item))


def _members(item: type) -> Iterator[str]:
    if "__init__" in vars(item):
        yield f"__init__{_signature(item.__init__)}"  # type: ignore[misc]
    ours = [base for base in reversed(item.__mro__) if base.__module__.startswith(f"{pidshare_components.__name__}.")]
    hints = {name: hint for base in ours for name, hint in inspect.get_annotations(base).items()}
    names = {name for base in ours for name in vars(base)} | hints.keys()
    for name in sorted(name for name in names if not name.startswith("_")):
        found = inspect.getattr_static(item, name, None)
        if isinstance(found, property):
            yield f"{name} (property)"
        elif isinstance(found, (classmethod, staticmethod)) or callable(found):
            yield f"{name}{_signature(getattr(item, name))}"
        else:
            yield f"{name}: {spelled(hints[name])}"


def _signature(item: Callable[..., Any]) -> str:
    """Return the parameters: with a default where they can be left out, and what is returned."""
    signature = inspect.signature(item)
    hints = get_type_hints(item, include_extras=True)
    written: list[str] = []
    for name, each in signature.parameters.items():
        if name == "self":
            continue
        default = "" if each.default is each.empty else f" = {_value(each.default)}"
        if each.kind is each.KEYWORD_ONLY and not any(known.startswith("*") for known in written):
            written.append("*")
        mark = "*" if each.kind is each.VAR_POSITIONAL else ""
        kind = f": {spelled(hints[name])}" if name in hints else ""
        written.append(f"{mark}{name}{kind}{default}")
    returned = f" -> {spelled(hints['return'])}" if "return" in hints else ""
    return f"({', '.join(written)}){returned}"


def _value(value: Any) -> str:  # noqa: ANN401
    """Return a default as text that is the same everywhere."""
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    return repr(value) if isinstance(value, (str, int, float, bool, tuple, frozenset, type(None))) else "…"


def spelled(hint: Any) -> str:  # noqa: ANN401 - whatever may stand in an annotation
    """Return a type as the sources spell it, the same for each version of Python: our Inputs as `Input[...]`."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is type(None):
        return "None"
    if origin is Annotated:
        return spelled(arguments[0])
    if origin in (Union, UnionType):
        return _union(arguments)
    if origin is not None:
        inside = ", ".join(
            f"[{', '.join(map(spelled, each))}]" if isinstance(each, list) else spelled(each) for each in arguments
        )
        return f"{origin.__name__}[{inside}]"
    return "..." if hint is Ellipsis else getattr(hint, "__name__", None) or str(hint)


def _union(arguments: tuple[Any, ...]) -> str:
    arms = [each for each in arguments if each is not type(None)]
    if any(get_origin(each) is pulumi.Output for each in arms):
        written = f"Input[{spelled(arms[0])}]"
    else:
        written = spelled(arms[0]) if len(arms) == 1 else f"Union[{', '.join(map(spelled, arms))}]"
    return written if len(arms) == len(arguments) else f"Optional[{written}]"


def _children() -> Iterator[str]:
    """Yield what a component registers: types and names, of which URNs are made."""
    yield "== children of a component named NAME"
    for component in components():
        arguments = {**_EVERYTHING, **_OF_ONE.get(component.__name__, {})}
        run = deploy(partial(_register, component, arguments))
        if run.error:
            raise run.error
        parent, *children = run.registrations
        yield parent.type
        yield from sorted(f"  {child.type} {child.name}" for child in children)
    yield ""


def _register(component: Callable[..., pulumi.ComponentResource], arguments: Mapping[str, Any]) -> None:
    component("NAME", arguments)


def _rules() -> Iterator[str]:
    yield "== rules"
    yield from (f"{rule.id}: {rule.severity.value}, {default_level(rule).value}" for rule in RULES.values())
    yield ""


def _commands() -> Iterator[str]:
    yield "== pidshare"
    for name, command in sorted(typer.main.get_group(app).commands.items()):
        yield name
        for parameter in command.params:
            flags = " ".join([*parameter.opts, *parameter.secondary_opts])
            choices = getattr(parameter.type, "choices", ())
            values = f" {'|'.join(str(getattr(each, 'value', each)) for each in choices)}" if choices else ""
            yield f"  {flags}{values}{' (required)' if parameter.required else ''}"
