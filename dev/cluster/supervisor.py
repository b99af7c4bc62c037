"""The first process of a one-node cluster: starts its daemons and dies with the first of them that ends.

It runs in a process namespace and a mount namespace of its own (`unshare --pid --mount`). When the first process of a
process namespace ends, the kernel kills all others in it, containers included; with the last of them go the mounts. So
one process id is enough to take a whole cluster down, whatever state it is in, and the fixed paths of the daemons
(such as /var/lib/kubelet) are those of this cluster alone.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from dev.cluster import daemons, debian, identity, mounts
from dev.cluster.state import Settings, write_text

_POLL_SECONDS = 0.1


class _DaemonEndedError(Exception):
    """A daemon ended, so the cluster does."""

    def __init__(self, daemon: str, status: int) -> None:
        super().__init__(f"{daemon} ended with status {status}")
        self.daemon = daemon


class _Supervisor:
    def __init__(self, settings: Settings, run: Path) -> None:
        self._settings = settings
        self._run = run
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = os.environ | {
            "PATH": f"{debian.search_path(Path(settings.system_programs))}:{os.environ['PATH']}",
            # A proxy of the user serves image pulls, not the traffic inside the cluster.
            "NO_PROXY": ",".join([os.environ.get("NO_PROXY", ""), "127.0.0.1", settings.pod_subnet]).lstrip(","),
        }

    def boot(self) -> None:
        """Start the daemons in the order in which they need each other."""
        settings = self._settings
        self._start("etcd", daemons.etcd(settings))
        self._start("containerd", daemons.containerd(settings))
        self._until(lambda: _listening(settings.etcd_port))
        self._start("kube-apiserver", daemons.apiserver(settings))
        self._until(lambda: self._succeeds(daemons.import_images(settings)))
        self._start("kubelet", daemons.kubelet(settings))
        self._until(lambda: self._succeeds(self._api_server_is_ready()))
        self._start("kube-controller-manager", daemons.controller_manager(settings))
        self._start("kube-scheduler", daemons.scheduler(settings))

    def watch(self) -> NoReturn:
        """Wait for the end of a daemon, and for that of every process that lost its parent."""
        names = {process.pid: name for name, process in self._daemons.items()}
        while True:
            pid, status = os.waitpid(-1, 0)
            if pid in names:
                raise _DaemonEndedError(names[pid], os.waitstatus_to_exitcode(status))

    def _start(self, name: str, argv: list[str]) -> None:
        with (self._run / "logs" / f"{name}.log").open("ab") as log:
            self._daemons[name] = subprocess.Popen(
                argv, cwd="/", env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            for name, process in self._daemons.items():
                if process.poll() is not None:
                    raise _DaemonEndedError(name, process.returncode)
            time.sleep(_POLL_SECONDS)

    def _succeeds(self, argv: list[str]) -> bool:
        with (self._run / "logs" / "boot.log").open("ab") as log:
            return subprocess.run(argv, env=self._environment, stdout=log, stderr=log, check=False).returncode == 0

    def _api_server_is_ready(self) -> list[str]:
        kubeconfig = identity.files(self._settings.name).kubeconfig
        return [f"{self._settings.node_programs}/kubectl", f"--kubeconfig={kubeconfig}", "get", "--raw=/readyz"]


def main(run: Path) -> None:
    """Be the first process of the cluster whose run directory this is."""
    # /proc is still that of the machine's own process namespace, so this is the id that others know it by.
    print(Path("/proc/self").readlink(), flush=True)
    if not sys.stdin.readline():
        return
    settings = Settings.load(run)
    mounts.mount_private(run / "root")
    snapshotter = "overlayfs" if mounts.overlays_work(run / "root") else "native"
    daemons.write_containerd_configuration(settings, snapshotter)
    supervisor = _Supervisor(settings, run)
    try:
        supervisor.boot()
        supervisor.watch()
    except _DaemonEndedError as ended:
        write_text(run / "ended.json", json.dumps({"daemon": ended.daemon, "reason": str(ended)}))


def _listening(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]))
