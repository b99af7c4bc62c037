"""Secrets that another container can really read, by the pairs of the matrix: none is found where it says no."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Optional

from pidshare_components.analysis import literals
from pidshare_components.analysis.answers import all_of
from pidshare_components.analysis.exposure import Pair
from pidshare_components.analysis.facts import Container, Pod
from pidshare_components.analysis.holdings import Holding, HoldingKind, holdings, may_read
from pidshare_components.analysis.kernel import Action, Answer
from pidshare_components.analysis.rule import Finding, Rule, Severity
from pidshare_components.analysis.shell import commands
from pidshare_components.analysis.tree import Path, child, objects

SECRET_IN_COMMAND_LINE = Rule(
    "secret-in-command-line",
    Severity.HIGH,
    "A secret stands in a command line that other containers can list",
    "The arguments of every process of a shared namespace are readable to all of its containers, whoever they run as: "
    "/proc/PID/cmdline has mode 0444 (proc(5)).",
)
LITERAL_SECRET = Rule(
    "literal-secret",
    Severity.HIGH,
    "A literal secret is in the environment of a process that another container can read",
    "A process's environment is readable through /proc/PID/environ to whoever passes the ptrace access check "
    "(ptrace(2)), and a literal value is readable in the API and in version control too.",
)
SECRET_IN_ENVIRONMENT = Rule(
    "secret-in-environment",
    Severity.MEDIUM,
    "A Secret is in the environment of a process that another container can read",
    "A process's environment is readable through /proc/PID/environ to whoever passes the ptrace access check "
    "(ptrace(2)).",
)
SECRET_VOLUME = Rule(
    "secret-volume",
    Severity.MEDIUM,
    "The files of a Secret are within reach of another container",
    "Mounts are readable through /proc/PID/root to whoever passes the ptrace access check (ptrace(2)); beyond the "
    "link the permissions of the files decide.",
)
SERVICE_ACCOUNT_TOKEN = Rule(
    "service-account-token",
    Severity.MEDIUM,
    "The service account's token of one container is within reach of another one that has none",
    "The token is a file, readable through /proc/PID/root to whoever passes the ptrace access check (ptrace(2)). The "
    "kubelet makes it readable to every user, or to a group or user that all containers have.",
)
RULES = (SECRET_IN_COMMAND_LINE, LITERAL_SECRET, SECRET_IN_ENVIRONMENT, SECRET_VOLUME, SERVICE_ACCOUNT_TOKEN)

_ONE_LOWER = {Severity.HIGH: Severity.MEDIUM, Severity.MEDIUM: Severity.LOW, Severity.LOW: Severity.LOW}
_FILES = "mount it as files that only the container's own user may read, and give each container a user of its own"


def findings(pod: Pod, pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Yield the secrets of a pod that another of its containers can read."""
    by_target: dict[Path, list[Pair]] = {}
    for pair in pairs:
        # Worker processes have the environment and the mounts of the main process.
        by_target.setdefault(pair.target.path, []).append(pair)
    held = holdings(pod)
    for container in pod.containers:
        on = by_target.get(container.path)
        if on is None:
            continue
        yield from _command_lines(container, on)
        yield from _literals(container, on)
        for holding in held[container.path]:
            # Who has the same has no need of another's.
            others = [pair for pair in on if not any(own.covers(holding) for own in held[pair.source.path])]
            yield from _held(pod, container, holding, others)


def _command_lines(container: Container, on: list[Pair]) -> Iterator[Finding]:
    found = list(_secrets_in_command_line(container))
    who = _Readers(on, lambda pair: pair.answer(Action.SEE)) if found else _NOBODY
    if who.any():
        for path, what in found:
            message = f"{what} stands in the command line of '{container.name}', {who.can('list')}"
            fix = "hand it over in a file, or let the program read it from its environment"
            yield who.finding(SECRET_IN_COMMAND_LINE, path, message, fix)


def _secrets_in_command_line(container: Container) -> Iterator[tuple[Path, str]]:
    for key in ("command", "args"):
        words = container.tree.get(key)
        if isinstance(words, list):
            found = dict(literals.secrets_in_words(words))
            found.update(_in_scripts(words))
            found.update(_secret_variables(container, words))
            yield from (((*container.path, key, index), what) for index, what in found.items())


def _in_scripts(words: list[Any]) -> Iterator[tuple[int, str]]:
    """Yield the words that are scripts of a shell with a secret in them: the shell's command line has all of it."""
    for index, word in enumerate(words):
        if isinstance(word, str) and ("\n" in word or " " in word):
            secret = _in_script(word)
            if secret:
                yield index, secret


