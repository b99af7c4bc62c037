"""`pidshare check`: what violates the rules in manifests and Pulumi programs.

Exit codes: 1 for violations, 2 where something could not be judged.
"""

from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pidshare_components.analysis.capabilities import Runtime
from pidshare_components.analysis.rule import Severity
from pidshare_components.cli.output import BAD_INPUT, complain, print_all
from pidshare_components.cli.premises import (
    ImageFactsOption,
    KernelOption,
    PauseUserOption,
    PtraceScopeOption,
    RuntimeOption,
    SecurityModuleOption,
    node_of,
    premises_of,
)
from pidshare_components.cli.sources import PathsArgument, StackOption, sources
from pidshare_components.cli.terminal import ColorOption, has_color, text_width

if TYPE_CHECKING:
    from pidshare_components.check import Violation
    from pidshare_components.report import Outcome

_VIOLATIONS = 1


class Format(Enum):
    """What the violations are written as."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def check(  # noqa: PLR0913 - the options
    paths: PathsArgument,
    *,
    format_: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TEXT,
    fail_on: Annotated[
        Optional[Severity],
        typer.Option(
            help="Exit with 1 for a certain violation that is so severe, or more. (default: for a mandatory one)",
        ),
    ] = None,
    config: Annotated[
        Optional[str],
        typer.Option(metavar="FILE", help="YAML or JSON: levels of rules, and what they do not hold for."),
    ] = None,
    color: ColorOption = None,
    stack: StackOption = None,
    runtime: RuntimeOption = Runtime.CONTAINERD,
    pause_user: PauseUserOption = None,
    security_module: SecurityModuleOption = None,
    ptrace_scope: PtraceScopeOption = None,
    kernel: KernelOption = None,
    image_facts: ImageFactsOption = None,
) -> None:
    """Print what violates the rules, and what to write instead.

    Nothing is asked of a cluster. A folder of a Pulumi program is run as by `pidshare render`. The rules are those that
    `pidshare explain` lists.
    """
    from pidshare_components.cli.checking import Run, configured  # noqa: PLC0415 - most commands need none

    node = node_of(runtime, pause_user, security_module, ptrace_scope, kernel)
    run = Run(configured(config), premises_of(node, image_facts))
    for path in paths:
        for found in sources(path, stack):
            run.take(path, found)
    outcome = run.end()
    print_all(_written(outcome, format_, color))
    if not outcome.objects and not outcome.problems:
        # What makes the manifests may have failed in a pipe: nothing is no clean bill.
        complain("there is no object in it")
    if outcome.problems or not outcome.objects:
        raise typer.Exit(BAD_INPUT)
    if any(_fails(each.violation, fail_on) for each in outcome.found):
        raise typer.Exit(_VIOLATIONS)


def _written(outcome: "Outcome", format_: Format, color: Optional[bool]) -> Iterator[str]:
    from pidshare_components import report  # noqa: PLC0415 - most commands need none

    if format_ is Format.TEXT:
        return report.violations_as_text(outcome, color=has_color(color), width=text_width())
    if format_ is Format.JSON:
        return report.violations_as_json(outcome)
    from importlib.metadata import version  # noqa: PLC0415 - takes long

    return report.as_sarif(outcome, version("pidshare_components"), Path.cwd())


def _fails(violation: "Violation", fail_on: Optional[Severity]) -> bool:
    if fail_on is None:
        return violation.stops
    return violation.certain and violation.exempted is None and violation.severity.rank <= fail_on.rank
