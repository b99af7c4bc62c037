"""What is remembered of a cluster between two commands, and where."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from dev.cluster.errors import ClusterError
from dev.paths import cache_dir

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Cluster:
    """A cluster that runs."""

    name: str
    """The name it was brought up by, or of the context of an existing one."""
    kubeconfig: Path
    """A kubeconfig file of its own, with one context; never the user's file."""
    context: str
    """The context in that file."""
    kubectl: Path
    """A kubectl within one minor version of the API server."""
    kind: Literal["kind", "one-node", "existing"]
    """`kind` where Docker is, else `one-node`: the Kubernetes programs as processes of this machine; `existing`: the
    user's own."""

    def command(self, *arguments: str) -> list[str]:
        """Return a kubectl command for this cluster that writes nothing below the user's ~/.kube."""
        cache = self.kubeconfig.parent / "kubectl-cache"
        return [str(self.kubectl), f"--kubeconfig={self.kubeconfig}", f"--cache-dir={cache}", *arguments]


@dataclass(frozen=True)
class Process:
    """A process by its id and what tells it from a later process with the same id."""

    pid: int
    start_time: int
    """In clock ticks since the machine started."""
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> Process:
        """Return the identity of a process that runs.

        Raises:
            OSError: there is none with that id.
        """
        return cls(pid, _stat(pid)[1], _BOOT_ID.read_text().strip())

    def alive(self) -> bool:
        """Return whether it still runs. A zombie does not: nothing of it is left but its exit status."""
        try:
            state, start_time = _stat(self.pid)
        except OSError:
            return False
        return state not in "ZX" and start_time == self.start_time and _BOOT_ID.read_text().strip() == self.boot_id


@dataclass(frozen=True)
class Settings:
    """Everything that tells one one-node cluster from another one on the same machine."""

    name: str
    label: str
    """The name of its bridge and of its cgroup: no other cluster of this machine has it."""
    pod_subnet: str
    address: str
    """Of the node: the first address of the pod subnet, on the bridge that connects the pods."""
    etcd_port: int
    etcd_peer_port: int
    apiserver_port: int
    kubelet_port: int
    node_programs: str
    """Directory with kube-apiserver, kubelet and so on."""
    system_programs: str
    """Root directory of the unpacked Debian packages: etcd, containerd, runc, CNI plugins."""

    def save(self) -> None:
        """Write to the run directory."""
        write_text(self.file(run_dir(self.name)), json.dumps(asdict(self), indent=2))

    @classmethod
    def load(cls, run: Path) -> Settings:
        """Read from the run directory of a cluster that was begun.

        Raises:
            TypeError: they are of another version of this code.
        """
        return cls(**json.loads(cls.file(run).read_text()))

    @staticmethod
    def file(run: Path) -> Path:
        """Return the file they are in."""
        return run / "settings.json"


def check_name(name: str) -> None:
    """Refuse what is not a short name.

    Raises:
        ClusterError: the name has other characters than a-z, 0-9 and -, or is longer than 20.
    """
    if not _NAME.fullmatch(name):
        raise ClusterError(
            f"cluster name {name!r}: it becomes part of file and node names, so write at most 20 characters of "
            "a-z, 0-9 and '-', beginning with a letter, for example 'demo'"
        )


def run_dir(name: str) -> Path:
    """Return the directory with all files of the cluster; it exists from `up` to `down`."""
    return cache_dir() / "clusters" / name


def write_text(path: Path, text: str) -> None:
    """Write a file, readable for its owner only, so that no other process ever sees half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.touch(0o600)
    temporary.write_text(text)
    temporary.replace(path)


def _stat(pid: int) -> tuple[str, int]:
    """Return the state and the start time of a process (proc(5), fields 3 and 22 of /proc/PID/stat)."""
    # The second field is the program's name in brackets and may itself contain blanks and brackets.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return fields[0], int(fields[19])
