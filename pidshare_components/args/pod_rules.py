"""Rules about the pod, its debug sidecar and the access to it that only more than one field shows.

Source: Kubernetes API validation (`pkg/apis/core/validation`) and API documentation, where none is named.
"""

from pidshare_components.analysis.interactive import EXPIRES, REASON
from pidshare_components.args.targets import has_more_than_default, security_of, target_of, unknown_ids, unknown_target
from pidshare_components.args.tree import Problems, Tree, items, object_at
from pidshare_components.errors import Path, Problem
from pidshare_components.formats import is_part_of, qualified_name

POD_LABEL = "pidshare-components/pod"
"""Label by which the NetworkPolicy selects its pod: nobody else may give it."""

# Programs whose standard input goes nowhere: attach to one of them hangs (kubernetes/website#46478).
_NOT_INTERACTIVE = frozenset({"sleep", "tail", "pause", "true", "yes"})


def _debug(args: Tree) -> Problems:
    debug = args.get("debug")
    if not isinstance(debug, dict):
        return
    yield from unknown_target(args, debug, ("debug",))
    target = target_of(args, debug)
    profile = debug.get("profile", "baseline")
    if ("security_context" in debug) != (profile == "custom"):
        yield Problem(
            ("debug", "security_context"),
            "belongs to the profile custom, and custom needs it",
            "write both, or neither",
        )
    if target is not None and profile in ("restricted", "same-uid"):
        yield from _target_user(args, target, profile)
    if target is not None and profile == "baseline" and debug.get("target_root") is True:
        yield from _target_root(args, target)
    command = debug.get("command")
    first = command[0] if isinstance(command, list) and command else None
    if isinstance(first, str) and first.rpartition("/")[2] in _NOT_INTERACTIVE:
        yield Problem(("debug", "command"), "is no interactive shell: attach would hang", "write a shell, such as [sh]")


def _target_user(args: Tree, target: "tuple[Path, Tree]", profile: str) -> Problems:
    yield from unknown_ids(args, target, f"the debug profile {profile}", ", or another profile")
    if profile == "restricted" and security_of(args, target[1]).get("run_as_user") == 0:
        yield Problem(
            ("debug", "profile"),
            f"restricted forbids root, but '{target[1]['name']}' runs as user 0",
            "write baseline, or run the target as another user",
        )


def _target_root(args: Tree, target: "tuple[Path, Tree]") -> Problems:
    """Yield why the kernel shows root without added capabilities no root file system: ptrace(2), for certain."""
    context = security_of(args, target[1])
    # Without the ids: they may be secrets.
    ids = (("run_as_user", "does not run as root"), ("run_as_group", "does not have root's group"))
    found = [what for key, what in ids if isinstance(context.get(key), int) and context[key] != 0]
    if not found and has_more_than_default(context):
        found = ["has more capabilities"]
    if found:
        yield Problem(
            ("debug", "profile"),
            f"baseline cannot look into '{target[1]['name']}', which {' and '.join(found)}",
            "write same-uid or general, or leave target_root out",
        )


def _network(args: Tree) -> Problems:
    for key in ("ingress", "egress"):
        for index, rule in items(object_at(args, "network"), key):
            for field, what in (("peers", "everybody"), ("ports", "every port")):
                if rule.get(field) == []:
                    path: Path = ("network", key, index, field)
                    yield Problem(path, f"an empty list would allow {what}", "leave it out if that is meant")
            for at, peer in items(rule, "peers"):
                path = ("network", key, index, "peers", at)
                if ("cidr" in peer) == ("pods" in peer or "namespaces" in peer):
                    yield Problem(path, "is neither one network nor a set of pods", "write cidr, or pods or namespaces")
                if "except_cidrs" in peer and "cidr" not in peer:
                    yield Problem((*path, "except_cidrs"), "has no network to be a part of", "write cidr too")
                yield from _exceptions(peer, (*path, "except_cidrs"))
            for at, port in items(rule, "ports"):
                first, last = port.get("port"), port.get("end_port")
                if isinstance(last, int) and not (isinstance(first, int) and first <= last):
                    path = ("network", key, index, "ports", at, "end_port")
                    yield Problem(path, "ends no range", "write a port with a number that is not larger")


def _exceptions(peer: Tree, path: Path) -> Problems:
    whole, parts = peer.get("cidr"), peer.get("except_cidrs")
    for index, part in enumerate(parts if isinstance(parts, list) else []):
        if isinstance(whole, str) and isinstance(part, str) and not is_part_of(part, whole):
            yield Problem((*path, index), "is no part of cidr, or all of it", "write a smaller network inside of cidr")


def _subjects(args: Tree) -> Problems:
    for index, subject in items(object_at(args, "attach"), "subjects"):
        if "namespace" in subject and subject.get("kind") in ("User", "Group"):
            path = ("attach", "subjects", index, "namespace")
            yield Problem(path, "users and groups have no namespace", "leave it out")


def _label_keys(args: Tree) -> Problems:
    maps: list[tuple[Path, Tree]] = [
        ((key,), object_at(args, key)) for key in ("labels", "annotations", "workload_annotations", "node_selector")
    ]
    for index, constraint in items(args, "topology_spread_constraints"):
        path: Path = ("topology_spread_constraints", index, "label_selector", "match_labels")
        maps.append((path, object_at(constraint, "label_selector", "match_labels")))
    for key in ("ingress", "egress"):
        for index, rule in items(object_at(args, "network"), key):
            for at, peer in items(rule, "peers"):
                places = ("pods", "namespaces")
                maps += [(("network", key, index, "peers", at, place), object_at(peer, place)) for place in places]
    for path, labels in maps:
        for key in labels:
            if isinstance(key, str):
                yield from _label_key(path, key)


def _label_key(path: Path, key: str) -> Problems:
    try:
        qualified_name(key)
    except ValueError as error:
        reason, _, instead = str(error).partition("; ")
        yield Problem(path, f"the key '{key}' is {reason}", instead)


def _own_label(args: Tree) -> Problems:
    if POD_LABEL in object_at(args, "labels"):
        yield Problem(("labels", POD_LABEL), "is how the NetworkPolicy finds this pod alone", "write another key")


def _debug_annotations(args: Tree) -> Problems:
    debug, annotations = object_at(args, "debug"), object_at(args, "annotations")
    for field, key in (("reason", REASON), ("expires", EXPIRES)):
        if field in debug and key in annotations:
            yield Problem(("annotations", key), f"is what debug.{field} writes", "write it in one of the two places")


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
    if overrides.get("shareProcessNamespace") is False:
        yield Problem(
            ("spec_overrides", "shareProcessNamespace"),
            "this component always shares the process namespace",
            "leave it out, or use a plain Pod",
        )


RULES = (
    _debug,
    _network,
    _subjects,
    _label_keys,
    _own_label,
    _debug_annotations,
    _overrides,
)
"""Every one yields the mistakes it finds."""
