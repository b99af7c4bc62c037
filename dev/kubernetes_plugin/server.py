"""The process that the engine starts: it serves on a port that it prints, until the engine is gone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.message import Message
from pulumi.runtime.proto import provider_pb2_grpc

from dev.kubernetes_plugin.cluster import ClusterError
from dev.kubernetes_plugin.engine import EngineLog, InitFailedError, abort
from dev.kubernetes_plugin.provider import KubernetesProvider

_THREADS = 256
"""Each resource that is waited for holds one."""

_WATCH_SECONDS = 1.0
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class _Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """The provider's methods by the names that they have on the wire."""

    def __init__(self, provider: KubernetesProvider) -> None:
        methods: dict[str, Callable[[Any], Message]] = {
            "GetPluginInfo": provider.get_plugin_info,
            "CheckConfig": provider.check_config,
            "Configure": provider.configure,
            "Check": provider.check,
            "Diff": provider.diff,
            "Create": provider.create,
            "Read": provider.read,
            "Update": provider.update,
            "Delete": provider.delete,
            "Cancel": provider.cancel,
        }
        for name, method in methods.items():
            setattr(self, name, _answering(method))


def main() -> None:
    """Serve the engine whose address is the last argument."""
    # How the engine ends a plugin when all is done. On Ctrl-C it calls Cancel first, and waits for the answers.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    engine = os.getppid()
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_UNLIMITED)
    provider = KubernetesProvider(EngineLog(sys.argv[-1]))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(_Servicer(provider), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    # An engine that was killed tells nobody.
    while os.getppid() == engine:
        if not server.wait_for_termination(_WATCH_SECONDS):
            return
    os._exit(1)


def _answering(method: Callable[[Message], Message]) -> Callable[[Message, grpc.ServicerContext], Message]:
    def answer(request: Message, context: grpc.ServicerContext) -> Message:
        try:
            return method(request)
        except (ClusterError, InitFailedError) as error:
            abort(context, error)

    return answer
