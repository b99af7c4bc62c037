"""Literal secrets in arguments and variables, by name and by shape. No value leaves this module."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Optional

from pidshare_components.analysis.tree import SecretText

# Words that promise a secret, and ends of words that are written as one (PGPASSWORD).
_SECRET_WORDS = frozenset(("pass", "pwd", "secret", "token", "apikey", "credential", "credentials", "privatekey"))
_PASSWORD_ENDS = ("password", "passwd", "passphrase", "requirepass", "masterauth")
_SECRET_PAIRS = frozenset((before, "key") for before in ("api", "access", "private", "secret", "signing"))
# What a Secret is called, and not what is in it: names of Kubernetes objects stand there.
_REFERENCE_PAIRS = frozenset((before, "secret") for before in ("existing", "tls", "pull", "image", "registry", "cert"))
# Words that take the promise back, as in TOKEN_STORE and password_encryption: as the last one, or wherever they stand.
_HARMLESS_LAST = frozenset(
    (
        *("file", "path", "dir", "name", "url", "uri", "host", "port", "user", "username", "id", "ref", "namespace"),
        *("seconds", "length", "enabled", "type", "audience", "issuer", "policy", "expiration", "header", "endpoint"),
        *("algorithm", "lifetime", "expiry", "class", "field", "prefix", "store", "backend", "reset", "domain"),
        *("timeout", "validity", "lifespan", "time", "ms", "minutes", "hours", "days", "size", "encryption", "method"),
        *("mode", "level", "label", "hint", "prompt", "provider", "module", "format", "version", "through", "env"),
        *("cookie", "service", "server", "rotation", "strategy", "pattern", "regex"),
    )
)
_HARMLESS = frozenset(("max", "min", "num", "count", "limit", "ttl"))
# What may follow the word that counts (DB_PASSWORD_2, SECRET_KEY_BASE).
_AFTERTHOUGHTS = frozenset(("base", "value"))
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# What Kubernetes, a shell, a template, a secret store or a person is to fill in.
_FILLED_IN = re.compile(
    r"\$(?:\w+(?:\{.*\})?|[\w-]+[.:][\w.:-]+)|<.*>|\[.*\]|\{\w+\}|%\w+%|@[\w.-]+@"
    r"|(?:vault|env|file|arn|ref\+\w+):.*|enc[(\[].*|\{cipher\}.*"
    r"|\*+|x{3,}|\.{3,}|todo|tbd|fixme|redacted|placeholder|your[-_ ].*"
    r"|(?:replace|insert|fill)[-_ ]?(?:me|this|with|in|here)(?:[-_ ].*)?",
    re.IGNORECASE | re.DOTALL,
)
_FILLED_IN_PART = re.compile(r"\$\(|\$\{|\#\{|\{\{|\{%|<%|%[A-Z_]{3,}%")
# A path, an address, a switch, a number, a duration, where or how to find it: there stands no secret. One in an address
# has a shape of its own.
_PLAIN = re.compile(
    r"~?\.{0,2}/.*|[a-z][a-z0-9+.-]*://.*|-?\d[\d_.]*(?:ms|[smhdwl])?|true|false|yes|no|on|off|none|null|nil|undefined"
    r"|headers?|cookie|query|body|form|bearer|include|omit|same-origin|required|optional|enabled|disabled|prompt|ask|",
    re.IGNORECASE | re.DOTALL,
)
_SHORT_NUMBER = 5
_SENTENCE = re.compile(r"[^\W\d_]+(?:,? [^\W\d_]+)+ ?[.!?:…]*")
# What a search may begin with never stands again in what it reads from there on: long values are read once.
_SHAPES = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----(?:\s|\\[nr])*[A-Za-z0-9+/]"),
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)(?![0-9A-Z]{9}EXAMPLE)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "a Slack token": re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,}"),
    "a Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a Stripe key": re.compile(r"\b[sr]k_live_[0-9A-Za-z]{16,}"),
    "a JSON Web Token": re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
}
PASSWORD_IN_URL = "a password in a URL"  # noqa: S105 - what it is called
"""What `secret_by_shape` returns where nothing but an address has a secret in it."""
# User and password have no `/`, `?` and `#` (RFC 3986, 3.2.1), and what ends an address in a list or in quotes is none
# of theirs. `%` not of two digits is a place to fill in.
_URL = re.compile(r"""(?<=\w)://([^\s/?#:@$"'`<>(),;|]*):(?!%(?![0-9A-Fa-f]{2}))([^\s/?#@"'`<>(),;|]+)@""")
_EXAMPLE = re.compile(
    r"(?:(?:db|my|your)[_-]?)?user(?:name)?:(?:(?:db|my|your)[_-]?)?(?:password|passwd|pass|pwd|secret)", re.IGNORECASE
)
_HINTS = ("-----", "AKIA", "ASIA", "gh", "glpat-", "xox", "AIza", "k_live_", "eyJ", "://")
_OPTION = re.compile(r"--?([A-Za-z][\w.-]*)(?:=(.*))?", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)


