"""A stack's configuration, checked by pydantic: every mistake with its path, and no value that was refused."""

from collections.abc import Iterator
from typing import TypeVar

import pulumi
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

_Settings = TypeVar("_Settings", bound="Settings")


class Settings(BaseModel):
    """Configuration that is read with either spelling, refuses unknown keys and never prints a value it refuses."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, alias_generator=to_camel, validate_by_name=True
    )

    def problems(self) -> Iterator[str]:
        """Yield what does not fit together although each field is right, as `path: reason and what to write`."""
        return iter(())


def read(model: type[_Settings], key: str) -> _Settings:
    """Return the configuration under a key of the project's namespace.

    Raises:
        pulumi.RunError: with every mistake in it, one line each.
    """
    try:
        given = model.model_validate(pulumi.Config().require_object(key))
        problems = list(given.problems())
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = [f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in found]
    if problems:
        lines = (f"  {key}.{problem}" for problem in problems)
        raise pulumi.RunError("\n".join(["the stack's configuration cannot be used:", *lines]))
    return given


def unpinned(path: str, image: str) -> Iterator[str]:
    """Yield a problem when an image is not given by digest: a tag may come to mean another image."""
    if "@sha256:" not in image:
        yield f"{path}: production pins images by digest, write name@sha256:..."
