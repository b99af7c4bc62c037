"""The specs of the objects that make pods from a template."""

from collections.abc import Mapping
from typing import Any, Optional

from pidshare_components.args.jobs import JobTemplateArgs, SharedProcessCronJobArgs, SharedProcessJobArgs
from pidshare_components.args.template import PodTemplateArgs
from pidshare_components.args.workloads import (
    SharedProcessDaemonSetArgs,
    SharedProcessDeploymentArgs,
    SharedProcessStatefulSetArgs,
    VolumeClaimTemplate,
)
from pidshare_components.manifests.merge import kubernetes_tree

Object = dict[str, Any]
Labels = Mapping[str, Any]

_DEPLOYMENT = (
    "replicas",
    "strategy",
    "min_ready_seconds",
    "progress_deadline_seconds",
    "revision_history_limit",
    "paused",
)
_STATEFUL_SET = (
    "replicas",
    "pod_management_policy",
    "update_strategy",
    "persistent_volume_claim_retention_policy",
    "min_ready_seconds",
    "revision_history_limit",
)
_DAEMON_SET = ("update_strategy", "min_ready_seconds", "revision_history_limit")
_JOB = (
    "completions",
    "parallelism",
    "completion_mode",
    "backoff_limit",
    "backoff_limit_per_index",
    "active_deadline_seconds",
    "ttl_seconds_after_finished",
    "pod_failure_policy",
)
_CRON_JOB = (
    "schedule",
    "time_zone",
    "concurrency_policy",
    "starting_deadline_seconds",
    "successful_jobs_history_limit",
    "failed_jobs_history_limit",
    "suspend",
)


def deployment_spec(args: SharedProcessDeploymentArgs, template: Object, label: Labels) -> Object:
    """Return the `DeploymentSpec`.

    Args:
        args: what was asked for.
        template: of the pods.
        label: what these pods have and no others.
    """
    return {"selector": {"matchLabels": dict(label)}, **_given(args, _DEPLOYMENT), "template": template}


def stateful_set_spec(args: SharedProcessStatefulSetArgs, template: Object, label: Labels, service: Any) -> Object:  # noqa: ANN401
    """Return the `StatefulSetSpec`.

    Args:
        args: what was asked for.
        template: of the pods.
        label: what these pods have and no others.
        service: name of the headless Service.
    """
    claims = [_claim(claim) for claim in args.volume_claim_templates or ()]
    return {
        "serviceName": service,
        "selector": {"matchLabels": dict(label)},
        **_given(args, _STATEFUL_SET),
        "template": template,
        **({"volumeClaimTemplates": claims} if claims else {}),
    }


def ordinal_names(name: str, replicas: Optional[int]) -> list[str]:
    """Return the names of a StatefulSet's pods, at least one: for RBAC, no names would be all names.

    Args:
        name: of the StatefulSet.
        replicas: number of pods; None for Kubernetes' default, one.
    """
    count = 1 if replicas is None else int(replicas)
    return [f"{name}-{number}" for number in range(max(count, 1))]


def _claim(claim: VolumeClaimTemplate) -> Object:
    spec = {
        "access_modes": claim.access_modes,
        "storage_class_name": claim.storage_class_name,
        "volume_mode": claim.volume_mode,
    }
    return {
        "metadata": kubernetes_tree({"name": claim.name, "labels": claim.labels, "annotations": claim.annotations}),
        "spec": {**kubernetes_tree(spec), "resources": {"requests": {"storage": claim.storage}}},
    }


def headless_service_spec(args: SharedProcessStatefulSetArgs, label: Labels) -> Object:
    """Return the `ServiceSpec` that gives each pod its name in the DNS, and the named ports their SRV records.

    Args:
        args: what was asked for.
        label: what the pods have and no others.
    """
    containers = (*args.containers, *(args.sidecars or ()))
    named = [port for container in containers for port in container.ports or () if port.name is not None]
    ports: list[Object] = []
    for port in named:
        given = kubernetes_tree({"name": port.name, "port": port.container_port, "protocol": port.protocol})
        # A container may listen on one port at several addresses, a Service has it once.
        if not any(
            (given["port"], given.get("protocol", "TCP")) == (it["port"], it.get("protocol", "TCP")) for it in ports
        ):
            ports.append(given)
    return {
        "clusterIP": "None",
        "selector": dict(label),
        **({"ports": ports} if ports else {}),
        **_given(args, ("publish_not_ready_addresses",)),
    }


def daemon_set_spec(args: SharedProcessDaemonSetArgs, template: Object, label: Labels) -> Object:
    """Return the `DaemonSetSpec`.

    Args:
        args: what was asked for.
        template: of the pods.
        label: what these pods have and no others.
    """
    return {"selector": {"matchLabels": dict(label)}, **_given(args, _DAEMON_SET), "template": template}


def job_spec(args: SharedProcessJobArgs, template: Object) -> Object:
    """Return the `JobSpec`. Kubernetes itself makes the selector of a Job."""
    return {**_job(args, template), **_given(args, ("suspend",))}


def cron_job_spec(args: SharedProcessCronJobArgs, template: Object) -> Object:
    """Return the `CronJobSpec`; its Jobs get the labels of their pods."""
    labels = {"labels": template["metadata"]["labels"]}
    return {**_given(args, _CRON_JOB), "jobTemplate": {"metadata": labels, "spec": _job(args, template)}}


def _job(args: JobTemplateArgs, template: Object) -> Object:
    return {**_given(args, _JOB), "template": template}


def _given(args: PodTemplateArgs, fields: "tuple[str, ...]") -> Object:
    """Return fields that Kubernetes has under the same name."""
    tree: Object = kubernetes_tree({field: getattr(args, field) for field in fields})
    return tree
