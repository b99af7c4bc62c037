"""Runs component packages in Python, in the interpreter of this checkout; programs run inline, without a host."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO

import grpc
from pulumi.runtime.proto import language_pb2

from dev.languages.hosts.server import LanguageHost, serve


class _PythonHost(LanguageHost):
    def RunPlugin(  # noqa: N802 - the name of the call
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        package = subprocess.Popen(
            [sys.executable, "-u", request.info.program_directory, *request.args],
            cwd=request.pwd,
            env=dict(variable.split("=", 1) for variable in request.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        context.add_callback(package.kill)  # the engine has ended the call, or is gone
        said: queue.Queue[language_pb2.RunPluginResponse | None] = queue.Queue()
        threads = [
            threading.Thread(target=_read, args=(package.stdout, "stdout", said), daemon=True),
            threading.Thread(target=_read, args=(package.stderr, "stderr", said), daemon=True),
        ]
        for thread in threads:
            thread.start()
        for _ in threads:
            yield from iter(said.get, None)
        yield language_pb2.RunPluginResponse(exitcode=package.wait())


def _read(stream: IO[bytes], name: str, said: queue.Queue[language_pb2.RunPluginResponse | None]) -> None:
    for line in stream:
        response = language_pb2.RunPluginResponse()
        setattr(response, name, line)
        said.put(response)
    said.put(None)


def main() -> None:
    """Serve the engine that started this process."""
    serve(_PythonHost())
