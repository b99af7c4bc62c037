"""Whether a stack is in production, by what its tags or its configuration say."""

from collections.abc import Mapping

_KEYS = ("environment", "env", "stage")
_VALUES = ("prod", "production")


def says_production(values: Mapping[str, object]) -> bool:
    """Return whether a stack's tags or its configuration say that it is in production.

    They do with `prod` or `production` under the key `environment`, `env` or `stage`, whatever project it is of, and in
    capitals or not.

    Args:
        values: by key; those of a configuration begin with the project and a colon.
    """
    return any(
        _word(key.rpartition(":")[2]) in _KEYS and isinstance(value, str) and _word(value) in _VALUES
        for key, value in values.items()
    )


def _word(text: str) -> str:
    return text.strip().lower()
