"""Spares the SDK, while a program runs in this process, work that has no effect here.

Each function stands for one of the SDK's and has the same result for the program: it leaves out what only an engine
would read, answers plain values at once, or remembers what it was asked before. A function that a version of the SDK
does not have is not replaced.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pulumi
from pulumi import _types
from pulumi.runtime import resource, rpc
from pulumi.runtime.proto import source_pb2

Function = Callable[..., Any]

_PLAIN = frozenset({str, int, float, bool, type(None)})
_NOWHERE = source_pb2.StackTrace()


@contextlib.contextmanager
def shortcuts() -> Iterator[None]:
    """Replace the SDK's functions for the whole process, and put them back at the end of the last run at a time."""
    _REPLACED.begin()
    try:
        yield
    finally:
        _REPLACED.end()


class _Replaced:
    """What is replaced now. Runs in several threads share it: a second one would take the first's for the SDK's own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs = 0
        self._originals: list[tuple[Any, str, Function]] = []

    def begin(self) -> None:
        with self._lock:
            self._runs += 1
            if self._runs == 1:
                for owner, name, make in _REPLACEMENTS:
                    if hasattr(owner, name):
                        original = getattr(owner, name)
                        self._originals.append((owner, name, original))
                        setattr(owner, name, make(original))

    def end(self) -> None:
        with self._lock:
            self._runs -= 1
            if self._runs == 0:
                while self._originals:
                    setattr(*self._originals.pop())


_REPLACED = _Replaced()


def _no_stack_trace(_: Function) -> Function:
    """Do not look for the line that registers a resource, which only the engine's messages have."""
    return lambda: _NOWHERE


def _no_debug_log(_: Function) -> Function:
    """Do not send messages that `Engine` drops."""
    return lambda *_args, **_options: None


def _prompt_urn(original: Function) -> Function:
    """Compute the URN of texts as a text. The SDK does it by seven Outputs, for each resource."""

    def create_urn(name: Any, type_: Any, parent: Any = None, *rest: Any, **options: Any) -> Any:  # noqa: ANN401
        if isinstance(name, str) and isinstance(type_, str) and isinstance(parent, str) and not (rest or options):
            return pulumi.Output.from_input(f"{parent[: parent.rfind('::')]}${type_}::{name}")
        return original(name, type_, parent, *rest, **options)

    return create_urn


def _plain_at_once(original: Function) -> Function:
    """Serialize a plain value as itself."""

    async def serialize_property(value: Any, *rest: Any, **options: Any) -> Any:  # noqa: ANN401
        if type(value) in _PLAIN and not options.get("return_protobuf_value"):
            return value
        return await original(value, *rest, **options)

    return serialize_property


def _nothing_unknown_in_plain(original: Function) -> Function:
    return lambda value: type(value) not in _PLAIN and original(value)


def _plain_from_wire(original: Function) -> Function:
    def deserialize_property(value: Any, *rest: Any, **options: Any) -> Any:  # noqa: ANN401
        if type(value) in _PLAIN and value != rpc.UNKNOWN:
            return value
        return original(value, *rest, **options)

    return deserialize_property


def _plain_is_not_translated(original: Function) -> Function:
    """Take a plain value as it is where it is of no declared type, or a text as declared."""

    def translate_output_properties(
        output: Any,  # noqa: ANN401
        transformer: Function,
        typ: Any = None,  # noqa: ANN401
        *rest: Any,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        if type(output) in _PLAIN and (typ is None or typ is str):
            return output
        return original(output, transformer, typ, *rest, **options)

    return translate_output_properties


def _remembered(original: Function) -> Function:
    """Remember what a function answered for a type. The types are those of the provider's classes."""
    answers: dict[int, tuple[Any, Any]] = {}

    def remembering(typ: Any) -> Any:  # noqa: ANN401
        found = answers.get(id(typ))
        if found is None:
            found = answers[id(typ)] = (typ, original(typ))  # kept, so that no other gets its id
        return found[1]

    return remembering


def _resolved_is_not_tracked(original: Function) -> Function:
    """Do not wait at the end for what has its value from the beginning."""

    def track(output: Any) -> None:  # noqa: ANN401
        data: asyncio.Future[Any] = output._data  # noqa: SLF001 - this is a method of it
        if not data.done() or data.cancelled() or data.exception() is not None:
            original(output)

    return track


_REPLACEMENTS: tuple[tuple[Any, str, Callable[[Function], Function]], ...] = (
    (resource, "_get_stack_trace", _no_stack_trace),
    (resource, "create_urn", _prompt_urn),
    (pulumi.log, "debug", _no_debug_log),
    (rpc, "serialize_property", _plain_at_once),
    (rpc, "contains_unknowns", _nothing_unknown_in_plain),
    (rpc, "deserialize_property", _plain_from_wire),
    (rpc, "translate_output_properties", _plain_is_not_translated),
    (rpc, "_get_list_element_type", _remembered),
    (_types, "unwrap_type", _remembered),
    (_types, "unwrap_optional_type", _remembered),
    (pulumi.Output, "_track", _resolved_is_not_tracked),
)
