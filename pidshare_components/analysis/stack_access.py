"""Who may come into which pod, by the roles and bindings in view together."""

from collections.abc import Iterator
from typing import Optional

from pidshare_components.analysis import rbac
from pidshare_components.analysis.answers import any_of
from pidshare_components.analysis.built_in_roles import BUILT_IN, CONTROLLER, OF_A_NAMESPACE, SYSTEM
from pidshare_components.analysis.by_namespace import ByNamespace
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.naming import called
from pidshare_components.analysis.rbac import (
    AGGREGATING,
    Binding,
    Door,
    Grant,
    Granted,
    Names,
    Role,
    Subject,
    read_binding,
    read_role,
)
from pidshare_components.analysis.rule import Finding, Rule, Severity
from pidshare_components.analysis.stack_pods import SharingPod, StackFinding
from pidshare_components.analysis.tree import UNKNOWN, Path, Tree
from pidshare_components.analysis.ways import SHOWN, Way, Ways, WaysIn, doors

ATTACH_FOR_EVERYONE = Rule(
    "attach-for-everyone",
    Severity.HIGH,
    "Everyone may come into pods",
    "system:authenticated is the group of every user and service account, system:serviceaccounts that of every service "
    "account, and system:unauthenticated that of whoever does not log in (Kubernetes, Authenticating).",
)
ATTACH_ACCESS = Rule(
    "attach-access",
    Severity.LOW,
    "Who may come into a pod with a shared process namespace",
    "Who attaches to a container, executes in it or adds an ephemeral one is in the process namespace of all "
    "containers of the pod (Kubernetes, Share Process Namespace between Containers in a Pod).",
)
RULES = (ATTACH_FOR_EVERYONE, ATTACH_ACCESS)

_NOT_IN_VIEW = Granted((), complete=False)
_NOTHING = Granted()
_EVERYONE = {
    ("Group", "system:authenticated"): "every user and service account",
    ("Group", "system:unauthenticated"): "whoever does not log in",
    ("Group", "system:serviceaccounts"): "every service account",
    ("User", "system:anonymous"): "whoever does not log in",
}


class Access:
    """The roles and bindings in view."""

    def __init__(self) -> None:
        self._roles: dict[tuple[str, object], dict[object, list[Granted]]] = {}
        self._built_in = dict(BUILT_IN)
        self._bindings: list[tuple[Binding, Path, object]] = []
        self._found: dict[tuple[object, object, object], Optional[Granted]] = {}

    def add(self, tree: Tree, path: Path, origin: object) -> None:
        """Add an object, if it is one.

        Raises:
            SpecError: it is malformed. Paths begin with the given one.
        """
        if not rbac.is_access(tree):
            return
        self._found.clear()
        if tree["kind"] in rbac.BINDINGS:
            self._bindings.append((read_binding(tree, path), path, origin))
            return
        role = read_role(tree, path)
        # What Kubernetes' own roles add to each other is known.
        if role.name not in BUILT_IN:
            self._aggregate(role)
        if isinstance(role.name, str) and role.name:
            by_namespace = self._roles.setdefault((role.kind, role.name), {})
            by_namespace.setdefault("" if role.kind == "ClusterRole" else role.namespace, []).append(role.granted)

    def _aggregate(self, role: Role) -> None:
        """Add the rules of a role to those of the built-in roles that its labels name."""
        for name, answer in role.added_to.items():
            own = role.granted if answer is Answer.YES else role.granted.doubted()
            # What view has edit has too, and admin has all of it.
            for to in AGGREGATING[AGGREGATING.index(name) :]:
                before = self._built_in[to]
                self._built_in[to] = Granted(before.grants + own.grants, before.complete and own.complete)

    def for_everyone(self) -> Iterator[StackFinding]:
        """Yield the bindings that let everyone into pods, or may."""
        for binding, path, origin in self._bindings:
            for subject in binding.subjects:
                who = _everyone(subject)
                if who:
                    yield from self._for_everyone(binding, subject, who, (path, origin))

    def _for_everyone(
        self, binding: Binding, subject: Subject, who: str, place: tuple[Path, object]
    ) -> Iterator[StackFinding]:
        granted, via = self._role_of(binding)
        into = doors(granted, [Answer.YES] * len(granted.grants))
        if not (into.sure or into.perhaps):
            return
        certain = bool(into.sure) and subject.kind is not UNKNOWN
        which = "pods of the namespace" if binding.kind == "RoleBinding" else "pods of every namespace"
        shown = into if certain else into.doubted()
        message = f"{subject.text}, that is {who}, {shown.text} in {which} ({via})"
        fix = "bind those who need it, each by name"
        severity = ATTACH_FOR_EVERYONE.severity if certain else Severity.MEDIUM
        (path, origin) = place
        where: Path = (*path, "subjects", subject.place)
        yield StackFinding(origin, Finding(ATTACH_FOR_EVERYONE, severity, where, message, fix, certain))

    def _role_of(self, binding: Binding) -> tuple[Granted, str]:
        """Return what a binding gives of its role, and how messages call both."""
        granted = self._granted(binding)
        if granted and binding.kind == "RoleBinding":
            granted = granted.in_a_namespace()
        role = called(binding.role_kind, binding.role_name)
        by = f"by {called(binding.kind, binding.name)}"
        named = isinstance(binding.role_name, str) and binding.role_name
        return granted or _NOT_IN_VIEW, f"{role} {by}" if granted or not named else f"{role}, not in view, {by}"

    def _granted(self, binding: Binding) -> Optional[Granted]:
        """Return what the role of a binding grants; None for one that is not in view."""
        kind, name, namespace = binding.role_kind, binding.role_name, binding.namespace
        if kind == "ClusterRole":
            namespace = ""
            if name in BUILT_IN:
                return self._built_in[str(name)]
        # The API server refuses a ClusterRoleBinding to a Role.
        elif kind == "Role" and (binding.kind == "ClusterRoleBinding" or (namespace, name) in OF_A_NAMESPACE):
            return _NOTHING
        key = kind, name, namespace
        if key not in self._found:
            self._found[key] = self._in_view(str(kind), name, namespace)
        return self._found[key]

    def _in_view(self, kind: str, name: object, namespace: object) -> Optional[Granted]:
        by_namespace = self._roles.get((kind, name), {})
        found = [] if namespace is UNKNOWN else by_namespace.get(namespace, [])
        if not found and namespace != "" and namespace is not UNKNOWN:
            # One that does not say its namespace may well be the one that is meant.
            maybe = [*by_namespace.get("", []), *by_namespace.get(UNKNOWN, [])]
            return _either(maybe) if maybe else None
        return found[0] if found and all(one == found[0] for one in found) else _either(found) if found else None

    def access(self) -> "PodAccess":
        """Return the ways into pods of all bindings that were added."""
        found = PodAccess()
        for binding in (_of_others(binding) for binding, _, _ in self._bindings):
            granted, via = self._role_of(binding)
            if binding.whom and (granted.grants or not granted.complete):
                # Whether it has any subject is not known.
                given = granted if binding.subjects else granted.doubted()
                found.add(binding, Way(binding.whom, via, given))
        return found


