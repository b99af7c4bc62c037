"""What this plugin tells the engine apart from its answers: progress, and why something went wrong."""

from __future__ import annotations

from contextlib import suppress
from typing import NoReturn

import grpc
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, status_pb2


class InitFailedError(Exception):
    """An object was made, but is not ready. The engine remembers it, and that it is not ready."""

    def __init__(self, resource_id: str, state: Struct, reasons: tuple[str, ...], inputs: Struct | None = None) -> None:
        super().__init__(f"{resource_id} exists, but is not ready: {'; '.join(reasons)}")
        self.detail = provider_pb2.ErrorResourceInitFailed(
            id=resource_id, properties=state, reasons=[str(self)], inputs=inputs
        )


class EngineLog:
    """The engine's log."""

    def __init__(self, address: str) -> None:
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def status(self, urn: str, text: str) -> None:
        """Show a line beside a resource for as long as it is being worked on; an empty one takes it away."""
        line = engine_pb2.LogRequest(severity=engine_pb2.LogSeverity.INFO, urn=urn, message=text, ephemeral=True)
        # What is being worked on goes on, heard of or not.
        with suppress(grpc.RpcError):
            self._engine.Log(line)


class _Status(grpc.Status):  # type: ignore[misc]
    def __init__(self, message: str, details: bytes) -> None:
        self.code = grpc.StatusCode.UNKNOWN
        self.details = message
        self.trailing_metadata = (("grpc-status-details-bin", details),)


def abort(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    """End a request with an error, and what the engine is to remember of the object."""
    message = str(error)
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
    if isinstance(error, InitFailedError):
        status.details.add().Pack(error.detail)
    context.abort_with_status(_Status(message, status.SerializeToString()))
    raise AssertionError("abort_with_status raises")
