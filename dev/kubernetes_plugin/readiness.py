"""Whether an object is ready, and why it is not, from what the API server says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dev.kubernetes_plugin.values import Object

_STARTING = ("ContainerCreating", "PodInitializing")


@dataclass(frozen=True)
class Readiness:
    """What can be said of an object at one moment."""

    ready: bool
    reasons: tuple[str, ...] = ()
    """Why it is not ready."""
    final: bool = False
    """Whether it will never be ready."""


_READY = Readiness(ready=True)


def readiness_of(item: Object) -> Readiness:
    """Return whether an object is ready; kinds that start nothing are as soon as they exist."""
    decide = _BY_KIND.get((item["apiVersion"], item["kind"]))
    return decide(item) if decide else _READY


def _pod(item: Object) -> Readiness:
    status = item.get("status", {})
    phase = status.get("phase")
    if phase == "Succeeded" or _condition(item, "Ready").get("status") == "True":
        return _READY
    return Readiness(ready=False, reasons=tuple(_pod_reasons(item, status)), final=phase == "Failed")


def _pod_reasons(item: Object, status: dict[str, Any]) -> Iterator[str]:
    scheduled = _condition(item, "PodScheduled")
    if scheduled.get("status") == "False":
        yield f"not scheduled: {scheduled.get('message', scheduled.get('reason'))}"
    reasons = [
        reason
        for container in (*status.get("initContainerStatuses", []), *status.get("containerStatuses", []))
        for reason in _container_reasons(container)
    ]
    yield from reasons
    if not reasons and (message := status.get("message") or _condition(item, "Ready").get("message")):
        yield message


def _container_reasons(container: dict[str, Any]) -> Iterator[str]:
    # What a container printed or left as its last message is not quoted: it may hold secrets.
    name = container["name"]
    waiting = container.get("state", {}).get("waiting")
    if waiting and waiting.get("reason") not in _STARTING:
        message = waiting.get("message")
        yield f"container {name!r} waits: {waiting.get('reason')}" + (f": {message}" if message else "")
    ended = container.get("state", {}).get("terminated") or container.get("lastState", {}).get("terminated")
    if ended and ended.get("exitCode") != 0:
        yield f"container {name!r} ended with status {ended.get('exitCode')} ({ended.get('reason')})"


def _deployment(item: Object) -> Readiness:
    progressing = _condition(item, "Progressing")
    if progressing.get("status") == "False":
        return Readiness(ready=False, reasons=(str(progressing.get("message")),), final=True)
    status, wanted = item.get("status", {}), item["spec"].get("replicas", 1)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    superfluous = status.get("replicas", 0) - updated
    return _rollout(item, done=updated == available == wanted and not superfluous, count=available, wanted=wanted)


def _stateful_set(item: Object) -> Readiness:
    status, wanted = item.get("status", {}), item["spec"].get("replicas", 1)
    current = status.get("currentRevision") == status.get("updateRevision")
    ready = status.get("readyReplicas", 0)
    return _rollout(item, done=current and ready == wanted, count=ready, wanted=wanted)


def _daemon_set(item: Object) -> Readiness:
    status = item.get("status", {})
    wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
    return _rollout(item, done=status.get("updatedNumberScheduled", 0) == ready == wanted, count=ready, wanted=wanted)


def _rollout(item: Object, *, done: bool, count: int, wanted: int) -> Readiness:
    if done and item.get("status", {}).get("observedGeneration") == item["metadata"].get("generation"):
        return _READY
    return Readiness(ready=False, reasons=(f"{count} of {wanted} pods are ready",))


def _job(item: Object) -> Readiness:
    failed = _condition(item, "Failed")
    if failed.get("status") == "True":
        return Readiness(ready=False, reasons=(f"{failed.get('reason')}: {failed.get('message')}",), final=True)
    if _condition(item, "Complete").get("status") == "True":
        return _READY
    return Readiness(ready=False, reasons=("not complete",))


def _definition(item: Object) -> Readiness:
    established = _condition(item, "Established")
    if established.get("status") == "True":
        return _READY
    return Readiness(ready=False, reasons=(established.get("message") or "not established",))


def _condition(item: Object, name: str) -> dict[str, Any]:
    conditions = item.get("status", {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == name), {})


_BY_KIND: dict[tuple[str, str], Callable[[Object], Readiness]] = {
    ("v1", "Pod"): _pod,
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("batch/v1", "Job"): _job,
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): _definition,
}
