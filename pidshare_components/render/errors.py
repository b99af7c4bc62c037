"""The exception of rendering."""

import pulumi


class RenderError(pulumi.RunError):
    """The program cannot be rendered. The message has one line per reason, and no value of a secret.

    A `pulumi.RunError`, so that it also ends a program cleanly when it is raised inside one.
    """
