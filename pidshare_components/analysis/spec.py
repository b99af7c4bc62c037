"""What a pod's spec says of how its containers start: users, groups, capabilities, confinement, and when they run.

Sources: Kubernetes' API documentation of PodSpec and SecurityContext, the kubelet's security context package (which
setting wins) and containerd's CRI plugin (which group a user gets that has none).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Optional

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.confinement import DEFAULT, UNCONFINED, Confinement
from pidshare_components.analysis.facts import (
    PAUSE,
    Container,
    ContainerKind,
    Id,
    OpenId,
    Opening,
    Pod,
    Setting,
    Sharing,
)
from pidshare_components.analysis.images import ImageFacts, Main, is_repository, repository
from pidshare_components.analysis.kernel import Program, Rules
from pidshare_components.analysis.known_images import known_image
from pidshare_components.analysis.node import Node
from pidshare_components.analysis.objects import CONTAINER_LISTS, PodObject
from pidshare_components.analysis.programs import main_program, workers
from pidshare_components.analysis.tree import UNKNOWN, Fields, Path, Tree, mapping, objects, text

_INIT_KINDS = {"Always": ContainerKind.SIDECAR, UNKNOWN: ContainerKind.UNKNOWN}
_KINDS = {"containers": ContainerKind.CONTAINER, "ephemeralContainers": ContainerKind.EPHEMERAL}
_SELINUX = ("user", "role", "type", "level")
_APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
_APPARMOR_VALUES = {"runtime/default": "RuntimeDefault", "unconfined": "Unconfined"}
_PERFMON_READS = (6, 15)


def read_pod(found: PodObject, node: Node, image_facts: Mapping[str, ImageFacts]) -> Pod:
    """Return what a pod's spec says.

    Args:
        found: a pod whose spec has been checked, see `checked.check_spec`.
        node: what it runs on.
        image_facts: facts of images that nobody else knows, by image reference or repository.
    """
    reader = PodReader(found, node, image_facts)
    return Pod(found, reader.setting(), image_facts, tuple(reader.containers()), reader.pause())


class PodReader:
    """Reads one pod, part by part."""

    def __init__(self, found: PodObject, node: Node, image_facts: Mapping[str, ImageFacts]) -> None:
        self._found, self._node = found, node
        named = {repository(image): facts for image, facts in image_facts.items() if is_repository(image)}
        self._told = {**named, **image_facts}
        self._context = mapping(found.spec.get("securityContext"))
        groups = [self._context.get("fsGroup"), *_list(self._context.get("supplementalGroups"))]
        self._groups = tuple(group for group in groups if isinstance(group, int))
        self._own_groups_known = all(group is None or isinstance(group, int) for group in groups)
        self._strict = self._context.get("supplementalGroupsPolicy") == "Strict"

    def setting(self) -> Setting:
        """Return what holds for all containers."""
        own_users = self._found.spec.get("hostUsers")
        kernel = self._node.kernel
        perfmon_reads = None if kernel is None else kernel >= _PERFMON_READS
        if own_users is False:
            perfmon_reads = False
        elif own_users is UNKNOWN and perfmon_reads:
            perfmon_reads = None
        return Setting(self._sharing(), self._node, Rules(self._node.ptrace_scope, perfmon_reads))

    def _sharing(self) -> Sharing:
        spec = self._found.spec
        if mapping(spec.get("os")).get("name") == "windows":
            return Sharing.NONE
        host, shared = spec.get("hostPID"), spec.get("shareProcessNamespace")
        if host is True:
            return Sharing.NODE
        if host is UNKNOWN:
            return Sharing.UNKNOWN
        if shared is True:
            return Sharing.POD
        return Sharing.UNKNOWN if shared is UNKNOWN else Sharing.NONE

    def containers(self) -> Iterator[Container]:
        """Yield every container."""
        for key in CONTAINER_LISTS:
            for index, tree in objects(self._found.spec, key):
                if tree is not UNKNOWN:
                    yield self.container(key, index)

    def pause(self) -> Container:
        """Return the sandbox's process: it runs as the pod's user and group, else as those of the runtime's image.

        CRI-O sets neither (`server/sandbox_run_linux.go` of cri-o/cri-o), so it is root's; containerd was measured.
        """
        user, group = self._context.get("runAsUser"), self._context.get("runAsGroup")
        if user is not None and self._node.runtime is capabilities.Runtime.CONTAINERD:
            uid = _given(user, ("securityContext", "runAsUser"))
            gid = _given(0 if group is None else group, ("securityContext", "runAsGroup"))
        elif self._node.pause_user:
            uid, gid = self._node.pause_user.uid, self._node.pause_user.gid
        elif self._node.runtime is capabilities.Runtime.CRI_O:
            uid, gid = 0, 0
        else:
            uid = OpenId(("user of", PAUSE), True, Opening.SANDBOX)
            gid = OpenId(("group of", PAUSE), True, Opening.SANDBOX)
        granted = capabilities.DEFAULTS[self._node.runtime]
        return Container(
            name=PAUSE,
            kind=ContainerKind.CONTAINER,
            order=-1,
            path=(),
            image="",
            uid=uid,
            gid=gid,
            groups=(),
            groups_known=False,
            least=granted,
            most=granted,
            no_new_privs=True,  # nor has its image anything that would give any
            # No AppArmor profile confines it, as none does a privileged container; its SELinux label is the pod's.
            confinement=Confinement(DEFAULT, "", (), privileged=True),
            read_only=True,
            program=Program(),
            workers=(),
            target=None,
            tree={},
        )

    def container(self, key: str, index: int) -> Container:
        """Return one container of one of the three lists."""
        path: Path = (key, index)
        tree = self._found.spec[key][index]
        image = text(tree.get("image"))
        told = self._facts_told(image)
        facts = known_image(image) if image else None
        if told:
            facts = told.over(facts)
        kind = _KINDS.get(key)
        if kind is None:
            kind = _INIT_KINDS.get(tree.get("restartPolicy"), ContainerKind.INIT)
        own = mapping(tree.get("securityContext"))
        uid, gid = self._ids(path, tree, own, facts)
        least, most = self._capabilities(own)
        escalation, read_only = own.get("allowPrivilegeEscalation"), own.get("readOnlyRootFilesystem")
        target = tree.get("targetContainerName")
        return Container(
            name=text(tree.get("name")) or f"{key}[{index}]",
            kind=kind,
            order=index,
            path=path,
            image=image,
            uid=uid,
            gid=gid,
            groups=self._groups,
            groups_known=self._own_groups_known and self._strict,
            least=least,
            most=most,
            no_new_privs=None if escalation is UNKNOWN else escalation is False,
            confinement=self._confinement(tree, own),
            read_only=None if read_only is UNKNOWN else read_only is True,
            program=main_program(tree, facts, told=_tells_main(told)),
            workers=workers(tree, facts, told=_tells_main(told)),
            target=target or None if isinstance(target, str) else target,
            tree=tree,
        )

    def _facts_told(self, image: str) -> Optional[ImageFacts]:
        return (self._told.get(image) or self._told.get(repository(image))) if self._told else None

    def _setting(self, own: Fields, field: str) -> Any:  # noqa: ANN401 - of the tree
        """Return a setting, the container's own before the pod's."""
        value = own.get(field)
        return self._context.get(field) if value is None else value

    def _id(self, path: Path, own: Fields, field: str) -> Optional[Id]:
        """Return an id that the spec gives; None where it gives none."""
        value, where = own.get(field), path
        if value is None:
            value, where = self._context.get(field), ()
        return None if value is None else _given(value, (*where, "securityContext", field))

    def _ids(self, path: Path, tree: Tree, own: Fields, facts: Optional[ImageFacts]) -> tuple[Id, Id]:
        uid, gid = self._id(path, own, "runAsUser"), self._id(path, own, "runAsGroup")
        image = text(tree.get("image"))
        if uid is not None:
            return uid, _primary_group(uid, path, image, facts) if gid is None else gid
        if facts and facts.user:
            # The kubelet hands on the user of USER alone: the group is that of the image's account.
            account = facts.primary_group(facts.user.uid)
            own_gid = facts.user.gid if account is None else account
            return facts.user.uid, own_gid if gid is None else gid
        never_root = self._setting(own, "runAsNonRoot")
        key = ("user of", image or path)
        about = f"the image {image}" if image else "its image"
        uid = OpenId((*key, never_root is True), never_root is not True, Opening.USER, path, about)
        if gid is None:
            gid = OpenId(("group of", image or path), True, Opening.GROUP, path, about)
        return uid, gid

    def _capabilities(self, own: Fields) -> tuple[int, int]:
        """Return the least and the most that it has if it starts as root."""
        privileged = own.get("privileged")
        if privileged is True:
            return capabilities.ALL, capabilities.ALL
        lists = mapping(own.get("capabilities"))
        add, drop = lists.get("add"), lists.get("drop")
        if privileged is UNKNOWN or _is_open(add) or _is_open(drop):
            return capabilities.NONE, capabilities.ALL
        granted = capabilities.granted(self._node.runtime, tuple(add or ()), tuple(drop or ()))
        return granted, granted

    def _confinement(self, tree: Tree, own: Fields) -> Confinement:
        privileged = own.get("privileged")
        label = self._setting(own, "seLinuxOptions")
        selinux: tuple[Any, ...] = () if label is None else tuple(mapping(label).get(key) for key in _SELINUX)
        return Confinement(
            seccomp=UNCONFINED if privileged is True else _profile(self._setting(own, "seccompProfile")),
            apparmor=self._apparmor(tree, own),
            selinux=None if UNKNOWN in selinux else selinux,
            privileged=None if privileged is UNKNOWN else privileged is True,
        )

    def _apparmor(self, tree: Tree, own: Fields) -> Optional[str]:
        profile = self._setting(own, "appArmorProfile")
        annotations = self._found.metadata.get("annotations")
        if profile is None and annotations is not None:
            # The way before Kubernetes 1.30. The API server keeps both in step.
            given = mapping(annotations).get(f"{_APPARMOR_ANNOTATION}{tree.get('name')}")
            return None if given is UNKNOWN else _APPARMOR_VALUES.get(text(given), text(given))
        return _profile(profile)


def _tells_main(told: Optional[ImageFacts]) -> bool:
    return told is not None and told.main is not Main.UNKNOWN


def _given(value: Any, path: Path) -> Id:  # noqa: ANN401 - of the tree
    if value is UNKNOWN:
        return OpenId(path, True, Opening.NOT_YET, path)
    return int(value)


def _primary_group(uid: Id, path: Path, image: str, facts: Optional[ImageFacts]) -> Id:
    """Return the group of a user for whom the spec names none: that of the image's /etc/passwd, else 0."""
    if uid == 0:
        return 0
    known = facts.primary_group(uid) if facts and isinstance(uid, int) else None
    if known is not None:
        return known
    about = f"the image {image}" if image else "its image"
    return OpenId(("group of", image or path, uid), True, Opening.ACCOUNT, path, about)


def _profile(profile: Any) -> Optional[str]:  # noqa: ANN401 - of the tree
    """Return the type of a profile with its name; "" where none is given, None where it is not known."""
    if profile is None:
        return ""
    kind, name = mapping(profile).get("type"), mapping(profile).get("localhostProfile")
    if kind is None:
        return ""
    if kind is UNKNOWN or name is UNKNOWN:
        return None
    return f"{kind}/{name}" if name else str(kind)


def _is_open(value: Any) -> bool:  # noqa: ANN401 - of the tree
    return value is UNKNOWN or (isinstance(value, list) and UNKNOWN in value)


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - of the tree
    return value if isinstance(value, list) else [value]
