"""nginx that writes a log file, and beside it a log handler that rotates the file and ships it to `kubectl logs`."""

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
    HTTPGetAction,
    ImagePullPolicy,
    LogHandler,
    LogRotation,
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
    Volume,
    VolumeMount,
)
from stacks.settings import Settings, read, unpinned

HERE = Path(__file__).resolve().parent
CONFIG_KEY = "log-handler"
NGINX_USER = 101  # user and group `nginx` of the official and of the unprivileged image
# Not for the pod as a whole: the sandbox, PID 1, would run as this user too and be within reach. The log handler takes
# user and group over from the container.
NGINX_ALONE = SecurityContext(
    run_as_user=NGINX_USER,
    run_as_group=NGINX_USER,
    allow_privilege_escalation=False,
    read_only_root_filesystem=True,
    capabilities=Capabilities(drop=["ALL"]),
)
# As nginx.conf has them.
LOG_FILE = "/var/log/web/access.log"
PID_FILE = "/run/web/nginx.pid"
FILES = "/etc/web"

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
        security_context=NGINX_ALONE,
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


def handler(given: ImageSettings, rotation: RotationSettings) -> LogHandler:
    """Return what becomes of the log."""
    return LogHandler(
        path=LOG_FILE,
        rotation=LogRotation(
            max_bytes=rotation.max_bytes, keep=rotation.keep, patience_seconds=rotation.patience_seconds
        ),
        ship=True,
        pid_file=PID_FILE,
        interval_seconds=rotation.interval_seconds,
        image=given.image,
        image_pull_policy=given.image_pull_policy,
        resources=ResourceRequirements(
            requests={"cpu": "10m", "memory": "8Mi"}, limits={"cpu": "100m", "memory": "32Mi"}
        ),
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
    data={"nginx.conf": (HERE / "nginx.conf").read_text(encoding="utf-8")},
)
pod = SharedProcessPod(
    "log-handler",
    SharedProcessPodArgs(
        namespace=chosen.namespace,
        containers=[web(chosen.web)],
        log_handlers=[handler(chosen.handler, chosen.rotation)],
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
