"""Where and how a pod is scheduled, as Kubernetes' `PodSpec` has it (`core/v1`)."""

from collections.abc import Sequence
from enum import Enum
from typing import Optional

from pydantic import field_validator

from pidshare_components.formats import qualified_name
from pidshare_components.inputs import Integer, Label, Labels, Model, Positive, Text


class TolerationOperator(Enum):
    """How a toleration's value is compared."""

    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(Enum):
    """What a taint does."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(Model):
    """A taint of nodes that the pod tolerates."""

    key: Optional[Text] = None
    """Key of the taint. Default: every key, with operator Exists."""
    operator: Optional[TolerationOperator] = None
    """How `value` is compared. Default: Equal."""
    value: Optional[Text] = None
    """Value of the taint; not with Exists."""
    effect: Optional[TaintEffect] = None
    """Effect of the taint. Default: every effect."""
    toleration_seconds: Optional[Integer] = None
    """Seconds until eviction, with the effect NoExecute. Default: never."""


class LabelSelectorOperator(Enum):
    """How a label is compared."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class LabelSelectorRequirement(Model):
    """A condition on a label."""

    key: str
    """Key of the label."""
    operator: LabelSelectorOperator
    """How it is compared."""
    values: Optional[Sequence[Label]] = None
    """Values, with In and NotIn."""

    @field_validator("key")
    @classmethod
    def _key(cls, value: str) -> str:
        return qualified_name(value)


class LabelSelector(Model):
    """Objects by their labels: all conditions must hold."""

    match_labels: Labels = None
    """Labels with these values."""
    match_expressions: Optional[Sequence[LabelSelectorRequirement]] = None
    """Further conditions."""


class UnsatisfiableConstraintAction(Enum):
    """What happens when a spread constraint cannot be met."""

    DO_NOT_SCHEDULE = "DoNotSchedule"
    SCHEDULE_ANYWAY = "ScheduleAnyway"


class NodeInclusionPolicy(Enum):
    """Whether a node property counts when spreading."""

    HONOR = "Honor"
    IGNORE = "Ignore"


class TopologySpreadConstraint(Model):
    """How evenly matching pods spread over the domains of a topology."""

    max_skew: Positive
    """Largest difference between domains."""
    topology_key: str
    """Node label whose values are the domains, such as `topology.kubernetes.io/zone`."""
    when_unsatisfiable: UnsatisfiableConstraintAction
    """What happens when it cannot be met."""
    label_selector: Optional[LabelSelector] = None
    """Which pods count."""
    match_label_keys: Optional[Sequence[str]] = None
    """Label keys whose values are taken from this pod."""
    min_domains: Optional[Positive] = None
    """Smallest number of domains. Default: 1."""
    node_affinity_policy: Optional[NodeInclusionPolicy] = None
    """Whether nodes that the pod cannot go to are left out. Default: Honor."""
    node_taints_policy: Optional[NodeInclusionPolicy] = None
    """Whether tainted nodes are left out. Default: Ignore."""


class HostAlias(Model):
    """A line of /etc/hosts."""

    ip: Text
    """Address."""
    hostnames: Sequence[Text]
    """Names of it."""


class PodDNSConfigOption(Model):
    """An option of the resolver."""

    name: Text
    """Name."""
    value: Optional[Text] = None
    """Value."""


class PodDNSConfig(Model):
    """Settings of the resolver, merged with those of the DNS policy."""

    nameservers: Optional[Sequence[Text]] = None
    """Addresses of name servers."""
    searches: Optional[Sequence[Text]] = None
    """Search domains."""
    options: Optional[Sequence[PodDNSConfigOption]] = None
    """Options."""


class DNSPolicy(Enum):
    """Where the resolver's settings come from."""

    CLUSTER_FIRST = "ClusterFirst"
    CLUSTER_FIRST_WITH_HOST_NET = "ClusterFirstWithHostNet"
    DEFAULT = "Default"
    NONE = "None"
