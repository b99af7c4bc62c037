"""Namespaces for tests."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def fresh_namespace(kubectl: Callable[..., str]) -> Iterator[str]:
    """Make a namespace in which pods can be made, and delete it at the end.

    Args:
        kubectl: the fixture of this name.
    """
    name = f"test-{secrets.token_hex(4)}"
    kubectl("create", "namespace", name)
    try:
        # Admission refuses pods until a controller has made it.
        kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={name}", "--timeout=30s")
        yield name
    finally:
        kubectl("delete", "namespace", name, "--wait=false", check=False)
