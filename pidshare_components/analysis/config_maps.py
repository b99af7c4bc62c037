"""Secrets that stand in ConfigMaps, and that a container takes from there to where another one can read them."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, Optional

from pidshare_components.analysis import literals
from pidshare_components.analysis.answers import all_of
from pidshare_components.analysis.checked import check
from pidshare_components.analysis.config_map_uses import Use, uses
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.naming import METADATA, called, is_of, listed, name_of, namespace_of
from pidshare_components.analysis.result import Analysis
from pidshare_components.analysis.rule import Finding, Rule, Severity
from pidshare_components.analysis.stack_pods import SharingPod, StackFinding
from pidshare_components.analysis.tree import UNKNOWN, Path, Tree

SECRET_IN_CONFIG_MAP = Rule(
    "secret-in-config-map",
    Severity.HIGH,
    "A secret in a ConfigMap is within reach of another container",
    "A ConfigMap is no place for secrets (Kubernetes, ConfigMaps). What a container takes from it is readable "
    "through /proc/PID/environ and /proc/PID/root to whoever passes the ptrace access check (ptrace(2)).",
)
RULES = (SECRET_IN_CONFIG_MAP,)

_TYPES = {"metadata": METADATA, "data": ("text",)}
# Files of programs and texts: what looks like a setting there is code, or a word among words.
_TEXTS = frozenset(
    (
        *("py", "js", "mjs", "cjs", "ts", "jsx", "tsx", "lua", "sh", "bash", "rb", "pl", "php", "go", "java", "kt"),
        *("groovy", "sql", "ps1", "awk", "rego", "vcl", "graphql", "gql", "proto", "html", "htm", "css", "svg", "xsd"),
        *("ftl", "tpl", "tmpl", "gotmpl", "j2", "jinja", "jinja2", "mustache", "hbs", "erb", "md", "rst", "txt"),
    )
)
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_LINE = re.compile(
    r"""^[ \t]*(?:export[ \t]+|-[ \t]+)?["']?([A-Za-z_][\w.-]*)["']?[ \t]*[:=][ \t]*(\S.*)$""", re.MULTILINE
)
# One word, or what is in quotes. Code, blocks, tags and anchors are none.
_VALUE = re.compile(r"""(?:"([^"]*)"|'([^']*)')[ \t]*[,;]?|(?![&*!=])([^\s"'`(){}\[\]<>|]+?)[,;]?""")
_COMMENT = re.compile(r"^[ \t]*(?:\#|//|;|--|\*|!|<!--).*|[ \t]\#.*", re.MULTILINE)
# Settings with nothing but a space between: of redis, fluentd and Fluent Bit. Of other words it is no setting.
_SPACED = re.compile(r"^[ \t]*(requirepass|masterauth|password|(?i:http_passwd))[ \t]+(\S+)[ \t]*\r?$", re.MULTILINE)
_ELEMENT = re.compile(r"<([A-Za-z_][\w.-]*)>([^<>\s]+)</")
# In an address of JDBC, or in a connection string.
_PARAMETER = re.compile(r"""[?&;][ \t]?(password|pwd)=([^&;\s"'<>\\]+)""", re.IGNORECASE)
# In code: a variable's path, and a type.
_CODE = re.compile(
    r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|(?:str|string|text|bytes?|int|integer|long|char|any|object|uuid|secretstr)[!?]?",
    re.IGNORECASE,
)
# Where a server passes a request to, and what a Secret is called that passwords are in.
_NO_SECRETS = re.compile(
    r"(?:proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass$|(?:password|credentials?)[._-]?secret$", re.IGNORECASE
)
_LONGEST_NAME = 40


class Held(NamedTuple):
    """What secret a value is, or has in it.

    Attributes:
        what: in words, without the value.
        certain: whether it is one, and does not only look like one.
    """

    what: str
    certain: bool


class _Secret(NamedTuple):
    """A value of a ConfigMap that is, or has in it, a secret.

    Attributes:
        origin: what the caller gave for the ConfigMap.
        path: of the ConfigMap in its document.
        namespace: of it.
        name: of it.
        key: of the value.
        held: what it is.
    """

    origin: object
    path: Path
    namespace: object
    name: object
    key: str
    held: Held