def _of_others(binding: Binding) -> Binding:
    """Return a binding without Kubernetes' own controllers: what they may do is no news."""
    name = binding.role_name
    if name not in BUILT_IN or not str(name).startswith(CONTROLLER):
        return binding
    others = (
        subject for subject in binding.subjects if (subject.kind, subject.namespace) != ("ServiceAccount", SYSTEM)
    )
    return binding._replace(subjects=tuple(others))


def _either(granted: list[Granted]) -> Granted:
    """Return what one of several roles grants, whichever it is.

    Grants that differ in names alone are put together: of many roles of one name that is a few, not one for each.
    """
    alike: dict[tuple[Door, frozenset[str]], list[Grant]] = {}
    for grant in (grant for each in granted for grant in each.doubted().grants):
        alike.setdefault((grant.door, grant.verbs), []).append(grant)
    grants = tuple(found[0]._replace(names=_together([grant.names for grant in found])) for found in alike.values())
    return Granted(grants, all(each.complete for each in granted))


def _together(names: list[Names]) -> Names:
    known = frozenset[str]().union(*(each.known for each in names))
    return Names(any_of(*(each.every for each in names)), known, any(each.more for each in names))


def _everyone(subject: Subject) -> Optional[str]:
    """Return who is in a subject that is everyone, in words; None for any other one."""
    name = subject.name if isinstance(subject.name, str) else ""
    kinds = ("Group", "User") if subject.kind is UNKNOWN else (subject.kind,)
    return next((who for (kind, group), who in _EVERYONE.items() if kind in kinds and group == name), None)


class PodAccess:
    """The ways into the pods of all namespaces."""

    def __init__(self) -> None:
        self._by_namespace = ByNamespace(WaysIn)
        self._everywhere = WaysIn()

    def add(self, binding: Binding, way: Way) -> None:
        """Add the way that a binding is."""
        of_cluster = binding.kind == "ClusterRoleBinding"
        for ways in [self._everywhere] if of_cluster else self._by_namespace.places(binding.namespace):
            ways.add(way)

    def findings(self, pod: SharingPod) -> Iterator[StackFinding]:
        """Yield who may come into a pod, if anybody may."""
        found = [(self._everywhere.into(pod), Answer.YES)]
        found += [(ways.into(pod), is_there) for ways, is_there in self._by_namespace.seen_from(pod.namespace)]
        count = sum(ways.total for ways, _ in found)
        if not count:
            return
        shown = sorted(_clauses(found), key=lambda clause: not clause[0])[:SHOWN]
        clauses = [text for _, text in shown]
        if count > len(clauses):
            more = count - len(clauses)
            clauses.append(f"and {more} more binding{'s let' if more > 1 else ' lets'} others in, or may")
        certain = shown[0][0] and pod.shares is Answer.YES
        fix = "take out the subjects that need no access, or write resourceNames with the names of the pods they need"
        where: Path = (*pod.top, "metadata", "name")
        yield StackFinding(
            pod.origin, Finding(ATTACH_ACCESS, ATTACH_ACCESS.severity, where, "; ".join(clauses), fix, certain)
        )


def _clauses(found: list[tuple[Ways, Answer]]) -> Iterator[tuple[bool, str]]:
    """Yield the ways into a pod in words, and whether each is certain."""
    for ways, is_there in found:
        for way, doors_in in ways.shown:
            into = doors_in if is_there is Answer.YES else doors_in.doubted()
            yield bool(into.sure), f"{way.whom} {into.text} ({way.via})"
