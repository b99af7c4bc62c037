"""What the hosts have in common: the process that the engine starts, and programs that are run to their end."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import LanguageRuntimeServicer, language_pb2, language_pb2_grpc, plugin_pb2

_BAIL = 32
"""Status of a program that failed and has said why itself."""

_THREADS = 16
_WATCH_SECONDS = 1.0
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class LanguageHost(LanguageRuntimeServicer):
    """A host that requires nothing; a host for a runtime adds `Run` or `RunPlugin`."""

    def GetPluginInfo(  # noqa: D102, N802 - the name of the call
        self,
        request: empty_pb2.Empty,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo()

    def GetRequiredPackages(  # noqa: D102, N802 - the name of the call
        self,
        request: language_pb2.GetRequiredPackagesRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> language_pb2.GetRequiredPackagesResponse:
        return language_pb2.GetRequiredPackagesResponse()

    def InstallDependencies(  # noqa: D102, N802 - the name of the call
        self,
        request: language_pb2.InstallDependenciesRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        return iter(())


def serve(host: LanguageHost) -> None:
    """Serve on a port that is printed, until the engine interrupts this process or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    engine = os.getppid()
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_UNLIMITED)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    # An engine that was killed tells nobody.
    while os.getppid() == engine:
        server.wait_for_termination(_WATCH_SECONDS)
    os._exit(1)


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> language_pb2.RunResponse:
    """Run a program to its end and tell the engine how it ended."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return language_pb2.RunResponse()
    if done.returncode == _BAIL:
        return language_pb2.RunResponse(bail=True)
    return language_pb2.RunResponse(error=f"the program failed with status {done.returncode}:\n{done.stdout}")
