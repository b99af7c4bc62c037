"""Literal secrets in arguments and variables, by name and by shape. No value leaves this module."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Optional

from pidshare_components.analysis.tree import SecretText

# Words that promise a secret, and ends of words that are written as one (PGPASSWORD).
_SECRET_WORDS = frozenset(("pass", "pwd", "secret", "token", "apikey", "credential", "credentials", "privatekey"))
_SECRET_ENDS = ("password", "passwd", "passphrase", "requirepass")
_SECRET_PAIRS = frozenset((before, "key") for before in ("api", "access", "private", "secret", "signing"))
# Words that take the promise back: as the last one, or wherever they stand.
_HARMLESS_LAST = frozenset(
    (
        *("file", "path", "dir", "name", "url", "uri", "host", "port", "user", "username", "id", "ref", "namespace"),
        *("seconds", "length", "enabled", "type", "audience", "issuer", "policy", "expiration", "header", "endpoint"),
        *("algorithm", "lifetime", "expiry", "class", "field", "prefix"),
    )
)
_HARMLESS = frozenset(("max", "min", "num", "count", "limit", "ttl"))
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# What Kubernetes, a shell, Helm or a secret store fills in, a path, an address, a switch, a number, a duration: there
# stands no secret. One in an address has a shape of its own.
_REFERENCE = re.compile(
    r"\$\(.*\)|\$\{.*\}|\$\w+|\{\{.*\}\}|\.{0,2}/.*|<.*>|\[.*\]|(?:vault|ref\+\w+):.*|[a-z][a-z0-9+.-]*://.*"
    r"|true|false|yes|no|on|off|none|null|\d{1,5}|\d+(?:ms|[smhd])|\s*",
    re.IGNORECASE | re.DOTALL,
)
_SHAPES = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----"),
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "a Slack token": re.compile(r"\bxox[abposr]-[A-Za-z0-9-]{10,}"),
    "a Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "a Stripe key": re.compile(r"\b[sr]k_live_[0-9A-Za-z]{16,}"),
    "a JSON Web Token": re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    "a password in a URL": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@$]*:(?![<{$\[])[^\s:@]+@", re.IGNORECASE),
}
_HINTS = ("-----", "AKIA", "ASIA", "gh", "glpat-", "xox", "AIza", "k_live_", "eyJ", "://")
_OPTION = re.compile(r"--?([A-Za-z][\w.-]*)(?:=(.*))?", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)


def secret_by_name(name: str, value: str) -> bool:
    """Return whether a name promises a secret and the value may be one."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[-1] in _HARMLESS_LAST or not _HARMLESS.isdisjoint(words) or _REFERENCE.fullmatch(value):
        return False
    is_secret = any(word in _SECRET_WORDS or word.endswith(_SECRET_ENDS) for word in words)
    return is_secret or any(pair in _SECRET_PAIRS for pair in pairwise(words))


def secret_by_shape(value: str) -> Optional[str]:
    """Return what kind of secret a value holds by its shape, or because it was declared one; None for none."""
    if isinstance(value, SecretText):
        return "a secret value"
    if not any(hint in value for hint in _HINTS):
        return None
    return next((kind for kind, shape in _SHAPES.items() if shape.search(value)), None)


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
