"""The real API server as a judge of objects: each is created in a dry run, all in one kubectl call."""

import json
from collections.abc import Callable, Sequence
from typing import Any

Tree = dict[str, Any]
_INDEX = "pidshare-components-test-index"


def accepted(kubectl: Callable[..., str], namespace: str, objects: Sequence[Tree]) -> list[bool]:
    """Return for each object whether the API server takes it.

    Args:
        kubectl: the fixture of this name.
        namespace: where.
        objects: whole objects; nothing is created, so all may have one name.
    """
    items = [
        {**item, "metadata": {**item["metadata"], "annotations": {_INDEX: str(index)}}}
        for index, item in enumerate(objects)
    ]
    printed = kubectl(
        "create",
        "--dry-run=server",
        f"--namespace={namespace}",
        "--filename=-",
        f"--output=jsonpath=accepted {{.metadata.annotations.{_INDEX}}}{{'\\n'}}",
        standard_input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}),
        check=False,
    )
    taken = {int(line.removeprefix("accepted ")) for line in printed.splitlines() if line.startswith("accepted ")}
    refusals = printed.count("Error from server (Invalid)") + printed.count("Error from server (BadRequest)")
    assert len(taken) + refusals == len(objects), printed
    return [index in taken for index in range(len(objects))]


def pod(**spec: object) -> Tree:
    """Return a minimal pod, with fields of its spec."""
    container = {"name": "app", "image": "nginx"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "app"},
        "spec": {"containers": [container], **spec},
    }
