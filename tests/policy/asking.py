"""Asks policies as the engine does, without it: through the SDK's own reading of the properties."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from inspect import isawaitable
from typing import Any, NamedTuple, Optional

from pulumi_policy import (
    Policy,
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

Tree = dict[str, Any]

UNKNOWN = UNKNOWN_STRING_VALUE
"""How the engine hands on what is not known yet."""

STACK = "pulumi:pulumi:Stack"
_OPTIONS = PolicyResourceOptions(False, [], None, [], PolicyCustomTimeouts(0, 0, 0), [])


class Resource(NamedTuple):
    """A resource: its type, Pulumi's name of it, its properties."""

    type: str
    name: str
    props: Tree

    @property
    def urn(self) -> str:
        return f"urn:pulumi:test::project::{self.type}::{self.name}"


class Report(NamedTuple):
    """What a policy reported."""

    policy: str
    urn: Optional[str]
    message: str


def resource(tree: Tree, name: str = "web", suffix: str = "") -> Resource:
    """Return a Kubernetes object as the resource of pulumi-kubernetes that makes it."""
    group, _, version = tree["apiVersion"].rpartition("/")
    return Resource(f"kubernetes:{group or 'core'}/{version}:{tree['kind']}{suffix}", name, tree)


def ask(
    policies: Iterable[Policy],
    resources: Sequence[Resource],
    config: Mapping[str, Tree] = {},
    tags: Mapping[str, str] = {},
) -> list[Report]:
    """Return what policies report of a stack, in the order of the engine: each resource, then all together."""
    policies = list(policies)
    everything = [Resource(STACK, "project-test", {}), *resources]
    reports: list[Report] = []
    for each in everything:
        for policy in policies:
            if isinstance(policy, ResourceValidationPolicy):
                args = ResourceValidationArgs(
                    each.type, _props(each), each.urn, each.name, _OPTIONS, None, config.get(policy.name), tags
                )
                _finish(policy.validate(args, _reporter(reports, policy, each.urn)))
    for policy in policies:
        if isinstance(policy, StackValidationPolicy):
            found = [
                PolicyResource(each.type, _props(each), each.urn, each.name, _OPTIONS, None, None, [], {})
                for each in everything
            ]
            stack_args = StackValidationArgs(found, config.get(policy.name), tags)
            _finish(policy.validate(stack_args, _reporter(reports, policy, None)))
    return reports


def _props(resource: Resource) -> Any:  # noqa: ANN401 - a proxy of the SDK
    return unknown_checking_proxy(_as_numbers(resource.props))


def _as_numbers(value: Any) -> Any:  # noqa: ANN401 - any tree
    """Return a tree as it comes over the wire: without whole numbers."""
    if isinstance(value, dict):
        return {key: _as_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_numbers(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _reporter(reports: list[Report], policy: Policy, urn: Optional[str]) -> Any:  # noqa: ANN401 - the SDK's type is wrong
    def report(message: str, its_urn: Optional[str] = None) -> None:
        reports.append(Report(policy.name, its_urn or urn, message))

    return report


def _finish(result: Any) -> None:  # noqa: ANN401 - of the SDK
    if isawaitable(result):
        asyncio.run(result)  # type: ignore[arg-type]
