"""`pidshare verify`: what a live pod permits beside what is predicted.

Exit codes: 1 for a difference, 2 where there is no answer.
"""

import json
import sys
from enum import Enum
from typing import Annotated, Optional

import typer

from pidshare_components.analysis.capabilities import Runtime
from pidshare_components.cli.facts import read_image_facts
from pidshare_components.cli.output import BAD_INPUT, complain, print_out

_DIFFERENCE, _INTERRUPTED = 1, 130


class Format(Enum):
    """What is printed."""

    TEXT = "text"
    JSON = "json"


def verify(  # noqa: PLR0913 - the options
    pod: Annotated[str, typer.Argument(help="Name of a pod that runs.", show_default=False)],
    *,
    namespace: Annotated[
        Optional[str], typer.Option("--namespace", "-n", help="Its namespace. (default: the context's)")
    ] = None,
    attach: Annotated[
        Optional[str],
        typer.Option(
            "--container", "-c", metavar="SHELL", help="Container with an interactive shell: attach to it, not exec."
        ),
    ] = None,
    target: Annotated[
        Optional[str],
        typer.Option(metavar="CONTAINER", help="Container to walk to. (default: the first one but the shell's)"),
    ] = None,
    reload: Annotated[
        bool, typer.Option("--reload", help="Send SIGHUP to the target's main process, if it handles that.")
    ] = False,
    kubeconfig: Annotated[
        Optional[str], typer.Option(metavar="FILE", help="Kubeconfig. (default: kubectl's own)")
    ] = None,
    context: Annotated[Optional[str], typer.Option(help="Context in it. (default: the current one)")] = None,
    runtime: Annotated[
        Optional[Runtime], typer.Option(help="The node's container runtime. (default: what the pod's status says)")
    ] = None,
    image_facts: Annotated[
        Optional[str],
        typer.Option(metavar="FILE", help="YAML of what you know of images: users and what their programs do."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.TEXT,
) -> None:
    """Measure in a running pod who can see, read, reach, signal and trace whom, beside what is predicted.

    kubectl enters every container that has a shell. Nothing is changed, and no signal is sent without --reload.
    """
    from pidshare_components import live  # noqa: PLC0415 - most commands need none

    facts = read_image_facts(image_facts)
    kubectl = live.Kubectl(kubeconfig=kubeconfig, context=context, namespace=namespace)
    progress = _Progress()
    used = "unknown"
    try:
        used = kubectl.current_context()
        progress.say(f"using the context {used}")
        found = live.verify(kubectl, live.Wish(pod, attach, target, reload, runtime, facts), progress.say)
    except live.LiveError as error:
        progress.end()
        complain(live.printable(f"{error} (context {used})"))
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        progress.end()
        complain("interrupted")
        raise typer.Exit(_INTERRUPTED) from None
    progress.end()
    print_out(live.to_text(found) if format_ is Format.TEXT else json.dumps(live.to_json(found), indent=2) + "\n")
    if found.differences:
        raise typer.Exit(_DIFFERENCE)


class _Progress:
    """One line on a terminal, and nothing anywhere else."""

    def __init__(self) -> None:
        self._shows = sys.stderr.isatty()

    def say(self, what: str) -> None:
        if self._shows:
            sys.stderr.write(f"\r\x1b[Kpidshare: {what} …")
            sys.stderr.flush()

    def end(self) -> None:
        if self._shows:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
