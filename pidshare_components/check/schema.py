"""The JSON Schema of what can be configured of a rule: the same that `settings` reads, for Pulumi's engine."""

from typing import Any

from pidshare_components.analysis.rule import Rule
from pidshare_components.check.settings import keys, selectors

Schema = dict[str, Any]

_NAME = {"type": "string", "pattern": r"\S"}


def schema(rule: Rule) -> Schema:
    """Return the schema of each setting of a rule, by name."""
    settings: Schema = {
        "allowedNamespaces": {
            "description": "Namespaces that the rule does not hold for. `*` stands for any characters.",
            "type": "array",
            "items": _NAME,
        },
        "allowedImages": {
            "description": "Images, or repositories of images, whose containers the rule does not hold for. `*` stands "
            "for any characters.",
            "type": "array",
            "items": _NAME,
        },
        "exemptions": {
            "description": "What else the rule does not hold for, each with a reason and until a day.",
            "type": "array",
            "items": _exemption(rule),
        },
        "production": {
            "description": "Whether everything, or nothing, is in production. Default: what each stack's tags and "
            "configuration say.",
            "type": "boolean",
        },
    }
    return {key: settings[key] for key in keys(rule)}


def _exemption(rule: Rule) -> Schema:
    by = selectors(rule)
    return {
        "type": "object",
        "properties": {
            **{key: {**_NAME, "description": _SELECTORS[key]} for key in by},
            "reason": {**_NAME, "description": "Why this is acceptable."},
            "expires": {
                "description": "The last day (UTC), YYYY-MM-DD. From the next one the exemption is a violation itself.",
                "type": "string",
                "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            },
        },
        "required": ["reason", "expires"],
        "anyOf": [{"required": [key]} for key in by],
        "additionalProperties": False,
    }


_SELECTORS = {
    "kind": "Kind of the object, such as Pod.",
    "namespace": "Namespace of the object.",
    "name": "Name of the object, or of Pulumi's resource.",
    "container": "Name of the container.",
}
