"""An engine of one process: runs a program and returns what it registered, byte for byte as an engine would see it."""

import asyncio
import contextvars
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import mocks, rpc, run_in_stack, set_all_config
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import ROOT, Settings, configure

STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True)
class Secret:
    """A value that the engine would encrypt."""

    value: Any


@dataclass(frozen=True)
class Registration:
    """A resource as it was registered."""

    type: str
    name: str
    parent: str
    """Name of the parent; empty for the stack."""
    urn: str
    inputs: Mapping[str, Any]
    """Secrets as `Secret`, unknown values as `pulumi.runtime.rpc.UNKNOWN`."""
    request: resource_pb2.RegisterResourceRequest
    """The rest of it: options and dependencies."""

    @property
    def kind(self) -> str:
        """The last part of the type: Kubernetes' kind."""
        return self.type.rpartition(":")[2]


@dataclass
class Run:
    """What came of a program."""

    registrations: list[Registration] = field(default_factory=list)
    """Every resource but the stack, in the order of registration."""
    outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """Registered outputs, by name of the component."""
    error: Optional[BaseException] = None
    """What the program failed with."""

    def kinds(self) -> list[str]:
        """Return the kinds, in the order of registration."""
        return [registration.kind for registration in self.registrations]

    def one(self, kind: str) -> Registration:
        """Return the only resource of a kind."""
        found = [registration for registration in self.registrations if registration.kind == kind]
        assert len(found) == 1, f"{len(found)} resources of kind {kind}, all: {self.kinds()}"
        return found[0]


def deploy(program: Callable[[], None], *, preview: bool = False, config: Optional[Mapping[str, object]] = None) -> Run:
    """Run a program that registers resources.

    An auto-named object gets its resource's name and `-auto`, an object without a namespace `default`; in a preview
    both are unknown.

    Args:
        program: registers resources.
        preview: whether it is a preview.
        config: the stack's configuration by full key.
    """
    run = Run()

    def start() -> None:
        monitor = _Monitor(run, preview=preview)
        ROOT.set(None)
        # Not set_mocks: it keeps what an earlier failed run has left to wait for.
        configure(
            Settings(project="project", stack="stack", monitor=monitor, engine=mocks.MockEngine(None), dry_run=preview)
        )
        given = {key: value if isinstance(value, str) else json.dumps(value) for key, value in (config or {}).items()}
        set_all_config(given, [])
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(run_in_stack(program))
        finally:
            _drain(loop)

    try:
        contextvars.copy_context().run(start)
    except Exception as error:  # noqa: BLE001 - whatever the program failed with
        run.error = error
    return run


def unknown() -> "pulumi.Output[Any]":
    """Return an output that a preview cannot know."""
    known: asyncio.Future[bool] = asyncio.get_event_loop().create_future()
    value: asyncio.Future[Any] = asyncio.get_event_loop().create_future()
    known.set_result(False)
    value.set_result(None)
    return pulumi.Output(set(), value, known)


class _Unused(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> "tuple[Optional[str], dict[str, Any]]":
        raise NotImplementedError

    def call(self, args: mocks.MockCallArgs) -> "tuple[dict[str, Any], None]":
        raise NotImplementedError


class _Monitor(mocks.MockMonitor):
    def __init__(self, run: Run, *, preview: bool) -> None:
        super().__init__(_Unused())
        self._run, self._preview = run, preview
        self._names: dict[str, str] = {"": ""}

    def RegisterResource(  # noqa: N802 - the name of the call
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        self._names[urn] = "" if request.type == STACK else request.name
        if request.type == STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs = _plain(request.object)
        self._run.registrations.append(
            Registration(request.type, request.name, self._names[request.parent], urn, inputs, request)
        )
        state = struct_pb2.Struct()
        state.CopyFrom(request.object)
        if request.custom:
            metadata = state.fields["metadata"].struct_value.fields
            filled = {"name": f"{request.name}-auto", "namespace": "default"}
            for key, value in filled.items():
                if key not in metadata:
                    metadata[key].string_value = rpc.UNKNOWN if self._preview else value
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id="" if self._preview else f"{request.name}-id", object=state
        )

    def RegisterResourceOutputs(  # noqa: N802 - the name of the call
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        if name := self._names[request.urn]:
            self._run.outputs[name] = _plain(request.outputs)
        return empty_pb2.Empty()


def _plain(struct: struct_pb2.Struct) -> "dict[str, Any]":
    tree: dict[str, Any] = _read(json_format.MessageToDict(struct))
    return tree


def _read(tree: Any) -> Any:  # noqa: ANN401 - any tree of values
    if isinstance(tree, dict):
        if tree.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return Secret(_read(tree["value"]))
        return {key: _read(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [_read(item) for item in tree]
    return int(tree) if isinstance(tree, float) and tree.is_integer() else tree


def _drain(loop: asyncio.AbstractEventLoop) -> None:
    """End what waits for a resource that was never registered; the failure that matters has been raised."""
    loop.set_exception_handler(lambda *_: None)
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    asyncio.set_event_loop(None)
