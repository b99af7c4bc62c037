"""The Input types, each with the bounds of its plain value, and the one base model of the arguments.

An Input is a plain value, an awaitable or an `Output` of it. The bounds stand in the plain arm, because a bound on
the whole union cannot be applied to an Output; the alias is ours, because pydantic cannot resolve the forward
reference in `pulumi.Input`, while Pulumi's schema inference accepts this form.
"""

import re
from collections.abc import Awaitable, Mapping, Sequence
from enum import Enum
from ipaddress import ip_network
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


def camel_case(name: str) -> str:
    """Return a snake_case name in camelCase, word by word as Pulumi's schema inference does (`a_1b` is `a1b`)."""
    first, *words = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in words)


class Model(BaseModel):
    """Base of every part of the arguments. It has no fields: inherited fields lose their description in the schema.

    A part is kept as it was given and is checked where it is used, in the arguments of a component, so that one
    report has every mistake with its whole path. `model_validate` checks a part on its own.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,  # a refused value may be a secret
        use_attribute_docstrings=True,
        alias_generator=camel_case,  # the spelling of other languages and of Kubernetes
        validate_by_name=True,
        validate_by_alias=True,
        loc_by_alias=False,
        revalidate_instances="always",
    )

    if not TYPE_CHECKING:

        def __init__(self, /, **given: object) -> None:
            defaults = {
                name: field.default for name, field in type(self).model_fields.items() if not field.is_required()
            }
            object.__setattr__(self, "__dict__", {**defaults, **given})
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
    if isinstance(value, list):
        return [_as_output(item) for item in value]
    return value


def plain_tree(value: Any) -> Any:  # noqa: ANN401 - any tree of arguments
    """Return arguments as dicts and lists with snake_case keys and without Nones, whatever is in them.

    Works on parts and on mappings alike, before or after validation. Outputs and other leaves stay as they are.
    """
    if isinstance(value, Model):
        aliases = {camel_case(name): name for name in type(value).model_fields}
        return {aliases.get(key, key): plain_tree(item) for key, item in value.__dict__.items() if item is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: plain_tree(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [plain_tree(item) for item in value]
    return value


# --- checks of plain values -------------------------------------------------------------------------------------------
# Each raises ValueError("reason; what to write instead"). None of them quotes the value: it may be a secret.

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PORT_NAME = re.compile(r"(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")
_QUANTITY = re.compile(r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?")
# The grammar of the Distribution project's reference package, which container runtimes use.
_IMAGE = re.compile(
    r"((localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|[A-Za-z0-9.-]+(?=:[0-9]+/))(:[0-9]+)?/)?"
    r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@[a-z][a-z0-9]*([+._-][a-z][a-z0-9]*)*:[0-9a-fA-F]{32,})?"
)
LARGEST_PORT = 65535
_IMAGE_NAME_LIMIT = 255
_DNS_SUBDOMAIN_LIMIT = 253


def dns_label(value: str) -> str:
    """Check a DNS label (RFC 1123): at most 63 lower-case letters, digits and inner hyphens."""
    if not _DNS_LABEL.fullmatch(value):
        raise ValueError(
            "not a DNS label (RFC 1123); use at most 63 lower-case letters, digits and hyphens, with a letter or "
            "digit at both ends"
        )
    return value


def dns_subdomain(value: str) -> str:
    """Check a DNS subdomain (RFC 1123): labels joined by dots, at most 253 characters."""
    if len(value) > _DNS_SUBDOMAIN_LIMIT or not _DNS_SUBDOMAIN.fullmatch(value):
        raise ValueError(
            "not a DNS subdomain (RFC 1123); use at most 253 lower-case letters, digits, hyphens and dots, with a "
            "letter or digit at both ends"
        )
    return value


def port_name(value: str) -> str:
    """Check a port name (IANA_SVC_NAME, RFC 6335): at most 15 lower-case letters, digits and hyphens, one letter."""
    if not _PORT_NAME.fullmatch(value):
        raise ValueError(
            "not a port name (RFC 6335); use at most 15 lower-case letters, digits and single inner hyphens, with "
            "at least one letter"
        )
    return value


def port_or_name(value: Any) -> Any:  # noqa: ANN401 - a number, a name or an Output of one
    """Check a port given by number (1 to 65535) or by the name of a container port. Outputs pass."""
    if isinstance(value, (pulumi.Output, Awaitable)):
        return value
    if isinstance(value, str):
        return port_name(value)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or value != int(value) or not 1 <= value <= LARGEST_PORT:
        raise ValueError("not a port; write a number from 1 to 65535 or the name of a container port")
    return int(value)


def qualified_name(value: str) -> str:
    """Check the key of a label or annotation: an optional DNS subdomain and `/`, then at most 63 characters."""
    prefix, slash, name = value.rpartition("/")
    if slash:
        dns_subdomain(prefix)
    if not _QUALIFIED_NAME.fullmatch(name):
        raise ValueError(
            "not a label key; use at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends, "
            "and before it, if anything, a DNS subdomain and '/'"
        )
    return value


def label_value(value: str) -> str:
    """Check a label's value: empty, or at most 63 letters, digits, `-`, `_` and `.`."""
    if value and not _QUALIFIED_NAME.fullmatch(value):
        raise ValueError(
            "not a label value; use at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"
        )
    return value


