"""nginx that writes a log file, and beside it a sidecar that rotates the log by signalling nginx's master process."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Optional

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap
from pydantic import Field
from typing_extensions import override

# `pulumi install` reads requirements.txt alone, so the library of this checkout need not be installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pidshare_components import (
    Capabilities,
    ConfigMapVolumeSource,
    Container,
    ContainerPort,
    EmptyDirVolumeSource,
    EnvVar,
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
    SharedProcessPod,
    SharedProcessPodArgs,
    TerminationMessagePolicy,
    Volume,
    VolumeMount,
)
from stacks.settings import Settings, read, unpinned

HERE = Path(__file__).resolve().parent
CONFIG_KEY = "log-handler"
NGINX_USER = 101  # user and group `nginx` of the official and of the unprivileged image
# One user and one group for both containers, and no capabilities: the kernel then lets the handler signal nginx and
# look into its processes, and lets it do nothing that nginx itself could not do. Not for the pod as a whole: the
# sandbox, PID 1, would run as this user too and be within reach.
NGINX_ALIKE = SecurityContext(
    run_as_user=NGINX_USER,
    run_as_group=NGINX_USER,
    allow_privilege_escalation=False,
    read_only_root_filesystem=True,
    capabilities=Capabilities(drop=["ALL"]),
)
# As nginx.conf has them.
LOG_FILE = "/var/log/web/access.log"
PID_FILE = "/run/web/nginx.pid"
FILES = "/etc/log-handler"

Positive = Annotated[int, Field(gt=0, strict=True)]


class ImageSettings(Settings):
    """The image of a container."""

    image: str
    image_pull_policy: Optional[ImagePullPolicy] = None


class RotationSettings(Settings):
    """When the log is rotated, and what is kept of it."""

    max_bytes: Positive
    """A log that is larger is moved aside."""
    keep: Positive
    """Number of old logs; older ones are lost."""
    interval_seconds: Positive
    """Time between two looks at the log."""
    patience_seconds: Positive
    """Time until an nginx that is not found, or does not reopen its log, is an error."""


class LogHandlerSettings(Settings):
    """The stack's configuration, under the key `log-handler`."""

    production: bool
    web: ImageSettings
    handler: ImageSettings
    rotation: RotationSettings
    namespace: Optional[str] = None

    @override
    def problems(self) -> Iterator[str]:
        if self.production:
            yield from unpinned("web.image", self.web.image)
            yield from unpinned("handler.image", self.handler.image)


def web(given: ImageSettings) -> Container:
    """Return the application."""
    probe = HTTPGetAction(port="http", path="/healthz")
    return Container(
        name="web",
        image=given.image,
        image_pull_policy=given.image_pull_policy,
        # Without the image's entry point, which would change files of the image.
        command=["nginx", "-e", "stderr", "-c", f"{FILES}/nginx.conf"],
        ports=[ContainerPort(name="http", container_port=8080)],
        resources=ResourceRequirements(
            requests={"cpu": "50m", "memory": "32Mi"}, limits={"cpu": "500m", "memory": "128Mi"}
        ),
        security_context=NGINX_ALIKE,
        startup_probe=Probe(http_get=probe, period_seconds=1, failure_threshold=30),
        readiness_probe=Probe(http_get=probe, period_seconds=5),
        liveness_probe=Probe(http_get=probe, period_seconds=10),
        volume_mounts=[
            VolumeMount(name="files", mount_path=FILES, read_only=True),
            VolumeMount(name="log", mount_path=str(Path(LOG_FILE).parent)),
            VolumeMount(name="run", mount_path=str(Path(PID_FILE).parent)),
            VolumeMount(name="tmp", mount_path="/tmp"),  # noqa: S108 - nginx's buffers
        ],
    )


def handler(given: ImageSettings, rotation: RotationSettings) -> Container:
    """Return the sidecar; log-handler.sh says what it does."""
    env = {
        "LOG_FILE": LOG_FILE,
        "PID_FILE": PID_FILE,
        "PROGRAM": "nginx",
        "MAX_BYTES": rotation.max_bytes,
        "KEEP": rotation.keep,
        "INTERVAL": rotation.interval_seconds,
        "PATIENCE": rotation.patience_seconds,
    }
    return Container(
        name="log-handler",
        image=given.image,
        image_pull_policy=given.image_pull_policy,
        command=["sh", f"{FILES}/log-handler.sh"],
        env=[EnvVar(name=name, value=str(value)) for name, value in env.items()],
        resources=ResourceRequirements(
            requests={"cpu": "10m", "memory": "8Mi"}, limits={"cpu": "100m", "memory": "32Mi"}
        ),
        security_context=NGINX_ALIKE,
        # `kubectl describe pod` then says why it ended.
        termination_message_policy=TerminationMessagePolicy.FALLBACK_TO_LOGS_ON_ERROR,
        volume_mounts=[
            VolumeMount(name="files", mount_path=FILES, read_only=True),
            VolumeMount(name="log", mount_path=str(Path(LOG_FILE).parent)),
            VolumeMount(name="run", mount_path=str(Path(PID_FILE).parent), read_only=True),
        ],
    )


def volumes(files: ConfigMap, rotation: RotationSettings) -> "list[Volume]":
    """Return the pod's volumes."""
    # The logs there may be, twice: they grow on between two looks. Beyond that the pod is evicted, not the node full.
    log_size = 2 * (rotation.keep + 1) * rotation.max_bytes
    return [
        Volume(name="files", config_map=ConfigMapVolumeSource(name=files.metadata.name)),
        Volume(name="log", empty_dir=EmptyDirVolumeSource(size_limit=str(max(log_size, 2**20)))),
        Volume(name="run", empty_dir=EmptyDirVolumeSource(size_limit="1Mi")),
        Volume(name="tmp", empty_dir=EmptyDirVolumeSource(size_limit="64Mi")),
    ]


chosen = read(LogHandlerSettings, CONFIG_KEY)
files = ConfigMap(
    "log-handler",
    metadata={"namespace": chosen.namespace} if chosen.namespace else None,
    data={name: (HERE / name).read_text(encoding="utf-8") for name in ("nginx.conf", "log-handler.sh")},
)
pod = SharedProcessPod(
    "log-handler",
    SharedProcessPodArgs(
        namespace=chosen.namespace,
        containers=[web(chosen.web)],
        sidecars=[handler(chosen.handler, chosen.rotation)],
        volumes=volumes(files, chosen.rotation),
        security_context=PodSecurityContext(
            run_as_non_root=True, seccomp_profile=SeccompProfile(type=ProfileType.RUNTIME_DEFAULT)
        ),
        enable_service_links=False,
        network=NetworkAccess(ingress=[NetworkRule(ports=[NetworkPort(port="http")])], dns=False),
    ),
)

pulumi.export("pod", pod.pod_name)
pulumi.export("namespace", pod.namespace)
