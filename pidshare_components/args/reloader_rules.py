"""Rules about reloaders that only more than one field shows."""

from pidshare_components.args.targets import (
    exceeds_default,
    foreign_variables,
    hidden_programs,
    holds,
    is_by_kubelet,
    mounts_of,
    outside_of_volumes,
    security_of,
    source_of,
    target_of,
    unknown_ids,
    unknown_target,
)
from pidshare_components.args.tree import Problems, Tree, items, object_at
from pidshare_components.errors import Path, Problem

STATE = "/run/pidshare-reloader"
"""Where the sidecar mounts its own volume."""


def _reloaders(args: Tree) -> Problems:
    for index, reloader in items(args, "reloaders"):
        path: Path = ("reloaders", index)
        yield from unknown_target(args, reloader, path)
        target = target_of(args, reloader)
        if target is None:
            continue
        for problem in unknown_ids(args, target, "the reloader"):
            # To signal takes the same user; only the look inside takes the same group.
            if problem.path[-1] == "run_as_user" or looks_inside(reloader):
                yield problem
        watched = reloader.get("watch")
        for at, watch in enumerate(watched if isinstance(watched, list) else []):
            if isinstance(watch, str) and watch.startswith("/"):
                yield from _watch(args, watch, target[1], (*path, "watch", at))
        context = security_of(args, target[1])
        if looks_inside(reloader) and context.get("run_as_user") == 0 and exceeds_default(context):
            field = "executable" if "executable" in reloader else "pid_file"
            yield Problem(
                (*path, field),
                f"needs a look into '{target[1]['name']}', which takes all its capabilities",
                f"leave it out, or take privileged and SYS_ADMIN from '{target[1]['name']}'",
            )


def looks_inside(reloader: Tree) -> bool:
    """Return whether a reloader has to inspect processes of its target, beyond what everybody may see of them."""
    return "executable" in reloader or "pid_file" in reloader


def _watch(args: Tree, watch: str, target: Tree, path: Path) -> Problems:
    mounts = mounts_of(target, watch)
    if not mounts:
        yield outside_of_volumes(target, path, "write a path in one of its volume_mounts")
    for mount in mounts:
        folder = mount["mount_path"]
        hidden = list(hidden_programs(folder, path))
        yield from hidden
        # It is mounted first, and read-only: the runtime could not make the folder inside.
        if holds(folder, STATE) and not hidden:
            reason = f"is in {folder}, where the sidecar has a volume of its own ({STATE})"
            yield Problem(path, reason, "mount the volume on another folder")
        yield from foreign_variables(mount, path)
        if "sub_path_expr" not in mount and "sub_path" in mount and is_by_kubelet(source_of(args, mount)):
            yield Problem(
                path,
                f"is in {folder}, which has a sub_path: the kubelet never updates such a mount",
                "mount the whole volume on a folder",
            )


def _state_volumes(args: Tree) -> Problems:
    own = [f"{reloader.get('name', 'reloader')}-state" for _, reloader in items(args, "reloaders")]
    places: tuple[tuple[Tree, Path], ...] = (
        (args, ("volumes",)),
        (args, ("volume_claim_templates",)),
        (object_at(args, "spec_overrides"), ("spec_overrides", "volumes")),
    )
    for tree, path in places:
        for index, volume in items(tree, str(path[-1])):
            if volume.get("name") in own:
                reason = f"'{volume['name']}' is what a reloader calls its own"
                yield Problem((*path, index, "name"), reason, "write another")


RULES = (_reloaders, _state_volumes)
"""Every one yields the mistakes it finds."""