class ConfigMaps:
    """The ConfigMaps in view, as far as there are secrets in them, and the containers that use any."""

    def __init__(self) -> None:
        self._secrets: list[_Secret] = []
        self._uses: dict[object, dict[object, list[tuple[SharingPod, Use]]]] = {}

    def add(self, tree: Tree, path: Path, origin: object) -> None:
        """Add an object, if it is one.

        Raises:
            SpecError: it is malformed. Paths begin with the given one.
        """
        if not is_of(tree, ("ConfigMap",), ""):
            return
        check(tree, _TYPES, path)
        data = tree.get("data")
        for key, value in (data if isinstance(data, dict) else {}).items():
            held = secret_in(key, value) if isinstance(value, str) else None
            if held:
                self._secrets.append(_Secret(origin, path, namespace_of(tree), name_of(tree), key, held))

    def add_pod(self, pod: SharingPod, analysis: Analysis) -> None:
        """Add a pod."""
        for use in uses(analysis):
            self._uses.setdefault(use.config_map, {}).setdefault(pod.namespace, []).append((pod, use))

    def findings(self) -> Iterator[StackFinding]:
        """Yield the secrets in ConfigMaps that another container than the one that uses them can read."""
        for secret in self._secrets:
            reads = [read for read in self._surely(secret) if read.sure]
            reads = reads or [*islice(self._perhaps(secret), 1)]
            if reads:
                yield _finding(secret, reads)

    def _surely(self, secret: _Secret) -> Iterator["_Read"]:
        """Yield where a secret is surely taken to."""
        if secret.namespace is UNKNOWN or secret.name in ("", UNKNOWN):
            return
        for pod, use in self._uses.get(secret.name, {}).get(secret.namespace, ()):
            read = _read(secret, pod, use)
            if read:
                yield read

    def _perhaps(self, secret: _Secret) -> Iterator["_Read"]:
        """Yield where a secret may be taken to."""
        names = self._uses if secret.name in ("", UNKNOWN) else [secret.name, UNKNOWN]
        for name in names:
            by_namespace = self._uses.get(name, {})
            others = by_namespace if secret.namespace in ("", UNKNOWN) else [secret.namespace, "", UNKNOWN]
            for namespace in others:
                for pod, use in by_namespace.get(namespace, ()):
                    read = _read(secret, pod, use)
                    if read:
                        yield read._replace(sure=[], perhaps=[*read.sure, *read.perhaps])


class _Read(NamedTuple):
    """Where a secret is taken to, and the containers that can read it there."""

    pod: SharingPod
    use: Use
    sure: list[str]
    perhaps: list[str]


def _read(secret: _Secret, pod: SharingPod, use: Use) -> Optional[_Read]:
    answers = [(reader.name, all_of(reader.reads(secret.key), use.keys.has(secret.key))) for reader in use.readers]
    sure = [name for name, answer in answers if answer is Answer.YES]
    perhaps = [name for name, answer in answers if answer is Answer.UNKNOWN]
    return _Read(pod, use, sure, perhaps) if sure or perhaps else None


def _finding(secret: _Secret, reads: list[_Read]) -> StackFinding:
    first = reads[0]
    is_read = bool(first.sure)
    names = listed([f"'{name}'" for name in first.sure or first.perhaps])
    has = "has it" if is_read else "may have it"
    where, through = ("as a file", "root") if first.use.is_file else ("in its environment", "environ")
    others = len(reads) - 1
    more = f", and so on in {others} more {'place' if others == 1 else 'places'}" if others else ""
    message = (
        f"{secret.key} of {called('ConfigMap', secret.name)} holds {secret.held.what}: '{first.use.container}' of "
        f"{first.pod.text} {has} {where}, which {names} {'can' if is_read else 'may be able to'} read through "
        f"/proc/PID/{through}{more}"
    )
    fix = "keep it in a Secret, mounted as files that only the user of the container that needs it may read"
    certain = is_read and secret.held.certain
    severity = SECRET_IN_CONFIG_MAP.severity if certain else Severity.MEDIUM
    path: Path = (*secret.path, "data", secret.key)
    return StackFinding(secret.origin, Finding(SECRET_IN_CONFIG_MAP, severity, path, message, fix, certain))


def secret_in(key: str, value: str) -> Optional[Held]:
    """Return what secret a value of a ConfigMap is, or has in it as a setting of a file; None for none.

    Args:
        key: of the value.
        value: a setting, or a whole file.
    """
    shape = literals.secret_by_shape(value)
    if shape == literals.PASSWORD_IN_URL:
        # Comments have addresses for examples.
        shape = literals.secret_by_shape(_COMMENT.sub("", value))
    if shape:
        return Held(shape, certain=True)
    if "\n" not in value.strip() and literals.secret_by_last_word(key, value):
        return Held("a literal secret", certain=True)
    if key.rpartition(".")[2].lower() in _TEXTS or value.startswith("#!"):
        return None
    for name, setting in _settings(value):
        if _may_be_secret(name, setting):
            shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
            return Held(f"what may be a secret, the value of {shown}", certain=False)
    return None


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """Yield names and values of what looks like settings in a file."""
    tree = _json(text)
    if tree is None:
        text = _COMMENT.sub("", text)
        for name, rest in _LINE.findall(text):
            value = _VALUE.fullmatch(rest.rstrip())
            if value and value.lastindex:
                yield name, value[value.lastindex]
        yield from _SPACED.findall(text)
        yield from _ELEMENT.findall(text)
    else:
        yield from _settings_of(tree)
    yield from _PARAMETER.findall(text)


def _json(text: str) -> object:
    """Return what a file has in it, if it is JSON; None if not."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _settings_of(tree: object) -> Iterator[tuple[str, str]]:
    rest = [tree]
    while rest:
        node = rest.pop()
        if isinstance(node, list):
            rest.extend(node)
        elif isinstance(node, dict):
            rest.extend(node.values())
            # What is no name may be anything, and is not for messages.
            named = ((name, value) for name, value in node.items() if _NAME.fullmatch(name))
            yield from ((name, value) for name, value in named if isinstance(value, str))


def _may_be_secret(name: str, setting: str) -> bool:
    if _NO_SECRETS.search(name) or _CODE.fullmatch(setting):
        return False
    # A variable of the same name, as code has it.
    if setting.lower().rpartition(".")[2] == name.lower().rpartition(".")[2]:
        return False
    return literals.secret_by_last_word(name, setting)
