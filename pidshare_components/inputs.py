"""The Input types, each with the bounds of its plain value, and the one base model of the arguments.

An Input is a plain value, an awaitable or an `Output` of it. The bounds stand in the plain arm, because a bound on
the whole union cannot be applied to an Output; the alias is ours, because pydantic cannot resolve the forward
reference in `pulumi.Input`, while Pulumi's schema inference accepts this form.
"""

from collections.abc import Awaitable, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Optional, Union

import pulumi
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Tag,
    model_validator,
)

from pidshare_components.errors import PLAIN
from pidshare_components.formats import (
    absolute_path,
    cidr,
    dns_label,
    dns_subdomain,
    image_reference,
    label_value,
    mount_path,
    percentage,
    port_name,
    quantity,
    schedule,
    time_zone,
)

LARGEST_PORT = 65535
LARGEST_ID = 2**31 - 1
LARGEST_COUNT = 2**31 - 1  # an int32 of the API


@cache
def camel_case(name: str) -> str:
    """Return a snake_case name in camelCase, word by word as Pulumi's schema inference does (`a_1b` is `a1b`)."""
    first, *words = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in words)


_FREE_MAPS = "labels annotations workload_annotations match_labels node_selector pods namespaces requests limits"
_PARTIAL_OBJECTS = "affinity csi ephemeral pod_failure_policy spec_overrides"
FREE_FIELDS = frozenset(f"{_FREE_MAPS} {_PARTIAL_OBJECTS}".split())
"""Fields whose value is the user's own tree: mappings with free keys, and partial objects in Kubernetes' spelling."""


