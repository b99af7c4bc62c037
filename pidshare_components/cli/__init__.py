"""The `pidshare` command line: parse, call, print. Exit codes: 0 for success, 1 for findings, 2 for bad input."""

from typing import Annotated

import typer

from pidshare_components.cli.check import check
from pidshare_components.cli.explain import explain
from pidshare_components.cli.exposure import exposure
from pidshare_components.cli.render import render
from pidshare_components.cli.verify import verify

app = typer.Typer(
    name="pidshare",
    help="Kubernetes pods whose containers share one process namespace.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(render)
app.command()(exposure)
app.command()(check)
app.command()(explain)
app.command()(verify)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - takes long

        typer.echo(f"pidshare {version('pidshare_components')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass
