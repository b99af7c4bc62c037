"""Names: what an object is, what it is called, and by which id the engine knows it."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from dev.kubernetes_plugin.values import Object

AUTONAMED = "pulumi.com/autonamed"
"""The annotation of an object whose name was made here."""

_SUFFIX_LENGTH = 8


def identity_of(resource_type: str) -> tuple[str, str]:
    """Return apiVersion and kind of a resource type.

    Args:
        resource_type: such as `kubernetes:core/v1:Pod`.
    """
    _, api_version, kind = resource_type.split(":")
    return api_version.removeprefix("core/"), kind


def metadata_of(item: Object) -> dict[str, Any]:
    """Return the metadata of an object, empty where it has none or none that is known yet."""
    metadata = item.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def annotation(item: Object, name: str) -> str | None:
    """Return an annotation of an object, None without it."""
    annotations = metadata_of(item).get("annotations")
    value = annotations.get(name) if isinstance(annotations, dict) else None
    return None if value is None else str(value)


def is_autonamed(item: Object) -> bool:
    """Return whether the name of an object was made here."""
    return annotation(item, AUTONAMED) == "true"


def generated_name(resource_name: str, seed: bytes) -> str:
    """Return a name for an object whose program gives it none; the same for the same seed.

    Args:
        resource_name: the last part of the URN.
        seed: of the engine, empty for a name at random.
    """
    suffix = hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(_SUFFIX_LENGTH)
    return f"{resource_name}-{suffix[:_SUFFIX_LENGTH]}"


def autonamed(item: Object, name: str) -> Object:
    """Return an object with a name made here, and the annotation that says so."""
    metadata = metadata_of(item)
    annotations = {**(metadata.get("annotations") or {}), AUTONAMED: "true"}
    return {**item, "metadata": {**metadata, "name": name, "annotations": annotations}}


def id_of(item: Object) -> str:
    """Return the id of an object: `namespace/name`, or `name` where its kind has no namespaces."""
    metadata = item["metadata"]
    return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])


def parsed_id(resource_id: str) -> tuple[str | None, str]:
    """Return the namespace, None without one, and the name of an id."""
    namespace, _, name = resource_id.rpartition("/")
    return namespace or None, name
