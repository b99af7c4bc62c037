"""What engine tests start from."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dev.deployment import Deployment
from tests.engine.programs import Component, pod_of_busybox


@pytest.fixture
def component(deployment: Deployment, namespace: str) -> Component:
    """A component that is not deployed yet."""
    made = Component(namespace, pod_of_busybox(namespace))
    made.stack = deployment.inline(made.program, project=namespace)
    return made


@pytest.fixture
def objects(kubectl: Callable[..., str], namespace: str) -> Callable[[str], list[dict[str, Any]]]:
    """Return the live objects of a kind in the test's namespace."""

    def get(kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(kubectl("get", kind, f"--namespace={namespace}", "--output=json"))[
            "items"
        ]
        return found

    return get
