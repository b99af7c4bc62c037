"""The component package: serves the components to programs in YAML, TypeScript, Go and Pulumi's other languages.

Pulumi's own host for Python components loses data on the way: an object that is one Output, an item of a list that is
one, a list of enums, an unknown key, the paths of an error. This one hands what it gets to the arguments' own classes,
which know camelCase: the same check stands behind every language. Of Pulumi's experimental modules it uses those that
infer the schema, and no more.
"""

import importlib.metadata
import inspect
import itertools
import json
import logging
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Optional, Union

import pulumi
from pulumi.provider import ConstructResult, Provider
from pulumi.provider import main as serve
from pulumi.provider.experimental.analyzer import Analyzer, ComponentDefinition, TypeDefinition
from pulumi.provider.experimental.schema import generate_schema
from typing_extensions import override

import pidshare_components
from pidshare_components.inputs import Model

PACKAGE = "pidshare-components"
COMPONENTS: tuple[type[pulumi.ComponentResource], ...] = tuple(
    item
    for item in (getattr(pidshare_components, name) for name in pidshare_components.__all__)
    if inspect.isclass(item) and issubclass(item, pulumi.ComponentResource)
)
"""What the package offers: every component among the public names."""


class PackageHost(Provider):
    """The package as Pulumi's provider server wants it: a version, a schema, and a way to construct."""

    def __init__(self) -> None:
        """Infer the schema from the components."""
        found = _Analyzer(PACKAGE).analyze(list(COMPONENTS))
        self._definitions = found["component_definitions"]
        types = found["type_definitions"]
        for item in itertools.chain[Union[ComponentDefinition, TypeDefinition]](
            self._definitions.values(), types.values()
        ):
            item.description = inspect.cleandoc(item.description or "")
        dependencies = sorted(found["dependencies"], key=str)
        schema = generate_schema(PACKAGE, version(), None, self._definitions, types, dependencies)
        super().__init__(version(), json.dumps(schema.to_json()))

    @override
    def construct(
        self, name: str, resource_type: str, inputs: pulumi.Inputs, options: Optional[pulumi.ResourceOptions] = None
    ) -> ConstructResult:
        """Construct a component from what another language gave.

        Raises:
            InputPropertiesError: the arguments cannot work, or the analysis found what is not accepted; the message is
                the one that a Python program would get.
        """
        component = _component(resource_type)
        outputs = self._definitions[component.__name__].outputs_mapping
        try:
            args = _arguments(component).model_validate(_with_integers(inputs))
            made = component(name, args, options)  # type: ignore[arg-type]
        except pulumi.RunError as error:
            raise _refusal(error) from None
        state = {spelled: getattr(made, attribute) for spelled, attribute in outputs.items()}
        return ConstructResult(pulumi.Output.from_input(_urn_when_settled(made, state)), state)


class _Analyzer(Analyzer):
    """Finds the descriptions of inherited fields too."""

    @override
    def get_docstring(self, typ: type, name: str) -> Optional[str]:
        owner = next((base for base in typ.__mro__ if name in inspect.get_annotations(base)), typ)
        description = super().get_docstring(owner, name)
        return None if description is None else inspect.cleandoc(description)


def version() -> str:
    """Return the version of the package: that of the checkout, which need not be installed to be served."""
    name = pidshare_components.__name__
    pyproject = Path(__file__).parent.with_name("pyproject.toml")
    text = pyproject.read_text("utf-8") if pyproject.exists() else ""
    # Beside an installed package it may be another project's.
    if f'\nname = "{name}"\n' in text and (found := re.search(r'^version = "(.*)"$', text, re.MULTILINE)):
        return found[1]
    return importlib.metadata.version(name)


def main() -> None:
    """Serve the package to the engine whose address is the first argument, until the engine ends it."""
    # A failure is answered; the tasks that wait for what failed would tell it again, with tracebacks.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    serve(PackageHost(), sys.argv[1:])


def _component(token: str) -> type[pulumi.ComponentResource]:
    for component in COMPONENTS:
        if token == f"{PACKAGE}:index:{component.__name__}":
            return component
    known = ", ".join(component.__name__ for component in COMPONENTS)
    raise pulumi.InputPropertiesError(f"{token} is no component of {PACKAGE}; write one of {known}", [])


def _arguments(component: type[pulumi.ComponentResource]) -> type[Model]:
    annotation: type[Model] = inspect.get_annotations(component.__init__)["args"]
    return annotation


def _with_integers(value: Any) -> Any:  # noqa: ANN401 - any tree of values
    """Make integers of whole numbers: the wire has no integers, and objects in Kubernetes' spelling have no types."""
    if isinstance(value, pulumi.Output):
        return value.apply(_with_integers)
    if isinstance(value, Mapping):
        return {key: _with_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_integers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


async def _urn_when_settled(component: pulumi.ComponentResource, state: Mapping[str, Any]) -> str:
    """Return the component's URN, or raise what refused one of its Outputs when that resolved."""
    try:
        for output in state.values():
            await output.future(with_unknowns=True)
    except pulumi.RunError as error:
        raise _refusal(error) from None
    return str(await component.urn.future())


def _refusal(error: pulumi.RunError) -> pulumi.InputPropertiesError:
    """Return an error that the engine prints without a traceback.

    The paths are in the message. Where the engine gets them as data too, it prints beside each path the refused value,
    which may be a secret.
    """
    return pulumi.InputPropertiesError(str(error), [])  # the SDK's server fails where there is no list
