"""What other languages see: the schema that Pulumi infers from the arguments. It may grow, but not by accident."""

import inspect
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin

import pulumi
import pytest
from pydantic import BaseModel

import pidshare_components
from pidshare_components import SharedProcessCronJob, SharedProcessPod
from pidshare_components.host import COMPONENTS, PackageHost
from pidshare_components.inputs import camel_case
from tests.mocks import deploy

Tree = dict[str, Any]
GOLDEN = Path(__file__).parent / "golden" / "schema.json"
TOKEN = "pidshare-components:index:"  # noqa: S105 - a type token of Pulumi


@cache
def schema() -> Tree:
    """Return the schema that the package serves."""
    served: Tree = json.loads(str(PackageHost().schema))
    return served


def test_the_schema_is_the_one_that_was_published() -> None:
    """UPDATE_GOLDEN=1 writes the golden file anew."""
    text = json.dumps(schema(), indent=1, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_it_has_no_dependency_that_users_would_have_to_install() -> None:
    assert schema()["dependencies"] == []


def objects() -> Iterator[tuple[str, Tree]]:
    for token, component in schema()["resources"].items():
        inputs = {"properties": component["inputProperties"], "required": component["requiredInputs"]}
        yield f"{token}Args", {**component, **inputs}
        yield token, component
    yield from schema()["types"].items()


def test_every_type_and_every_property_is_described() -> None:
    for name, item in objects():
        assert item.get("description"), name
        for field, declared in item.get("properties", {}).items():
            assert declared.get("description"), f"{name}.{field}"


def models() -> Iterator[tuple[Tree, type[BaseModel]]]:
    """Yield every object of the schema that is one of our classes, and the class."""
    for token, item in objects():
        model = getattr(pidshare_components, token.removeprefix(TOKEN), None)
        if inspect.isclass(model) and issubclass(model, BaseModel):
            yield item, model


def test_every_class_is_there() -> None:
    public = {getattr(pidshare_components, name) for name in pidshare_components.__all__}
    assert {model for _, model in models()} == {item for item in public if issubclass(item, BaseModel)}


def test_every_field_is_there_and_only_what_has_no_default_is_required() -> None:
    for item, model in models():
        fields = model.model_fields
        assert item["properties"].keys() == {camel_case(name) for name in fields}, model
        required = {camel_case(name) for name, field in fields.items() if field.is_required()}
        assert set(item.get("required", [])) == required, model


def test_what_may_not_be_an_output_is_plain() -> None:
    # The SDKs of other languages refuse an Output there, instead of this library at run time.
    for item, model in models():
        for name, field in model.model_fields.items():
            arms = get_args(field.annotation)
            free = Any in (field.annotation, *arms)
            takes_output = free or any(get_origin(arm) is pulumi.Output for arm in arms)
            assert item["properties"][camel_case(name)].get("plain", False) != takes_output or free, f"{model}.{name}"


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_outputs_are_what_the_component_registers(component: type[pulumi.ComponentResource]) -> None:
    attach = {} if component is SharedProcessPod else {"namespace_wide": True}
    arguments: Tree = {"containers": [{"name": "app", "image": "nginx"}], "attach": attach}
    if component is SharedProcessCronJob:
        arguments["schedule"] = "@daily"
    run = deploy(lambda: component("web", arguments) and None)  # type: ignore[arg-type]
    assert run.outputs["web"].keys() == schema()["resources"][TOKEN + component.__name__]["properties"].keys()


@pytest.mark.parametrize("enum", ["DebugProfile", "RestartPolicy", "Protocol"])
def test_an_enum_has_the_values_of_kubernetes(enum: str) -> None:
    values = {item["value"] for item in schema()["types"][f"{TOKEN}{enum}"]["enum"]}
    assert values == {member.value for member in getattr(pidshare_components, enum)}
