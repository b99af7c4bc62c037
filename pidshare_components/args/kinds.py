"""The kinds of objects that a component makes its pods by, and what that decides for the pods."""

from dataclasses import dataclass
from enum import Enum


class RestartPolicy(Enum):
    """When the kubelet starts an ended container again."""

    ALWAYS = "Always"
    ON_FAILURE = "OnFailure"
    NEVER = "Never"


class PodNames(Enum):
    """What is known of the names of the pods before they exist: RBAC limits rights by names alone."""

    OWN = "own"
    """The one pod has the name of the object."""
    ORDINAL = "ordinal"
    """The object's name and a number: StatefulSet."""
    GENERATED = "generated"
    """The object's name and random letters."""


@dataclass(frozen=True)
class Kind:
    """A kind of object that is a pod or makes pods.

    Attributes:
        name: Kubernetes' name of the kind.
        resource: what RBAC and kubectl call it, in the plural.
        group: its API group.
        pod_names: what is known of the names of its pods.
        completes: whether its pods run to their end.
        found_by_kubectl: whether `kubectl attach KIND/NAME` looks for a pod of it, and so has to read the object. It
            knows no pods of CronJobs, and those that have names are named.
    """

    name: str
    resource: str
    group: str
    pod_names: PodNames = PodNames.GENERATED
    completes: bool = False
    found_by_kubectl: bool = False


POD = Kind("Pod", "pods", "", PodNames.OWN)
DEPLOYMENT = Kind("Deployment", "deployments", "apps", found_by_kubectl=True)
STATEFUL_SET = Kind("StatefulSet", "statefulsets", "apps", PodNames.ORDINAL)
DAEMON_SET = Kind("DaemonSet", "daemonsets", "apps", found_by_kubectl=True)
JOB = Kind("Job", "jobs", "batch", completes=True, found_by_kubectl=True)
CRON_JOB = Kind("CronJob", "cronjobs", "batch", completes=True)
