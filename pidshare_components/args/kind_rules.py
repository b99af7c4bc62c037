"""Rules about what only some kinds have, or have not.

Source: Kubernetes API validation (`pkg/apis/apps/validation`, `pkg/apis/batch/validation`), where none is named.
"""

import re
from collections.abc import Callable

import pulumi

from pidshare_components.args.kinds import DAEMON_SET, DEPLOYMENT, JOB, STATEFUL_SET, Kind, PodNames
from pidshare_components.args.tree import Problems, Tree, items, object_at
from pidshare_components.errors import Problem

# The names of its pods become label values with a hyphen and more behind it; a CronJob's Jobs get 11 letters more.
_LONGEST_NAME = {"StatefulSet": 52, "Job": 63, "CronJob": 52}
_SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_DEADLINE = 600  # of a Deployment that names none
_ALL = 100


def _names_of_pods(args: Tree, kind: Kind) -> Problems:
    attach = args.get("attach")
    if not isinstance(attach, dict):
        return
    wide, path = attach.get("namespace_wide", False), ("attach", "namespace_wide")
    if kind.pod_names is PodNames.GENERATED and wide is False:
        yield Problem(
            path,
            f"RBAC limits rights by names, and the pods of a {kind.name} get theirs when they start",
            "write true if access to every pod of the namespace is acceptable, or leave attach out",
        )
    if kind.pod_names is PodNames.OWN and wide is True:
        yield Problem(path, "gives more than this pod needs, whose name is known", "leave it out")


def _name(args: Tree, kind: Kind) -> Problems:
    name, longest = args.get("name"), _LONGEST_NAME.get(kind.name)
    if not isinstance(name, str):
        return
    if kind is JOB and args.get("completion_mode") == "Indexed" and isinstance(args.get("completions"), int):
        longest = _LONGEST_NAME["Job"] - len(f"-{args['completions'] - 1}")  # the host name of the last pod
    if longest is not None and len(name) > longest:
        yield Problem(("name",), f"too long for this {kind.name}", f"write at most {longest} characters")
    if kind is STATEFUL_SET and not _SERVICE_NAME.fullmatch(name):
        instead = "begin with a letter, and write lower-case letters, digits and hyphens only"
        yield Problem(("name",), "is the name of the Service too, which is narrower (RFC 1035)", instead)


def _restarts(args: Tree, kind: Kind) -> Problems:
    if kind.completes and args.get("restart_policy") == "Always":
        yield Problem(("restart_policy",), f"a {kind.name}'s pods run to their end", "write OnFailure or Never")
    overrides = object_at(args, "spec_overrides")
    if "restartPolicy" in overrides:
        # It decides where the debug sidecar goes, which is made before the overrides are merged.
        has_own = kind.completes or kind.pod_names is PodNames.OWN
        instead = "write it as restart_policy" if has_own else f"leave it out: a {kind.name}'s pods always restart"
        yield Problem(("spec_overrides", "restartPolicy"), "is no override", instead)
    if kind.group == "apps" and "activeDeadlineSeconds" in overrides:
        path = ("spec_overrides", "activeDeadlineSeconds")
        yield Problem(path, f"Kubernetes refuses it in a {kind.name}", "leave it out")


def _rollout(args: Tree, kind: Kind) -> Problems:
    field, other = ("strategy", "Recreate") if kind is DEPLOYMENT else ("update_strategy", "OnDelete")
    chosen = object_at(args, field)
    rolling = object_at(chosen, "rolling_update")
    path = (field, "rolling_update")
    if rolling and chosen.get("type") == other:
        yield Problem(path, f"has no meaning for {other}", "leave one of them out")
    surge, missing = rolling.get("max_surge"), rolling.get("max_unavailable")
    for name, value in (("max_surge", surge), ("max_unavailable", missing)):
        limited = name == "max_unavailable" or kind is DAEMON_SET
        if limited and isinstance(value, str) and value.rstrip("%").isdecimal() and int(value[:-1]) > _ALL:
            yield Problem((*path, name), "more than all pods", "write 100% or less")
    if kind is DEPLOYMENT and _is_zero(surge) and _is_zero(missing):
        yield Problem(
            (*path, "max_unavailable"),
            "is 0 as max_surge is: no pod could be replaced",
            "write a larger one of the two",
        )
    if kind is DAEMON_SET and rolling:
        none_beside = surge is None or _is_zero(surge)
        if none_beside and _is_zero(missing):
            instead = "write a larger one of the two"
            yield Problem((*path, "max_unavailable"), "is 0 without a max_surge: no pod could be replaced", instead)
        if not none_beside and not isinstance(surge, pulumi.Output) and (missing is None or _is_certain(missing)):
            yield Problem(
                (*path, "max_surge"),
                "a DaemonSet has either pods beside the wanted ones or missing ones, and 1 may be missing by default",
                "write max_unavailable: 0 with it",
            )
    ready, deadline = args.get("min_ready_seconds"), args.get("progress_deadline_seconds", _DEADLINE)
    if kind is DEPLOYMENT and isinstance(ready, int) and isinstance(deadline, int) and ready >= deadline:
        where = ("progress_deadline_seconds",)
        yield Problem(where, "no rollout could get there before", "write more than min_ready_seconds")


def _is_zero(value: object) -> bool:
    return value in (0, "0%") and not isinstance(value, bool)


def _is_certain(value: object) -> bool:
    """Return whether a number of pods is known, and more than none."""
    return isinstance(value, (int, str)) and not _is_zero(value)


def _claims(args: Tree, _: Kind) -> Problems:
    taken = [name for _, volume in items(args, "volumes") if isinstance(name := volume.get("name"), str)]
    for index, claim in items(args, "volume_claim_templates"):
        name = claim.get("name")
        if isinstance(name, str) and name in taken:
            path = ("volume_claim_templates", index, "name")
            yield Problem(path, f"the volume name '{name}' is used twice", "write another")
        taken.append(str(name))


def _indexed(args: Tree, _: Kind) -> Problems:
    indexed = args.get("completion_mode") == "Indexed"
    if indexed and "parallelism" in args and "completions" not in args:
        yield Problem(("completions",), "required where completion_mode is Indexed", "write how many indices there are")
    if "backoff_limit_per_index" in args and not indexed:
        path = ("backoff_limit_per_index",)
        yield Problem(
            path, "counts for each index, and there are none", "write completion_mode Indexed, or leave it out"
        )
    if "pod_failure_policy" in args and args.get("restart_policy", "Never") != "Never":
        yield Problem(("pod_failure_policy",), "judges ended pods", "write restart_policy Never, or leave it out")


RULES: "tuple[Callable[[Tree, Kind], Problems], ...]" = (
    _names_of_pods,
    _name,
    _restarts,
    _rollout,
    _claims,
    _indexed,
)
"""Every one yields the mistakes it finds."""
