"""From arguments to Kubernetes' spelling, and a partial spec merged into a whole one."""

from collections.abc import Mapping
from typing import Any

from pidshare_components.inputs import FREE_FIELDS, camel_case, plain_tree

# Where Kubernetes' spelling is not that of the words joined.
_SPELLING = {"hostIp": "hostIP", "downwardApi": "downwardAPI"}

_FREE = frozenset(map(camel_case, FREE_FIELDS))

# The keys of server-side apply (`x-kubernetes-list-map-keys` in core/v1); lists without one are replaced as a whole.
_MERGE_KEYS = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "ports": ("containerPort", "protocol"),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
}
_DEFAULT_KEYS = {"protocol": "TCP"}


def kubernetes_tree(arguments: Any) -> Any:  # noqa: ANN401 - any part of the arguments
    """Return arguments as plain dicts and lists in Kubernetes' spelling; Outputs stay as they are."""
    return _spelled(plain_tree(arguments))


def _spelled(tree: Any) -> Any:  # noqa: ANN401
    if isinstance(tree, dict):
        return {(name := _spelling(key)): _value(name, item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [_spelled(item) for item in tree]
    return tree


def _spelling(key: str) -> str:
    name = camel_case(key)
    return _SPELLING.get(name, name)


def _value(name: str, item: Any) -> Any:  # noqa: ANN401
    return item if name in _FREE else _spelled(item)


def merged(base: Any, patch: Any, field: str = "") -> Any:  # noqa: ANN401 - trees of any shape
    """Return a tree with a partial one merged into it.

    Mappings are merged field by field, lists that Kubernetes merges by a key item by item (a new key is appended),
    all else is replaced. Neither argument is changed.
    """
    if isinstance(base, Mapping) and isinstance(patch, Mapping):
        return {
            **base,
            **{key: merged(base[key], value, key) if key in base else value for key, value in patch.items()},
        }
    keys = _MERGE_KEYS.get(field)
    if keys is None or not (isinstance(base, list) and isinstance(patch, (list, tuple))):
        return patch
    items = list(base)
    for item in patch:
        where = _index(items, keys, item)
        if where is None:
            items.append(item)
        else:
            items[where] = merged(items[where], item)
    return items


def _index(items: list[Any], keys: tuple[str, ...], item: Any) -> "int | None":  # noqa: ANN401
    identity = _identity(keys, item)
    if identity is None:
        return None
    return next((at for at, old in enumerate(items) if _identity(keys, old) == identity), None)


def _identity(keys: tuple[str, ...], item: Any) -> "list[Any] | None":  # noqa: ANN401
    """Return what tells an item from the others of its list; None where it does not say."""
    if not isinstance(item, Mapping) or keys[0] not in item:
        return None
    return [item.get(key, _DEFAULT_KEYS.get(key)) for key in keys]
