"""What the user tells of images, for the commands that predict."""

from typing import Optional

import typer

from pidshare_components.analysis.images import ImageFacts
from pidshare_components.cli.output import BAD_INPUT, complain_of


def read_image_facts(file: Optional[str]) -> dict[str, ImageFacts]:
    """Return what a file of `--image-facts` says, by image; nothing without a file.

    Raises:
        typer.Exit: it cannot be read, which standard error says line by line.
    """
    if file is None:
        return {}
    from pidshare_components.documents import collect_facts  # noqa: PLC0415 - most commands need none

    facts, problems = collect_facts(file)
    for problem in problems:
        complain_of(problem)
    if problems:
        raise typer.Exit(BAD_INPUT)
    return facts
