"""What no manifest says of the nodes and the images: the options that the commands share which predict."""

import re
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pidshare_components.analysis.capabilities import Runtime
from pidshare_components.analysis.images import Ids
from pidshare_components.analysis.node import Node, SecurityModule, kernel_version
from pidshare_components.cli.facts import read_image_facts

if TYPE_CHECKING:
    from pidshare_components.documents import Premises

_USER = re.compile(r"([0-9]{1,10})(?::([0-9]{1,10}))?")


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


RuntimeOption = Annotated[
    Runtime, typer.Option(help="The nodes' container runtime: it decides the default capabilities.")
]
PauseUserOption = Annotated[
    Optional[Ids],
    typer.Option(
        parser=_user,
        metavar="UID[:GID]",
        help="User of the sandbox's image. (default: not known; GID is UID)",
    ),
]
SecurityModuleOption = Annotated[
    Optional[SecurityModule],
    typer.Option(help="The nodes' Linux security module. (default: not known)"),
]
PtraceScopeOption = Annotated[
    Optional[int],
    typer.Option(min=0, max=3, help="The nodes' kernel.yama.ptrace_scope; 0 without Yama. (default: not known)"),
]
KernelOption = Annotated[
    Optional[str],
    typer.Option(metavar="VERSION", help="The nodes' kernel, such as 6.12. (default: not known)"),
]
ImageFactsOption = Annotated[
    Optional[str],
    typer.Option(metavar="FILE", help="YAML of what you know of images: users and what their programs do."),
]


def node_of(
    runtime: Runtime,
    pause_user: Optional[Ids],
    security_module: Optional[SecurityModule],
    ptrace_scope: Optional[int],
    kernel: Optional[str],
) -> Node:
    """Return the nodes that the options tell of.

    Raises:
        typer.BadParameter: there is no such kernel.
    """
    return Node(runtime, pause_user, security_module, ptrace_scope, _kernel(kernel) if kernel else None)


def premises_of(node: Node, image_facts: Optional[str], kubernetes_version: str = "latest") -> "Premises":
    """Return what the options tell.

    Args:
        node: what the pods run on.
        image_facts: file of `--image-facts`.
        kubernetes_version: whose Pod Security Standards count.

    Raises:
        typer.Exit: that file cannot be read, which standard error says line by line.
    """
    from pidshare_components.documents import Premises  # noqa: PLC0415 - most commands need none

    return Premises(node, read_image_facts(image_facts), kubernetes_version)
