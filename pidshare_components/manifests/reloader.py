"""The sidecar of a reloader, and the volume in which it remembers what is loaded."""

from typing import Any

from pidshare_components.args.containers import Container, EnvVar, ExecAction, Probe, VolumeMount
from pidshare_components.args.reloader import Reloader
from pidshare_components.args.reloader_rules import STATE, looks_inside
from pidshare_components.args.targets import mounts_of, target_of
from pidshare_components.args.template import PodTemplateArgs
from pidshare_components.inputs import plain_tree
from pidshare_components.manifests.helpers import security_beside
from pidshare_components.manifests.merge import kubernetes_tree
from pidshare_components.manifests.scripts import inline, literal

Object = dict[str, Any]

# The script writes down until when it counts as ready, in seconds after boot; a script that hangs lets that pass.
_READY = f'read -r now _ </proc/uptime && read -r until <{STATE}/ready && [ "${{now%.*}}" -le "$until" ]'


def reloader_container(reloader: Reloader, args: PodTemplateArgs) -> Object:
    """Return the sidecar of a reloader as a Kubernetes container, without its restart policy."""
    tree, own = plain_tree(args), plain_tree(reloader)
    target = target_of(tree, own)
    if target is None:
        raise AssertionError("the rules let only reloaders through that have a target")
    container = Container(
        name=_name(reloader),
        image=reloader.image or "",
        command=["sh", "-c", inline("process.sh", "reloader.sh"), "reloader", *map(literal, reloader.proof or ())],
        env=[EnvVar(name=key, value=literal(value)) for key, value in _settings(own, target[1]["name"]).items()],
        image_pull_policy=reloader.image_pull_policy,
        resources=reloader.resources,
        readiness_probe=Probe(
            exec=ExecAction(command=["sh", "-c", _READY]), period_seconds=5, timeout_seconds=5, failure_threshold=1
        ),
        volume_mounts=[
            *(VolumeMount(**{**mount, "read_only": True}) for mount in _watched_mounts(reloader, target[1])),
            VolumeMount(name=_volume(reloader), mount_path=STATE),
        ],
    )
    context = security_beside(tree, target[1], looks_inside=looks_inside(own))
    whole: Object = {**kubernetes_tree(container), "securityContext": context}
    return whole


def reloader_volume(reloader: Reloader) -> Object:
    """Return the volume of a reloader: it outlives the sidecar, but not the pod."""
    return {"name": _volume(reloader), "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}


def _watched_mounts(reloader: Reloader, target: "dict[Any, Any]") -> "list[dict[str, Any]]":
    found = {mount["mount_path"]: mount for path in reloader.watch for mount in mounts_of(target, path)}
    kept = ("name", "mount_path", "sub_path")
    return [{key: mount[key] for key in kept if key in mount} for mount in found.values()]


def _settings(reloader: "dict[str, Any]", target: str) -> "dict[str, str]":
    """Return the variables that the script reads."""
    given = {
        "TARGET": target,
        "EXECUTABLE": reloader.get("executable"),
        "PID_FILE": reloader.get("pid_file"),
        "WATCH": "\n".join(reloader["watch"]),
        "SIGNAL": reloader["signal"],
        "INTERVAL": reloader["interval_seconds"],
        "PATIENCE": reloader["patience_seconds"],
        "STATE": STATE,
    }
    return {key: str(value) for key, value in given.items() if value is not None}


def _name(reloader: Reloader) -> str:
    return reloader.name or "reloader"


def _volume(reloader: Reloader) -> str:
    return f"{_name(reloader)}-state"
