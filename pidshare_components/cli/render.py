"""`pidshare render`: the Kubernetes objects of a Pulumi program as YAML."""

import gc
from pathlib import Path
from typing import Annotated, Optional

import typer

from pidshare_components.cli.output import BAD_INPUT, complain, print_out, remark, stdout_to_stderr


def render(
    stack_dir: Annotated[Path, typer.Argument(help="Folder of a Pulumi program.", show_default=False)],
    stack: Annotated[Optional[str], typer.Option(help="Stack whose configuration to use. (default: dev)")] = None,
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
        with stdout_to_stderr():
            manifests = rendering.render(stack_dir, stack, allow_unknown=allow_unknown, show_secrets=show_secrets)
        gc.freeze()  # the process ends soon, and would first look through all that the program made
        if output is None:
            print_out(rendering.to_yaml(manifests))
        else:
            rendering.write(manifests, output)
    except (rendering.RenderError, OSError) as problem:
        complain(str(problem))
        raise typer.Exit(BAD_INPUT) from None
    remark(sum(len(item.hidden) for item in manifests), "hidden; --show-secrets prints the value")
    remark(sum(len(item.unknown) for item in manifests), "known only after deployment")