def image_reference(value: str) -> str:
    """Check an image reference: `[registry/]repository[:tag][@digest]`."""
    if len(value.partition("@")[0]) > _IMAGE_NAME_LIMIT or not _IMAGE.fullmatch(value):
        raise ValueError(
            "not an image reference; write [registry/]repository[:tag][@sha256:digest], the repository in lower case"
        )
    return value


def quantity(value: str) -> str:
    """Check a Kubernetes quantity that is not negative, such as `100m`, `1.5` or `64Mi`."""
    if not _QUANTITY.fullmatch(value):
        raise ValueError("not a quantity; write a number with an optional suffix, such as 100m, 1.5, 64Mi or 2G")
    return value


def cidr(value: str) -> str:
    """Check an IP network in CIDR notation."""
    try:
        ip_network(value if "/" in value else "")
    except ValueError:
        raise ValueError("not a network in CIDR notation; write one such as 10.0.0.0/8 or 2001:db8::/32") from None
    return value


def absolute_path(value: str) -> str:
    """Check an absolute path inside a container. Kubernetes refuses `:` in mount paths."""
    if not value.startswith("/") or ":" in value:
        raise ValueError("not an absolute path; begin it with '/' and use no ':'")
    return value


def _no_text(value: Any) -> Any:  # noqa: ANN401
    # pydantic's lax mode would turn True into 1 and "80" into 80; whole floats must pass, the wire has no integers.
    if isinstance(value, (bool, str)):
        raise ValueError("must be a whole number; write it without quotes")  # noqa: TRY004 - pydantic reads ValueError
    return value


def _number_as_text(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(int(value)) if value == int(value) else str(value)
    return value


# --- Input types ------------------------------------------------------------------------------------------------------
_Plain = Tag(PLAIN)
_Whole = BeforeValidator(_no_text)

Text = Union[Annotated[str, _Plain], Awaitable[str], pulumi.Output[str]]
Flag = Union[Annotated[bool, Field(strict=True), _Plain], Awaitable[bool], pulumi.Output[bool]]
Integer = Union[Annotated[int, _Whole, _Plain], Awaitable[int], pulumi.Output[int]]
Count = Union[Annotated[int, Field(ge=0), _Whole, _Plain], Awaitable[int], pulumi.Output[int]]
Positive = Union[Annotated[int, Field(ge=1), _Whole, _Plain], Awaitable[int], pulumi.Output[int]]
PortNumber = Union[Annotated[int, Field(ge=1, le=LARGEST_PORT), _Whole, _Plain], Awaitable[int], pulumi.Output[int]]
UserId = Union[Annotated[int, Field(ge=0, le=2**31 - 1), _Whole, _Plain], Awaitable[int], pulumi.Output[int]]
FileMode = Union[Annotated[int, Field(ge=0, le=0o777), _Whole, _Plain], Awaitable[int], pulumi.Output[int]]
Label = Union[Annotated[str, AfterValidator(label_value), _Plain], Awaitable[str], pulumi.Output[str]]
Name = Union[Annotated[str, AfterValidator(dns_subdomain), _Plain], Awaitable[str], pulumi.Output[str]]
Namespace = Union[Annotated[str, AfterValidator(dns_label), _Plain], Awaitable[str], pulumi.Output[str]]
Image = Union[Annotated[str, AfterValidator(image_reference), _Plain], Awaitable[str], pulumi.Output[str]]
Cidr = Union[Annotated[str, AfterValidator(cidr), _Plain], Awaitable[str], pulumi.Output[str]]
AbsolutePath = Union[Annotated[str, AfterValidator(absolute_path), _Plain], Awaitable[str], pulumi.Output[str]]
Quantity = Union[
    Annotated[str, BeforeValidator(_number_as_text), AfterValidator(quantity), _Plain],
    Awaitable[str],
    pulumi.Output[str],
]
TextList = Union[Annotated[Sequence[Text], _Plain], Awaitable[Sequence[Text]], pulumi.Output[Sequence[Text]]]

Labels = Optional[Mapping[str, Label]]
"""Labels by key; the keys are checked where the field is declared, since the schema has no type for them."""


def label_keys(given: Optional[Mapping[str, Any]]) -> Optional[Mapping[str, Any]]:
    """Check the keys of labels, annotations or a selector."""
    for key in given or {}:
        _label_key(key)
    return given


def _label_key(key: str) -> None:
    try:
        qualified_name(key)
    except ValueError as problem:
        reason, _, instead = str(problem).partition("; ")
        raise ValueError(f"the key '{key}' is {reason}; {instead}") from None
