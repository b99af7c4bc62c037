"""Who may come into pods at all: what Roles, ClusterRoles and their bindings grant on attach, exec and debugging."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Union

from pidshare_components.analysis import rbac
from pidshare_components.analysis.answers import all_of, any_of
from pidshare_components.analysis.built_in_roles import BUILT_IN, USER_FACING
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.naming import called, listed
from pidshare_components.analysis.rbac import STREAMS, UP_TO, Binding, Door, Grant, Names, Role, read_binding, read_role
from pidshare_components.analysis.rule import Finding, Rule, Severity
from pidshare_components.analysis.tree import UNKNOWN, Path, Tree

KINDS = rbac.KINDS

ATTACH_TO_ANY_POD = Rule(
    "attach-to-any-pod",
    Severity.MEDIUM,
    "A role lets its subjects into every pod",
    "A rule without resourceNames holds for every object (Kubernetes, Using RBAC Authorization), and nodes/proxy for "
    "every container of a node (Kubernetes, Kubelet authentication/authorization). Who is in one container of a shared "
    "process namespace lists the processes of all, and signals and reads what the kernel lets its user (Kubernetes, "
    "Share Process Namespace between Containers in a Pod; kill(2), ptrace(2)).",
)
EPHEMERAL_CONTAINERS = Rule(
    "ephemeral-containers",
    Severity.MEDIUM,
    "A role lets its subjects add containers to running pods",
    "Who adds an ephemeral container chooses its image, user and capabilities; it is in the pod's process namespace, "
    "and can neither be changed nor removed (Kubernetes, Ephemeral Containers).",
)
ATTACH_VERBS = Rule(
    "attach-verbs",
    Severity.MEDIUM,
    "A role grants attach or exec with one of the two verbs",
    "kubectl opens a WebSocket, whose GET is the verb get, and falls back to SPDY, whose POST is create. From "
    "Kubernetes 1.35 on the API server asks for create on both (kubernetes/kubernetes#134577); until then get alone "
    "lets its subjects in (kubernetes/kubernetes#78741).",
)
ATTACH_BY_BUILT_IN_ROLE = Rule(
    "attach-by-built-in-role",
    Severity.MEDIUM,
    "A binding gives a built-in role that opens every pod",
    "The ClusterRoles admin and edit grant get and create on pods/attach and pods/exec, and cluster-admin grants "
    "everything (Kubernetes, Using RBAC Authorization, User-facing roles).",
)
RULES = (ATTACH_TO_ANY_POD, EPHEMERAL_CONTAINERS, ATTACH_VERBS, ATTACH_BY_BUILT_IN_ROLE)

_INTO = (*STREAMS, Door.NODE)
_WHICH = {"Role": "every pod of the namespace", "ClusterRole": "every pod of each namespace that it is bound in"}


def access_findings(tree: Tree) -> Iterator[Finding]:
    """Yield what an object of RBAC lets its subjects do to pods; nothing for an object of another kind.

    Paths of findings begin at the top of the object.

    Args:
        tree: the object; its leaves may be UNKNOWN.

    Raises:
        SpecError: it is no such object. Paths begin at its top.
    """
    if not rbac.is_access(tree):
        return
    if tree["kind"] in rbac.ROLES:
        role = read_role(tree)
        yield from _any_pod(role, tree)
        yield from _ephemeral(role, tree)
        yield from _verbs(role, tree)
    else:
        yield from _built_in(read_binding(tree))


def doors_text(doors: Iterable[Door]) -> str:
    """Return doors as what one may do: `attach to`, `attach to and exec into`."""
    verbs = {Door.ATTACH: "attach to", Door.EXEC: "exec into", Door.EPHEMERAL: "add ephemeral containers to"}
    given = set(doors)
    return listed([verb for door, verb in verbs.items() if door in given])


def _any_pod(role: Role, tree: Tree) -> Iterator[Finding]:
    all_grants = role.granted.grants
    opened = {grant.door for grant in all_grants if all_of(grant.names.every, grant.answer) is Answer.YES}
    for rule, grants in _by_rule(all_grants, _INTO).items():
        # What lets in may stand in another rule for every pod.
        answers = {
            grant.door: all_of(grant.names.every, Answer.YES if grant.sure and grant.door in opened else grant.answer)
            for grant in grants
        }
        sure = [door for door, answer in answers.items() if answer is Answer.YES]
        doors = sure or [door for door, answer in answers.items() if answer is Answer.UNKNOWN]
        if doors:
            by_get = not sure and any(grant.by_get for grant in grants)
            message = (
                f"{called(role.kind, role.name)} {'lets' if sure else 'may let'} its subjects {_into(role, doors)}"
                f"{UP_TO if by_get else ''}: where one shares its process namespace, who is in one container is within "
                "reach of all"
            )
            fix = _limit(doors, is_named=_is_named(tree, rule, [Door.NODE]))
            path: Path = ("rules", rule, "resources")
            yield Finding(ATTACH_TO_ANY_POD, ATTACH_TO_ANY_POD.severity, path, message, fix, bool(sure))


def _into(role: Role, doors: Sequence[Door]) -> str:
    streams = [door for door in doors if door is not Door.NODE]
    into = [f"{doors_text(streams)} {_WHICH[role.kind]}"] if streams else []
    if Door.NODE in doors:
        into.append("exec into every pod of every node, through the kubelet, where a ClusterRoleBinding gives it")
    return ", and ".join(into)


def _limit(doors: Sequence[Door], *, is_named: bool) -> str:
    """Return how to let in to fewer pods, as an imperative."""
    fixes = []
    if Door.NODE in doors and is_named:
        fixes.append("leave nodes/proxy out: nodes/metrics, nodes/stats and nodes/log are resources of their own")
    elif Door.NODE in doors:
        fixes.append("write out the resources that are needed, without nodes/proxy")
    if set(doors) != {Door.NODE}:
        fixes.append(
            "write resourceNames with the names of the pods; names that a workload generates cannot be written "
            "there, so keep such a workload in a namespace of its own"
        )
    return "; ".join(fixes)


def _by_rule(grants: Iterable[Grant], doors: Sequence[Door]) -> dict[int, list[Grant]]:
    found: dict[int, list[Grant]] = {}
    for grant in grants:
        if grant.door in doors:
            found.setdefault(grant.rule, []).append(grant)
    return found


def _ephemeral(role: Role, tree: Tree) -> Iterator[Finding]:
    for grant in role.granted.grants:
        if grant.door is not Door.EPHEMERAL:
            continue
        which = {Answer.YES: _WHICH[role.kind], Answer.NO: "the pods of its resourceNames", Answer.UNKNOWN: "pods"}
        lets = "lets" if grant.sure else "may let"
        pods = which[grant.names.every]
        message = (
            f"{called(role.kind, role.name)} {lets} its subjects add ephemeral containers to {pods}: "
            "they choose image, user and capabilities, and nobody can remove the container again"
        )
        named = _is_named(tree, grant.rule, [grant.door])
        leave = "leave pods/ephemeralcontainers out" if named else "write out the resources that are needed"
        fix = f"{leave}, and declare a debug sidecar in the pods that need one"
        path: Path = ("rules", grant.rule, "resources")
        yield Finding(EPHEMERAL_CONTAINERS, EPHEMERAL_CONTAINERS.severity, path, message, fix, bool(grant.sure))


def _verbs(role: Role, tree: Tree) -> Iterator[Finding]:
    """Yield the rules that grant one verb alone for a pod that no other rule grants the other one for."""
    for rule, grants in _by_rule(role.granted.grants, STREAMS).items():
        alone = [(grant.door, *_alone(grant, role.granted.grants)) for grant in grants]
        sure = [item for item in alone if item[2] is Answer.YES and role.granted.complete]
        shown = sure or [item for item in alone if item[2] is not Answer.NO]
        if not shown:
            continue
        # More than one verb may be the one that stands alone where the verbs are not known.
        verbs = sorted({verb for _, verbs, _ in shown for verb in verbs})
        doors = [door.value for door, _, _ in shown]
        what = "; or ".join(_ALONE[verb] for verb in verbs)
        message = f"{called(role.kind, role.name)} {'grants' if sure else 'may grant'} {listed(doors)} {what}"
        fix = "write verbs: [get, create]"
        if not _is_named(tree, rule, [door for door, _, _ in shown]):
            fix = f"write out the resources that are needed, and where these are among them {fix}"
        path: Path = ("rules", rule, "verbs")
        yield Finding(ATTACH_VERBS, ATTACH_VERBS.severity, path, message, fix, bool(sure))


_ALONE = {
    "get": "with get and without create: up to Kubernetes 1.34 that lets its subjects in, and from 1.35 on it does not",
    "create": "with create and without get: kubectl's WebSocket is refused, and only its fallback to SPDY gets through",
}


def _is_named(tree: Tree, rule: int, doors: Iterable[Door]) -> bool:
    """Return whether a rule names a door itself, and does not have it by a wildcard alone."""
    resources = tree["rules"][rule].get("resources")
    return resources is not UNKNOWN and any(door.value in resources for door in doors)


def _alone(grant: Grant, grants: Sequence[Grant]) -> tuple[frozenset[str], Answer]:
    """Return the verbs of a rule that may stand alone for some pod, and whether that is so."""
    others = [other for other in grants if other.door is grant.door and other.rule != grant.rule]
    found: dict[str, Answer] = {}
    for pod in _pods(grant):
        sure = grant.sure.union(*(other.sure for other in others if _covers(other, pod) is Answer.YES))
        verbs = grant.verbs.union(*(other.verbs for other in others if _covers(other, pod) is not Answer.NO))
        for verb in grant.verbs:
            is_alone = verb in grant.sure and verbs == {verb}
            if is_alone or len(sure - {verb}) == 0:
                found[verb] = any_of(found.get(verb, Answer.NO), Answer.YES if is_alone else Answer.UNKNOWN)
    certain = any_of(*found.values())
    return frozenset(verb for verb, answer in found.items() if answer is certain), certain


def _pods(grant: Grant) -> list[Union[str, Names]]:
    """Return the pods that a rule is for, as far as it tells them apart: names, and one that it does not name."""
    open_ended = grant.names.more or grant.names.every is not Answer.NO
    return [*sorted(grant.names.known), *([grant.names] if open_ended else [])]


def _covers(grant: Grant, pod: Union[str, Names]) -> Answer:
    """Return whether a rule is for a pod too."""
    if isinstance(pod, str):
        return grant.names.has(pod)
    # A rule for every pod is for pods that none names; a name that is not known may be any.
    may_name = pod.every is not Answer.YES and (grant.names.more or grant.names.known)
    return any_of(grant.names.every, Answer.UNKNOWN if may_name else Answer.NO)


def _built_in(binding: Binding) -> Iterator[Finding]:
    if binding.role_name not in USER_FACING or binding.role_kind not in ("ClusterRole", UNKNOWN):
        return
    if not binding.whom:
        return
    certain = binding.role_kind is not UNKNOWN and any(
        UNKNOWN not in (subject.kind, subject.name) or subject.kind not in ("Group", UNKNOWN)
        for subject in binding.subjects
    )
    which = "of the namespace" if binding.kind == "RoleBinding" else "of every namespace"
    doors = doors_text(grant.door for grant in BUILT_IN[str(binding.role_name)].grants)
    message = (
        f"{called(binding.kind, binding.name)} {'lets' if certain else 'may let'} {binding.whom} {doors} every pod "
        f"{which}, by ClusterRole '{binding.role_name}'"
    )
    fix = "bind a Role that grants what is needed, and attach or exec for the pods that it names alone"
    path: Path = ("roleRef", "name")
    yield Finding(ATTACH_BY_BUILT_IN_ROLE, ATTACH_BY_BUILT_IN_ROLE.severity, path, message, fix, certain)
