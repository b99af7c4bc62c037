"""`SharedProcessDeployment`, `SharedProcessStatefulSet` and `SharedProcessDaemonSet`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Optional, Union

import pulumi
from pulumi_kubernetes.apps.v1 import DaemonSet, Deployment, StatefulSet
from pulumi_kubernetes.core.v1 import Service
from typing_extensions import override

from pidshare_components.args.workloads import (
    SharedProcessDaemonSetArgs,
    SharedProcessDeploymentArgs,
    SharedProcessStatefulSetArgs,
)
from pidshare_components.components.workload import Made, SharedProcessWorkload
from pidshare_components.manifests.workloads import (
    daemon_set_spec,
    deployment_spec,
    headless_service_spec,
    ordinal_names,
    stateful_set_spec,
)

if TYPE_CHECKING:
    GivenDeployment = Union[SharedProcessDeploymentArgs, Mapping[str, Any]]
    GivenStatefulSet = Union[SharedProcessStatefulSetArgs, Mapping[str, Any]]
    GivenDaemonSet = Union[SharedProcessDaemonSetArgs, Mapping[str, Any]]
else:
    # The schema for other languages is inferred from the annotation; a mapping has no fields to infer.
    GivenDeployment = SharedProcessDeploymentArgs
    GivenStatefulSet = SharedProcessStatefulSetArgs
    GivenDaemonSet = SharedProcessDaemonSetArgs


class SharedProcessDeployment(SharedProcessWorkload):
    """A Deployment of pods whose containers share one process namespace, and the access to them.

    Optional company: a debug sidecar in each pod, the RBAC objects for attaching, and a NetworkPolicy.
    """

    deployment_name: pulumi.Output[str]
    """Name of the Deployment."""

    _args_class = SharedProcessDeploymentArgs
    _own_outputs = ("deployment_name",)

    def __init__(self, name: str, args: GivenDeployment, opts: Optional[pulumi.ResourceOptions] = None) -> None:
        super().__init__("pidshare-components:index:SharedProcessDeployment", name, args, opts)

    @property
    def deployment(self) -> Deployment:
        """The Deployment."""
        return self._deployment

    @override
    def _register(self) -> Made:
        metadata: Any = self._object_metadata(self._args.workload_annotations)
        spec: Any = deployment_spec(self._args, self._template(), self._label)
        self._deployment: Deployment = Deployment(self._name, metadata=metadata, spec=spec, opts=self._object_opts())
        self.deployment_name = self._deployment.metadata.name
        return Made(self._deployment.metadata, None)


class SharedProcessStatefulSet(SharedProcessWorkload):
    """A StatefulSet of pods whose containers share one process namespace, its Service, and the access to them.

    Optional company: a debug sidecar in each pod, the RBAC objects for attaching, and a NetworkPolicy.
    """

    stateful_set_name: pulumi.Output[str]
    """Name of the StatefulSet; its pods have a hyphen and their number behind it."""
    service_name: pulumi.Output[str]
    """Name of the headless Service: a pod is `POD.SERVICE.NAMESPACE.svc` in the cluster's DNS."""

    _args_class = SharedProcessStatefulSetArgs
    _own_outputs = ("stateful_set_name", "service_name")

    def __init__(self, name: str, args: GivenStatefulSet, opts: Optional[pulumi.ResourceOptions] = None) -> None:
        super().__init__("pidshare-components:index:SharedProcessStatefulSet", name, args, opts)

    @property
    def stateful_set(self) -> StatefulSet:
        """The StatefulSet."""
        return self._stateful_set

    @property
    def service(self) -> Service:
        """The headless Service."""
        return self._service

    @override
    def _register(self) -> Made:
        self._service: Service = self._register_service()
        self.service_name = self._service.metadata.name
        metadata: Any = self._object_metadata(self._args.workload_annotations)
        spec: Any = stateful_set_spec(self._args, self._template(), self._label, self.service_name)
        self._stateful_set: StatefulSet = StatefulSet(
            self._name, metadata=metadata, spec=spec, opts=self._object_opts()
        )
        self.stateful_set_name = self._stateful_set.metadata.name
        return Made(self._stateful_set.metadata, self._pod_names() if self._args.attach is not None else None)

    def _register_service(self) -> Service:
        metadata: Any = self._object_metadata(None)
        spec: Any = headless_service_spec(self._args, self._label)
        opts = pulumi.ResourceOptions.merge(
            self._opts, pulumi.ResourceOptions(delete_before_replace=True if self._args.name is not None else None)
        )
        service: Service = Service(self._name, metadata=metadata, spec=spec, opts=opts)
        return service

    def _pod_names(self) -> Any:  # noqa: ANN401 - an Output of a list of text
        replicas: pulumi.Output[Any] = pulumi.Output.from_input(self._args.replicas)
        return self.stateful_set_name.apply(lambda name: replicas.apply(lambda count: ordinal_names(name, count)))


class SharedProcessDaemonSet(SharedProcessWorkload):
    """A DaemonSet: on each node a pod whose containers share one process namespace, and the access to them.

    Optional company: a debug sidecar in each pod, the RBAC objects for attaching, and a NetworkPolicy.
    """

    daemon_set_name: pulumi.Output[str]
    """Name of the DaemonSet."""

    _args_class = SharedProcessDaemonSetArgs
    _own_outputs = ("daemon_set_name",)

    def __init__(self, name: str, args: GivenDaemonSet, opts: Optional[pulumi.ResourceOptions] = None) -> None:
        super().__init__("pidshare-components:index:SharedProcessDaemonSet", name, args, opts)

    @property
    def daemon_set(self) -> DaemonSet:
        """The DaemonSet."""
        return self._daemon_set

    @override
    def _register(self) -> Made:
        metadata: Any = self._object_metadata(self._args.workload_annotations)
        spec: Any = daemon_set_spec(self._args, self._template(), self._label)
        # No DaemonSet takes another selector, but the provider does not replace for one.
        opts = self._object_opts("spec.selector")
        self._daemon_set: DaemonSet = DaemonSet(self._name, metadata=metadata, spec=spec, opts=opts)
        self.daemon_set_name = self._daemon_set.metadata.name
        return Made(self._daemon_set.metadata, None)