def secret_by_name(name: str, value: str) -> bool:
    """Return whether the name of a variable or an option promises a secret and the value may be one."""
    words = _words(name)
    if not words or words[-1] in _HARMLESS_LAST or not any(_promises(*pair) for pair in pairwise(["", *words])):
        return False
    return _may_be_one(words, value)


def secret_by_last_word(name: str, value: str) -> bool:
    """Return whether a name ends with the word that promises a secret and the value may be one.

    That is for names that anything may have, not only a variable of a program: other words around it, or a sentence for
    a value, tell of something else.
    """
    words = _words(name)
    while words and (words[-1].isdigit() or words[-1] in _AFTERTHOUGHTS):
        words.pop()
    if not words or not _promises(words[-2] if len(words) > 1 else "", words[-1]):
        return False
    return _may_be_one(words, value) and not _SENTENCE.fullmatch(value.strip())


def secret_by_shape(value: str) -> Optional[str]:
    """Return what kind of secret a value holds by its shape, or because it was declared one; None for none."""
    if isinstance(value, SecretText):
        return "a secret value"
    if not any(hint in value for hint in _HINTS):
        return None
    found = (kind for kind, shape in _SHAPES.items() if shape.search(value))
    return next(found, PASSWORD_IN_URL if any(map(_has_password, _URL.finditer(value))) else None)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def _promises(before: str, word: str) -> bool:
    return word in _SECRET_WORDS or word.endswith(_PASSWORD_ENDS) or (before, word) in _SECRET_PAIRS


def _may_be_one(words: list[str], value: str) -> bool:
    value = value.strip()
    if tuple(words[-2:]) in _REFERENCE_PAIRS or not _HARMLESS.isdisjoint(words) or _is_filled_in(value):
        return False
    if value.isdecimal():
        # A long one may be a password, but of a token it is how long that lives.
        is_password = words[-1] in ("pass", "pwd") or words[-1].endswith(_PASSWORD_ENDS)
        return is_password and len(value) > _SHORT_NUMBER
    return not _PLAIN.fullmatch(value)


def _is_filled_in(value: str) -> bool:
    return bool(_FILLED_IN.fullmatch(value) or _FILLED_IN_PART.search(value))


def _has_password(url: re.Match[str]) -> bool:
    user, password = url.groups()
    return not _is_filled_in(password) and not _EXAMPLE.fullmatch(f"{user}:{password}")


def secrets_in_words(words: list[object]) -> Iterator[tuple[int, str]]:
    """Yield the literal secrets of a command line: index of the word, and what it is.

    Options count with their value in the same word or the next one: `--password=…`, `--token …`.
    """
    value_of_last = False
    for index, word in enumerate(words):
        if value_of_last or not isinstance(word, str):
            value_of_last = False
            continue
        shape = secret_by_shape(word)
        if shape:
            yield index, shape
            continue
        option = _OPTION.fullmatch(word) or _ASSIGNMENT.fullmatch(word)
        if not option:
            continue
        name, value = option.groups()
        following = words[index + 1] if index + 1 < len(words) else None
        if value is None and word.startswith("--") and isinstance(following, str) and not following.startswith("-"):
            if secret_by_shape(following) or secret_by_name(name, following):
                # What is one may look like an option itself.
                value_of_last = True
                yield index + 1, f"the value of {_shown(word)}"
        elif value and secret_by_name(name, value):
            yield index, f"the value of {_shown(word.partition('=')[0])}"


def _shown(option: str) -> str:
    return option if len(option) <= 40 else f"{option[:40]}…"  # noqa: PLR2004 - a name, not a value
