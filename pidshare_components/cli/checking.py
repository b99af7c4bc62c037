"""A run of `pidshare check`: each object goes to the rules once, and of a document only what was found is kept."""

from collections.abc import Iterator
from typing import NamedTuple, Optional, Union

import typer

from pidshare_components.analysis.objects import objects_in
from pidshare_components.analysis.result import Premises
from pidshare_components.analysis.tree import SpecError, format_path
from pidshare_components.check import (
    Checker,
    Configuration,
    SettingsError,
    read_configuration,
    says_production,
)
from pidshare_components.cli.output import BAD_INPUT, complain_of
from pidshare_components.cli.sources import Source
from pidshare_components.documents import Document, Problem, documents
from pidshare_components.report import Found, Outcome, Place


class Configured(NamedTuple):
    """What is configured of the rules.

    Attributes:
        rules: it.
        document: that says it; None where nothing does.
    """

    rules: Configuration
    document: Optional[Document]


def configured(file: Optional[str]) -> Configured:
    """Return what a file of `--config` says; nothing without a file.

    Raises:
        typer.Exit: it cannot be used, which standard error says line by line.
    """
    problems: list[Problem] = []
    found: list[Document] = []
    for item in documents(file) if file is not None else ():
        if isinstance(item, Problem):
            problems.append(item)
        elif found:
            problems.append(item.problem((), "is a second configuration", "write one document"))
        else:
            found.append(item)
    document = found[0] if found else None
    rules = Configuration()
    try:
        rules = read_configuration(document.tree if document else None)
    except SettingsError as error:
        assert document is not None  # noqa: S101 - or there was nothing to read
        for mistake in error.mistakes:
            path = format_path(mistake.path) if mistake.path else ""
            line = document.line_of(mistake.path)
            problems.append(Problem(document.file, None, line, path, mistake.reason, mistake.instead))
    for problem in problems:
        complain_of(problem)
    if problems:
        raise typer.Exit(BAD_INPUT)
    return Configured(rules, document)


class Run:
    """Takes what is to be judged, and tells of problems as they come.

    Args:
        configuration: of the rules.
        premises: what no object says of itself.
    """

    def __init__(self, configuration: Configured, premises: Premises) -> None:
        self._configuration = configuration.document
        self._checker = Checker(configuration.rules, premises)
        self._found: list[Found] = []
        self._problems: list[Problem] = []
        self._files: set[str] = set()
        self._begun = self._judged = 0

    def take(self, path: str, source: Union[Source, Problem, str]) -> None:
        """Judge a document, or tell of what is wrong in its place.

        Args:
            path: on the command line, that it is from.
            source: see `sources.sources`.
        """
        if isinstance(source, Source):
            self._document(source)
        elif isinstance(source, Problem):
            self._problem(source)
        else:
            complain_of(source)
            self._problems.append(Problem(path, None, None, "", source, ""))

    def end(self) -> Outcome:
        """Return all that was found, when everything has been taken."""
        for violation in self._checker.stack():
            assert isinstance(violation.origin, Place)  # noqa: S101 - for the type checker
            self._found.append(Found(violation, violation.origin))
        if self._configuration is not None:
            self._found += self._expired(self._configuration)
        return Outcome.of(self._found, self._problems, self._judged, len(self._files))

    def _expired(self, document: Document) -> Iterator[Found]:
        place = Place(self._begun, document.file, document.file, None, document.line)
        for violation in self._checker.expired():
            yield Found(violation, place, document.line_of(violation.path))

    def _problem(self, problem: Problem) -> None:
        complain_of(problem)
        self._problems.append(problem)

    def _document(self, source: Source) -> None:
        document = source.document
        self._files.add(document.file)
        production = says_production(source.configuration)
        for path, tree in objects_in(document.tree):
            place = Place(self._begun, document.file, source.code, document.number, document.line_of(path))
            self._begun += 1
            try:
                found = self._checker.check(tree, path, place, called=source.called, production=production)
            except SpecError as error:
                self._problem(document.problem(error.path, error.reason, error.instead))
            else:
                self._judged += 1
                self._found += (Found(each, place, document.line_of(each.path)) for each in found)
