"""Runs a program in this process the way Pulumi's language host does, and leaves the process as it was."""

import asyncio
import contextlib
import contextvars
import gc
import inspect
import os
import runpy
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Optional, TypeVar

import pulumi
from pulumi.runtime import config as pulumi_config
from pulumi.runtime import run_in_stack
from pulumi.runtime.rpc import UNKNOWN
from pulumi.runtime.settings import ROOT, SETTINGS, Settings, configure
from typing_extensions import TypeVarTuple, Unpack

from pidshare_components.render.engine import Callbacks, Engine
from pidshare_components.render.errors import RenderError
from pidshare_components.render.monitor import Monitor
from pidshare_components.render.project import Program
from pidshare_components.render.shortcuts import shortcuts

Entrypoint = Callable[[], Optional[Awaitable[None]]]

# Enough for a pod, what it depends on and what depends on it; more are waited for by the SDK.
_ROUNDS_TO_REST = 100

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


def run(program: Program, main: Entrypoint, monitor: Monitor, *, allow_unknown: bool) -> None:
    """Run a program against a monitor.

    Pulumi keeps its state in context variables, and each run has a context of its own. The SDK's functions, and whether
    Python looks for garbage, are the whole process's: what is changed of them stays changed while a run lasts.

    Args:
        program: what the program runs with.
        main: runs it.
        monitor: takes its registrations.
        allow_unknown: hand out unknown values for encrypted configuration instead of failing.

    Raises:
        RenderError: the program failed, or asked for what nobody here can answer.
    """
    engine = Engine()

    def in_context() -> None:
        _configure(program, monitor, engine, allow_unknown=allow_unknown)
        _run_loop(main)

    try:
        with _without_garbage_collection(), shortcuts():
            contextvars.copy_context().run(in_context)
    except SystemExit as ending:
        if ending.code not in (None, 0):
            raise RenderError(f"{program.entry}: the program ended itself: {ending.code}") from None
    except Exception as problem:  # noqa: BLE001 - whatever the program raised
        raise RenderError(_explain(problem, program.entry)) from None
    if engine.errors:
        raise RenderError("\n".join(engine.errors))


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Keep Python from looking for garbage: all that a program registers lives to its end, and looking takes longer."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if not gc.get_freeze_count():
                # All that was made counts as old from here on, else the next allocation would look through it at once.
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def run_file(entry: Path) -> None:
    """Run a program's file as `__main__`."""
    runpy.run_path(str(entry), run_name="__main__")


@contextlib.contextmanager
def as_main(entry: Path) -> Iterator[None]:
    """Make this process look to a program as if it had been started on its own, and undo it.

    The program's own modules are forgotten afterwards.
    """
    folder = entry.parent
    cwd, path, argv, environment = Path.cwd(), sys.path[:], sys.argv, dict(os.environ)
    no_bytecode, modules = sys.dont_write_bytecode, set(sys.modules)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.argv = [str(entry)]
    sys.dont_write_bytecode = True  # rendering writes nothing into the user's folders
    try:
        yield
    finally:
        for name in set(sys.modules) - modules:
            if _is_part_of(sys.modules[name], folder):
                del sys.modules[name]
        sys.dont_write_bytecode, sys.argv, sys.path[:] = no_bytecode, argv, path
        os.chdir(cwd)
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)


def _is_part_of(module: Any, folder: Path) -> bool:  # noqa: ANN401 - sys.modules may hold anything
    files = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(file and _is_own_code(str(file), folder) for file in files)


def _is_own_code(file: str, folder: Path) -> bool:
    return file.startswith(f"{folder}{os.sep}") and "site-packages" not in file


def _configure(program: Program, monitor: Monitor, engine: Engine, *, allow_unknown: bool) -> None:
    ROOT.set(None)
    configure(
        Settings(
            project=program.project,
            stack=program.stack,
            organization="organization",
            root_directory=str(program.root),
            monitor=monitor,
            engine=engine,
            # As in a preview, what is not answered is unknown, and nothing is computed from it.
            dry_run=True,
        )
    )
    SETTINGS.callbacks = Callbacks()
    pulumi_config.CONFIG.set(_Config(program, allow_unknown=allow_unknown))


