"""What the commands judge: the objects of manifests and of Pulumi programs, one document after the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional, Union

import typer

from pidshare_components.cli.output import stdout_to_stderr

if TYPE_CHECKING:
    from pidshare_components.documents import Document, Problem

PathsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH|STACK_DIR",
        help="Manifests (YAML or JSON), folders of them, - for standard input, or folders of Pulumi programs.",
        show_default=False,
    ),
]
StackOption = Annotated[
    Optional[str], typer.Option(help="Stack whose configuration Pulumi programs get. (default: dev)")
]


@dataclass(frozen=True)
class Source:
    """A document, and what is known of where it is from.

    Attributes:
        document: the document.
        code: file of the program that made it; that of the document where none did.
        called: name of Pulumi's resource; "" where it is none.
        configuration: of the stack, by full key; encrypted values are not what they stand for.
    """

    document: "Document"
    code: str
    called: str = ""
    configuration: Mapping[str, str] = field(default_factory=dict)


def sources(path: str, stack: Optional[str]) -> "Iterator[Union[Source, Problem, str]]":
    """Yield the documents of a path, and what is wrong there.

    Args:
        path: as on the command line; the folder of a Pulumi program is run.
        stack: whose configuration programs get.
    """
    from pidshare_components.documents import Document, documents, is_stack_dir  # noqa: PLC0415 - most commands need none

    if is_stack_dir(path):
        yield from _rendered(path, stack)
        return
    for found in documents(path):
        yield Source(found, found.file) if isinstance(found, Document) else found


def _rendered(path: str, stack: Optional[str]) -> "Iterator[Union[Source, str]]":
    """Yield the objects of a Pulumi program, with leaves of the analysis for what is unknown or secret."""
    from pidshare_components import render as rendering  # noqa: PLC0415 - imports Pulumi
    from pidshare_components.analysis.tree import UNKNOWN, SecretText  # noqa: PLC0415 - most commands need none
    from pidshare_components.documents import Document  # noqa: PLC0415 - most commands need none
    from pidshare_components.render.project import find_program  # noqa: PLC0415 - imports Pulumi

    leaves = rendering.Placeholders(UNKNOWN, SecretText(), UNKNOWN)
    try:
        program = find_program(Path(path), stack)
        with stdout_to_stderr():
            manifests = rendering.render(Path(path), stack, allow_unknown=True, placeholders=leaves)
    except (rendering.RenderError, OSError) as problem:
        yield str(problem)
        return
    for number, manifest in enumerate(manifests, start=1):
        yield Source(Document(path, number, manifest.object), str(program.entry), manifest.called, program.config)
