"""What is done on a live pod: a shell in it, and the comparison of what it permits with what was predicted.

The shell needs the extra `live`, the rest kubectl alone. So each name is loaded when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pidshare_components.live.comparison import Wish, verify
    from pidshare_components.live.errors import LiveError
    from pidshare_components.live.kubectl import Kubectl
    from pidshare_components.live.shell import AttachedShell, Process, ShellError
    from pidshare_components.live.show import printable, to_json, to_text
    from pidshare_components.live.verification import Verification

__all__ = [
    "AttachedShell",
    "Kubectl",
    "LiveError",
    "Process",
    "ShellError",
    "Verification",
    "Wish",
    "printable",
    "to_json",
    "to_text",
    "verify",
]

_MODULES = {
    "errors": ("LiveError",),
    "kubectl": ("Kubectl",),
    "shell": ("AttachedShell", "Process", "ShellError"),
    "show": ("printable", "to_json", "to_text"),
    "comparison": ("Wish", "verify"),
    "verification": ("Verification",),
}


def __getattr__(name: str) -> object:
    """Load the module that has a name."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
