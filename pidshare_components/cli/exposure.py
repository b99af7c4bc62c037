"""`pidshare exposure`: who can do what to whom in the pods of manifests and Pulumi programs."""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional, Union

import typer

from pidshare_components.analysis.capabilities import Runtime
from pidshare_components.analysis.images import Ids
from pidshare_components.analysis.node import Node, SecurityModule, kernel_version
from pidshare_components.cli.facts import read_image_facts
from pidshare_components.cli.output import BAD_INPUT, complain, complain_of, print_out, stdout_to_stderr

if TYPE_CHECKING:
    from pidshare_components.documents import Document, Premises, Problem
    from pidshare_components.report import Entry

_USER = re.compile(r"([0-9]{1,10})(?::([0-9]{1,10}))?")
_WIDEST = 120  # longer lines of text are hard to read


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


def _user(given: str) -> Ids:
    found = _USER.fullmatch(given)
    if not found:
        raise typer.BadParameter("write UID or UID:GID in numbers, such as 65535:65535")
    return Ids(int(found[1]), int(found[2] or found[1]))


def _kernel(given: str) -> tuple[int, int]:
    try:
        return kernel_version(given)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'--kernel'") from None


def exposure(  # noqa: PLR0913 - the options
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|STACK_DIR",
            help="Manifests (YAML or JSON), folders of them, - for standard input, or folders of Pulumi programs.",
            show_default=False,
        ),
    ],
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
    color: Annotated[
        Optional[bool],
        typer.Option("--color/--no-color", help="(default: on a terminal, unless NO_COLOR is set)", show_default=False),
    ] = None,
    stack: Annotated[
        Optional[str], typer.Option(help="Stack whose configuration Pulumi programs get. (default: dev)")
    ] = None,
    runtime: Annotated[
        Runtime, typer.Option(help="The nodes' container runtime: it decides the default capabilities.")
    ] = Runtime.CONTAINERD,
    pause_user: Annotated[
        Optional[Ids],
        typer.Option(
            parser=_user,
            metavar="UID[:GID]",
            help="User of the sandbox's image. (default: not known; GID is UID)",
        ),
    ] = None,
    security_module: Annotated[
        Optional[SecurityModule],
        typer.Option(help="The nodes' Linux security module. (default: not known)"),
    ] = None,
    ptrace_scope: Annotated[
        Optional[int],
        typer.Option(min=0, max=3, help="The nodes' kernel.yama.ptrace_scope; 0 without Yama. (default: not known)"),
    ] = None,
    kernel: Annotated[
        Optional[str],
        typer.Option(metavar="VERSION", help="The nodes' kernel, such as 6.12. (default: not known)"),
    ] = None,
    image_facts: Annotated[
        Optional[str],
        typer.Option(metavar="FILE", help="YAML of what you know of images: users and what their programs do."),
    ] = None,
) -> None:
    """Print who can see, read, reach, signal and trace whom in pods, what stands behind it, and what it gives away.

    Nothing is asked of a cluster. A folder of a Pulumi program is run as by `pidshare render`.
    """
    from pidshare_components.documents import Premises, Problem  # noqa: PLC0415 - most commands need none
    from pidshare_components.report import as_json, as_markdown, as_text  # noqa: PLC0415 - most commands need none

    node = Node(runtime, pause_user, security_module, ptrace_scope, _kernel(kernel) if kernel else None)
    premises = Premises(node, read_image_facts(image_facts), kubernetes_version)
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
        width = min(shutil.get_terminal_size().columns, _WIDEST)
        print_out(as_text(entries, explained=reasons is True, color=_has_color(color), width=width))
        if not entries and not failed:
            complain("there is no pod in it")
    if failed:
        raise typer.Exit(BAD_INPUT)


def _entries(path: str, stack: Optional[str], premises: "Premises") -> "Iterator[Union[Entry, Problem, str]]":
    """Yield the pods of a path, and what is wrong there."""
    from pidshare_components.documents import Problem, analyses  # noqa: PLC0415 - most commands need none
    from pidshare_components.report import Entry  # noqa: PLC0415 - most commands need none

    for document in _documents(path, stack):
        if isinstance(document, (Problem, str)):
            yield document
            continue
        for found in analyses(document, premises):
            yield found if isinstance(found, Problem) else Entry(found, document.file, document.number)


def _documents(path: str, stack: Optional[str]) -> "Iterator[Union[Document, Problem, str]]":
    from pidshare_components.documents import documents, is_stack_dir  # noqa: PLC0415 - most commands need none

    return _rendered(path, stack) if is_stack_dir(path) else documents(path)


def _rendered(path: str, stack: Optional[str]) -> "Iterator[Union[Document, str]]":
    """Yield the objects of a Pulumi program, with leaves of the analysis for what is unknown or secret."""
    from pidshare_components import render as rendering  # noqa: PLC0415 - imports Pulumi
    from pidshare_components.analysis.tree import UNKNOWN, SecretText  # noqa: PLC0415 - most commands need none
    from pidshare_components.documents import Document  # noqa: PLC0415 - most commands need none

    leaves = rendering.Placeholders(UNKNOWN, SecretText(), UNKNOWN)
    try:
        with stdout_to_stderr():
            manifests = rendering.render(Path(path), stack, allow_unknown=True, placeholders=leaves)
    except (rendering.RenderError, OSError) as problem:
        yield str(problem)
        return
    for number, manifest in enumerate(manifests, start=1):
        yield Document(path, number, manifest.object)


def _has_color(wanted: Optional[bool]) -> bool:
    if wanted is not None:
        return wanted
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