@lru_cache(maxsize=1024)
def _in_script(script: str) -> Optional[str]:
    for command in commands(["sh", "-c", script])[1:]:
        for _, secret in literals.secrets_in_words([*command.words]):
            return secret
    return None


def _secret_variables(container: Container, words: list[Any]) -> Iterator[tuple[int, str]]:
    """Yield the words that Kubernetes fills with a secret variable before it starts the program."""
    referring = [(index, word) for index, word in enumerate(words) if isinstance(word, str) and "$(" in word]
    if not referring:
        return
    for _, variable in objects(container.tree, "env"):
        name = child(variable, "name")
        if isinstance(name, str) and child(variable, "valueFrom", "secretKeyRef") is not None:
            yield from ((index, f"the secret variable {name}") for index, word in referring if f"$({name})" in word)


def _literals(container: Container, on: list[Pair]) -> Iterator[Finding]:
    found = list(_literals_in_environment(container))
    who = _Readers(on, lambda pair: pair.answer(Action.ENVIRON)) if found else _NOBODY
    if who.any():
        for path, name, what in found:
            message = f"{name} of '{container.name}' holds {what}, {who.can('read')} through /proc/PID/environ"
            yield who.finding(LITERAL_SECRET, path, message, f"keep it in a Secret, and {_FILES}")


def _literals_in_environment(container: Container) -> Iterator[tuple[Path, str, str]]:
    for index, variable in objects(container.tree, "env"):
        name, value = child(variable, "name"), child(variable, "value")
        if isinstance(name, str) and isinstance(value, str):
            shape = literals.secret_by_shape(value)
            if shape or literals.secret_by_name(name, value):
                yield (*container.path, "env", index), name, shape or "a literal secret"


def _held(pod: Pod, container: Container, holding: Holding, on: list[Pair]) -> Iterator[Finding]:
    if holding.kind is HoldingKind.ENVIRONMENT:
        who = _Readers(on, lambda pair: pair.answer(Action.ENVIRON))
        what = f"{holding.where} from" if holding.where else "all keys of"
        message = f"'{container.name}' has {what} {_secret(holding)} in its environment"
        if who.any():
            text = f"{message}, {who.can('read')} through /proc/PID/environ"
            yield who.finding(SECRET_IN_ENVIRONMENT, holding.path, text, _FILES)
        return
    rule = SERVICE_ACCOUNT_TOKEN if holding.kind is HoldingKind.TOKEN else SECRET_VOLUME
    who = _Readers(on, lambda pair: all_of(pair.answer(Action.ROOT), may_read(pod, pair.source, holding)))
    if not who.any():
        return
    if holding.kind is HoldingKind.TOKEN:
        message = f"the token of the service account '{holding.name}' in '{container.name}' is one that "
        fix = "write automountServiceAccountToken: false, and mount the token only into a container that nobody reaches"
    else:
        message = f"the files of {_secret(holding)} in '{container.name}' are ones that "
        fix = "give each container a user of its own, or a mode (defaultMode) that keeps others out"
    yield who.finding(rule, holding.path, f"{message}{who.can('read', article='')} through /proc/PID/root", fix)


def _secret(holding: Holding) -> str:
    kind = "SecretProviderClass" if holding.kind is HoldingKind.PROVIDER else "Secret"
    return f"the {kind} '{holding.name}'" if holding.name else f"a {kind} that is not known yet"


class _Readers:
    """Which containers can read something, and which may."""

    def __init__(self, pairs: Sequence[Pair], answer: Callable[[Pair], Answer]) -> None:
        answers = [(pair.source.name, answer(pair)) for pair in pairs]
        self._sure = list(dict.fromkeys(name for name, is_so in answers if is_so is Answer.YES))
        perhaps = dict.fromkeys(name for name, is_so in answers if is_so is Answer.UNKNOWN)
        self._perhaps = [name for name in perhaps if name not in self._sure]

    def any(self) -> bool:
        return bool(self._sure or self._perhaps)

    def can(self, verb: str, *, article: str = "which ") -> str:
        names = self._sure or self._perhaps
        shown = " and ".join(f"'{name}'" for name in names)
        return f"{article}{shown} {'can' if self._sure else 'may be able to'} {verb}"

    def finding(self, rule: Rule, path: Path, message: str, fix: str) -> Finding:
        severity = rule.severity if self._sure else _ONE_LOWER[rule.severity]
        return Finding(rule, severity, path, message, fix, certain=bool(self._sure))


_NOBODY = _Readers((), lambda _: Answer.NO)
