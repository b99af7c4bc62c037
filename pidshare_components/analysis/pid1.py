"""What takes PID 1 for its own process, in a pod whose process namespace is shared.

PID 1 of a shared namespace is the sandbox's `/pause`, with `hostPID` it is the node's init; a container's main process
is neither.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Optional

from pidshare_components.analysis import pid1_commands, pid1_images
from pidshare_components.analysis.pid1_commands import Remark
from pidshare_components.analysis.pid1_images import Init, Trouble
from pidshare_components.analysis.quoting import SOMETHING
from pidshare_components.analysis.rule import Finding, Rule, Severity
from pidshare_components.analysis.shell import Command, commands, expand
from pidshare_components.analysis.tree import UNKNOWN, Path, Tree, child, objects

NEEDS_PID_1 = Rule(
    "needs-pid-1",
    Severity.HIGH,
    "A container's program only works as PID 1",
    "In a shared process namespace a container's main process is not PID 1, and some inits refuse to run then"
    " (Kubernetes' documentation, Share Process Namespace between Containers in a Pod).",
)
MISBEHAVES_WITHOUT_PID_1 = Rule(
    "misbehaves-without-pid-1",
    Severity.HIGH,
    "A container's program does something else when it is not PID 1",
    "Some inits signal every process when they stop, which is meant for a namespace of their own; others count on"
    " orphans becoming their children, which go to PID 1 or the nearest subreaper instead (prctl(2)).",
)
RULES: tuple[Rule, ...] = (NEEDS_PID_1, MISBEHAVES_WITHOUT_PID_1, *pid1_commands.RULES)

_KINDS = ("containers", "initContainers", "ephemeralContainers")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")
# "ini" is in the names of all inits but these.
_TRIGGERS = (*pid1_commands.TRIGGERS, "ini", "systemd", "runit", "$(")
_QUOTES = str.maketrans("", "", "'\"\\\n")
_VERDICTS = {
    Trouble.REFUSES: (NEEDS_PID_1, Severity.HIGH),
    Trouble.ENDS_ALL: (MISBEHAVES_WITHOUT_PID_1, Severity.HIGH),
    Trouble.WARNS: (MISBEHAVES_WITHOUT_PID_1, Severity.LOW),
}

_SAY_SOMETHING = ("--help", "--test", "--user", "--version")

Argv = Sequence[Any]


def findings(spec: Tree) -> Iterator[Finding]:
    """Yield what in a pod's spec takes PID 1 for a process of its own, or processes' names for unique.

    Args:
        spec: of a pod whose containers share a process namespace, their own or the node's. UNKNOWN may stand anywhere.
    """
    on_node = spec.get("hostPID") is True
    for kind in _KINDS:
        for index, container in objects(spec, kind):
            if container is not UNKNOWN:
                for path, remark in _of_container(container, on_node=on_node):
                    yield Finding(remark.rule, remark.severity, (kind, index, *path), remark.message, remark.fix)


def _of_container(container: Tree, *, on_node: bool) -> Iterator[tuple[Path, Remark]]:
    init = _started_by_image(container)
    if init:
        yield ("image",), _remark(init, on_node=on_node)
    lines = _command_lines(container)
    if lines and _suspicious([word for _, argv in lines for word in argv if isinstance(word, str)]):
        variables = _variables(container)
        for path, argv in lines:
            # The kubelet's prober expands what is static, its hooks expand nothing (pkg/kubelet/prober, lifecycle).
            words = argv if path[0] == "lifecycle" else [_expanded(word, variables) for word in argv]
            found = commands(words)
            if len(path) == 1:
                for remark in _of_start(found, container, on_node=on_node):
                    yield path, remark
            for remark in pid1_commands.remarks(found, on_node=on_node):
                yield path, remark
    for path, text in _other_texts(container):
        for remark in pid1_commands.of_text(text, on_node=on_node):
            yield path, remark


def _command_lines(container: Tree) -> list[tuple[Path, Argv]]:
    """Return the command lines of a container that are known, at least in part, with their places."""
    lines: list[tuple[Path, Argv]] = []
    command, args = container.get("command"), container.get("args")
    if command is not UNKNOWN:
        # Without a command an entry point gets the arguments: most run them, and without one they are the command.
        argv = [*(command or ()), *([SOMETHING] if args is UNKNOWN else args or ())]
        if argv:
            lines.append((("command" if command else "args",), argv))
    handlers: list[tuple[Path, Any]] = [((probe,), container[probe]) for probe in _PROBES if probe in container]
    if "lifecycle" in container:
        handlers += [(("lifecycle", hook), child(container["lifecycle"], hook)) for hook in _HOOKS]
    for path, handler in handlers:
        argv = child(handler, "exec", "command")
        if argv is not UNKNOWN and argv:
            lines.append(((*path, "exec", "command"), argv))
    return lines


def _suspicious(words: list[str]) -> bool:
    """Return whether any rule could have something to say of words. It may say so wrongly, but never misses one."""
    text = "\n".join(words)
    if "'" in text or '"' in text or "\\" in text:
        if "$'" in text:
            return True
        text = text.translate(_QUOTES)
    for trigger in _TRIGGERS:  # noqa: SIM110 - a generator takes as long as all the rest
        if trigger in text:
            return True
    return False


def _expanded(word: object, variables: dict[str, Optional[str]]) -> object:
    return expand(word, variables) if isinstance(word, str) else word


def _variables(container: Tree) -> dict[str, Optional[str]]:
    """Return a container's environment as far as its spec has it; a variable sees those before it."""
    found: dict[str, Optional[str]] = {}
    for _, variable in objects(container, "env"):
        name, value = child(variable, "name"), child(variable, "value")
        if isinstance(name, str):
            # Without a value it is empty, or comes from somewhere else.
            literal = "" if value is None and child(variable, "valueFrom") is None else value
            found[name] = expand(literal, found) if isinstance(literal, str) else None
    return found


