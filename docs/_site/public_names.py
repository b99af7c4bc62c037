"""Documents the public names of the library: a page of the reference says by patterns which ones it has.

    ```{public-names} args.access.Network*
    ```

A pattern is of a module, without the name of the package, and a name. The build fails where it matches nothing, and
where a public name is on no page or on two.
"""

import inspect
from collections.abc import Awaitable, Mapping, Sequence
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from docutils import nodes
from pydantic import BaseModel
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from typing_extensions import override

import pidshare_components

PACKAGE = pidshare_components.__name__
# Up to these the fields, outputs and members that a class inherits are its own to a reader.
FOREIGN = "BaseModel, ComponentResource, Resource, RunError, Enum, object"

log = logging.getLogger(__name__)


@cache
def public() -> dict[str, type]:
    """Return the public names with what they are, as they stand in the source."""
    found = {name: getattr(pidshare_components, name) for name in pidshare_components.__all__}
    return dict(sorted(found.items(), key=lambda item: (item[1].__module__, inspect.getsourcelines(item[1])[1])))


def simplified(annotation: Any) -> Any:  # noqa: ANN401 - any type form
    """Return a type as a reader needs it: without bounds, and without the awaitable that every Input may be."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return simplified(arguments[0])
    if origin is Union:
        return Union[tuple(simplified(each) for each in arguments if get_origin(each) is not Awaitable)]
    if origin in (Sequence, Mapping):
        return origin[tuple(simplified(each) for each in arguments)]
    return annotation


class PublicNames(SphinxDirective):
    """The public names that match one of the patterns, pattern by pattern."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[None] = None

    @override
    def run(self) -> list[nodes.Node]:
        found = public()
        chosen: dict[str, type] = {}
        for pattern in self.arguments[0].split():
            matching = {name: what for name, what in found.items() if _matches(name, what, pattern)}
            if not matching:
                log.warning("no public name matches %s", pattern, location=self.get_location())
            chosen |= matching
        text = "\n".join(_block(name, what) for name, what in chosen.items())
        return self.parse_text_to_nodes(f"````{{eval-rst}}\n{text}\n````")


def _matches(name: str, what: type, pattern: str) -> bool:
    return fnmatchcase(f"{what.__module__}.{name}", f"{PACKAGE}.{pattern}")


def _block(name: str, what: type) -> str:
    lines = [f".. autoclass:: {PACKAGE}.{name}", "   :members:", f"   :inherited-members: {FOREIGN}"]
    if issubclass(what, BaseModel):
        # Its fields are what a user writes; what else it has is the library's own.
        others = [each for each in dir(what) if not each.startswith("_") and each not in what.model_fields]
        lines += [f"   :exclude-members: {', '.join(others)}"]
    if issubclass(what, Enum):
        lines += ["   :undoc-members:"]
    return "\n".join([*lines, ""])


def _simplify_annotations(_: Sphinx) -> None:
    """Give each class the types of all its fields and outputs: of what it inherits autodoc knows none else.

    It reads all annotations of a class or, where one cannot be resolved, its own alone; some of pydantic's cannot.
    """
    for what in public().values():
        forms: dict[str, Any] = {}
        for each in reversed(what.__mro__):
            if each.__module__.startswith(PACKAGE):
                forms |= inspect.get_annotations(each)
        what.__annotations__ = {name: simplified(form) for name, form in forms.items()}


def _without_repetition(_app: Sphinx, _what: str, _name: str, obj: object, *_: object) -> tuple[str, None] | None:
    """Leave the signature out where it says the fields once more, and of what only the library makes."""
    repeats = inspect.isclass(obj) and issubclass(obj, (BaseModel, Enum, Exception))
    return ("", None) if repeats else None


def _from_google_style(_: Sphinx, what: Any, name: str, obj: object, options: object, lines: list[str]) -> None:  # noqa: ANN401
    """Make Sphinx's style of Google's, but not of attributes: what stands before a colon there is no type."""
    if what not in ("attribute", "property"):
        lines[:] = GoogleDocstring(lines, what=what, name=name, obj=obj, options=options).lines()


def _check(_: Sphinx, environment: BuildEnvironment) -> None:
    documented = environment.domains.python_domain.objects
    for name in pidshare_components.__all__:
        if f"{PACKAGE}.{name}" not in documented:
            log.warning("the public name %s is on no page of the reference", name)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("public-names", PublicNames)
    app.connect("builder-inited", _simplify_annotations)
    app.connect("autodoc-process-signature", _without_repetition)
    app.connect("autodoc-process-docstring", _from_google_style)
    app.connect("env-check-consistency", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
