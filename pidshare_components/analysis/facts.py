"""What is known of a pod as far as who can act on whom goes: what its containers start as, and when they run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Optional, Union

from pidshare_components.analysis.confinement import Confinement
from pidshare_components.analysis.images import ImageFacts, Worker
from pidshare_components.analysis.kernel import Program, Rules
from pidshare_components.analysis.node import Node
from pidshare_components.analysis.objects import PodObject
from pidshare_components.analysis.tree import Path, Tree, Unknown, format_path

PAUSE = "/pause"
"""Name of the sandbox's process among the names of containers, which have no slash."""


class ContainerKind(Enum):
    """When a container runs."""

    INIT = "init"
    """To its end, before the next one starts."""
    SIDECAR = "sidecar"
    """A native sidecar: from its place among the init containers on, until the pod ends."""
    CONTAINER = "container"
    """After the init containers."""
    EPHEMERAL = "ephemeral"
    """From the moment that somebody adds it."""
    UNKNOWN = "unknown"
    """An init container or a sidecar: that is not known yet."""


class Sharing(Enum):
    """Whose process namespace the containers are in."""

    POD = "pod"
    """All in one (`shareProcessNamespace`)."""
    NODE = "node"
    """All in the node's (`hostPID`)."""
    NONE = "none"
    """Each in one of its own."""
    UNKNOWN = "unknown"


class Opening(Enum):
    """Why an id is open: what is not known, and what makes it known."""

    USER = "{about} decides the user", "write {path}.securityContext.runAsUser, or tell it as image facts"
    GROUP = "{about} decides the group", "write {path}.securityContext.runAsGroup, or tell it as image facts"
    ACCOUNT = "/etc/passwd in {about} decides the group of its user", "write {path}.securityContext.runAsGroup"
    SANDBOX = "the image of the sandbox decides its user", "tell it as a fact of the node"
    NOT_YET = "{path} is not known yet", "look again after the deployment"


@dataclass(frozen=True)
class OpenId:
    """A user or group id that the spec leaves open.

    Attributes:
        key: what decides it: two of one key are one id.
        maybe_root: whether it may be 0.
        opening: why it is open.
        path: from the pod's spec to the container, or to what is not known yet.
        about: the image that decides it.
    """

    key: tuple[object, ...]
    maybe_root: bool
    opening: Opening = field(compare=False)
    path: Path = field(compare=False, default=())
    about: str = field(compare=False, default="")

    @property
    def what(self) -> str:
        """What is not known, as a clause."""
        template, _ = self.opening.value
        return str(template).format(about=self.about, path=format_path(self.path))

    @property
    def fix(self) -> str:
        """What to write to make it known, as an imperative."""
        _, template = self.opening.value
        return str(template).format(path=format_path(self.path))


Id = Union[int, OpenId]


class Container(NamedTuple):
    """A container, or the sandbox's pause process, and what it starts as.

    Attributes:
        name: its name.
        kind: when it runs.
        order: place in its list.
        path: from the pod's spec to it; empty for the pause process.
        image: image reference; "" where it is not known.
        uid: user id.
        gid: primary group id.
        groups: supplementary group ids that the spec names.
        groups_known: whether these are all of them.
        least: capabilities that it surely has if it starts as root.
        most: capabilities that it may have.
        no_new_privs: whether set-uid and file capabilities give nothing; None if it is not known.
        confinement: what confines it beside.
        read_only: whether its root file system refuses writing; None if it is not known.
        program: what the main process does to its credentials; None if it is not known.
        workers: its processes of other users, which it has if it starts as root.
        target: name of the container whose process namespace an ephemeral container enters.
        tree: the container as Kubernetes has it.
    """

    name: str
    kind: ContainerKind
    order: int
    path: Path
    image: str
    uid: Id
    gid: Id
    groups: tuple[int, ...]
    groups_known: bool
    least: int
    most: int
    no_new_privs: Optional[bool]
    confinement: Confinement
    read_only: Optional[bool]
    program: Optional[Program]
    workers: tuple[Worker, ...]
    target: Union[str, Unknown, None]
    tree: Tree

    @property
    def is_never_root(self) -> bool:
        """Whether it surely starts as another user than root, and so without any capability."""
        return not self.uid.maybe_root if isinstance(self.uid, OpenId) else self.uid != 0


@dataclass(frozen=True)
class Setting:
    """What holds for all containers of a pod.

    Attributes:
        sharing: whose process namespace they are in.
        node: what the pod runs on.
        rules: of the node's kernel for this pod.
    """

    sharing: Sharing
    node: Node
    rules: Rules


@dataclass(frozen=True)
class Pod:
    """A pod, as far as who can act on whom goes.

    Attributes:
        object: the object it was found in.
        setting: what holds for all containers.
        image_facts: what was told of images.
        containers: in the order in which they start.
        pause: the sandbox's process.
    """

    object: PodObject
    setting: Setting
    image_facts: Mapping[str, ImageFacts]
    containers: tuple[Container, ...]
    pause: Container

    @property
    def sharing(self) -> Sharing:
        """Whose process namespace the containers are in."""
        return self.setting.sharing

    @property
    def node(self) -> Node:
        """What it runs on."""
        return self.setting.node

    @property
    def spec(self) -> Tree:
        """The `PodSpec`."""
        return self.object.spec
