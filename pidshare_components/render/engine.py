"""What a program tells the engine beside its resources: log messages, versions, functions to be called back."""

import sys

from google.protobuf import empty_pb2
from pulumi.runtime.proto import callback_pb2, engine_pb2

from pidshare_components.render.errors import RenderError


class Engine:
    """Prints what the program logs on standard error, and remembers errors: a deployment would fail with them.

    Attributes:
        errors: the error messages so far.
    """

    def __init__(self) -> None:
        self.errors: list[str] = []

    def Log(self, request: engine_pb2.LogRequest) -> None:  # noqa: N802 - the name of the call
        """Take a log message."""
        if request.severity == engine_pb2.ERROR:
            self.errors.append(request.message)
        elif request.severity != engine_pb2.DEBUG:
            level = "warning" if request.severity == engine_pb2.WARNING else "info"
            print(f"{level}: {request.message}", file=sys.stderr)

    def RequirePulumiVersion(  # noqa: N802 - the name of the call
        self, _: engine_pb2.RequirePulumiVersionRequest
    ) -> empty_pb2.Empty:
        """Accept every required version of the engine: there is none."""
        return empty_pb2.Empty()


class Callbacks:
    """Functions that the program gives to the engine to be called back. The SDK would serve them to it."""

    def register_resource_hook(self, _: object) -> None:
        """Accept a hook: it runs around a deployment, and changes no object."""

    register_error_hook = register_resource_hook

    def register_transform(self, _: object) -> callback_pb2.Callback:
        """Refuse a transform, which the engine applies."""
        raise RenderError(
            "resource transforms are applied by the engine, which does not run here; use 'transformations' instead"
        )

    register_stack_transform = register_transform
    register_invoke_transform = register_transform
