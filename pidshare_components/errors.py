"""The one exception of this library, and the way from pydantic's errors to it."""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union, get_args

import pulumi
from pydantic import BaseModel, ValidationError

from pidshare_components.analysis.nearest import nearest

Path = tuple[Union[int, str], ...]

# What ends a line, or moves the cursor, on some terminal.
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

PLAIN = "<plain>"
"""Label of the plain arm of an Input's union; a user's key cannot look like it."""


@dataclass(frozen=True)
class Problem:
    """One mistake in the arguments.

    Attributes:
        path: where it is, from the top of the arguments: field names, list indices and mapping keys.
        reason: what is wrong and why it matters, in one sentence without a final stop. Never a secret's value.
        instead: what to write, as an imperative.
    """

    path: Path
    reason: str
    instead: str

    def __str__(self) -> str:
        """Return the problem as one line, whatever keys and names it quotes: `path: reason; instead`."""
        text = f"{format_path(self.path)}: {self.reason}; {self.instead}"
        return _BREAKS.sub(lambda letter: repr(letter[0])[1:-1], text)


class ArgumentsError(pulumi.RunError):
    """The arguments cannot work. Nothing was registered.

    A `pulumi.RunError`: the engine prints the message without a traceback.

    Attributes:
        problems: every mistake found, sorted by path.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(dict.fromkeys(problems), key=lambda problem: _sort_key(problem.path)))
        count = len(self.problems)
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"{count} {'mistake' if count == 1 else 'mistakes'} in the arguments:{lines}")


def format_path(path: Path) -> str:
    """Return a path the way Kubernetes and Pulumi print one: `containers[0].ports[1].container_port`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.isidentifier():
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text or "arguments"


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Return a validation error as one problem per mistake.

    pydantic reports a mistake in an Input once for each arm of its union, and names the arms in the path: only what
    the plain arm says is of use to a reader.

    Args:
        error: what pydantic raised.
        model: the class that was validated, to name the fields it has.
    """
    problems = []
    for detail in error.errors(include_url=False, include_input=True, include_context=True):
        location = detail["loc"]
        if detail["type"] == "is_instance_of" and str(location[-1]).startswith("is-instance["):
            continue
        path: Path = tuple(step for step in location if step not in (PLAIN, "[key]"))
        # Of what was refused only its class counts: the value may be a secret.
        if isinstance(detail["input"], (pulumi.Output, Awaitable)) and detail["type"] != "extra_forbidden":
            problems.append(Problem(path, "cannot be an Output", _no_output(str(detail["type"]))))
        else:
            problems.append(_problem(path, str(detail["type"]), detail["msg"], detail.get("ctx", {}), model))
    return problems


def _problem(path: Path, kind: str, message: str, context: Mapping[str, Any], model: type[BaseModel]) -> Problem:
    if kind == "extra_forbidden":
        given, known = str(path[-1]), _fields_at(model, path[:-1])
        if given in known:
            return Problem(path, "given twice, in snake_case and in camelCase", "write it once")
        return Problem(path, "unknown field", _nearest(given, known))
    if kind == "value_error":
        reason, _, instead = str(context["error"]).partition("; ")
        return Problem(path, reason, instead)
    for prefix, explain in _EXPLANATIONS.items():
        if kind.startswith(prefix):
            return Problem(path, *explain(context))
    return Problem(path, message[0].lower() + message[1:], "write a value of that kind")


def _no_output(kind: str) -> str:
    whole = kind.startswith(("sequence_str", "list_", "is_instance_of", "mapping_", "dict_", "model_"))
    return "write it out and give Outputs to the values inside" if whole else "write the value itself"


def _an(name: str) -> str:
    """Return the name of a class with its article."""
    return f"{'an' if name.startswith(('A', 'E', 'I', 'O', 'HTTP', 'SE')) else 'a'} {name}"


_EXPLANATIONS: dict[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "missing": lambda _: ("required", "give it a value"),
    "enum": lambda ctx: ("not one of the allowed values", f"write {ctx['expected']}"),
    "string_type": lambda _: ("must be text", "write a string"),
    "bool": lambda _: ("must be a boolean", "write true or false, without quotes"),
    "int": lambda _: ("must be a whole number", "write it without quotes and without a fraction"),
    "greater_than_equal": lambda ctx: ("too small", f"write {ctx['ge']} or more"),
    "less_than_equal": lambda ctx: ("too large", f"write {ctx['le']} or less"),
    "too_short": lambda ctx: ("empty", f"give at least {ctx['min_length']}"),
    "sequence_str": lambda _: ("must be a list", "write a list, even of one item"),
    "list_type": lambda _: ("must be a list", "write a list, even of one item"),
    "is_instance_of": lambda _: ("must be a list", "write a list, even of one item"),
    "mapping_type": lambda _: ("must be a mapping", "write keys with values"),
    "dict_type": lambda _: ("must be a mapping", "write keys with values"),
    "model_type": lambda ctx: ("must be an object", f"write {_an(ctx['class_name'])} or a mapping of its fields"),
    "model_attributes_type": lambda _: ("must be an object", "write a mapping of its fields"),
}

# What users know from a raw pod spec and will try, with the reason why there is no such field.
_NOT_FIELDS = {
    "host_pid": "leave it out: Kubernetes refuses hostPID together with shareProcessNamespace",
    "share_process_namespace": "leave it out: this component always shares the process namespace",
    "restart_policy": "leave it out: long-running helpers belong into sidecars, and restart_policy to the pod",
}


def _nearest(name: str, known: Sequence[str]) -> str:
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).replace("p_i_d", "pid")
    if name in _NOT_FIELDS:
        return _NOT_FIELDS[name]
    return nearest(name, sorted(known))


def _fields_at(model: type[BaseModel], path: Path) -> list[str]:
    """Return the fields of the model that a path leads to."""
    for step in path:
        field = model.model_fields.get(step) if isinstance(step, str) else None
        if field is not None:
            model = next(_models_in(field.annotation), model)
    return list(model.model_fields)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - a type form has no type of its own
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _sort_key(path: Path) -> tuple[tuple[bool, int, str], ...]:
    return tuple((isinstance(step, str), 0 if isinstance(step, str) else step, str(step)) for step in path)
