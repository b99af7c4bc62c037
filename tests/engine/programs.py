"""Programs that the real engine runs, and what it did."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pulumi import automation
from pulumi.automation import EngineEvent, OpType

from pidshare_components import SharedProcessPod

Arguments = dict[str, Any]
Changes = dict[str, list[str]]


@dataclass
class Component:
    """A stack with one component, `app`, whose arguments change from one update to the next."""

    namespace: str
    arguments: Arguments
    stack: automation.Stack = field(init=False)
    outputs: Callable[[], Arguments] = dict
    """Makes further fields of the container: there are no Outputs outside of a program that runs."""

    def program(self) -> None:
        app = self.arguments["containers"][0]
        SharedProcessPod("app", {**self.arguments, "containers": [{**app, **self.outputs()}]})

    def up(self) -> Changes:
        return changes(self.stack.up)

    def preview(self) -> Changes:
        return changes(self.stack.preview)

    def resources(self) -> list[str]:
        """Return the types of the resources in the state."""
        state = self.stack.export_stack().deployment or {}
        return [resource["type"] for resource in state.get("resources", [])]


def changes(operation: Callable[..., object]) -> Changes:
    """Run an operation and return what it did or would do: kinds by step, without what stays the same."""
    found: Changes = {}

    def note(event: EngineEvent) -> None:
        if event.resource_pre_event is not None:
            step = event.resource_pre_event.metadata
            if step.op not in (OpType.SAME, OpType.READ) and step.type.startswith("kubernetes:"):
                found.setdefault(step.op.value, []).append(step.type.rpartition(":")[2])

    operation(on_event=note)
    return {step: sorted(kinds) for step, kinds in found.items()}


def pod_of_busybox(namespace: str, **more: object) -> Arguments:
    """Return arguments of a pod that starts and ends quickly."""
    app = {"name": "app", "image": "busybox:1.28", "command": ["sleep", "86400"]}
    return {
        "namespace": namespace,
        "containers": [app],
        "termination_grace_period_seconds": 1,
        "attach": {},
        "network": {},
        **more,
    }


def collect_coroutines() -> None:
    """Collect the coroutines of a program that was cut off, and freeze those that the SDK keeps until its next program.

    One that is collected amidst an import makes CPython's parser fail; one that is frozen never is.
    """
    gc.collect()
    gc.freeze()
