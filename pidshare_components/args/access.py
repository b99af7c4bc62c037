"""Who may attach to the pod, and what it may talk to."""

from collections.abc import Sequence
from enum import Enum
from typing import Any, Optional

from pydantic import field_validator

from pidshare_components.args.containers import Protocol
from pidshare_components.inputs import Cidr, Labels, Model, Namespace, PortNumber, Text, port_or_name


class SubjectKind(Enum):
    """Kind of an RBAC subject."""

    USER = "User"
    GROUP = "Group"
    SERVICE_ACCOUNT = "ServiceAccount"


class Subject(Model):
    """Somebody who gets the access (RBAC's `Subject`)."""

    kind: SubjectKind
    """User, Group or ServiceAccount."""
    name: Text
    """Name."""
    namespace: Optional[Namespace] = None
    """Namespace of a service account. Default: the pod's."""


class AttachAccess(Model):
    """Access that `kubectl attach` to the component's pods needs, and no more: a ServiceAccount, a Role, a RoleBinding.

    The Role allows `get` on the pod and `get` and `create` on its `attach` subresource: kubectl asks by WebSocket
    (get) first and by SPDY (create) next, and from Kubernetes 1.35 create is checked on both.
    """

    subjects: Optional[Sequence[Subject]] = None
    """Who gets the access beside the created ServiceAccount."""
    logs: Optional[bool] = False
    """Whether they may read this pod's logs. Default: false."""
    exec: Optional[bool] = False
    """Whether they may start processes in this pod. Default: false."""
    ephemeral_containers: Optional[bool] = False
    """Whether they may add ephemeral containers to this pod (`kubectl debug`). Default: false."""
    namespace_wide: Optional[bool] = False
    """Whether all of this is for every pod of the namespace, not for the component's own alone. RBAC limits rights by
    names, and the pods of Deployments, DaemonSets, Jobs and CronJobs get theirs when they start: there is no access to
    them without it. Pods of StatefulSets have numbers as names, which are known up to `replicas`. Default: false."""
    list_pods: Optional[bool] = False
    """Whether they may list and watch every pod of the namespace, as `kubectl get pods` does: RBAC limits that by name
    only where the client asks for one name. Default: false."""


class NetworkPort(Model):
    """A port, a range of ports, or with no port every port of a protocol (NetworkPolicy's `NetworkPolicyPort`)."""

    port: Optional[Any] = None
    """Port of the pod by number (1 to 65535) or by name. Default: every port."""
    end_port: Optional[PortNumber] = None
    """Last port of a range that begins at `port`, which must be a number."""
    protocol: Optional[Protocol] = None
    """Protocol. Default: TCP."""

    _port = field_validator("port")(port_or_name)


class NetworkPeer(Model):
    """The other end: pods by their labels and their namespace's labels, or a network; not both."""

    pods: Labels = None
    """Labels of the pods; an empty mapping is every pod. Without `namespaces`: in the pod's namespace."""
    namespaces: Labels = None
    """Labels of the namespaces; an empty mapping is every namespace. `kubernetes.io/metadata.name` is the name."""
    cidr: Optional[Cidr] = None
    """A network in CIDR notation."""
    except_cidrs: Optional[Sequence[Cidr]] = None
    """Parts of the network that do not count."""


class NetworkRule(Model):
    """What is allowed: any of the peers on any of the ports."""

    peers: Optional[Sequence[NetworkPeer]] = None
    """The other ends, at least one. Default: anybody."""
    ports: Optional[Sequence[NetworkPort]] = None
    """The ports, at least one. Default: every port."""


class NetworkAccess(Model):
    """What the pod may talk to (a NetworkPolicy that selects this pod alone). All else is denied, both ways.

    It is an object for the cluster's network plugin: where the plugin enforces no policies, it does nothing.
    """

    ingress: Optional[Sequence[NetworkRule]] = None
    """Who may connect to the pod. Default: nobody. Attach and probes come through the kubelet and need no rule."""
    egress: Optional[Sequence[NetworkRule]] = None
    """To whom the pod may connect, beside DNS. Default: nobody."""
    dns: Optional[bool] = True
    """Whether the pod may ask the cluster's DNS (`k8s-app: kube-dns` in kube-system, port 53). Default: true."""
