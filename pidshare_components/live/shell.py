"""A shell in a live pod, over `kubectl attach`. Needs the extra `live` and kubectl."""

import contextlib
import itertools
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Optional

import pexpect
from typing_extensions import Self

# What busybox' line editor sends beside text: cursor queries, colours, erasing.
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
# Perhaps twice: a shell draws it again when it learns the size of the terminal. Bash announces it (bracketed paste);
# any other control before it is that of a prompt drawn again, which nobody waits for.
_PROMPT = re.compile(rf"^(?:\x1b\[\?2004[hl]\r?)*(?:\S* ?[#$] (?:{_CONTROL.pattern})*)+$", re.MULTILINE)
_ANSWER_SECONDS = 3
_ROWS, _COLUMNS = 50, 200  # wide, so that `ps` cuts no command line


class ShellError(Exception):
    """A shell did not do what was asked of it. The message says what, and what the terminal showed last."""


@dataclass(frozen=True)
class Process:
    """A line of `ps ax`."""

    pid: int
    """Process id in the pod's process namespace."""
    command: str
    """Command line."""


class AttachedShell:
    """An interactive shell, as `kubectl attach --stdin --tty` shows it. A context manager.

    Leaving it ends kubectl alone: the shell in the pod goes on, so that the container is not restarted.

    Args:
        attach: the whole kubectl command.
        transcript: called with each line of the terminal, in order.
        timeout: seconds to wait for a prompt.
    """

    def __init__(
        self, attach: Sequence[str], transcript: Callable[[str], None] = lambda _: None, timeout: float = 60
    ) -> None:
        self._attach = list(attach)
        self._transcript = transcript
        self._timeout = timeout
        self._terminal: Optional[pexpect.spawn[str]] = None

    def __enter__(self) -> Self:
        """Attach, and wait for a prompt.

        Raises:
            ShellError: kubectl ended or no prompt came.
        """
        self._terminal = pexpect.spawn(
            self._attach[0], self._attach[1:], encoding="utf-8", timeout=self._timeout, dimensions=(_ROWS, _COLUMNS)
        )
        try:
            self._synchronise()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        """End kubectl."""
        self._close()

    def run(self, command: str) -> str:
        """Type a command and return what it printed, without the command and the next prompt.

        Raises:
            ShellError: kubectl ended or no prompt came.
        """
        self._attached.send(f"{command}\r")
        shown = self._expect(_PROMPT, f"'{command}'")
        self._transcript(f"/ # {command}")
        _, _, output = shown.partition("\n")  # the echo of the command
        for line in output.splitlines():
            self._transcript(line)
        return output

    def abort(self) -> None:
        """Press Ctrl-C, and wait a moment for the prompt: gives up what runs and what was typed of a line."""
        self._attached.sendintr()
        with contextlib.suppress(pexpect.TIMEOUT, pexpect.EOF):
            self._attached.expect(_PROMPT, timeout=_ANSWER_SECONDS)

    def processes(self) -> list[Process]:
        """Return the processes that `ps ax` lists, without that `ps` itself.

        Raises:
            ShellError: `ps` printed no table, kubectl ended or no prompt came.
        """
        header, *lines = self.run("ps ax").splitlines() or [""]
        columns = header.split()  # which ones there are, differs between builds of busybox and procps
        if "PID" not in columns:
            raise ShellError(f"'ps ax': no table of processes, but: {header or 'nothing'}")
        pid, last = columns.index("PID"), len(columns) - 1
        rows = [line.split(maxsplit=last) for line in lines]
        processes = [Process(int(row[pid]), row[last].rstrip()) for row in rows if len(row) == len(columns)]
        return [process for process in processes if process.command != "ps ax"]

    def _synchronise(self) -> None:
        """Find the prompt that waits for the next command.

        Prompts from before the attach may or may not show, and somebody may have left half a line: only the answer to
        a command tells where we are.
        """
        deadline = time.monotonic() + self._timeout
        for attempt in itertools.count(1):
            self._attached.send(f"echo ready-$(({attempt}+0))\r")
            try:
                self._attached.expect_exact(f"ready-{attempt}\r\n", timeout=_ANSWER_SECONDS)
                break
            except pexpect.TIMEOUT:
                if time.monotonic() > deadline:
                    raise self._error("attaching", f"no prompt came in {self._timeout:g} s") from None
            except pexpect.EOF:
                raise self._error("attaching", "kubectl ended") from None
        self._expect(_PROMPT, "attaching")

    @property
    def _attached(self) -> "pexpect.spawn[str]":
        if self._terminal is None:
            raise ShellError("not attached; use the shell in a with statement")
        return self._terminal

    def _expect(self, pattern: "str | re.Pattern[str]", what: str) -> str:
        """Wait for a pattern and return what the terminal showed before it."""
        terminal = self._attached
        try:
            terminal.expect(pattern, timeout=self._timeout)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            came = "kubectl ended" if isinstance(error, pexpect.EOF) else f"no prompt came in {self._timeout:g} s"
            raise self._error(what, came) from None
        return _CONTROL.sub("", terminal.before or "")

    def _error(self, what: str, came: str) -> ShellError:
        shown = _CONTROL.sub("", self._attached.before or "").strip()
        return ShellError(f"{what}: {came}; the terminal showed: {shown or 'nothing'}")

    def _close(self) -> None:
        if self._terminal is not None:
            self._terminal.close(force=True)
            self._terminal = None
