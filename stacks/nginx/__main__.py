"""nginx in a shared process namespace: for development with a shell beside it, for production hardened."""

import sys
from collections.abc import Iterator
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Optional

import pulumi
from pydantic import Field
from typing_extensions import override

# `pulumi install` reads requirements.txt alone, so the library of this checkout need not be installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pidshare_components import (
    AttachAccess,
    Capabilities,
    Container,
    ContainerPort,
    DebugProfile,
    DebugShell,
    EmptyDirVolumeSource,
    HTTPGetAction,
    ImagePullPolicy,
    NetworkAccess,
    NetworkPort,
    NetworkRule,
    PodSecurityContext,
    Probe,
    ProfileType,
    ResourceRequirements,
    SeccompProfile,
    SecurityContext,
    SharedProcessDeployment,
    SharedProcessDeploymentArgs,
    SharedProcessPod,
    SharedProcessPodArgs,
    Volume,
    VolumeMount,
)
from stacks.settings import Settings, read, unpinned

NGINX_USER = 101  # user and group `nginx` of the official and of the unprivileged image
CONFIG_KEY = "nginx"


class DebugSettings(Settings):
    """The debug sidecar."""

    image: str
    profile: Optional[DebugProfile] = None
    """Default: restricted in production, else baseline."""
    reason: Optional[str] = None
    """Why it is there; required in production."""
    expires: Optional[date] = None
    """Last day (UTC) it may be deployed; required in production."""


class NginxSettings(Settings):
    """The stack's configuration, under the key `nginx`."""

    production: bool
    image: str
    image_pull_policy: Optional[ImagePullPolicy] = None
    namespace: Optional[str] = None
    replicas: Optional[int] = Field(default=None, ge=1, strict=True)
    """Number of pods in production. Default: 2."""
    debug: Optional[DebugSettings] = None

    @override
    def problems(self) -> Iterator[str]:
        if not self.production:
            if self.replicas is not None:
                yield "replicas: the workload of the task is one pod, leave it out or write production: true"
            return
        yield from unpinned("image", self.image)
        if self.debug is None:
            return
        yield from unpinned("debug.image", self.debug.image)
        if not self.debug.reason:
            yield "debug.reason: a debug sidecar in production needs one, write who needs it and why"
        if self.debug.expires is None:
            yield "debug.expires: a debug sidecar in production needs a last day, write YYYY-MM-DD"
        elif self.debug.expires < datetime.now(timezone.utc).date():
            yield "debug.expires: the day has passed, take the debug sidecar out or write a new day"


def debug_shell(given: NginxSettings) -> Optional[DebugShell]:
    """Return the debug sidecar that was asked for."""
    if given.debug is None:
        return None
    resources = ResourceRequirements(requests={"cpu": "10m", "memory": "16Mi"}, limits={"memory": "64Mi"})
    return DebugShell(
        image=given.debug.image,
        profile=given.debug.profile or (DebugProfile.RESTRICTED if given.production else DebugProfile.BASELINE),
        resources=resources if given.production else None,
        reason=given.debug.reason,
        expires=str(given.debug.expires) if given.debug.expires else None,
    )


def demo(given: NginxSettings) -> SharedProcessPodArgs:
    """Return the workload of the Kubernetes task, as it stands there."""
    return SharedProcessPodArgs(
        namespace=given.namespace,
        containers=[Container(name="nginx", image=given.image, image_pull_policy=given.image_pull_policy)],
        debug=debug_shell(given),
        attach=AttachAccess(),
        network=NetworkAccess(ingress=[NetworkRule(ports=[NetworkPort(port=80)])]),
    )


def production(given: NginxSettings) -> SharedProcessDeploymentArgs:
    """Return the workload that survives its nodes and fits the restricted Pod Security Standards level.

    A debug sidecar comes without a role to attach to it: RBAC cannot limit one to the pods of a Deployment.
    """
    probe = HTTPGetAction(port="http", path="/")
    nginx = Container(
        name="nginx",
        image=given.image,
        image_pull_policy=given.image_pull_policy,
        ports=[ContainerPort(name="http", container_port=8080)],
        resources=ResourceRequirements(
            requests={"cpu": "50m", "memory": "32Mi"}, limits={"cpu": "500m", "memory": "128Mi"}
        ),
        security_context=SecurityContext(
            run_as_user=NGINX_USER,
            run_as_group=NGINX_USER,
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=Capabilities(drop=["ALL"]),
        ),
        startup_probe=Probe(http_get=probe, period_seconds=1, failure_threshold=30),
        readiness_probe=Probe(http_get=probe, period_seconds=5),
        liveness_probe=Probe(http_get=probe, period_seconds=10),
        volume_mounts=[VolumeMount(name="tmp", mount_path="/tmp")],  # noqa: S108 - nginx's pid file and buffers
    )
    return SharedProcessDeploymentArgs(
        namespace=given.namespace,
        replicas=given.replicas or 2,
        containers=[nginx],
        volumes=[Volume(name="tmp", empty_dir=EmptyDirVolumeSource(size_limit="64Mi"))],
        security_context=PodSecurityContext(
            run_as_non_root=True, seccomp_profile=SeccompProfile(type=ProfileType.RUNTIME_DEFAULT)
        ),
        enable_service_links=False,
        debug=debug_shell(given),
        network=NetworkAccess(ingress=[NetworkRule(ports=[NetworkPort(port="http")])]),
    )


chosen = read(NginxSettings, CONFIG_KEY)
web: "SharedProcessPod | SharedProcessDeployment"
if chosen.production:
    web = SharedProcessDeployment("nginx", production(chosen))
    pulumi.export("deployment", web.deployment_name)
else:
    web = SharedProcessPod("nginx", demo(chosen))
    pulumi.export("pod", web.pod_name)
pulumi.export("namespace", web.namespace)
pulumi.export("service_account", web.service_account_name)
pulumi.export("commands", web.commands)