class _Config(dict[str, Any]):
    """Configuration whose encrypted values are refused, or unknown."""

    def __init__(self, program: Program, *, allow_unknown: bool) -> None:
        super().__init__({key: _Unknown(text) if text == UNKNOWN else text for key, text in program.config.items()})
        self._refused = frozenset() if allow_unknown else program.encrypted_keys

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 - as in a dict
        if key in self._refused:
            raise RenderError(
                f"the configuration '{key}' is encrypted, and only Pulumi can decrypt it; "
                "--allow-unknown renders what depends on it as unknown"
            )
        return super().__getitem__(key)


class _Unknown(str, pulumi.output.Unknown):
    """What the SDK takes for unknown in an Output, and the monitor in any text that it has become a part of."""

    __slots__ = ()

    def __init__(self, _: str) -> None:
        """Take the text, which the other base does not want."""


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that answers the SDK's calls of the monitor at once.

    The SDK makes each call in a thread, since an engine is another process. Here that would cost more than the call,
    and make the order of registrations a matter of luck.
    """

    def run_in_executor(
        self, executor: Optional[Executor], func: Callable[[Unpack[_Ts]], _T], *args: Unpack[_Ts]
    ) -> "asyncio.Future[_T]":
        if not str(getattr(func, "__module__", "")).startswith("pulumi.runtime"):
            return super().run_in_executor(executor, func, *args)
        answer: asyncio.Future[_T] = self.create_future()
        try:
            answer.set_result(func(*args))
        except Exception as problem:  # noqa: BLE001 - it is the caller's
            answer.set_exception(problem)
        return answer


def _run_loop(main: Entrypoint) -> None:
    loop = _Loop()
    try:
        loop.run_until_complete(run_in_stack(lambda: _and_rest(main)))
    finally:
        # The failure that matters has been raised; those of the tasks that depended on it are echoes.
        loop.set_exception_handler(lambda *_: None)
        loop.run_until_complete(_cancel(asyncio.all_tasks(loop)))
        loop.close()


async def _and_rest(main: Entrypoint) -> None:
    """Run a program, and let what it began come to an end: the SDK waits for each of its thousands of tasks."""
    running = main()
    if inspect.isawaitable(running):
        await running
    for _ in range(_ROUNDS_TO_REST):
        await asyncio.sleep(0)


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    loop = asyncio.get_running_loop()
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()


def _explain(problem: Exception, entry: Path) -> str:
    """Return why a program failed, without a library's traceback."""
    chain = _chain(problem)
    for cause in chain:
        if isinstance(cause, pulumi.ConfigTypeError):  # quotes the value, which may be a secret
            return f"the configuration '{cause.key}' is not a valid {cause.expect_type}; correct it"
        if isinstance(cause, pulumi.RunError):
            return str(cause)
    cause = chain[-1]
    if isinstance(cause, SyntaxError):
        return f"{cause.filename}:{cause.lineno}: {type(cause).__name__}: {cause.msg}"
    # The SDK wraps an input that it cannot send in messages that quote the input, which may be a secret: of those
    # only the line is told that names the resource.
    about = next((str(link).splitlines()[0] for link in chain if str(link).startswith("While processing resource")), "")
    where = next((place for link in chain if (place := _place(link, entry.parent))), str(entry))
    return f"{where}: {f'{about}: ' if about else ''}{type(cause).__name__}: {cause}"


def _chain(problem: BaseException) -> list[BaseException]:
    chain = [problem]
    while (cause := _cause(chain[-1])) is not None and cause not in chain:
        chain.append(cause)
    return chain


def _cause(problem: BaseException) -> Optional[BaseException]:
    # The SDK raises what failed while the program still ran from itself, and loses the cause that it gave.
    return problem.__context__ if problem.__cause__ is problem else problem.__cause__


def _place(problem: BaseException, folder: Path) -> str:
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame for frame in frames if _is_own_code(frame.filename, folder)]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else ""
