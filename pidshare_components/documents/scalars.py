"""What a YAML scalar means to Kubernetes: kubectl reads YAML 1.1 as Go does, where `yes` is true and `1:30` is text.

Source: resolve.go of goyaml.v2 in sigs.k8s.io/yaml. One thing differs: a date stays the text that it is written with.
"""

import re
from typing import Optional, Union

Scalar = Union[str, int, float, bool, None]

_MEANINGS: dict[Scalar, tuple[str, ...]] = {
    True: ("y", "yes", "true", "on"),
    False: ("n", "no", "false", "off"),
    None: ("null", "~", ""),
}
_WORDS = {
    form: meaning
    for meaning, words in _MEANINGS.items()
    for word in words
    for form in (word, word.capitalize(), word.upper())
}
_FIRST = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_OCTAL = re.compile(r"([-+]?)0[oO]?([0-7]+)")
# More digits than any number of Kubernetes has; Python takes long for very many, or refuses them.
_DIGITS = 80


def resolve(text: str) -> Scalar:
    """Return what a plain scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST:
        return text
    plain = text.replace("_", "")
    if _INTEGER.fullmatch(plain):
        return _integer(plain) if len(plain) <= _DIGITS else float("inf")
    if _FLOAT.fullmatch(plain) or _NOT_FINITE.fullmatch(text):
        return float(plain.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _integer(plain: str) -> int:
    octal = _OCTAL.fullmatch(plain)
    return int(octal[1] + octal[2], 8) if octal else int(plain, 0)


def as_key(value: Scalar) -> Optional[str]:
    """Return a scalar as the key of a mapping, which is text in JSON; None if it cannot be one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)
