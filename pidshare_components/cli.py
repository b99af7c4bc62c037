"""The `pidshare` command line: parse, call, print. Exit codes: 0 for success, 2 for bad input."""

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Optional

import typer

_BAD_INPUT = 2
_STDOUT, _STDERR = 1, 2

app = typer.Typer(
    name="pidshare",
    help="Kubernetes pods whose containers share one process namespace.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"pidshare {version('pidshare_components')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


@app.command()
def render(
    stack_dir: Annotated[Path, typer.Argument(help="Folder of a Pulumi program.", show_default=False)],
    stack: Annotated[Optional[str], typer.Option(help="Stack whose configuration to use. [default: dev]")] = None,
    output: Annotated[
        Optional[Path],
        typer.Option("--output", "-o", help="Folder to write one file per object to, instead of standard output."),
    ] = None,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="Print <unknown> for values that only a deployment knows.")
    ] = False,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Print secret values instead of [secret].")
    ] = False,
) -> None:
    """Print the Kubernetes objects of a Pulumi program as YAML, in the order to apply them.

    The program runs in this process: no engine, no cluster, no network.
    """
    from pidshare_components import render as rendering  # noqa: PLC0415 - imports Pulumi

    try:
        with _stdout_to_stderr():
            manifests = rendering.render(stack_dir, stack, allow_unknown=allow_unknown, show_secrets=show_secrets)
        if output is None:
            _print(rendering.to_yaml(manifests))
        else:
            rendering.write(manifests, output)
    except (rendering.RenderError, OSError) as problem:
        for line in str(problem).splitlines():
            typer.echo(f"pidshare: {line}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    _remark(sum(len(item.hidden) for item in manifests), "hidden; --show-secrets prints the value")
    _remark(sum(len(item.unknown) for item in manifests), "known only after deployment")


@contextlib.contextmanager
def _stdout_to_stderr() -> Iterator[None]:
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


def _print(text: str) -> None:
    try:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)


def _remark(count: int, what: str) -> None:
    if count:
        typer.echo(f"pidshare: {count} {'value is' if count == 1 else 'values are'} {what}", err=True)
