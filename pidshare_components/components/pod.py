"""`SharedProcessPod`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Optional, Union

import pulumi
from pulumi_kubernetes.core.v1 import Pod
from typing_extensions import override

from pidshare_components.args.pod import SharedProcessPodArgs
from pidshare_components.components.workload import Made, SharedProcessWorkload

if TYPE_CHECKING:
    Given = Union[SharedProcessPodArgs, Mapping[str, Any]]
else:
    # The schema for other languages is inferred from the annotation; a mapping has no fields to infer.
    Given = SharedProcessPodArgs


class SharedProcessPod(SharedProcessWorkload):
    """A pod whose containers share one process namespace, and the access to it.

    Optional company of the pod: a debug sidecar, the RBAC objects for attaching to it, and a NetworkPolicy.
    """

    pod_name: pulumi.Output[str]
    """Name of the pod."""

    _args_class = SharedProcessPodArgs
    _own_outputs = ("pod_name",)

    def __init__(
        self,
        name: str,
        args: Given,
        opts: Optional[pulumi.ResourceOptions] = None,
    ) -> None:
        super().__init__("pidshare-components:index:SharedProcessPod", name, args, opts)

    @property
    def pod(self) -> Pod:
        """The Pod."""
        return self._pod

    @override
    def _register(self) -> Made:
        template = self._template()
        metadata: Any = {**self._object_metadata(None), **template["metadata"]}
        spec: Any = template["spec"]
        # The API server refuses to change nearly every field of a pod's spec, but the provider replaces for a list of
        # them that lacks envFrom, startupProbe, hostUsers and others.
        self._pod: Pod = Pod(self._name, metadata=metadata, spec=spec, opts=self._object_opts("spec"))
        self.pod_name = self._pod.metadata.name
        return Made(self._pod.metadata, [self.pod_name])
