"""The package's shell scripts, as a container's command carries them."""

import re
from functools import cache
from importlib.resources import files

# Kubernetes takes these two for a reference to a variable and for an escaped `$`, and leaves any other `$` alone.
_READ_BY_KUBERNETES = re.compile(r"\$(?=[$(])")


@cache
def inline(*names: str) -> str:
    """Return scripts of this package, one after another, as one word of a container's `command`, without comments.

    Args:
        names: of the files in `pidshare_components/scripts`.
    """
    folder = files("pidshare_components") / "scripts"
    lines = [line for name in names for line in (folder / name).read_text(encoding="utf-8").splitlines()]
    # What explains the script to its readers would only hide the other processes in the output of `ps`.
    return literal("\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("#")))


def literal(text: str) -> str:
    """Return a text so that a container's command, arguments or variables have it as it is.

    Kubernetes replaces `$(NAME)` and `$$` in them (API documentation of `Container.command` and `EnvVar.value`).
    """
    return _READ_BY_KUBERNETES.sub("$$", text)
