"""What RBAC's objects grant on pods' doors, and to whom. Objects of every size become small facts.

Sources: Kubernetes' documentation of RBAC, and the authorizer's `VerbMatches`, `APIGroupMatches`, `ResourceMatches` and
`ResourceNameMatches`. Every rule was compared with a running API server: tests/analysis/test_access_cluster.py.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple

from pidshare_components.analysis.answers import all_of, among, any_of
from pidshare_components.analysis.checked import check
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.naming import METADATA, called, is_of, listed, name_of, namespace_of, said
from pidshare_components.analysis.tree import UNKNOWN, Path, Tree, child, objects

ROLES = ("Role", "ClusterRole")
BINDINGS = ("RoleBinding", "ClusterRoleBinding")
KINDS = (*ROLES, *BINDINGS)
MASTERS = ("Group", "system:masters")
"""Kind and name of the group whose members may do everything, whatever is bound."""
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
"""How the labels begin that add a ClusterRole's rules to a built-in one; the rest is its name."""
AGGREGATING = ("view", "edit", "admin")
"""Those that rules are added to: what is in one is in those after it."""

_SOMEBODY = "a subject (known later)"
_GROUP = "rbac.authorization.k8s.io"

_TEXTS = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
_ROLE = {
    "metadata": {**METADATA, "labels": ("text",)},
    "rules": [{key: ["text"] for key in _TEXTS}],
    "aggregationRule": {},
}
_SUBJECT = {"kind": "text", "name": "text", "namespace": "text", "apiGroup": "text"}
_BINDING = {
    "metadata": METADATA,
    "roleRef": {"kind": "text", "name": "text", "apiGroup": "text"},
    "subjects": [_SUBJECT],
}


class Door(Enum):
    """A way into a pod's containers: a subresource of pods, or of their nodes, as a rule calls it."""

    ATTACH = "pods/attach"
    EXEC = "pods/exec"
    EPHEMERAL = "pods/ephemeralcontainers"
    NODE = "nodes/proxy"
    """The kubelet, which starts commands in every container of its node."""

    @property
    def subresource(self) -> str:
        """What of a pod or a node it is."""
        return self.value.partition("/")[2]

    @property
    def verbs(self) -> tuple[str, ...]:
        """The verbs of which each one may be enough to be let in."""
        return ("patch", "update") if self is Door.EPHEMERAL else ("get", "create")


STREAMS = (Door.ATTACH, Door.EXEC)
"""Those that the API server opens itself: with get alone up to Kubernetes 1.34, and no longer from 1.35 on."""
UP_TO = ", as get alone lets in up to Kubernetes 1.34"
"""How messages say so."""


class Names(NamedTuple):
    """Which pods a rule is for; for `Door.NODE` which nodes.

    Attributes:
        every: whether for every one: its resourceNames are empty.
        known: those that it names.
        more: whether it may name others.
    """

    every: Answer
    known: frozenset[str] = frozenset()
    more: bool = False

    def has(self, name: str) -> Answer:
        """Return whether it is for the pod of this name."""
        return any_of(self.every, among([name], self.known, more=self.more))


class Grant(NamedTuple):
    """What one rule grants on one door.

    Attributes:
        door: what it opens.
        rule: index of the rule.
        names: which pods it is for.
        sure: the verbs of the door that it surely grants.
        verbs: those that it may grant, the sure ones among them.
    """

    door: Door
    rule: int
    names: Names
    sure: frozenset[str]
    verbs: frozenset[str]

    @property
    def answer(self) -> Answer:
        """Whether it opens the door: surely, or perhaps. The version of the cluster is not known."""
        opens = "create" in self.sure if self.door in STREAMS else bool(self.sure)
        return Answer.YES if opens else Answer.UNKNOWN

    @property
    def by_get(self) -> bool:
        """Whether it opens the door by get alone, and so in older clusters only."""
        return self.door in STREAMS and self.sure == self.verbs == {"get"}

    def doubted(self) -> "Grant":
        """Return it as one that is not certain."""
        return self._replace(sure=frozenset())


class Granted(NamedTuple):
    """What a role grants.

    Attributes:
        grants: what its rules grant, in their order.
        complete: whether these are all.
    """

    grants: tuple[Grant, ...] = ()
    complete: bool = True

    def doubted(self) -> "Granted":
        """Return it with no grant that is certain."""
        return self._replace(grants=tuple(grant.doubted() for grant in self.grants))

    def in_a_namespace(self) -> "Granted":
        """Return what of it a RoleBinding gives: nodes are in no namespace."""
        return self._replace(grants=tuple(grant for grant in self.grants if grant.door is not Door.NODE))


class Role(NamedTuple):
    """A Role or a ClusterRole.

    Attributes:
        kind: which of them.
        namespace: see `naming.namespace_of`.
        name: see `naming.name_of`.
        granted: what it grants.
        added_to: whether its rules are added to built-in ones, by their names: those of which that may be so.
    """

    kind: str
    namespace: object
    name: object
    granted: Granted
    added_to: Mapping[str, Answer] = MappingProxyType({})


class Subject(NamedTuple):
    """Whom a binding is for. Each field is "" where nothing stands, and UNKNOWN where it is not known.

    Attributes:
        place: its index in the binding.
        kind: User, Group or ServiceAccount.
        namespace: of a service account.
        name: its name.
    """

    place: int
    kind: object
    namespace: object
    name: object

    @property
    def text(self) -> str:
        """How messages call it: `Group 'platform'`, `ServiceAccount 'team/ci'`."""
        is_account = self.kind == "ServiceAccount" and isinstance(self.name, str) and self.name
        if is_account and isinstance(self.namespace, str) and self.namespace:
            return f"ServiceAccount '{self.namespace}/{self.name}'"
        return _SOMEBODY if self.kind in (UNKNOWN, "") else called(self.kind, self.name)


