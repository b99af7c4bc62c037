"""What the arguments of all kinds have in common: the pod, the access to it, and how they are checked."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Optional

import pulumi
from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator
from typing_extensions import Self

from pidshare_components.args.access import AttachAccess, NetworkAccess
from pidshare_components.args.analysis import ImageFacts, NodeFacts, OnFinding
from pidshare_components.args.checks import mistakes
from pidshare_components.args.containers import Container, LocalObjectReference
from pidshare_components.args.debug import DebugShell
from pidshare_components.args.kinds import Kind
from pidshare_components.args.log_handler import LogHandler
from pidshare_components.args.reloader import Reloader
from pidshare_components.args.scheduling import (
    DNSPolicy,
    HostAlias,
    PodDNSConfig,
    Toleration,
    TopologySpreadConstraint,
)
from pidshare_components.args.security import PodSecurityContext
from pidshare_components.args.volumes import Volume
from pidshare_components.errors import ArgumentsError, problems_of
from pidshare_components.inputs import (
    Count,
    Flag,
    Labels,
    Model,
    Name,
    Namespace,
    Text,
    plain_tree,
)


class PodTemplateArgs(Model):
    """The fields that every kind has: those of its pods, and of the access to them.

    Fields that Kubernetes' `PodSpec` has too mean the same there and here. Wherever a class is named, a mapping of its
    fields does as well, in snake_case or camelCase; a value may be a Pulumi Output wherever it can come from
    another resource. Arguments are checked when they are built.

    Raises:
        ArgumentsError: with every mistake, one line each. Outputs are judged by the same rules when they resolve.
    """

    _kind: ClassVar[Kind]

    containers: Sequence[Container] = Field(min_length=1)
    """The containers. They start together and see each other's processes."""
    sidecars: Optional[Sequence[Container]] = None
    """Native sidecars: they start one after another before `containers` and end after them."""
    init_containers: Optional[Sequence[Container]] = None
    """Containers that run to their end, one after another, after the start of `sidecars` and before `containers`."""
    volumes: Optional[Sequence[Volume]] = None
    """Volumes that the containers may mount."""
    debug: Optional[DebugShell] = None
    """A sidecar with a shell to attach to. Default: none. Where ended containers do not start again (a `restart_policy`
    other than Always), it is a native sidecar: it keeps no pod from completing."""
    log_handlers: Optional[Sequence[LogHandler]] = None
    """Sidecars for logs that containers write into volumes: each rotates one, ships it, or both. They start before
    `sidecars` and end after them."""
    reloaders: Optional[Sequence[Reloader]] = None
    """Sidecars that signal a process when mounted configuration has changed, and check the effect. They start after
    `sidecars`."""
    attach: Optional[AttachAccess] = None
    """RBAC objects for attaching to the pod. Default: none."""
    network: Optional[NetworkAccess] = None
    """A NetworkPolicy for the pods of this component. Default: none, which allows everything unless other
    policies select them."""
    namespace: Optional[Namespace] = None
    """Namespace of all objects. Default: the provider's."""
    labels: Labels = None
    """Labels of the pod, and of the object that makes it."""
    annotations: Optional[Mapping[str, Text]] = None
    """Annotations of the pod. A secret one makes the names in the outputs secret too: Pulumi keeps metadata as one."""
    security_context: Optional[PodSecurityContext] = None
    """Security settings for all containers."""
    service_account_name: Optional[Name] = None
    """Service account that the pod runs as. Default: `default`."""
    automount_service_account_token: Optional[Flag] = False
    """Whether the token is mounted; every container can then reach it. Default: false."""
    termination_grace_period_seconds: Optional[Count] = None
    """Seconds from the stop signal to SIGKILL. Default: 30."""
    image_pull_secrets: Optional[Sequence[LocalObjectReference]] = None
    """Secrets with credentials of image registries."""
    node_selector: Labels = None
    """Labels that the node must have."""
    node_name: Optional[Name] = None
    """The node, past the scheduler."""
    tolerations: Optional[Sequence[Toleration]] = None
    """Taints of nodes that are tolerated."""
    affinity: Optional[Mapping[str, Any]] = None
    """Kubernetes' `Affinity`, as it is, in camelCase."""
    topology_spread_constraints: Optional[Sequence[TopologySpreadConstraint]] = None
    """How matching pods spread over nodes, zones and the like."""
    priority_class_name: Optional[Name] = None
    """Priority class. Default: the cluster's."""
    runtime_class_name: Optional[Name] = None
    """Runtime class. Default: the node's runtime."""
    scheduler_name: Optional[Text] = None
    """Scheduler. Default: default-scheduler."""
    hostname: Optional[Namespace] = None
    """Host name (DNS label). Default: the pod's name."""
    subdomain: Optional[Namespace] = None
    """Subdomain (DNS label) for the pod's DNS name. Default: none."""
    host_aliases: Optional[Sequence[HostAlias]] = None
    """Further lines of /etc/hosts."""
    host_network: Optional[Flag] = None
    """Whether the pod uses the node's network. Default: false."""
    host_users: Optional[Flag] = None
    """False puts the pod into a user namespace of its own. Default: true."""
    dns_policy: Optional[DNSPolicy] = None
    """Where the resolver's settings come from. Default: ClusterFirst."""
    dns_config: Optional[PodDNSConfig] = None
    """Settings of the resolver."""
    enable_service_links: Optional[Flag] = None
    """Whether services become environment variables. Default: true."""
    image_facts: Optional[Sequence[ImageFacts]] = None
    """What nobody else knows of the images, for the analysis of who can act on whom."""
    node_facts: Optional[NodeFacts] = None
    """What is known of the nodes, for that analysis."""
    kubernetes_version: Optional[str] = None
    """Version of Kubernetes whose Pod Security Standards count, such as `1.34`. Default: the newest known."""
    on_finding: Optional[OnFinding] = None
    """What becomes of the findings of that analysis. Default: they are logged and put out."""
    spec_overrides: Optional[Mapping[str, Any]] = None
    """A partial Kubernetes `PodSpec` in camelCase for what is not modelled here, merged last: mappings field by field,
    named lists (containers, volumes, env, ...) item by item, all else as a whole. Helpers and the debug shell follow
    the arguments, not these: a target that runs as another user by them is out of their reach."""

    @property
    def kind(self) -> Kind:
        """The kind of object that makes the pods."""
        return self._kind

    if not TYPE_CHECKING:

        def __init__(self, /, **given: object) -> None:
            super(Model, self).__init__(**given)

        # The base's way of keeping what is given is for parts; the arguments as a whole are checked when built.
        __init__.__pydantic_base_init__ = True

    @model_validator(mode="wrap")
    @classmethod
    def _one_report(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401
        """Report what pydantic finds together with what only the whole shows."""
        problems = list(mistakes(plain_tree(given), cls._kind))
        try:
            checked = handler(given)
        except ValidationError as error:
            found = problems_of(error, cls)
            # Where a value is no good in itself, what follows from it is noise.
            paths = {problem.path for problem in found}
            raise ArgumentsError([*found, *(p for p in problems if p.path not in paths)]) from None
        if problems:
            raise ArgumentsError(problems)
        return checked


def checked_when_resolved(args: PodTemplateArgs) -> "Optional[pulumi.Output[list[Any]]]":
    """Return an output that fails with `ArgumentsError` when a value that resolves later breaks a rule.

    The rules, paths and messages are those of plain values. A value that a preview does not know is judged when it
    is known, the others all the same.

    Returns:
        An output of an empty list, to be waited for before anything is registered; None where no value is an Output.
    """
    tree = plain_tree(args)
    leaves: list[pulumi.Output[Any]] = []
    _collect(tree, leaves)
    if not leaves:
        return None

    def check(values: list[Any]) -> list[Any]:
        known = {
            id(leaf): value for leaf, value in zip(leaves, values, strict=True) if not pulumi.contains_unknowns(value)
        }
        type(args).model_validate(_filled(tree, known))
        return []

    # An unknown output has the value None; only through `apply` does it say that it is unknown.
    marked = [leaf.apply(lambda value: value, run_with_unknowns=True) for leaf in leaves]
    return pulumi.Output.all(*marked).apply(check, run_with_unknowns=True)


def _collect(tree: Any, leaves: "list[pulumi.Output[Any]]") -> None:  # noqa: ANN401
    if isinstance(tree, pulumi.Output):
        leaves.append(tree)
    elif isinstance(tree, dict):
        for item in tree.values():
            _collect(item, leaves)
    elif isinstance(tree, list):
        for item in tree:
            _collect(item, leaves)


def _filled(tree: Any, known: Mapping[int, Any]) -> Any:  # noqa: ANN401
    if isinstance(tree, pulumi.Output):
        return known.get(id(tree), tree)
    if isinstance(tree, dict):
        return {key: _filled(item, known) for key, item in tree.items()}
    if isinstance(tree, list):
        return [_filled(item, known) for item in tree]
    return tree