def _other_texts(container: Tree) -> list[tuple[Path, str]]:
    """Return the other texts of a container that may have a path in them, as the container gets them."""
    texts: list[tuple[Path, str]] = []
    directory = container.get("workingDir")
    if isinstance(directory, str):
        texts.append((("workingDir",), f"{directory}/"))
    variables: dict[str, Optional[str]] = {}
    for index, variable in objects(container, "env"):
        value = None if variable is UNKNOWN else variable.get("value")
        if isinstance(value, str) and ("/proc/1/" in value or "$(" in value):
            variables = variables or _variables(container)
            texts.append((("env", index, "value"), expand(value, variables)))
    return texts


def _started_by_image(container: Tree) -> Optional[Init]:
    image, command, args = container.get("image"), container.get("command"), container.get("args")
    if not isinstance(image, str) or command is UNKNOWN or command:
        return None
    init = pid1_images.of_image(image, has_arguments=args is UNKNOWN or bool(args))
    return None if init is pid1_images.TINI and _may_be_subreaper(container) else init


def _of_start(lines: list[Command], container: Tree, *, on_node: bool) -> Iterator[Remark]:
    """Yield what there is to say of the programs that a container starts with."""
    for line in lines:
        init = pid1_images.of_program(line.words[0]) if line.words else None
        if init and not _runs_anyway(init, line.words, container):
            yield _remark(init, on_node=on_node)


def _runs_anyway(init: Init, words: tuple[str, ...], container: Tree) -> bool:
    """Return whether a program is told to run as any process, or may be: its options are not all known."""
    options = words[1:]
    if init is pid1_images.TINI:
        own = options[: options.index("--")] if "--" in options else options[:1]
        as_subreaper = any(SOMETHING in word or (word.startswith("-") and "s" in word) for word in own)
        return as_subreaper or _may_be_subreaper(container)
    if init is pid1_images.MY_INIT:
        return "--no-kill-all-on-exit" in options or SOMETHING in options
    if init in (pid1_images.S6_OVERLAY, pid1_images.OPENRC_INIT):
        return False
    # With these, or with a word that is no option, an init does not start the system.
    return any(word in _SAY_SOMETHING or not word.startswith("-") for word in options)


def _may_be_subreaper(container: Tree) -> bool:
    sources = container.get("envFrom")
    if container.get("env") is UNKNOWN or sources is UNKNOWN or sources:
        return True
    names = [child(variable, "name") for _, variable in objects(container, "env")]
    return any(name == "TINI_SUBREAPER" or name is UNKNOWN for name in names)


def _remark(init: Init, *, on_node: bool) -> Remark:
    rule, severity = _VERDICTS[init.trouble]
    whose = "the node's init" if on_node else "the sandbox's /pause"
    because = f", and PID 1 is {whose}" if init.trouble is Trouble.REFUSES else ""
    return Remark(rule, severity, f"{init.name} {init.what}{because}", init.instead)
