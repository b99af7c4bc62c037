"""Rules about what the analysis is told that only more than one field, or the list of its rules, shows."""

from collections.abc import Callable

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.findings import RULES as ANALYSIS_RULES
from pidshare_components.analysis.nearest import nearest
from pidshare_components.analysis.node import kernel_version
from pidshare_components.analysis.pod_security import check_version
from pidshare_components.args.tree import Problems, Tree, items, object_at
from pidshare_components.errors import Path, Problem

_LARGEST_SCOPE = 3
_PAIRS = (("user", "group"), ("main_user", "main_group"), ("worker_user", "worker_group"))


def _image_facts(args: Tree) -> Problems:
    for index, facts in items(args, "image_facts"):
        for user, group in _PAIRS:
            if (user in facts) != (group in facts):
                lacking, given = (group, user) if user in facts else (user, group)
                yield Problem(("image_facts", index, lacking), f"belongs to {given}", "write both, or neither")
        if facts.get("keeps_user") is True and "main_user" in facts:
            path = ("image_facts", index, "keeps_user")
            yield Problem(path, "contradicts main_user", "write only one of them")
        names = facts.get("file_capabilities")
        for at, name in enumerate(names if isinstance(names, list) else []):
            if isinstance(name, str) and name not in capabilities.NAMES:
                where = ("image_facts", index, "file_capabilities", at)
                yield Problem(where, "is no capability", "write a name of capabilities(7) without CAP_")


def _node_facts(args: Tree) -> Problems:
    facts = object_at(args, "node_facts")
    scope = facts.get("ptrace_scope")
    if isinstance(scope, int) and scope > _LARGEST_SCOPE:
        yield Problem(("node_facts", "ptrace_scope"), "too large", "write 0, 1, 2 or 3")
    yield from _text(facts.get("kernel"), kernel_version, ("node_facts", "kernel"))
    if "pause_group" in facts and "pause_user" not in facts:
        yield Problem(("node_facts", "pause_user"), "belongs to pause_group", "write both, or neither")


def _version(args: Tree) -> Problems:
    yield from _text(args.get("kubernetes_version"), check_version, ("kubernetes_version",))


def _text(value: object, check: Callable[[str], object], path: Path) -> Problems:
    """Yield what a check says that raises "reason; what to write instead"."""
    if isinstance(value, str):
        try:
            check(value)
        except ValueError as error:
            reason, _, instead = str(error).partition("; ")
            yield Problem(path, reason, instead)


def _accepted(args: Tree) -> Problems:
    for index, accepted in items(object_at(args, "on_finding"), "accept"):
        rule, reason = accepted.get("rule"), accepted.get("reason")
        if isinstance(rule, str) and rule not in ANALYSIS_RULES:
            instead = nearest(rule, sorted(ANALYSIS_RULES))
            yield Problem(("on_finding", "accept", index, "rule"), "is no rule of the analysis", instead)
        if isinstance(reason, str) and not reason.strip():
            yield Problem(("on_finding", "accept", index, "reason"), "empty", "write why this is acceptable")


RULES = (_image_facts, _node_facts, _version, _accepted)
"""Every one yields the mistakes it finds."""
