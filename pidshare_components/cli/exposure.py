"""`pidshare exposure`: who can do what to whom in the pods of manifests and Pulumi programs."""

import json
from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Optional, Union

import typer

from pidshare_components.analysis.capabilities import Runtime
from pidshare_components.cli.output import BAD_INPUT, complain, complain_of, print_out
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
    from pidshare_components.documents import Premises, Problem
    from pidshare_components.report import Entry


class Format(Enum):
    """What the report is written as."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def _version(given: str) -> str:
    from pidshare_components.analysis.pod_security import check_version  # noqa: PLC0415 - most commands need none

    try:
        check_version(given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return given


def exposure(  # noqa: PLR0913 - the options
    paths: PathsArgument,
    *,
    kubernetes_version: Annotated[
        str, typer.Option(parser=_version, metavar="VERSION", help="Whose Pod Security Standards count, such as 1.34.")
    ] = "latest",
    format_: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TEXT,
    reasons: Annotated[
        Optional[bool],
        typer.Option(
            "--reasons/--no-reasons",
            help="Say for each answer why, and what would change it. (default: in JSON and Markdown)",
            show_default=False,
        ),
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
    """Print who can see, read, reach, signal and trace whom in pods, what stands behind it, and what it gives away.

    Nothing is asked of a cluster. A folder of a Pulumi program is run as by `pidshare render`.
    """
    from pidshare_components.documents import Problem  # noqa: PLC0415 - most commands need none
    from pidshare_components.report import as_json, as_markdown, as_text  # noqa: PLC0415 - most commands need none

    node = node_of(runtime, pause_user, security_module, ptrace_scope, kernel)
    premises = premises_of(node, image_facts, kubernetes_version)
    entries, failed = [], False
    for path in paths:
        for found in _entries(path, stack, premises):
            if isinstance(found, (Problem, str)):
                complain_of(found)
                failed = True
            else:
                entries.append(found)
    if format_ is Format.JSON:
        print_out(json.dumps(as_json(entries, explained=reasons is not False), indent=2) + "\n")
    elif format_ is Format.MARKDOWN:
        print_out(as_markdown(entries, explained=reasons is not False))
    else:
        print_out(as_text(entries, explained=reasons is True, color=has_color(color), width=text_width()))
        if not entries and not failed:
            complain("there is no pod in it")
    if failed:
        raise typer.Exit(BAD_INPUT)


def _entries(path: str, stack: Optional[str], premises: "Premises") -> "Iterator[Union[Entry, Problem, str]]":
    """Yield the pods of a path, and what is wrong there."""
    from pidshare_components.documents import Problem, analyses  # noqa: PLC0415 - most commands need none
    from pidshare_components.report import Entry  # noqa: PLC0415 - most commands need none

    for source in sources(path, stack):
        if isinstance(source, (Problem, str)):
            yield source
            continue
        document = source.document
        for found in analyses(document, premises):
            yield found if isinstance(found, Problem) else Entry(found, document.file, document.number)
