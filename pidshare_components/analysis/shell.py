"""What programs a command line runs: its own, and those that the shells and wrappers in it start.

Sources: the manual pages of the wrappers (coreutils, util-linux, findutils, procps, busybox, tini, su-exec, gosu).
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

from pidshare_components.analysis.quoting import NESTED, SOMETHING
from pidshare_components.analysis.script import Simple, simple_commands

_SHELLS = frozenset(("sh", "ash", "bash", "dash", "ksh", "mksh", "zsh", "hush"))
_LONG_WITH_VALUE = frozenset(("--rcfile", "--init-file"))
_LONGEST = 1_000_000
"""How much variables may add to a word: more than a program can get (execve(2)), and variables of variables grow."""
_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")
_ASSIGNMENT = re.compile(r"[^=\0]+=")


class _Wrapper(NamedTuple):
    """How a program that runs another one is written.

    Attributes:
        short: its one-letter options that take the next word.
        long: its long options that take the next word, where they have no `=`.
        operands: how many words come before the program.
        assignments: whether variables may come before the program.
        end: options with which it runs none.
    """

    short: str = ""
    long: frozenset[str] = frozenset()
    operands: int = 0
    assignments: bool = False
    end: str = ""


def _long(names: str) -> frozenset[str]:
    return frozenset(f"--{name}" for name in names.split())


_PLAIN = _Wrapper()
_USER = _Wrapper(operands=1)
_WRAPPERS: dict[str, _Wrapper] = {
    "builtin": _PLAIN,
    "busybox": _PLAIN,
    "catatonit": _PLAIN,
    "chroot": _Wrapper(long=_long("userspec groups"), operands=1),
    "command": _Wrapper(end="vV"),
    "docker-init": _Wrapper("pe"),
    "doas": _Wrapper("uC"),
    "dumb-init": _Wrapper("r", _long("rewrite")),
    "env": _Wrapper("uC", _long("unset chdir"), assignments=True),
    "exec": _Wrapper("a"),
    "flock": _Wrapper("wE", _long("timeout wait conflict-exit-code"), operands=1),
    "gosu": _USER,
    "ionice": _Wrapper("cn", _long("class classdata"), end="pPu"),
    "nice": _Wrapper("n", _long("adjustment")),
    "nohup": _PLAIN,
    "nsenter": _Wrapper("tSG", _long("target setuid setgid")),
    "runuser": _Wrapper("ugG", _long("user group supp-group")),
    "s6-setuidgid": _USER,
    "setpriv": _Wrapper(
        long=_long(
            "ruid euid reuid rgid egid regid groups inh-caps ambient-caps bounding-set securebits pdeathsig"
            " selinux-label apparmor-profile"
        )
    ),
    "setsid": _PLAIN,
    "setuidgid": _USER,
    "stdbuf": _Wrapper("ioe", _long("input output error")),
    "su-exec": _USER,
    "sudo": _Wrapper("CDghpRrTtUu", _long("user group host prompt chdir chroot"), assignments=True),
    "taskset": _Wrapper(operands=1, end="p"),
    "time": _Wrapper("fo", _long("format output")),
    "timeout": _Wrapper("ks", _long("kill-after signal"), operands=1),
    "tini": _Wrapper("pe"),
    "tini-static": _Wrapper("pe"),
    "toybox": _PLAIN,
    "with-contenv": _PLAIN,
    "xargs": _Wrapper("adEILnPs", _long("arg-file delimiter max-lines max-args max-procs max-chars")),
}
"""Programs that run another one in the same process namespace. `unshare` is not one: it can make a new namespace."""


class Command(NamedTuple):
    """A program that is run.

    Attributes:
        words: its name and its arguments, none for assignments and redirections that stand alone.
        others: other words of it: targets of redirections, assignments, what a loop runs over.
        script: what it runs as a shell script; "" where it runs none.
    """

    words: tuple[str, ...]
    others: tuple[str, ...] = ()
    script: str = ""


def program(word: str) -> str:
    """Return the name of a program without its folder."""
    return word.rpartition("/")[2]


def expand(word: str, variables: Mapping[str, Optional[str]]) -> str:
    """Return a word of a command as Kubernetes hands it to the container.

    `$(NAME)` becomes a variable's value, and stays as it is where there is none of that name; `$$` becomes `$`
    (Kubernetes' `third_party/forked/golang/expansion`).

    Args:
        word: of a container's command, arguments or environment, or of a probe. Commands of hooks are not expanded.
        variables: what is known of the environment; None for a value that is not.
    """
    if "$" not in word:
        return word
    room = _LONGEST

    def replaced(match: "re.Match[str]") -> str:
        nonlocal room
        name = match[1]
        if name is None:
            return "$"
        value = variables.get(name, match[0])
        room -= len(value or "")
        return SOMETHING if value is None or room < 0 else value

    # Behind the last parenthesis no reference ends: looking for its end would take long for each one that begins.
    end = word.rfind(")") + 1
    return _REFERENCE.sub(replaced, word[:end]) + word[end:].replace("$$", "$")


def commands(argv: Sequence[object]) -> list[Command]:
    """Return what a command line runs: the line itself first, then what the shells and wrappers in it run.

    A program's name and arguments are in them as the program gets them, with `SOMETHING` for each part that is not
    known. What a wrapper runs is a command of its own after that of the wrapper.

    Args:
        argv: program and arguments; anything but text is a word that is not known.
    """
    found: list[Command] = []
    _follow(Simple([word if isinstance(word, str) else SOMETHING for word in argv]), found, 0)
    return found


def _follow(simple: Simple, found: list[Command], depth: int) -> None:
    """Add a command and what it runs."""
    words = tuple(simple.words)
    script, inner = _script(words), None
    if script is None:
        inner = _wrapped(words)
        if inner and inner[0] == "-c":  # flock, and other wrappers that hand the rest to a shell
            script = "".join(inner[1:2])
    elif script == "" and simple.documents:
        script = simple.documents[-1]
    found.append(Command(words, tuple(simple.others), script or ""))
    if depth >= NESTED:
        return
    if script:
        for each in simple_commands(script, depth):
            _follow(each, found, depth + 1)
    elif inner:
        _follow(Simple(list(inner), documents=simple.documents), found, depth + 1)


def _script(words: tuple[str, ...]) -> Optional[str]:
    """Return the script that a command runs: None if it is no shell, "" if the script is not in its words."""
    name = program(words[0]) if words else ""
    if name in _SHELLS:
        return _of_shell(words)
    if name == "eval":
        return " ".join(words[1:])
    if name == "trap":
        return "".join([word for word in words[1:] if word != "--"][:1])
    if name in ("su", "runuser"):
        for option in ("-c", "--command"):
            if option in words:
                return "".join(words[words.index(option) + 1 :][:1])
    return None


def _of_shell(words: tuple[str, ...]) -> str:
    at, has_script = 1, False
    while at < len(words) and words[at][:1] in ("-", "+") and words[at] not in ("-", "--", "+"):
        word = words[at]
        at += 1
        if word.startswith("--"):
            at += word in _LONG_WITH_VALUE
            continue
        has_script = has_script or (word[0] == "-" and "c" in word)
        at += word.count("o") + word.count("O")
    at += words[at : at + 1] in (("-",), ("--",))
    return "".join(words[at : at + 1]) if has_script else ""


def _wrapped(words: tuple[str, ...]) -> Optional[tuple[str, ...]]:
    """Return the command that a wrapper runs: None if it is none."""
    name = program(words[0]) if words else ""
    wrapper = _WRAPPERS.get(name)
    if not wrapper:
        return None
    at = 1
    while at < len(words):
        word = words[at]
        if wrapper.assignments and _ASSIGNMENT.match(word) and not word.startswith("-"):
            at += 1
            continue
        if not word.startswith("-") or word == "--":
            break
        at += 1
        if word.startswith("--"):
            at += word in wrapper.long
            continue
        for place, letter in enumerate(word[1:], start=2):
            if letter in wrapper.end:
                return None
            if letter in wrapper.short:
                at += place == len(word)
                break
    at += words[at : at + 1] == ("--",)
    while wrapper.assignments and at < len(words) and _ASSIGNMENT.match(words[at]):
        at += 1
    inner = words[at + wrapper.operands :]
    return (*inner, SOMETHING) if inner and name == "xargs" else inner