class Model(BaseModel):
    """Base of every part of the arguments, without fields.

    A part is kept as it was given and is checked where it is used, in the arguments of a component, so that one
    report has every mistake with its whole path. `model_validate` checks a part on its own.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,  # a refused value may be a secret
        alias_generator=camel_case,  # the spelling of other languages and of Kubernetes
        validate_by_name=True,
        validate_by_alias=True,
        loc_by_alias=False,
        revalidate_instances="always",
        defer_build=True,  # of all that is imported a program uses some
    )

    if not TYPE_CHECKING:

        def __init__(self, /, **given: object) -> None:
            object.__setattr__(self, "__dict__", {**_defaults(type(self)), **given})
            object.__setattr__(self, "__pydantic_fields_set__", set(given))
            object.__setattr__(self, "__pydantic_extra__", None)
            object.__setattr__(self, "__pydantic_private__", None)

        # Validation builds instances itself and must not come through here.
        __init__.__pydantic_base_init__ = True

    @model_validator(mode="before")
    @classmethod
    def _normalised(cls, given: Any) -> Any:  # noqa: ANN401
        """Drop explicit Nones, which mean the default, and make every awaitable an Output.

        Pulumi's schema sees no defaults, so other languages cannot leave a field out; an awaitable can be awaited
        once only, but its value is needed for the checks and for the objects.
        """
        if isinstance(given, Mapping):
            return {key: _as_output(value) for key, value in given.items() if value is not None}
        return given


def _as_output(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Awaitable):
        return pulumi.Output.from_input(value)
    if isinstance(value, Mapping):
        return {key: _as_output(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_as_output(item) for item in value]
    return value


@cache
def _defaults(model: type[Model]) -> dict[str, Any]:
    return {name: field.default for name, field in model.model_fields.items() if not field.is_required()}


@cache
def _aliases(model: type[Model]) -> dict[str, str]:
    return {camel_case(name): name for name in model.model_fields}


def plain_tree(value: Any) -> Any:  # noqa: ANN401 - any tree of arguments
    """Return arguments as dicts and lists with snake_case keys and without Nones, whatever is in them.

    Works on parts and on mappings alike, before or after validation. Outputs and other leaves stay as they are.
    """
    if isinstance(value, Model):
        aliases = _aliases(type(value))
        return {aliases.get(key, key): plain_tree(item) for key, item in value.__dict__.items() if item is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: plain_tree(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [plain_tree(item) for item in value]
    return value


def whole_number(value: Any) -> Any:  # noqa: ANN401
    """Refuse text and booleans where a whole number must be."""
    # pydantic's lax mode would turn True into 1 and "80" into 80; whole floats must pass, the wire has no integers.
    if isinstance(value, (bool, str)):
        raise ValueError("must be a whole number; write it without quotes")  # noqa: TRY004 - pydantic reads ValueError
    return value


def _number_as_text(value: Any) -> Any:  # noqa: ANN401
    whole = isinstance(value, float) and value.is_integer()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(int(value)) if whole else str(value)
    return value


def port_or_name(value: Any) -> Any:  # noqa: ANN401 - a number, a name or an Output of one
    """Check a port given by number (1 to 65535) or by the name of a container port. Outputs pass."""
    if isinstance(value, (pulumi.Output, Awaitable)):
        return value
    if isinstance(value, str):
        return port_name(value)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if not whole or isinstance(value, bool) or not 1 <= value <= LARGEST_PORT:
        raise ValueError("not a port; write a number from 1 to 65535 or the name of a container port")
    return int(value)


def count_or_percent(value: Any) -> Any:  # noqa: ANN401 - a number, a percentage or an Output of one
    """Check a number of pods given as such (0 or more) or as a percentage. Outputs pass."""
    if isinstance(value, (pulumi.Output, Awaitable)):
        return value
    if isinstance(value, str):
        return percentage(value)
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if not whole or isinstance(value, bool) or not 0 <= value <= LARGEST_COUNT:
        raise ValueError("not a number of pods; write 0 or more, or a percentage such as 25%")
    return int(value)


# --- Input types ------------------------------------------------------------------------------------------------------
_Plain = Tag(PLAIN)
_Whole = BeforeValidator(whole_number)

Text = Union[Annotated[str, _Plain], Awaitable[str], pulumi.Output[str]]
Flag = Union[Annotated[bool, Field(strict=True), _Plain], Awaitable[bool], pulumi.Output[bool]]
Integer = Union[Annotated[int, _Whole, _Plain], Awaitable[int], pulumi.Output[int]]
Count = Union[Annotated[int, Field(ge=0, le=LARGEST_COUNT), _Whole, _Plain], Awaitable[int], pulumi.Output[int]]
Positive = Union[Annotated[int, Field(ge=1, le=LARGEST_COUNT), _Whole, _Plain], Awaitable[int], pulumi.Output[int]]
PortNumber = Union[Annotated[int, Field(ge=1, le=LARGEST_PORT), _Whole, _Plain], Awaitable[int], pulumi.Output[int]]
UserId = Union[Annotated[int, Field(ge=0, le=LARGEST_ID), _Whole, _Plain], Awaitable[int], pulumi.Output[int]]
FileMode = Union[Annotated[int, Field(ge=0, le=0o777), _Whole, _Plain], Awaitable[int], pulumi.Output[int]]
Label = Union[Annotated[str, AfterValidator(label_value), _Plain], Awaitable[str], pulumi.Output[str]]
Name = Union[Annotated[str, AfterValidator(dns_subdomain), _Plain], Awaitable[str], pulumi.Output[str]]
Namespace = Union[Annotated[str, AfterValidator(dns_label), _Plain], Awaitable[str], pulumi.Output[str]]
Image = Union[Annotated[str, AfterValidator(image_reference), _Plain], Awaitable[str], pulumi.Output[str]]
Cidr = Union[Annotated[str, AfterValidator(cidr), _Plain], Awaitable[str], pulumi.Output[str]]
MountPath = Union[Annotated[str, AfterValidator(mount_path), _Plain], Awaitable[str], pulumi.Output[str]]
AbsolutePath = Union[Annotated[str, AfterValidator(absolute_path), _Plain], Awaitable[str], pulumi.Output[str]]
Schedule = Union[Annotated[str, AfterValidator(schedule), _Plain], Awaitable[str], pulumi.Output[str]]
TimeZone = Union[Annotated[str, AfterValidator(time_zone), _Plain], Awaitable[str], pulumi.Output[str]]
Quantity = Union[
    Annotated[str, BeforeValidator(_number_as_text), AfterValidator(quantity), _Plain],
    Awaitable[str],
    pulumi.Output[str],
]
TextList = Union[Annotated[Sequence[Text], _Plain], Awaitable[Sequence[Text]], pulumi.Output[Sequence[Text]]]
Labels = Optional[Mapping[str, Label]]
"""Labels by key. The keys are checked as a rule of the whole: the schema's inference takes no bounds on keys."""
