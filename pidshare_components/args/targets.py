"""What a container that works on another one of its pod has to know of it. On plain trees, see `tree`."""

from pathlib import PurePosixPath
from typing import Any, Optional

from pidshare_components.analysis.capabilities import DEFAULTS, NONE, Runtime, granted
from pidshare_components.args.tree import Problems, Tree, containers, items, object_at
from pidshare_components.errors import Path, Problem

_LISTS = ("containers", "sidecars")
_IDS = ("run_as_user", "run_as_group")
_BY_KUBELET = ("config_map", "secret", "projected", "downward_api")
# Where a helper's image has its shell.
_PROGRAMS = "/bin"


def target_of(args: Tree, helper: Tree) -> "Optional[tuple[Path, Tree]]":
    """Return the container or sidecar that a helper's `target` names, with its path; without a name the first one."""
    known = [(path, item) for path, item in containers(args, *_LISTS) if isinstance(item.get("name"), str)]
    name = helper.get("target", known[0][1]["name"] if known else None)
    return next(((path, item) for path, item in known if item["name"] == name), None)


def unknown_target(args: Tree, helper: Tree, path: Path) -> Problems:
    """Yield the mistake that `target` names no container."""
    names = [item["name"] for _, item in containers(args, *_LISTS) if isinstance(item.get("name"), str)]
    all_known = all(isinstance(args.get(key, []), list) for key in _LISTS)
    if all_known and isinstance(helper.get("target"), str) and helper["target"] not in names:
        yield Problem(
            (*path, "target"),
            f"no container or sidecar is named '{helper['target']}'",
            f"write one of {', '.join(names)}",
        )


def security_of(args: Tree, container: Tree) -> Tree:
    """Return the security settings that count for a container: the pod's, and its own over them."""
    return {**object_at(args, "security_context"), **object_at(container, "security_context")}


def unknown_ids(args: Tree, target: "tuple[Path, Tree]", what: str, or_else: str = "") -> Problems:
    """Yield which ids of a target are not written.

    Args:
        args: of the component.
        target: as `target_of` returns it.
        what: takes them over, as the subject of a sentence.
        or_else: what to write instead of the ids, as the end of a sentence.
    """
    path, container = target
    context = security_of(args, container)
    for field in _IDS:
        if field not in context:
            yield Problem(
                (*path, "security_context", field),
                f"is not given, but {what} takes it over",
                f"write the id that the image runs with{or_else}",
            )


def exceeds_default(context: Tree) -> bool:
    """Return whether security settings give capabilities that only a container with privilege escalation may have.

    Another container cannot take them over without it (core/v1, `allowPrivilegeEscalation`).
    """
    added = object_at(context, "capabilities").get("add")
    names = added if isinstance(added, list) else []
    return context.get("privileged") is True or "ALL" in names or "SYS_ADMIN" in names


def has_more_than_default(context: Tree) -> bool:
    """Return whether security settings give root a capability that no runtime gives by default."""
    add, drop = (_texts(object_at(context, "capabilities").get(key)) for key in ("add", "drop"))
    more = granted(Runtime.CONTAINERD, add, drop) & ~DEFAULTS[Runtime.CONTAINERD]
    return context.get("privileged") is True or more != NONE


def _texts(given: Any) -> "tuple[str, ...]":  # noqa: ANN401
    return tuple(item for item in given if isinstance(item, str)) if isinstance(given, list) else ()


def mounts_of(container: Tree, path: str) -> "list[Tree]":
    """Return the volume mounts of a container that show what is at a path and below it; none if no mount holds it."""
    holder = mount_of(container, path)
    below = [
        mount
        for _, mount in items(container, "volume_mounts")
        if isinstance(mount.get("mount_path"), str) and mount is not holder and holds(path, mount["mount_path"])
    ]
    return [holder, *below] if holder else []


def mount_of(container: Tree, path: str) -> Optional[Tree]:
    """Return the volume mount of a container that holds a path: the deepest one."""
    mounts = [mount for _, mount in items(container, "volume_mounts") if holds(mount.get("mount_path"), path)]
    return max(mounts, key=lambda mount: len(PurePosixPath(mount["mount_path"]).parts), default=None)


def source_of(args: Tree, mount: Tree) -> Tree:
    """Return the volume that a mount shows; nothing where it is none of `volumes`."""
    return next((item for _, item in items(args, "volumes") if item.get("name") == mount.get("name")), {})


def is_by_kubelet(volume: Tree) -> bool:
    """Return whether the kubelet writes a volume, and no container does."""
    return any(kind in volume for kind in _BY_KUBELET)


def outside_of_volumes(target: Tree, path: Path, instead: str) -> Problem:
    """Return the mistake that no volume of a target holds what a helper is to work on."""
    reason = f"is in no volume that '{target['name']}' mounts, so no other container has it"
    return Problem(path, reason, instead)


def foreign_variables(mount: Tree, path: Path) -> Problems:
    """Yield the mistake that another container cannot mount the same part of a volume."""
    if "sub_path_expr" in mount:
        reason = f"is in {mount['mount_path']}, whose sub_path_expr has variables of another container"
        yield Problem(path, reason, "write sub_path")


def hidden_programs(folder: str, path: Path) -> Problems:
    """Yield the mistake that a helper which mounts a folder as its target does has no programs any more.

    Args:
        folder: the `mount_path`.
        path: of what makes the helper mount it.
    """
    if holds(folder, _PROGRAMS):
        reason = f"is in {folder}, whose mount would hide the sidecar's own programs in {_PROGRAMS}"
        yield Problem(path, reason, "mount the volume on another folder")


def holds(folder: Any, path: str) -> bool:  # noqa: ANN401
    """Return whether a path is a folder or in it."""
    return isinstance(folder, str) and PurePosixPath(path).is_relative_to(folder)
