"""A way to the API server that can be cut: what a stopped server or a broken network looks like to its clients."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

import yaml


class Proxy:
    """Forwards TCP connections to a server until it is cut, and again when it is mended."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._open = True
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and every new one at once."""
        self._open = False
        while self._connections:
            with contextlib.suppress(OSError):
                self._connections.pop().shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._open = True

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            if not self._open:
                client.close()
                continue
            server = socket.create_connection(self._server)
            self._connections += [client, server]
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=_forward, args=(source, target), daemon=True).start()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def through(kubeconfig: Path, folder: Path) -> tuple[Proxy, Path]:
    """Return a proxy to the server of a kubeconfig, and a kubeconfig that leads through it."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    server = urlsplit(cluster["server"])
    assert server.hostname
    assert server.port
    proxy = Proxy((server.hostname, server.port))
    # The certificate is for 127.0.0.1 too, both from kind and from the one-node cluster.
    cluster["server"] = f"https://127.0.0.1:{proxy.port}"
    changed = folder / "kubeconfig"
    changed.touch(0o600)
    changed.write_text(yaml.safe_dump(config))
    return proxy, changed
