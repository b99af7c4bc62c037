"""The analysis of a component's pod: on what is known in a preview, and again on what resolves later."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Optional

import pulumi

from pidshare_components.analysis.images import Ids, Main, Worker
from pidshare_components.analysis.images import ImageFacts as KnownFacts
from pidshare_components.analysis.kernel import Action
from pidshare_components.analysis.node import Node, kernel_version
from pidshare_components.analysis.objects import PodObject
from pidshare_components.analysis.result import Analysis, analyse
from pidshare_components.analysis.rule import Finding, Severity
from pidshare_components.analysis.tree import UNKNOWN, SecretText, SpecError, format_path
from pidshare_components.args.analysis import ImageFacts, NodeFacts, OnFinding
from pidshare_components.args.template import PodTemplateArgs
from pidshare_components.errors import ArgumentsError, Problem

Row = dict[str, str]

_LATEST = "latest"


class FindingsError(pulumi.RunError):
    """The analysis found something that `on_finding` does not accept. Nothing was registered.

    Attributes:
        findings: those that are not accepted, the most severe first.
    """

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = tuple(findings)
        count = len(findings)
        lines = "".join(f"\n  {described(finding)}" for finding in findings)
        super().__init__(f"{count} {'finding is' if count == 1 else 'findings are'} not accepted:{lines}")


class Judgement:
    """What the analysis says of one pod.

    Args:
        args: the component's arguments.
        spec: the pod's spec made of them; Outputs stand where they were given.
    """

    def __init__(self, args: PodTemplateArgs, spec: dict[str, Any]) -> None:
        self._args = args
        self._metadata = {"annotations": {**(args.annotations or {})}}
        self._spec = spec
        self._on_finding = args.on_finding or OnFinding()
        self._accepted = {item.rule: item.reason for item in self._on_finding.accept or ()}
        self._outputs = list(_outputs({"metadata": self._metadata, "spec": spec}))

    @property
    def is_final(self) -> bool:
        """Whether there is nothing in the pod that resolves later."""
        return not self._outputs

    def now(self) -> Analysis:
        """Return what is said of the pod while no Output has resolved.

        Raises:
            ArgumentsError: `spec_overrides` make it no pod.
        """
        return self._analyse({})

    async def later(self) -> "tuple[Analysis, bool]":
        """Return what is said of the pod once its Outputs have resolved, and whether nothing of it is unknown.

        Raises:
            ArgumentsError: as it resolves, it is no pod.
        """
        values = await asyncio.gather(*(_plain(output) for output in self._outputs))
        known = {id(output): value for output, value in zip(self._outputs, values, strict=True)}
        return self._analyse(known), not any(_has_unknown(value) for value in values)

    def accepted(self, finding: Finding) -> Optional[str]:
        """Return why a finding is accepted; None if it is not."""
        return self._accepted.get(finding.rule.id)

    def require(self, analysis: Analysis, *, final: bool) -> None:
        """Check that nothing was found that fails the deployment.

        Args:
            analysis: what was found.
            final: whether every value is known: before, what only may be so fails nothing.

        Raises:
            FindingsError: with everything that does.
        """
        least: Optional[Severity] = self._on_finding.fail_from
        if least is not None:
            failing = [item for item in analysis.findings if item.severity.rank <= least.rank]
            failing = [item for item in failing if self.accepted(item) is None and (final or item.certain)]
            if failing:
                raise FindingsError(failing)

    def rows(self, analysis: Analysis) -> list[Row]:
        """Return the findings as an output has them."""
        return [
            {
                "rule": finding.rule.id,
                "severity": finding.severity.value,
                "path": format_path(finding.path),
                "message": finding.message,
                "fix": finding.fix,
                **({"accepted": reason} if (reason := self.accepted(finding)) else {}),
            }
            for finding in analysis.findings
        ]

    def _analyse(self, known: Mapping[int, Any]) -> Analysis:
        metadata, spec = _filled(self._metadata, known), _filled(self._spec, known)
        try:
            return analyse(
                PodObject(self._args.kind.name, "", "", (), metadata, spec),
                _node(self._args.node_facts or NodeFacts()),
                {facts.image: _facts(facts) for facts in self._args.image_facts or ()},
                self._args.kubernetes_version or _LATEST,
            )
        except SpecError as error:
            path = ("spec_overrides", *error.path[1:]) if error.path[:1] == ("spec",) else error.path
            raise ArgumentsError([Problem(path, error.reason, error.instead)]) from None


def matrix(analysis: Analysis) -> list[Row]:
    """Return the exposure as an output has it: a row for each ordered pair."""
    return [
        {
            "from": pair.source.name,
            "on": pair.target.name,
            **{action.value: pair.answer(action).value for action in Action},
        }
        for pair in analysis.pairs
    ]


def level(analysis: Analysis) -> str:
    """Return the strictest level of the Pod Security Standards, as an output has it."""
    return analysis.pod_security.level.value


def described(finding: Finding) -> str:
    """Return a finding as one line."""
    return (
        f"{finding.rule.id} ({finding.severity.value}): {format_path(finding.path)}: {finding.message}; {finding.fix}"
    )


def _outputs(tree: Any) -> Iterator["pulumi.Output[Any]"]:  # noqa: ANN401 - any tree
    if isinstance(tree, pulumi.Output):
        yield tree
    elif isinstance(tree, Mapping):
        for item in tree.values():
            yield from _outputs(item)
    elif isinstance(tree, (list, tuple)):
        for item in tree:
            yield from _outputs(item)


def _filled(tree: Any, known: Mapping[int, Any]) -> Any:  # noqa: ANN401 - any tree
    if isinstance(tree, pulumi.Output):
        return known.get(id(tree), UNKNOWN)
    if isinstance(tree, Mapping):
        return {key: _filled(item, known) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_filled(item, known) for item in tree]
    return tree


async def _plain(output: "pulumi.Output[Any]") -> Any:  # noqa: ANN401 - any value
    """Return an Output's value for the analysis: what is secret stays with its owner, what is not known is UNKNOWN."""
    value = await output.future(with_unknowns=True)
    if await output.is_secret():
        return _hidden(value)
    if not await output.is_known() and not pulumi.contains_unknowns(value):
        return UNKNOWN
    return _without_unknowns(value)


