"""Parts of arguments, and what a rule is."""

from dataclasses import dataclass
from typing import Any, Optional

import pytest

from pidshare_components import ArgumentsError, SharedProcessPodArgs
from pidshare_components.errors import format_path

Tree = dict[str, Any]


def problems(tree: Tree) -> dict[str, str]:
    """Return what is wrong with the arguments of a pod: reason and what to write instead, by path."""
    with pytest.raises(ArgumentsError) as caught:
        SharedProcessPodArgs.model_validate(tree)
    return {format_path(problem.path): f"{problem.reason}; {problem.instead}" for problem in caught.value.problems}


def app(name: str = "app", **fields: object) -> Tree:
    return {"name": name, "image": "nginx", **fields}


def args(*containers: Tree, **fields: object) -> Tree:
    return {"containers": list(containers) or [app()], **fields}


def port(number: int, **fields: object) -> Tree:
    return {"container_port": number, **fields}


def mount(name: str, path: str = "/data") -> Tree:
    return {"name": name, "mount_path": path}


def volume(name: str = "data") -> Tree:
    return {"name": name, "empty_dir": {}}


def root(**fields: object) -> Tree:
    return app(security_context=fields)


def adding(*names: str, **fields: object) -> Tree:
    return root(capabilities={"add": list(names)}, **fields)


def debug(**fields: object) -> Tree:
    return {"debug": fields}


def ingress(*peers: Tree, **rule: object) -> Tree:
    return {"network": {"ingress": [{**({"peers": list(peers)} if peers else {}), **rule}]}}


GET: Tree = {"http_get": {"port": 80}}
CLAIM: Tree = {"name": "disk", "persistent_volume_claim": {"claim_name": "disk"}}
LIMITS = {"cpu": "1400m", "memory": "1100M"}


@dataclass(frozen=True)
class Rule:
    """A rule, by arguments that break it and nearly the same ones that do not."""

    bad: Tree
    problems: dict[str, str]
    """By path, words of the line."""
    good: Tree
    api: Optional[bool]
    """Whether the API server refuses `bad` too; None where it never sees what the rule is about."""
