"""Whether a cluster is ready for pods, asked with kubectl."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from dev.cluster.errors import ClusterError
from dev.cluster.state import Cluster

_READY_SECONDS = 180.0
_REQUEST_SECONDS = 10
_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class _Condition:
    what: str
    arguments: tuple[str, ...]
    answer: str
    """How the output of kubectl begins when the condition holds."""
    daemon: str
    """Whose log says why it does not hold."""


_JSONPATH = "--output=jsonpath="
_NODE_READY = '{.items[*].status.conditions[?(@.type=="Ready")].status}'
_CONDITIONS = (
    _Condition("the API server is not ready", ("get", "--raw=/readyz"), "ok", "kube-apiserver"),
    _Condition("the node is not ready", ("get", "nodes", _JSONPATH + _NODE_READY), "True", "kubelet"),
    *(
        _Condition(
            f"namespace {namespace} has no default ServiceAccount",
            ("get", "serviceaccount", "default", f"--namespace={namespace}", "--output=name"),
            "serviceaccount/default",
            "kube-controller-manager",
        )
        for namespace in ("default", "kube-system")
    ),
)


def wait(cluster: Cluster, ended: Callable[[], str | None], end_of_log: Callable[[str], str]) -> None:
    """Wait until pods can run.

    Args:
        cluster: to ask.
        ended: returns why the cluster ended, None while it runs.
        end_of_log: returns the last lines of a daemon's log.

    Raises:
        ClusterError: it ended, or is not ready after 180 s; with the last lines of the log that says why.
    """
    deadline = time.monotonic() + _READY_SECONDS
    for condition in _CONDITIONS:
        while not _holds(cluster, condition):
            reason = ended()
            if reason:
                raise ClusterError(f"the cluster {cluster.name!r} did not start: {reason}")
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"the cluster {cluster.name!r} did not start: {condition.what} after {_READY_SECONDS:.0f} s; "
                    f"the end of the log of {condition.daemon}:\n{end_of_log(condition.daemon)}"
                )
            time.sleep(_POLL_SECONDS)


def _holds(cluster: Cluster, condition: _Condition) -> bool:
    command = cluster.command(f"--request-timeout={_REQUEST_SECONDS}s", *condition.arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.startswith(condition.answer)
