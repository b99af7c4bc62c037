"""Rules that only more than one field shows.

They read plain trees (dicts, lists, snake_case keys) in which anything may be missing, wrong or an Output, so that
they report beside pydantic instead of after it. What cannot be judged yet is passed over.

Sources, where none is named: Kubernetes API validation (`pkg/apis/core/validation`) and API documentation.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from pidshare_components.errors import Path, Problem
from pidshare_components.inputs import camel_case

Tree = dict[str, Any]
Problems = Iterator[Problem]

CONTAINER_LISTS = ("containers", "sidecars", "init_containers")
POD_LABEL = "pidshare-components/pod"
"""Label by which the NetworkPolicy selects its pod: nobody else may give it."""

# Programs whose standard input goes nowhere: attach to one of them hangs (kubernetes/website#46478).
_NOT_INTERACTIVE = frozenset({"sleep", "tail", "pause", "true", "yes"})
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


def mistakes(given: Any) -> Problems:  # noqa: ANN401 - whatever was given as arguments
    """Yield the mistakes that the arguments of a pod show as a whole.

    Args:
        given: the arguments as a plain tree, see `plain_tree`; camelCase keys are understood.
    """
    if not isinstance(given, dict):
        return
    # Overrides are Kubernetes' own spelling, and stay it.
    overrides = given.get("spec_overrides", given.get("specOverrides"))
    args = {**_snake_case(given), "spec_overrides": overrides}
    for rule in _RULES:
        yield from rule(args)


def _snake_case(tree: Any) -> Any:  # noqa: ANN401
    if isinstance(tree, dict):
        return {_snake(key): _snake_case(item) for key, item in tree.items()}
    if isinstance(tree, list):
        return [_snake_case(item) for item in tree]
    return tree


def _snake(key: Any) -> Any:  # noqa: ANN401
    if not isinstance(key, str) or not key.isidentifier() or not any(letter.isupper() for letter in key):
        return key
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)
    return snake if camel_case(snake) == key else key


def _items(tree: Tree, key: str) -> Iterator[tuple[int, Tree]]:
    """Yield the objects of a list with their indices."""
    found = tree.get(key)
    if isinstance(found, list):
        yield from ((index, item) for index, item in enumerate(found) if isinstance(item, dict))


def _object(tree: Tree, *keys: str) -> Tree:
    """Return an object inside, or an empty one."""
    found: Any = tree
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _containers(args: Tree, *lists: str) -> Iterator[tuple[Path, Tree]]:
    for key in lists or CONTAINER_LISTS:
        for index, container in _items(args, key):
            yield (key, index), container


def _duplicates(named: Iterator[tuple[Path, Any]], what: str) -> Problems:
    seen: dict[Any, Path] = {}
    for path, name in named:
        if not isinstance(name, (str, tuple)):
            continue
        if name in seen:
            text = name if isinstance(name, str) else "/".join(map(str, name))
            yield Problem(path, f"the {what} '{text}' is used twice", "write another")
        seen.setdefault(name, path)


def _names(args: Tree) -> Problems:
    def named() -> Iterator[tuple[Path, Any]]:
        for path, container in _containers(args):
            yield (*path, "name"), container.get("name")
        if isinstance(args.get("debug"), dict):
            yield ("debug", "name"), args["debug"].get("name", "shell")

    yield from _duplicates(named(), "container name")
    yield from _duplicates(
        ((("volumes", index, "name"), volume.get("name")) for index, volume in _items(args, "volumes")), "volume name"
    )
    for path, container in _containers(args):
        env = (((*path, "env", index, "name"), var.get("name")) for index, var in _items(container, "env"))
        yield from _duplicates(env, "variable")


def _ports(args: Tree) -> Problems:
    def ports() -> Iterator[tuple[Path, Tree]]:
        for path, container in _containers(args):
            for index, port in _items(container, "ports"):
                yield (*path, "ports", index), port

    yield from _duplicates((((*path, "name"), port.get("name")) for path, port in ports()), "port name")
    for key in ("container_port", "host_port"):
        numbered = (
            ((*path, key), (port[key], port.get("protocol", "TCP"), *([port["host_ip"]] if "host_ip" in port else [])))
            for path, port in ports()
            if isinstance(port.get(key), int)
        )
        yield from _duplicates(numbered, "port")


def _mounts(args: Tree) -> Problems:
    overrides = _object(args, "spec_overrides")
    volumes = {item.get("name") for tree in (args, overrides) for _, item in _items(tree, "volumes")}
    for path, container in _containers(args):
        for key, where in (("volume_mounts", "mount_path"), ("volume_devices", "device_path")):
            for index, mount in _items(container, key):
                name = mount.get("name")
                if isinstance(name, str) and name not in volumes:
                    known = ", ".join(sorted(str(volume) for volume in volumes)) or "none"
                    yield Problem(
                        (*path, key, index, "name"),
                        f"no volume is named '{name}'",
                        f"add it to volumes or write one that is there ({known})",
                    )
            places = (((*path, key, index, where), mount.get(where)) for index, mount in _items(container, key))
            yield from _duplicates(places, "path")


def _alternatives(args: Tree) -> Problems:
    """Yield objects of which Kubernetes wants exactly one field of several."""

    for key in (*CONTAINER_LISTS, "volumes"):
        yield from _one_source(args.get(key), (key,), key)
    for path, container in _containers(args):
        for index, var in _items(container, "env"):
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
    for path, container in _containers(args, "init_containers"):
        for field in ("liveness_probe", "readiness_probe", "startup_probe", "lifecycle"):
            if field in container:
                yield Problem(
                    (*path, field),
                    "an init container runs to its end, so Kubernetes refuses this",
                    "leave it out, or move the container to sidecars",
                )


def _probes(args: Tree) -> Problems:
    for path, container in _containers(args):
        names = {port.get("name") for _, port in _items(container, "ports")}
        for field in ("liveness_probe", "readiness_probe", "startup_probe"):
            probe = _object(container, field)
            threshold = probe.get("success_threshold", 1)
            if field != "readiness_probe" and isinstance(threshold, int) and threshold != 1:
                yield Problem((*path, field, "success_threshold"), "must be 1 for this probe", "leave it out")
            for action in ("http_get", "tcp_socket"):
                port = _object(probe, action).get("port")
                if isinstance(port, str) and port not in names:
                    yield Problem(
                        (*path, field, action, "port"),
                        f"no port is named '{port}'",
                        "write the number, or name a port of the container so",
                    )


def _resources(args: Tree) -> Problems:
    places = [*_containers(args), (("debug",), _object(args, "debug"))]
    for path, container in places:
        limits = _object(container, "resources", "limits")
        for name, request in _object(container, "resources", "requests").items():
            asked, limit = _amount(request), _amount(limits.get(name))
            if asked is not None and limit is not None and asked > limit:
                yield Problem(
                    (*path, "resources", "requests", name), "is more than the limit", "write at most the limit"
                )


_SUFFIXES = {"": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIXES = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def _amount(quantity: Any) -> "Decimal | None":  # noqa: ANN401
    """Return a quantity as a number, or None where it is none."""
    if isinstance(quantity, bool) or not isinstance(quantity, (str, int, float)):
        return None
    text = str(quantity)
    number = text.rstrip("numkKMGTPEi") if not _is_number(text) else text
    suffix = text[len(number) :]
    if not _is_number(number) or (suffix not in _SUFFIXES and suffix not in _BINARY_SUFFIXES):
        return None
    if suffix in _BINARY_SUFFIXES:
        return Decimal(number) * Decimal(1024 ** _BINARY_SUFFIXES[suffix])
    return Decimal(number).scaleb(_SUFFIXES[suffix])


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _security(args: Tree) -> Problems:
    for path, container in _containers(args):
        context = _object(container, "security_context")
        yield from _security_of(args, context, (*path, "security_context"))
    debug = _object(args, "debug")
    yield from _security_of(args, _object(debug, "security_context"), ("debug", "security_context"))


def _security_of(args: Tree, context: Tree, path: Path) -> Problems:
    pod = _object(args, "security_context")
    user = context.get("run_as_user", pod.get("run_as_user"))
    added = _object(context, "capabilities").get("add")
    added = added if isinstance(added, list) else []
    privileged = context.get("privileged")
    if added and isinstance(user, int) and user != 0 and privileged is not True:
        # capabilities(7): Kubernetes sets no ambient capabilities (kubernetes/kubernetes#56374).
        yield Problem(
            (*path, "capabilities", "add"),
            f"does nothing: a process that starts as user {user} gets no added capability",
            "leave it out, or run as user 0; for a binary with file capabilities use spec_overrides",
        )
    if context.get("run_as_non_root", pod.get("run_as_non_root")) is True and user == 0:
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


def _debug(args: Tree) -> Problems:
    debug = args.get("debug")
    if not isinstance(debug, dict):
        return
    named = (container.get("name") for _, container in _containers(args, "containers", "sidecars"))
    targets = [name for name in named if isinstance(name, str)]
    target = debug.get("target", targets[0] if targets else None)
    if isinstance(target, str) and target not in targets:
        yield Problem(
            ("debug", "target"),
            f"no container or sidecar is named '{target}'",
            f"write one of {', '.join(targets)}",
        )
    profile = debug.get("profile", "baseline")
    if ("security_context" in debug) != (profile == "custom"):
        yield Problem(
            ("debug", "security_context"),
            "belongs to the profile custom, and custom needs it",
            "write both, or neither",
        )
    if profile in ("restricted", "same-uid") and target in targets:
        yield from _target_user(args, str(target), str(profile))
    command = debug.get("command")
    first = command[0] if isinstance(command, list) and command else None
    if isinstance(first, str) and first.rpartition("/")[2] in _NOT_INTERACTIVE:
        yield Problem(("debug", "command"), "is no interactive shell: attach would hang", "write a shell, such as [sh]")
    if args.get("restart_policy") in ("Never", "OnFailure"):
        yield Problem(
            ("restart_policy",),
            "ends the debug sidecar for good, and with it the pod's readiness, when someone leaves the shell",
            "write Always, or leave the debug sidecar out",
        )


def _target_user(args: Tree, target: str, profile: str) -> Problems:
    path, container = next(
        (path, item) for path, item in _containers(args, "containers", "sidecars") if item.get("name") == target
    )
    context = {**_object(args, "security_context"), **_object(container, "security_context")}
    for field in ("run_as_user", "run_as_group"):
        if field not in context:
            yield Problem(
                (*path, "security_context", field),
                f"is not given, but the debug profile {profile} takes it over",
                "write the id that the image runs with, or another profile",
            )
    if profile == "restricted" and context.get("run_as_user") == 0:
        yield Problem(
            ("debug", "profile"),
            f"restricted forbids root, but '{target}' runs as user 0",
            "write baseline, or run the target as another user",
        )


def _network(args: Tree) -> Problems:
    for key in ("ingress", "egress"):
        for index, rule in _items(_object(args, "network"), key):
            for at, peer in _items(rule, "peers"):
                path: Path = ("network", key, index, "peers", at)
                if ("cidr" in peer) == ("pods" in peer or "namespaces" in peer):
                    yield Problem(path, "is neither one network nor a set of pods", "write cidr, or pods or namespaces")
                if "except_cidrs" in peer and "cidr" not in peer:
                    yield Problem((*path, "except_cidrs"), "has no network to be a part of", "write cidr too")
            for at, port in _items(rule, "ports"):
                first, last = port.get("port"), port.get("end_port")
                if isinstance(last, int) and not (isinstance(first, int) and first <= last):
                    path = ("network", key, index, "ports", at, "end_port")
                    yield Problem(path, "ends no range", "write a port with a number that is not larger")


def _subjects(args: Tree) -> Problems:
    for index, subject in _items(_object(args, "attach"), "subjects"):
        if "namespace" in subject and subject.get("kind") in ("User", "Group"):
            path = ("attach", "subjects", index, "namespace")
            yield Problem(path, "users and groups have no namespace", "leave it out")


def _own_label(args: Tree) -> Problems:
    if POD_LABEL in _object(args, "labels"):
        yield Problem(("labels", POD_LABEL), "is how the NetworkPolicy finds this pod alone", "write another key")


def _overrides(args: Tree) -> Problems:
    overrides = args.get("spec_overrides")
    if not isinstance(overrides, dict):
        return
    if overrides.get("hostPID") is True:
        yield Problem(
            ("spec_overrides", "hostPID"),
            "Kubernetes refuses hostPID together with shareProcessNamespace",
            "leave it out",
        )
    if overrides.get("shareProcessNamespace", True) is not True:
        yield Problem(
            ("spec_overrides", "shareProcessNamespace"),
            "this component always shares the process namespace",
            "leave it out, or use a plain Pod",
        )


_RULES: tuple[Callable[[Tree], Problems], ...] = (
    _names,
    _ports,
    _mounts,
    _alternatives,
    _init_containers,
    _probes,
    _resources,
    _security,
    _debug,
    _network,
    _subjects,
    _own_label,
    _overrides,
)
