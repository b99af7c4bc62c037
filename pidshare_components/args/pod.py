"""The arguments of `SharedProcessPod`."""

from typing import ClassVar, Optional

from pidshare_components.args.kinds import POD, Kind, RestartPolicy
from pidshare_components.args.template import PodTemplateArgs
from pidshare_components.inputs import Name, Positive


class SharedProcessPodArgs(PodTemplateArgs):
    """A pod whose containers share one process namespace, and the access to it.

    Fields that Kubernetes' `PodSpec` has too mean the same there and here. Wherever a class is named, a mapping of its
    fields does as well, in snake_case or camelCase; a value may be a Pulumi Output wherever it can come from
    another resource.

    Raises:
        ArgumentsError: with every mistake, one line each. Outputs are judged by the same rules when they resolve.
    """

    _kind: ClassVar[Kind] = POD

    name: Optional[Name] = None
    """Name of the pod. Default: made by Pulumi, so that a replacement starts before the old pod ends."""
    restart_policy: Optional[RestartPolicy] = None
    """When ended containers start again. Default: Always."""
    active_deadline_seconds: Optional[Positive] = None
    """Seconds after which the pod is ended. Default: never."""
