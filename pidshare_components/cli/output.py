"""What the commands print where: standard output is for what was asked for, and for nothing else."""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator

import typer

BAD_INPUT = 2
"""Exit code."""

_STDOUT, _STDERR = 1, 2


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Send what the program and its child processes print to standard error: standard output is for the objects."""
    print(end="", flush=True)
    stdout = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield
    finally:
        print(end="", flush=True)
        os.dup2(stdout, _STDOUT)
        os.close(stdout)


def print_out(text: str) -> None:
    """Print on standard output; a reader that has left is no error."""
    print_all([text])


def print_all(pieces: Iterable[str]) -> None:
    """Print pieces of text on standard output as they come; a reader that has left is no error."""
    try:
        for piece in pieces:
            sys.stdout.buffer.write(piece.encode())
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)


def remark(count: int, what: str) -> None:
    """Tell of values on standard error, if there are any."""
    if count:
        typer.echo(f"pidshare: {count} {'value is' if count == 1 else 'values are'} {what}", err=True)


def complain(text: str) -> None:
    """Print what is wrong on standard error, each line of it as one of this command."""
    for line in text.splitlines():
        typer.echo(f"pidshare: {line}", err=True)


def complain_of(problem: object) -> None:
    """Print on standard error what is wrong with somebody's input, of which no character reaches the terminal raw."""
    from pidshare_components.analysis.printing import printable  # noqa: PLC0415 - most runs have no problem

    complain("\n".join(printable(line) for line in str(problem).splitlines()))
