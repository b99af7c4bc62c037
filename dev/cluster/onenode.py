"""A one-node cluster without Docker: the real Kubernetes programs as processes of this machine, isolated from it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO, cast

from dev.cluster import cgroups, daemons, debian, health, identity, images, kubernetes_programs, mounts, network
from dev.cluster.errors import ClusterError, last_lines
from dev.cluster.machine import exclusive
from dev.cluster.state import Cluster, Process, Settings, run_dir, write_text
from dev.paths import ROOT
from dev.progress import step

_TOOLS = ("apt-get", "dpkg-deb", "gcc", "go", "ip", "ldd", "mount", "openssl", "setsid", "unshare")
_ENVIRONMENT = ("HOME", "PATH", "XDG_CACHE_HOME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")
"""What the daemons get of the environment: not the secrets of whoever types `make up`."""

_PIPE = subprocess.PIPE
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.05


def up(name: str) -> Cluster:
    """Bring a cluster up; nothing of an earlier one with this name may be left.

    Raises:
        ClusterError: the machine lacks what is needed, or the cluster does not become ready in time.
    """
    _require_machine()
    settings = _settle(name)
    with step(f"starting Kubernetes {kubernetes_programs.version()}"):
        identity.create(settings)
        daemons.write_configuration(settings)
        cgroups.create(settings.label)
        _start_supervisor(run_dir(name))
        cluster = _cluster(settings)
        health.wait(cluster, lambda: _why_ended(name), lambda daemon: _end_of_log(name, daemon))
    return cluster


def running(name: str) -> Cluster | None:
    """Return the cluster if its first process runs, which means that all of its daemons do.

    One that another version of this code brought up counts as none: `up` then replaces it.
    """
    process = _process(name)
    if not process or not process.alive():
        return None
    try:
        return _cluster(Settings.load(run_dir(name)))
    except TypeError:
        return None


def down(name: str) -> None:
    """Stop what runs of a cluster and take back what it changed on the machine, in whatever state it is.

    Raises:
        ClusterError: its processes do not end within 30 s.
    """
    settings = Settings.file(run_dir(name))
    if not settings.exists():
        return
    process = _process(name)
    if process:
        _kill(process)
    # Nothing else of the file is needed, so an older version of this code may have written it.
    label = json.loads(settings.read_text())["label"]
    cgroups.delete(label)
    network.delete_bridge(label)
    mounts.delete_targets()


def _require_machine() -> None:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        raise ClusterError(
            "no Docker with kind here, and the one-node cluster that does without them needs root on Linux: "
            "run this as root, install Docker and kind, or use a cluster of your own"
        )
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise ClusterError(
            f"no Docker with kind here, and the one-node cluster that does without them needs {', '.join(missing)}: "
            "install that on Debian or Ubuntu, install Docker and kind, or use a cluster of your own"
        )


def _settle(name: str) -> Settings:
    """Get the programs and images, and choose what must differ from other clusters; then make the network of it."""
    packages = debian.packages()
    programs = kubernetes_programs.programs()
    run = run_dir(name)
    (run / "logs").mkdir(parents=True)
    images.write(run / daemons.IMAGES, packages, programs / kubernetes_programs.PAUSE)
    with exclusive():
        label, subnet = network.choose()
        etcd, etcd_peer, apiserver, kubelet = network.free_ports(4)
        settings = Settings(
            name=name,
            label=label,
            pod_subnet=str(subnet),
            address=str(subnet[1]),
            etcd_port=etcd,
            etcd_peer_port=etcd_peer,
            apiserver_port=apiserver,
            kubelet_port=kubelet,
            node_programs=str(programs),
            system_programs=str(packages),
        )
        # Written first: whatever happens from here on, `down` knows what to delete.
        settings.save()
        network.create_bridge(settings.label, settings.address)
    return settings


def _start_supervisor(run: Path) -> None:
    """Start the cluster's first process, which outlives this one, and write down which it is."""
    # Two `unshare`: the outer one stays as the parent, and must not hold the mounts a moment longer than the cluster.
    isolated = ["setsid", "--fork", "unshare", "--pid", "--fork", "--kill-child", "unshare", "--mount"]
    command = [*isolated, sys.executable, "-m", "dev.cluster.supervisor", str(run)]
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    log = run / "logs/supervisor.log"
    with (
        log.open("ab") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=_PIPE, stdout=_PIPE, stderr=errors, text=True
        ) as starter,
    ):
        to, back = cast("IO[str]", starter.stdin), cast("IO[str]", starter.stdout)
        try:
            process = Process.of(_identifier(back.readline(), log))
            write_text(run / "process.json", json.dumps(asdict(process)))
            # Only now it begins: from here on `down` can find it.
            to.write("begin\n")
        except BaseException:
            # Without that line it ends, and with it the other end of this pipe.
            to.close()
            back.read()
            raise


def _identifier(answer: str, log: Path) -> int:
    if not answer:
        raise ClusterError(f"the supervisor did not start:\n{last_lines(log.read_text())}")
    return int(answer)


def _process(name: str) -> Process | None:
    file = run_dir(name) / "process.json"
    return Process(**json.loads(file.read_text())) if file.exists() else None


def _cluster(settings: Settings) -> Cluster:
    version = kubernetes_programs.version()
    return Cluster(
        name=settings.name,
        kubeconfig=identity.files(settings.name).kubeconfig,
        context=identity.context(settings.name),
        kubectl=kubernetes_programs.kubectl_on_path(version) or Path(settings.node_programs) / "kubectl",
        kind="one-node",
    )


def _why_ended(name: str) -> str | None:
    """Return why the cluster ended, with the end of the right log; None while it runs."""
    process = _process(name)
    if process and process.alive():
        return None
    file = run_dir(name) / "ended.json"
    ended = {"daemon": "supervisor", "reason": "the supervisor ended"}
    if file.exists():
        ended = json.loads(file.read_text())
    return f"{ended['reason']}; the end of its log:\n{_end_of_log(name, ended['daemon'])}"


def _end_of_log(name: str, daemon: str) -> str:
    log = run_dir(name) / "logs" / f"{daemon}.log"
    return last_lines(log.read_text(errors="replace")) if log.exists() else "none: it was not started yet"


def _kill(process: Process) -> None:
    """Kill the cluster's first process. The kernel ends it only when all processes of the cluster are dead."""
    deadline = time.monotonic() + _STOP_SECONDS
    if process.alive():
        os.kill(process.pid, signal.SIGKILL)
    while process.alive():
        if time.monotonic() > deadline:
            raise ClusterError(f"process {process.pid}, the first one of the cluster, does not end within 30 s")
        time.sleep(_POLL_SECONDS)