class Binding(NamedTuple):
    """A RoleBinding or a ClusterRoleBinding.

    Attributes:
        kind: which of them.
        namespace: see `naming.namespace_of`.
        name: see `naming.name_of`.
        role_kind: of the role that it gives; UNKNOWN where it is not known.
        role_name: of that role; UNKNOWN where it is not known.
        subjects: whom it gives it, but for `MASTERS`, whom nothing needs to be given.
        complete: whether these are all.
    """

    kind: str
    namespace: object
    name: object
    role_kind: object
    role_name: object
    subjects: tuple[Subject, ...]
    complete: bool

    @property
    def whom(self) -> str:
        """Its subjects in words; "" if it surely has none."""
        if not self.subjects:
            return "" if self.complete else _SOMEBODY
        return listed([subject.text for subject in self.subjects])


def is_access(tree: Tree) -> bool:
    """Return whether a tree is an object of RBAC. Other API groups have kinds of the same names."""
    return is_of(tree, KINDS, _GROUP)


def read_role(tree: Tree, path: Path = ()) -> Role:
    """Return what a Role or a ClusterRole grants on pods' doors.

    The rules of a ClusterRole with an aggregationRule are a controller's to write: nothing of them is certain.

    Args:
        tree: it.
        path: of it in its document.

    Raises:
        SpecError: it is none. Paths begin with the given one.
    """
    check(tree, _ROLE, path)
    rules = [rule for _, rule in objects(tree, "rules")]
    complete = tree.get("rules") is not UNKNOWN and UNKNOWN not in rules
    known = ((index, rule) for index, rule in enumerate(rules) if rule is not UNKNOWN)
    granted = Granted(tuple(grant for index, rule in known for grant in _grants(index, rule)), complete)
    added_to: Mapping[str, Answer] = {}
    if tree["kind"] == "Role":
        granted = granted.in_a_namespace()
    else:
        added_to = _added_to(child(tree, "metadata", "labels"))
    if tree.get("aggregationRule") is not None:
        granted = granted.doubted()._replace(complete=False)
    return Role(tree["kind"], namespace_of(tree), name_of(tree), granted, added_to)


def _added_to(labels: Any) -> Mapping[str, Answer]:  # noqa: ANN401 - of the tree
    found = {}
    for name in AGGREGATING:
        value = child(labels, f"{AGGREGATE}{name}")
        if value is UNKNOWN or value == "true":
            found[name] = Answer.UNKNOWN if value is UNKNOWN else Answer.YES
    return found


def _grants(index: int, rule: Tree) -> Iterator[Grant]:
    in_core = _has(rule.get("apiGroups"), "", "*")
    if in_core is Answer.NO:
        return
    names = _names(rule.get("resourceNames"))
    for door in Door:
        # The authorizer takes * and */SUBRESOURCE; pods/* is the name of no resource.
        opens = all_of(in_core, _has(rule.get("resources"), "*", door.value, f"*/{door.subresource}"))
        answers = {verb: all_of(opens, _has(rule.get("verbs"), "*", verb)) for verb in door.verbs}
        sure = frozenset(verb for verb, answer in answers.items() if answer is Answer.YES)
        verbs = frozenset(verb for verb, answer in answers.items() if answer is not Answer.NO)
        if verbs:
            yield Grant(door, index, names, sure, verbs)


def _has(texts: Any, *wanted: str) -> Answer:  # noqa: ANN401 - of the tree
    """Return whether a list has one of the wanted texts."""
    texts = [UNKNOWN] if texts is UNKNOWN else texts or []
    return among(wanted, texts, more=UNKNOWN in texts)


def _names(texts: Any) -> Names:  # noqa: ANN401 - of the tree
    if not (texts is UNKNOWN or texts):
        return Names(Answer.YES)
    if texts is UNKNOWN:
        return Names(Answer.UNKNOWN, more=True)
    return Names(Answer.NO, frozenset(text for text in texts if text is not UNKNOWN), UNKNOWN in texts)


def read_binding(tree: Tree, path: Path = ()) -> Binding:
    """Return what a RoleBinding or a ClusterRoleBinding gives to whom.

    Args:
        tree: it.
        path: of it in its document.

    Raises:
        SpecError: it is none. Paths begin with the given one.
    """
    check(tree, _BINDING, path)
    namespace = namespace_of(tree)
    found = [_subject(index, subject, namespace) for index, subject in objects(tree, "subjects")]
    return Binding(
        kind=tree["kind"],
        namespace=namespace,
        name=name_of(tree),
        role_kind=said(child(tree, "roleRef", "kind")),
        role_name=said(child(tree, "roleRef", "name")),
        subjects=tuple(subject for subject in found if (subject.kind, subject.name) != MASTERS),
        complete=tree.get("subjects") is not UNKNOWN,
    )


def _subject(index: int, subject: Any, namespace: object) -> Subject:  # noqa: ANN401 - of the tree
    kind, own, name = (said(child(subject, key)) for key in ("kind", "namespace", "name"))
    # The authorizer looks for a service account in the binding's own namespace where the subject names none.
    return Subject(index, kind, namespace if own == "" else own, name)
