"""A service: a Deployment whose containers share one process namespace, with the company's settings."""

from collections.abc import Mapping, Sequence
from typing import Optional

import pulumi

from pidshare_components import (
    AttachAccess,
    Capabilities,
    Container,
    ContainerPort,
    DebugProfile,
    DebugShell,
    NetworkAccess,
    NetworkPort,
    NetworkRule,
    OnFinding,
    PodSecurityContext,
    ProfileType,
    ResourceRequirements,
    SeccompProfile,
    SecurityContext,
    Severity,
    SharedProcessDeployment,
    SharedProcessDeploymentArgs,
    Volume,
    VolumeMount,
)

# One user for all containers of a service: they may signal each other, and nothing needs root for it. Not for the pod
# as a whole: the sandbox, PID 1, would run as this user too and be within reach.
CONTAINER_USER = 10001


def container(  # noqa: PLR0913 - what differs from service to service
    name: str,
    image: pulumi.Input[str],
    *,
    command: Optional[Sequence[str]] = None,
    port: Optional[int] = None,
    memory: str = "128Mi",
    mounts: Optional[Mapping[str, str]] = None,
) -> Container:
    """Return a container that fits the restricted Pod Security Standards level.

    Args:
        name: of the container.
        image: by digest.
        command: instead of the image's own.
        port: that it serves; its name is `http`.
        memory: limit, and what is reserved.
        mounts: paths by name of the volume.
    """
    return Container(
        name=name,
        image=image,
        command=command,
        ports=[ContainerPort(name="http", container_port=port)] if port else None,
        resources=ResourceRequirements(requests={"cpu": "50m", "memory": memory}, limits={"memory": memory}),
        security_context=SecurityContext(
            run_as_user=CONTAINER_USER,
            run_as_group=CONTAINER_USER,
            run_as_non_root=True,
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=Capabilities(drop=["ALL"]),
        ),
        volume_mounts=[VolumeMount(name=volume, mount_path=path) for volume, path in (mounts or {}).items()] or None,
    )


def debug_shell(reason: str, expires: str) -> DebugShell:
    """Return a shell that may do no more than the service itself.

    Args:
        reason: who needs it and why.
        expires: its last day, YYYY-MM-DD.
    """
    return DebugShell(profile=DebugProfile.RESTRICTED, reason=reason, expires=expires)


def service(  # noqa: PLR0913
    name: str,
    containers: Sequence[Container],
    *,
    team: str,
    replicas: int = 2,
    volumes: Optional[Sequence[Volume]] = None,
    debug: Optional[DebugShell] = None,
    opts: Optional[pulumi.ResourceOptions] = None,
) -> SharedProcessDeployment:
    """Deploy a service into its team's namespace; only its port `http` can be reached.

    Args:
        name: of the service.
        containers: made by `container`, or by hand where one has to differ.
        team: that it belongs to, whose namespace has its name.
        replicas: number of pods.
        volumes: that the containers mount.
        debug: a shell to attach to, made by `debug_shell`.
        opts: Pulumi's resource options.
    """
    return SharedProcessDeployment(
        name,
        SharedProcessDeploymentArgs(
            name=name,
            namespace=team,
            replicas=replicas,
            labels={"app.kubernetes.io/name": name, "example.com/team": team},
            containers=containers,
            volumes=volumes,
            security_context=PodSecurityContext(seccomp_profile=SeccompProfile(type=ProfileType.RUNTIME_DEFAULT)),
            enable_service_links=False,
            debug=debug,
            # The names of a Deployment's pods are not known before: RBAC can only open all pods of the namespace.
            attach=AttachAccess(namespace_wide=True) if debug is not None else None,
            network=NetworkAccess(ingress=[NetworkRule(ports=[NetworkPort(port="http")])]),
            on_finding=OnFinding(fail_from=Severity.HIGH),
        ),
        opts,
    )
