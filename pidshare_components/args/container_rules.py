"""Rules about containers that only more than one field shows.

Source: Kubernetes API validation (`pkg/apis/core/validation`) and API documentation, where none is named.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Optional

from pidshare_components.analysis.capabilities import NAMES
from pidshare_components.args.tree import CONTAINER_LISTS, Problems, Tree, containers, items, object_at
from pidshare_components.errors import Path, Problem
from pidshare_components.formats import amount

_HELPERS = {"log_handlers": "log-handler", "reloaders": "reloader"}
"""Lists of sidecars that the component makes, with the name that each has by default."""

_EXACTLY_ONE: dict[str, tuple[str, ...]] = {
    "value_from": ("secret_key_ref", "config_map_key_ref", "field_ref", "resource_field_ref"),
    "env_from": ("secret_ref", "config_map_ref"),
    "liveness_probe": ("exec", "http_get", "tcp_socket", "grpc"),
    "readiness_probe": ("exec", "http_get", "tcp_socket", "grpc"),
    "startup_probe": ("exec", "http_get", "tcp_socket", "grpc"),
    "post_start": ("exec", "http_get", "sleep"),
    "pre_stop": ("exec", "http_get", "sleep"),
    "sources": ("config_map", "secret", "downward_api", "service_account_token"),
    "volumes": (
        "empty_dir",
        "config_map",
        "secret",
        "projected",
        "downward_api",
        "persistent_volume_claim",
        "host_path",
        "csi",
        "ephemeral",
    ),
}


def _repeated(values: Iterator[tuple[Path, Any]]) -> Iterator[tuple[Path, Any]]:
    """Yield what was there before."""
    seen = set()
    for path, value in values:
        if value in seen:
            yield path, value
        seen.add(value)


def _duplicates(values: Iterator[tuple[Path, Any]], what: str) -> Problems:
    """Yield what is there twice, without the value: except for names it may be a secret."""
    for path, _ in _repeated(values):
        yield Problem(path, f"this {what} is used twice", "write another")


def _duplicate_names(named: Iterator[tuple[Path, Any]], what: str) -> Problems:
    for path, name in _repeated((path, name) for path, name in named if isinstance(name, str)):
        yield Problem(path, f"the {what} '{name}' is used twice", "write another")


def _names(args: Tree) -> Problems:
    def named() -> Iterator[tuple[Path, Any]]:
        for path, container in containers(args):
            yield (*path, "name"), container.get("name")
        if isinstance(args.get("debug"), dict):
            yield ("debug", "name"), args["debug"].get("name", "shell")
        for key, default in _HELPERS.items():
            for index, helper in items(args, key):
                yield (key, index, "name"), helper.get("name", default)

    yield from _duplicate_names(named(), "container name")
    yield from _duplicate_names(
        ((("volumes", index, "name"), volume.get("name")) for index, volume in items(args, "volumes")), "volume name"
    )
    for path, container in containers(args):
        env = (((*path, "env", index, "name"), var.get("name")) for index, var in items(container, "env"))
        yield from _duplicate_names(env, "variable")


def _ports(args: Tree) -> Problems:
    def ports() -> Iterator[tuple[Path, Tree]]:
        # Init containers have ended when the others begin.
        for path, container in containers(args, "containers", "sidecars"):
            for index, port in items(container, "ports"):
                yield (*path, "ports", index), port

    yield from _duplicate_names((((*path, "name"), port.get("name")) for path, port in ports()), "port name")
    for key in ("container_port", "host_port"):
        numbered = (
            ((*path, key), (port[key], protocol, address))
            for path, port in ports()
            if isinstance(port.get(key), int)
            and isinstance(protocol := port.get("protocol", "TCP"), str)
            and isinstance(address := port.get("host_ip", ""), str)
        )
        yield from _duplicates(numbered, "port")


def _mounts(args: Tree) -> Problems:
    overrides = object_at(args, "spec_overrides")
    lists = (args.get("volumes", []), args.get("volume_claim_templates", []), overrides.get("volumes", []))
    found = [item for given in lists if isinstance(given, list) for item in given]
    named = [item["name"] for item in found if isinstance(item, dict) and isinstance(item.get("name"), str)]
    volumes = set(named)
    # What is an Output, or wrong, may have any name.
    all_known = all(isinstance(given, list) for given in lists) and len(named) == len(found)
    all_known = all_known and isinstance(args.get("spec_overrides", {}), dict)
    for path, container in containers(args):
        for key, where in (("volume_mounts", "mount_path"), ("volume_devices", "device_path")):
            for index, mount in items(container, key):
                name = mount.get("name")
                if all_known and isinstance(name, str) and name not in volumes:
                    known = ", ".join(sorted(volumes)) or "none"
                    yield Problem(
                        (*path, key, index, "name"),
                        f"no volume is named '{name}'",
                        f"add it to volumes or write one that is there ({known})",
                    )
            places = (
                ((*path, key, index, where), mount[where])
                for index, mount in items(container, key)
                if isinstance(mount.get(where), str)
            )
            yield from _duplicates(places, "path")


def _alternatives(args: Tree) -> Problems:
    """Yield objects of which Kubernetes wants exactly one field of several."""
    for key in (*CONTAINER_LISTS, "volumes"):
        yield from _one_source(args.get(key), (key,), key)
    for path, container in containers(args):
        for index, var in items(container, "env"):
            if "value" in var and "value_from" in var:
                yield Problem((*path, "env", index), "has value and value_from", "write only one of them")


def _one_source(tree: Any, path: Path, key: str) -> Problems:  # noqa: ANN401
    if isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from _one_source(item, (*path, index), key)
    elif isinstance(tree, dict):
        if key in _EXACTLY_ONE:
            yield from _exactly_one(tree, path, _EXACTLY_ONE[key])
        for field, item in tree.items():
            yield from _one_source(item, (*path, field), field)


def _exactly_one(tree: Tree, path: Path, fields: tuple[str, ...]) -> Problems:
    given = [field for field in fields if field in tree]
    if len(given) != 1:
        reason = f"has {' and '.join(given)}" if given else "says nothing of where it comes from or what it does"
        yield Problem(path, reason, f"write exactly one of {', '.join(fields)}")


def _init_containers(args: Tree) -> Problems:
    for path, container in containers(args, "init_containers"):
        for field in ("liveness_probe", "readiness_probe", "startup_probe", "lifecycle"):
            if field in container:
                yield Problem(
                    (*path, field),
                    "an init container runs to its end, so Kubernetes refuses this",
                    "leave it out, or move the container to sidecars",
                )


def _probes(args: Tree) -> Problems:
    for path, container in containers(args):
        names = [port.get("name") for _, port in items(container, "ports")]
        for field in ("liveness_probe", "readiness_probe", "startup_probe"):
            probe = object_at(container, field)
            threshold = probe.get("success_threshold", 1)
            if field != "readiness_probe" and isinstance(threshold, int) and threshold != 1:
                yield Problem((*path, field, "success_threshold"), "must be 1 for this probe", "leave it out")
            for action in ("http_get", "tcp_socket"):
                port = object_at(probe, action).get("port")
                if isinstance(port, str) and port not in names:
                    yield Problem(
                        (*path, field, action, "port"),
                        "no port of this container has that name",
                        "write the number, or name a port so",
                    )


def _resources(args: Tree) -> Problems:
    places = [*containers(args), (("debug",), object_at(args, "debug"))]
    places += [((key, index), helper) for key in _HELPERS for index, helper in items(args, key)]
    for path, container in places:
        limits = object_at(container, "resources", "limits")
        for name, request in object_at(container, "resources", "requests").items():
            if not isinstance(name, str):
                continue
            asked, limit = _amount(request), _amount(limits.get(name))
            if asked is not None and limit is not None and asked > limit:
                yield Problem(
                    (*path, "resources", "requests", name), "is more than the limit", "write at most the limit"
                )


def _amount(quantity: Any) -> Optional[Decimal]:  # noqa: ANN401
    plain = isinstance(quantity, (str, int, float)) and not isinstance(quantity, bool)
    return amount(str(quantity)) if plain else None


def _security(args: Tree) -> Problems:
    for path, container in containers(args):
        context = object_at(container, "security_context")
        yield from _security_of(args, context, (*path, "security_context"))
    debug = object_at(args, "debug")
    if "security_context" in debug:
        yield from _security_of(args, object_at(debug, "security_context"), ("debug", "security_context"))


def _security_of(args: Tree, context: Tree, path: Path) -> Problems:
    pod = object_at(args, "security_context")
    user = context.get("run_as_user", pod.get("run_as_user"))
    never_root = context.get("run_as_non_root", pod.get("run_as_non_root")) is True
    added = object_at(context, "capabilities").get("add")
    added = added if isinstance(added, list) else []
    privileged = context.get("privileged")
    not_root = user != 0 if isinstance(user, int) else never_root and user is None
    if added and not_root and privileged is not True:
        # capabilities(7): Kubernetes sets no ambient capabilities (kubernetes/kubernetes#56374).
        yield Problem(
            (*path, "capabilities", "add"),
            "does nothing: a process that does not start as root gets no added capability",
            "leave it out, or run as user 0; for a binary with file capabilities use spec_overrides",
        )
    if never_root and user == 0:
        where = path if "run_as_user" in context or "run_as_non_root" in context else ("security_context",)
        yield Problem(
            where, "run_as_non_root refuses to start user 0", "write another run_as_user, or run_as_non_root: false"
        )
    if context.get("allow_privilege_escalation") is False and (privileged is True or "SYS_ADMIN" in added):
        yield Problem(
            (*path, "allow_privilege_escalation"),
            "cannot be false together with privileged or SYS_ADMIN",
            "leave it out, or take the privilege away",
        )
    for key in ("add", "drop"):
        names = object_at(context, "capabilities").get(key)
        for index, name in enumerate(names if isinstance(names, list) else []):
            if isinstance(name, str) and name != "ALL" and name not in NAMES:
                yield Problem((*path, "capabilities", key, index), *_no_capability(name))


def _no_capability(name: str) -> tuple[str, str]:
    plain = name.upper().removeprefix("CAP_")
    known = plain in NAMES or plain == "ALL"
    instead = f"write {plain}" if known else "write a name of capabilities(7) without CAP_, or ALL"
    return f"'{name}' is no capability name of Kubernetes", instead


RULES = (
    _names,
    _ports,
    _mounts,
    _alternatives,
    _init_containers,
    _probes,
    _resources,
    _security,
)
"""Every one yields the mistakes it finds."""
