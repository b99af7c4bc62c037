"""What a container's processes do to their own credentials, as far as its image and its command tell."""

from functools import lru_cache
from typing import Any, Optional

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.images import ImageFacts, Main, Worker, keeps_credentials
from pidshare_components.analysis.kernel import KEEPS, Program
from pidshare_components.analysis.shell import commands, program
from pidshare_components.analysis.tree import UNKNOWN, Tree, child, objects

_SHELLS = frozenset(["ash", "bash", "dash", "sh"])
# What a shell does itself. `exec` puts a program in its place: then it is that one's turn to be judged.
_BUILTINS = frozenset(
    (
        *(":", "[", "break", "cd", "command", "continue", "exec", "exit", "export", "getopts", "kill", "local", "read"),
        *("readonly", "return", "set", "shift", "test", "times", "trap", "type", "ulimit", "umask", "unset", "wait"),
    )
)


def main_program(container: Tree, facts: Optional[ImageFacts], *, told: bool) -> Optional[Program]:
    """Return what the main process does; None if nobody knows.

    Args:
        container: as Kubernetes has it.
        facts: of its image.
        told: whether the user told what the image's program does: then that holds for any command but known ones.
    """
    command, args = container.get("command"), container.get("args")
    if UNKNOWN in (command, args):
        return None
    if command or (args and facts and facts.programs == ()):
        known = _of_words((*(command or ()), *(args or ())))
        return known or (_of_image(facts) if told and facts else None)
    return _of_image(facts) if facts and (told or _runs_entry_point(container, facts)) else None


def workers(container: Tree, facts: Optional[ImageFacts], *, told: bool) -> tuple[Worker, ...]:
    """Return the processes of other users that the container has beside its main process if it starts as root."""
    if facts and facts.workers and _may_run_entry_point(container):
        return facts.workers if told or _runs_entry_point(container, facts) else ()
    return ()


def _may_run_entry_point(container: Tree) -> bool:
    command = container.get("command")
    return command is UNKNOWN or not command or _of_words((*command,)) is None


def _runs_entry_point(container: Tree, facts: ImageFacts) -> bool:
    """Return whether the container surely runs what its image is made for, in the way that it does by itself."""
    command, args = container.get("command"), container.get("args")
    if command is UNKNOWN or args is UNKNOWN or command or (args and UNKNOWN in args) or not facts.holds_with(args):
        return False
    return not facts.changed_by or not _may_have(container, facts.changed_by)


def _may_have(container: Tree, variables: tuple[str, ...]) -> bool:
    names: list[Any] = [child(variable, "name") for _, variable in objects(container, "env")]
    unknown = container.get("env") is UNKNOWN or UNKNOWN in names or container.get("envFrom") not in (None, [])
    return unknown or not set(variables).isdisjoint(names)


def _of_image(facts: ImageFacts) -> Program:
    return Program(
        known_as_root=facts.main is not Main.UNKNOWN,
        becomes=(facts.main_ids.uid, facts.main_ids.gid) if facts.main_ids else None,
        dumpable=facts.main_dumpable,
        file_capabilities=capabilities.bits(facts.file_capabilities),
    )


@lru_cache(maxsize=4096)
def _of_words(words: tuple[object, ...]) -> Optional[Program]:
    first, *inner = commands(words)
    if not first.words or not keeps_credentials(first.words[0]):
        return None
    if program(first.words[0]) in _SHELLS:
        # A file that it reads is unknown; a script is known if everything in it is.
        known = all(not each.words or _is_known(each.words[0]) for each in inner)
        if not known or (not first.script and any(not word.startswith("-") for word in first.words[1:])):
            return None
    return KEEPS


def _is_known(word: str) -> bool:
    return word in _BUILTINS or keeps_credentials(word)
