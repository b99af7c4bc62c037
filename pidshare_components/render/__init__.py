"""Runs a Pulumi program in this process, without engine, cluster or network, and returns its Kubernetes objects.

A value is certain when the program says it: inputs, names, namespaces. What only an engine, a provider or the API
server knows is unknown, and so is everything computed from it. Resources that a program makes inside `apply` of an
unknown value are not made, as in a preview.
"""

from pathlib import Path
from typing import Optional

from pidshare_components.render.errors import RenderError
from pidshare_components.render.manifest import Manifest, to_yaml, write
from pidshare_components.render.monitor import Monitor
from pidshare_components.render.project import DEFAULT_STACK, Program, find_program
from pidshare_components.render.run import Entrypoint, as_main, run, run_file
from pidshare_components.render.values import PRINTED, Placeholders

__all__ = ["Manifest", "Placeholders", "RenderError", "render", "render_program", "to_yaml", "write"]


def render(
    stack_dir: Path,
    stack: Optional[str] = None,
    *,
    allow_unknown: bool = False,
    show_secrets: bool = False,
    placeholders: Placeholders = PRINTED,
) -> list[Manifest]:
    """Run the program of a folder and return its Kubernetes objects in the order to apply them.

    Args:
        stack_dir: a folder with a `Pulumi.yaml`, or one that `main` of a `Pulumi.yaml` further up names.
        stack: whose `Pulumi.<stack>.yaml` to use; `dev` if None.
        allow_unknown: put a placeholder where a value is known only after deployment.
        show_secrets: keep secret values instead of placeholders.
        placeholders: what stands in the objects for what is unknown or secret.

    Raises:
        RenderError: no such program or stack, the program failed, or values are not known.
    """
    program = find_program(stack_dir, stack)
    monitor = Monitor(program.config, allow_unknown=allow_unknown, show_secrets=show_secrets, placeholders=placeholders)
    with as_main(program.entry):
        return _render(program, lambda: run_file(program.entry), monitor, allow_unknown=allow_unknown)


def render_program(main: Entrypoint, *, allow_unknown: bool = False, show_secrets: bool = False) -> list[Manifest]:
    """Run a function that registers resources, as `render` does with a program; there is no configuration.

    Args:
        main: the function; it may be asynchronous.
        allow_unknown: as in `render`.
        show_secrets: as in `render`.

    Raises:
        RenderError: the function failed, or values are not known.
    """
    folder = Path.cwd()
    program = Program(entry=folder / "__main__.py", project="project", root=folder, stack=DEFAULT_STACK)
    monitor = Monitor(program.config, allow_unknown=allow_unknown, show_secrets=show_secrets)
    return _render(program, main, monitor, allow_unknown=allow_unknown)


def _render(program: Program, main: Entrypoint, monitor: Monitor, *, allow_unknown: bool) -> list[Manifest]:
    run(program, main, monitor, allow_unknown=allow_unknown)
    return monitor.manifests()
