"""The sidecar of a log handler."""

from typing import Any

from pidshare_components.args.containers import Container, EnvVar, TerminationMessagePolicy, VolumeMount
from pidshare_components.args.log_handler import LogHandler
from pidshare_components.args.targets import exceeds_default, mount_of, security_of, target_of
from pidshare_components.args.template import PodTemplateArgs
from pidshare_components.inputs import plain_tree
from pidshare_components.manifests.helpers import security_beside
from pidshare_components.manifests.merge import kubernetes_tree
from pidshare_components.manifests.scripts import inline, literal

Object = dict[str, Any]


def log_handler_container(handler: LogHandler, args: PodTemplateArgs) -> Object:
    """Return the sidecar of a log handler as a Kubernetes container, without its restart policy."""
    tree = plain_tree(args)
    target = target_of(tree, plain_tree(handler))
    mount = target and mount_of(target[1], handler.path)
    if not target or not mount:
        raise AssertionError("the rules let only log handlers through whose target has the log in a volume")
    name = target[1]["name"]
    container = Container(
        name=handler.name or "log-handler",
        image=handler.image or "",
        command=["sh", "-c", inline("process.sh", "log-handler.sh")],
        env=[EnvVar(name=key, value=literal(value)) for key, value in _settings(handler, name).items()],
        image_pull_policy=handler.image_pull_policy,
        resources=handler.resources,
        # `kubectl describe pod` then says why it ended.
        termination_message_policy=TerminationMessagePolicy.FALLBACK_TO_LOGS_ON_ERROR,
        volume_mounts=[
            VolumeMount(
                name=mount["name"],
                mount_path=mount["mount_path"],
                sub_path=mount.get("sub_path"),
                read_only=None if handler.rotation else True,
            )
        ],
    )
    context = security_beside(tree, target[1], looks_inside=True)
    if handler.rotation is None and exceeds_default(security_of(tree, target[1])):
        # To read a log takes none of these, and what root has by default is enough.
        context.pop("capabilities", None)
    if handler.any_user:
        context["capabilities"] = {"drop": ["ALL"], "add": ["SYS_PTRACE", "DAC_OVERRIDE", "KILL"]}
    whole: Object = {**kubernetes_tree(container), "securityContext": context}
    return whole


def _settings(handler: LogHandler, target: str) -> "dict[str, str]":
    """Return the variables that the script reads."""
    rotation = handler.rotation
    ships = rotation is None if handler.ship is None else handler.ship
    given: dict[str, Any] = {
        "TARGET": target,
        "EXECUTABLE": handler.executable,
        "PID_FILE": handler.pid_file,
        "LOG_FILE": handler.path,
        "INTERVAL": handler.interval_seconds,
        "SHIP": "yes" if ships else None,
    }
    if rotation is not None:
        given |= {
            "MAX_BYTES": rotation.max_bytes,
            "KEEP": rotation.keep,
            "PATIENCE": rotation.patience_seconds,
            "SIGNAL": rotation.signal and rotation.signal.value,
        }
    return {key: str(value) for key, value in given.items() if value is not None}
