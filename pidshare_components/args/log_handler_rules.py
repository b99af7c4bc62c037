"""Rules about log handlers that only more than one field shows."""

import posixpath
import re
from pathlib import PurePosixPath
from typing import Any, NamedTuple, Optional

from pidshare_components.args.log_handler import LogRotation
from pidshare_components.args.targets import (
    exceeds_default,
    foreign_variables,
    hidden_programs,
    is_by_kubelet,
    mount_of,
    outside_of_volumes,
    security_of,
    source_of,
    target_of,
    unknown_ids,
    unknown_target,
)
from pidshare_components.args.tree import Problems, Tree, items, object_at
from pidshare_components.errors import Path, Problem, format_path

_KEEP = LogRotation.model_fields["keep"].default
_FOR_ROTATION = ("executable", "pid_file", "any_user")


def _handlers(args: Tree) -> Problems:
    for index, handler in items(args, "log_handlers"):
        path: Path = ("log_handlers", index)
        yield from _abilities(handler, path)
        yield from unknown_target(args, handler, path)
        target = target_of(args, handler)
        if target is not None:
            yield from unknown_ids(args, target, "the log handler")
            yield from _log(args, handler, target[1], path)
            if "rotation" in handler:
                yield from _privileges(security_of(args, target[1]), handler, target[1]["name"], path)


def _abilities(handler: Tree, path: Path) -> Problems:
    if "rotation" in handler:
        return
    if handler.get("ship") is False:
        yield Problem(path, "neither rotates nor ships the log", "write rotation, or leave ship out")
    for field in _FOR_ROTATION:
        if handler.get(field) not in (None, False):
            yield Problem((*path, field), "has a meaning for rotation only", "write rotation too, or leave it out")


def _log(args: Tree, handler: Tree, target: Tree, path: Path) -> Problems:
    log = handler.get("path")
    if not isinstance(log, str) or not log.startswith("/"):
        return
    where, mount = (*path, "path"), mount_of(target, log)
    if mount is None:
        yield outside_of_volumes(target, where, "mount a volume there, its mount_path written out")
        return
    folder = mount["mount_path"]
    yield from hidden_programs(folder, where)
    if PurePosixPath(log) == PurePosixPath(folder):
        yield Problem(where, "is the mount itself, which cannot be moved", "mount the folder that the log is in")
    yield from foreign_variables(mount, where)
    source = source_of(args, mount)
    read_only = object_at(source, "persistent_volume_claim").get("read_only") is True
    if mount.get("read_only") is True or read_only or is_by_kubelet(source):
        yield Problem(where, f"is in {folder}, which is read-only", "write the path of a log in a writable volume")


def _privileges(context: Tree, handler: Tree, target: str, path: Path) -> Problems:
    user, where = context.get("run_as_user"), (*path, "any_user")
    if handler.get("any_user") is True:
        if isinstance(user, int) and user != 0:
            # Without the id: it may be a secret.
            yield Problem(
                where, f"adds capabilities, which only root gets, but '{target}' does not run as root", "leave it out"
            )
    elif user == 0 and exceeds_default(context):
        yield Problem(
            where,
            f"a process that looks into one of '{target}' needs all its capabilities, or SYS_PTRACE",
            f"write true, or take privileged and SYS_ADMIN from '{target}'",
        )


class _Log(NamedTuple):
    """A log that is rotated, told by its volume: containers may have that in different places."""

    volume: str
    path: str
    keep: Any

    def shares_files(self, other: "_Log") -> bool:
        return self.volume == other.volume and (self.has_old(other) or other.has_old(self))

    def has_old(self, other: "_Log") -> bool:
        """Return whether the other log has the path of an old one of this."""
        old = re.fullmatch(re.escape(self.path) + r"\.([1-9][0-9]{0,9})", other.path)
        return old is not None and isinstance(self.keep, (int, float)) and int(old[1]) <= self.keep


def _rotated_log(args: Tree, handler: Tree) -> Optional[_Log]:
    target, log = target_of(args, handler), handler.get("path")
    if "rotation" not in handler or target is None or not isinstance(log, str) or not log.startswith("/"):
        return None
    mount = mount_of(target[1], log)
    if mount is None:
        return None
    volume, part = mount.get("name"), mount.get("sub_path", "")
    if not isinstance(volume, str) or not isinstance(part, str):
        return None
    inside = PurePosixPath(log).relative_to(mount["mount_path"])
    keep = object_at(handler, "rotation").get("keep", _KEEP)
    return _Log(volume, posixpath.normpath(posixpath.join("/", part, inside)), keep)


def _rotated_twice(args: Tree) -> Problems:
    seen: dict[int, _Log] = {}
    for index, handler in items(args, "log_handlers"):
        log, path = _rotated_log(args, handler), ("log_handlers", index, "path")
        if log is None:
            continue
        for before, other in seen.items():
            if (log.volume, log.path) == (other.volume, other.path):
                yield Problem(path, "is rotated twice", "write one log handler for it")
                break
            if log.shares_files(other):
                name = format_path(("log_handlers", before))
                yield Problem(
                    path, f"shares a file with {name}: old logs are path.1 and so on", "rename one of the logs"
                )
                break
        seen[index] = log


RULES = (_handlers, _rotated_twice)
"""Every one yields the mistakes it finds."""
