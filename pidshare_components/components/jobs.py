"""`SharedProcessJob` and `SharedProcessCronJob`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Optional, Union

import pulumi
from pulumi_kubernetes.batch.v1 import CronJob, Job
from typing_extensions import override

from pidshare_components.args.jobs import SharedProcessCronJobArgs, SharedProcessJobArgs
from pidshare_components.components.workload import Made, SharedProcessWorkload
from pidshare_components.manifests.workloads import cron_job_spec, job_spec

if TYPE_CHECKING:
    GivenJob = Union[SharedProcessJobArgs, Mapping[str, Any]]
    GivenCronJob = Union[SharedProcessCronJobArgs, Mapping[str, Any]]
else:
    # The schema for other languages is inferred from the annotation; a mapping has no fields to infer.
    GivenJob = SharedProcessJobArgs
    GivenCronJob = SharedProcessCronJobArgs


class SharedProcessJob(SharedProcessWorkload):
    """A Job of pods whose containers share one process namespace, and the access to them.

    Optional company: a debug sidecar in each pod, which does not keep the Job from completing, the RBAC objects for
    attaching, and a NetworkPolicy.
    """

    job_name: pulumi.Output[str]
    """Name of the Job."""

    _args_class = SharedProcessJobArgs
    _own_outputs = ("job_name",)

    def __init__(self, name: str, args: GivenJob, opts: Optional[pulumi.ResourceOptions] = None) -> None:
        super().__init__("pidshare-components:index:SharedProcessJob", name, args, opts)

    @property
    def job(self) -> Job:
        """The Job."""
        return self._job

    @override
    def _register(self) -> Made:
        metadata: Any = self._object_metadata(self._args.workload_annotations)
        spec: Any = job_spec(self._args, self._template())
        # The API server refuses to change these, but the provider does not replace for them.
        opts = self._object_opts("spec.completionMode", "spec.backoffLimitPerIndex", "spec.podFailurePolicy")
        self._job: Job = Job(self._name, metadata=metadata, spec=spec, opts=opts)
        self.job_name = self._job.metadata.name
        return Made(self._job.metadata, None)


class SharedProcessCronJob(SharedProcessWorkload):
    """A CronJob of pods whose containers share one process namespace, and the access to them.

    Optional company: a debug sidecar in each pod, which does not keep Jobs from completing, the RBAC objects for
    attaching, and a NetworkPolicy.
    """

    cron_job_name: pulumi.Output[str]
    """Name of the CronJob."""

    _args_class = SharedProcessCronJobArgs
    _own_outputs = ("cron_job_name",)

    def __init__(self, name: str, args: GivenCronJob, opts: Optional[pulumi.ResourceOptions] = None) -> None:
        super().__init__("pidshare-components:index:SharedProcessCronJob", name, args, opts)

    @property
    def cron_job(self) -> CronJob:
        """The CronJob."""
        return self._cron_job

    @override
    def _register(self) -> Made:
        metadata: Any = self._object_metadata(self._args.workload_annotations)
        spec: Any = cron_job_spec(self._args, self._template())
        self._cron_job: CronJob = CronJob(self._name, metadata=metadata, spec=spec, opts=self._object_opts())
        self.cron_job_name = self._cron_job.metadata.name
        return Made(self._cron_job.metadata, None)