def _hidden(value: Any) -> Any:  # noqa: ANN401 - any value
    """Return what a secret value is: text, or texts, or nobody's business."""
    if isinstance(value, (list, tuple)):
        return [_hidden(item) for item in value]
    return SecretText() if isinstance(value, str) else UNKNOWN


def _has_unknown(value: Any) -> bool:  # noqa: ANN401 - any value
    if isinstance(value, Mapping):
        return any(_has_unknown(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(_has_unknown(item) for item in value)
    return value is UNKNOWN


def _without_unknowns(value: Any) -> Any:  # noqa: ANN401 - any value
    if isinstance(value, pulumi.output.Unknown):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: _without_unknowns(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_unknowns(item) for item in value]
    return value


def _node(facts: NodeFacts) -> Node:
    group = facts.pause_user if facts.pause_group is None else facts.pause_group
    return Node(
        facts.runtime or Node.runtime,
        None if facts.pause_user is None or group is None else Ids(facts.pause_user, group),
        facts.security_module,
        facts.ptrace_scope,
        None if facts.kernel is None else kernel_version(facts.kernel),
    )


def _facts(facts: ImageFacts) -> KnownFacts:
    main_ids = _ids(facts.main_user, facts.main_group)
    worker = _ids(facts.worker_user, facts.worker_group)
    main = Main.BECOMES if main_ids else Main.KEEPS if facts.keeps_user else Main.UNKNOWN
    return KnownFacts(
        user=_ids(facts.user, facts.group),
        main=main,
        main_ids=main_ids,
        main_dumpable=facts.dumpable,
        workers=(Worker(worker, facts.dumpable),) if worker else (),
        file_capabilities=tuple(facts.file_capabilities or ()),
    )


def _ids(user: Optional[int], group: Optional[int]) -> Optional[Ids]:
    return None if user is None or group is None else Ids(user, group)
