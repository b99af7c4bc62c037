"""The arguments of the kinds whose pods run to their end: Job and CronJob (`batch/v1`)."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, ClassVar, Optional

from pidshare_components.args.kinds import CRON_JOB, JOB, Kind, RestartPolicy
from pidshare_components.args.template import PodTemplateArgs
from pidshare_components.inputs import Count, Flag, Name, Positive, Schedule, Text, TimeZone


class CompletionMode(Enum):
    """What a completion of a Job is."""

    NON_INDEXED = "NonIndexed"
    INDEXED = "Indexed"


class JobTemplateArgs(PodTemplateArgs):
    """The fields of a `JobSpec`, of a Job and of those that a CronJob makes."""

    restart_policy: Optional[RestartPolicy] = RestartPolicy.NEVER
    """What follows on a failed container: Never makes a new pod, OnFailure starts it again. Default: Never."""
    completions: Optional[Count] = None
    """Number of pods that must succeed. Default: 1, or any with `parallelism` alone."""
    parallelism: Optional[Count] = None
    """Number of pods at a time. Default: 1."""
    completion_mode: Optional[CompletionMode] = None
    """Indexed gives each pod a number of its own, from 0 to `completions` - 1. Default: NonIndexed."""
    backoff_limit: Optional[Count] = None
    """Number of retries until the Job has failed. Default: 6."""
    backoff_limit_per_index: Optional[Count] = None
    """Number of retries for each index. Default: none of their own."""
    active_deadline_seconds: Optional[Positive] = None
    """Seconds after which a Job and its pods are ended. Default: never."""
    ttl_seconds_after_finished: Optional[Count] = None
    """Seconds after which an ended Job is deleted. Default: never."""
    pod_failure_policy: Optional[Mapping[str, Any]] = None
    """Kubernetes' `PodFailurePolicy`, as it is, in camelCase: what becomes of which failures."""


class SharedProcessJobArgs(JobTemplateArgs):
    """A Job of pods whose containers share one process namespace, and the access to them.

    The fields of its pods are those of `SharedProcessPodArgs`, those beside them Kubernetes' own of a `JobSpec`. It
    completes when its `containers` have ended: the debug sidecar and all other helpers are native sidecars there.

    Raises:
        ArgumentsError: with every mistake, one line each. Outputs are judged by the same rules when they resolve.
    """

    _kind: ClassVar[Kind] = JOB

    name: Optional[Name] = None
    """Name of the Job, at most 63 characters, less where pods have an index. Default: made by Pulumi, for whatever
    changes the pods makes a new Job."""
    workload_annotations: Optional[Mapping[str, Text]] = None
    """Annotations of the Job itself, such as `pulumi.com/skipAwait`: else a deployment waits until it is complete."""
    suspend: Optional[Flag] = None
    """Whether the Job waits. Default: false."""


class ConcurrencyPolicy(Enum):
    """What happens when a Job is due while the last one runs."""

    ALLOW = "Allow"
    FORBID = "Forbid"
    REPLACE = "Replace"


class SharedProcessCronJobArgs(JobTemplateArgs):
    """A CronJob of pods whose containers share one process namespace, and the access to them.

    The fields of its pods are those of `SharedProcessPodArgs`, those beside them Kubernetes' own of a `CronJobSpec` and
    of the `JobSpec` in it. A Job completes when its `containers` have ended: all helpers are native sidecars there.

    Raises:
        ArgumentsError: with every mistake, one line each. Outputs are judged by the same rules when they resolve.
    """

    _kind: ClassVar[Kind] = CRON_JOB

    schedule: Schedule
    """When Jobs are made, in cron's format: minute, hour, day of month, month, day of week."""
    name: Optional[Name] = None
    """Name of the CronJob, at most 52 characters. Default: made by Pulumi."""
    workload_annotations: Optional[Mapping[str, Text]] = None
    """Annotations of the CronJob itself."""
    time_zone: Optional[TimeZone] = None
    """Time zone of the schedule, by its name in the IANA database. Default: that of the cluster's controller."""
    concurrency_policy: Optional[ConcurrencyPolicy] = None
    """What happens when a Job is due while the last one runs. Default: Allow."""
    starting_deadline_seconds: Optional[Count] = None
    """Seconds that a Job may be late; later it is left out. Default: any."""
    successful_jobs_history_limit: Optional[Count] = None
    """Number of complete Jobs that are kept. Default: 3."""
    failed_jobs_history_limit: Optional[Count] = None
    """Number of failed Jobs that are kept. Default: 1."""
    suspend: Optional[Flag] = None
    """Whether no Jobs are made. Default: false."""
