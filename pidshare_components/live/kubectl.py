"""The user's kubectl, as a program."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Optional

from pidshare_components.live.errors import LiveError

_SECONDS = 60
_TIMED_OUT = 124  # as timeout(1) says it


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    status: int
    output: str
    errors: str

    @property
    def forbidden(self) -> bool:
        """Whether the API server refused it to this user."""
        return self.status != 0 and "orbidden" in self.errors


@dataclass(frozen=True)
class Kubectl:
    """Commands of kubectl for one namespace.

    Attributes:
        program: kubectl itself, with what comes before every option.
        kubeconfig: file to use instead of the one that kubectl finds.
        context: context to use instead of the current one.
        namespace: namespace to use instead of the context's.
    """

    program: Sequence[str] = ("kubectl",)
    kubeconfig: Optional[str] = None
    context: Optional[str] = None
    namespace: Optional[str] = None

    def command(self, *arguments: str) -> list[str]:
        """Return a whole command."""
        given = {"kubeconfig": self.kubeconfig, "context": self.context, "namespace": self.namespace}
        return [*self.program, *(f"--{name}={value}" for name, value in given.items() if value), *arguments]

    def run(self, *arguments: str, seconds: float = _SECONDS) -> Done:
        """Run a command to its end; it ends with this process's interruption.

        Raises:
            LiveError: there is no kubectl.
        """
        command = self.command(*arguments)
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except OSError as error:
            raise LiveError(f"{command[0]} cannot be started: {error.strerror}; install kubectl") from None
        except subprocess.TimeoutExpired:
            return Done(_TIMED_OUT, "", f"no answer in {seconds:g} s")
        return Done(done.returncode, done.stdout, done.stderr.strip())

    def current_context(self) -> str:
        """Return the context that is used; "none" if kubectl has no kubeconfig."""
        if self.context:
            return self.context
        return self.run("config", "current-context").output.strip() or "none"

    def pod(self, name: str) -> dict[str, Any]:
        """Return a live pod.

        Raises:
            LiveError: there is none, or it cannot be read.
        """
        done = self.run("get", "pod", name, "--output=json")
        if done.status:
            raise LiveError(f"pod {name} cannot be read: {done.errors}")
        found = json.loads(done.output)
        if not isinstance(found, dict) or found.get("kind") != "Pod":
            raise LiveError(f"{name} is no pod")
        return found
