"""Ways to run a script in a container: a process of its own by `kubectl exec`, or typed at an attached shell."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from pidshare_components.live.errors import NotEnteredError
from pidshare_components.live.kubectl import Kubectl

if TYPE_CHECKING:
    from pidshare_components.live.shell import AttachedShell

FORBIDDEN = "exec is forbidden for this user"

_CHUNK = 400  # letters: a line editor takes no endless line (busybox: 1024)
_VARIABLE, _END = "pidshare_script", "pidshare_end"
_FORGET = f"unset {_VARIABLE} {_END}"
_NO_SHELL = ("executable file not found", "no such file or directory")


class Door(Protocol):
    """A way into a container."""

    def run(self, script: str) -> str:
        """Run a script of a POSIX shell and return what was printed, by the script or around it.

        The script has no single quote, tab or exclamation mark: it may be typed at a prompt.

        Raises:
            NotEnteredError: it could not be run.
        """


class ExecDoor:
    """Starts a shell in a container for each script."""

    def __init__(self, kubectl: Kubectl, pod: str, container: str) -> None:
        self._kubectl, self._pod, self._container = kubectl, pod, container

    def run(self, script: str) -> str:
        """See Door."""
        done = self._kubectl.run("exec", self._pod, f"--container={self._container}", "--", "sh", "-c", script)
        if done.forbidden:
            raise NotEnteredError(FORBIDDEN, forbidden=True)
        if done.status and any(sign in done.errors for sign in _NO_SHELL):
            raise NotEnteredError("no shell")
        if done.status:
            said = done.errors.splitlines() or ["nothing was said"]
            raise NotEnteredError(f"exec failed: {said[-1]}")
        return done.output


class AttachDoor:
    """Types each script at a shell that is a container's main process, as somebody would.

    It ends up in the shell's history; its variables are removed again.
    """

    def __init__(self, shell: "AttachedShell") -> None:
        self._shell = shell

    def run(self, script: str) -> str:
        """See Door."""
        from pidshare_components.live.shell import ShellError  # noqa: PLC0415 - needs an extra

        try:
            return self._type(script)
        except ShellError as error:
            self._tidy()
            raise NotEnteredError(f"attached, but: {error}") from None
        except KeyboardInterrupt:
            self._tidy()
            raise

    def _tidy(self) -> None:
        """Leave no half line, and nothing that runs, to whoever attaches next."""
        from pidshare_components.live.shell import ShellError  # noqa: PLC0415 - needs an extra

        with suppress(ShellError, OSError):
            self._shell.abort()
            self._shell.run(_FORGET)

    def _type(self, script: str) -> str:
        # One line after another: a shell that waits for the end of a longer text shows another prompt.
        self._shell.run(f'{_END}=$(printf "\\nx"); {_END}=${{{_END}%x}}; {_VARIABLE}=')
        for lines in _chunks(script):
            text = "".join(f"'{line}'\"${_END}\"" for line in lines)
            self._shell.run(f"{_VARIABLE}=${{{_VARIABLE}}}{text}")
        output = self._shell.run(f'sh -c "${_VARIABLE}"')
        self._shell.run(_FORGET)
        return output


@contextmanager
def attached(kubectl: Kubectl, pod: str, container: str) -> Iterator[AttachDoor]:
    """Attach to a shell; leaving it lets the shell go on.

    Raises:
        NotEnteredError: there is no shell, or nobody may attach to it.
    """
    try:
        from pidshare_components.live.shell import AttachedShell, ShellError  # noqa: PLC0415 - needs an extra
    except ImportError:
        raise NotEnteredError("attach needs pexpect: install pidshare_components[live]") from None
    with ExitStack() as stack:
        try:
            shell = stack.enter_context(
                AttachedShell(kubectl.command("attach", pod, f"--container={container}", "--stdin", "--tty"))
            )
        except ShellError as error:
            raise NotEnteredError(str(error), forbidden="orbidden" in str(error)) from None
        yield AttachDoor(shell)


def _chunks(script: str) -> Iterator[list[str]]:
    """Yield the lines of a script in pieces that can be typed: without comments, indentation and empty lines."""
    chunk: list[str] = []
    for line in map(str.strip, script.splitlines()):
        if line and not line.startswith("#"):
            if sum(map(len, chunk)) + len(line) > _CHUNK:
                yield chunk
                chunk = []
            chunk.append(line)
    yield chunk
