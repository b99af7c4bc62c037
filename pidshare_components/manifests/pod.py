"""The pod: metadata and spec."""

from typing import Any

from pidshare_components.analysis.interactive import EXPIRES, REASON
from pidshare_components.args.containers import Container, EnvVar
from pidshare_components.args.debug import DebugProfile, DebugShell
from pidshare_components.args.kinds import RestartPolicy
from pidshare_components.args.template import PodTemplateArgs
from pidshare_components.inputs import Model, plain_tree
from pidshare_components.manifests.log_handler import log_handler_container
from pidshare_components.manifests.merge import kubernetes_tree, merged
from pidshare_components.manifests.reloader import reloader_container, reloader_volume
from pidshare_components.manifests.scripts import inline

Object = dict[str, Any]

# Fields of the arguments that are fields of Kubernetes' PodSpec under the same name; not every kind has all.
_SPEC_FIELDS = (
    "volumes",
    "security_context",
    "service_account_name",
    "automount_service_account_token",
    "restart_policy",
    "termination_grace_period_seconds",
    "active_deadline_seconds",
    "image_pull_secrets",
    "node_selector",
    "node_name",
    "tolerations",
    "affinity",
    "topology_spread_constraints",
    "priority_class_name",
    "runtime_class_name",
    "scheduler_name",
    "hostname",
    "subdomain",
    "host_aliases",
    "host_network",
    "host_users",
    "dns_policy",
    "dns_config",
    "enable_service_links",
)


def pod_spec(args: PodTemplateArgs) -> Object:
    """Return the `PodSpec`, in Kubernetes' spelling, with `spec_overrides` merged into it."""
    containers = [kubernetes_tree(container) for container in args.containers]
    sidecars = [kubernetes_tree(sidecar) for sidecar in args.sidecars or ()]
    # In front, for they end in reverse: a log handler ships what a sidecar writes last.
    log_handlers = [log_handler_container(handler, args) for handler in args.log_handlers or ()]
    reloaders = [reloader_container(reloader, args) for reloader in args.reloaders or ()]
    if args.debug is not None:
        # Where ended containers do not start again, a shell among them would keep the pod from completing.
        (containers if _restarts(args) else sidecars).append(debug_container(args.debug, args))
    # Sidecars come first: Kubernetes starts this list in order, and init containers may need what a sidecar offers.
    init_containers = [
        *({**sidecar, "restartPolicy": "Always"} for sidecar in (*log_handlers, *sidecars, *reloaders)),
        *(kubernetes_tree(container) for container in args.init_containers or ()),
    ]
    given = {field: value for field in _SPEC_FIELDS if (value := getattr(args, field, None)) is not None}
    if args.kind.completes:
        given.pop("active_deadline_seconds", None)  # the Job's own
    spec = {
        "shareProcessNamespace": True,
        **({"initContainers": init_containers} if init_containers else {}),
        "containers": containers,
        **kubernetes_tree(given),
    }
    if args.reloaders:
        spec["volumes"] = [*spec.get("volumes", ()), *map(reloader_volume, args.reloaders)]
    # An explicit None is what was left out, here as in every other field.
    whole: Object = merged(spec, plain_tree(args.spec_overrides or {}))
    return whole


def _restarts(args: PodTemplateArgs) -> bool:
    return getattr(args, "restart_policy", None) in (None, RestartPolicy.ALWAYS)


def pod_annotations(args: PodTemplateArgs) -> Object:
    """Return the pod's annotations: those given, and why and until when its debug sidecar is there."""
    debug = args.debug
    said = {} if debug is None else {REASON: debug.reason, EXPIRES: debug.expires}
    return {**(args.annotations or {}), **{key: value for key, value in said.items() if value is not None}}


def debug_container(debug: DebugShell, args: PodTemplateArgs) -> Object:
    """Return the debug sidecar as a Kubernetes container, its security context made from its profile."""
    shell = Container(
        name=debug.name or "shell",
        image=debug.image or "",
        **_shell(debug, args),
        image_pull_policy=debug.image_pull_policy,
        resources=debug.resources,
        stdin=True,
        tty=True,
    )
    container: Object = kubernetes_tree(shell)
    context = _security_context(debug, args)
    return {**container, **({"securityContext": context} if context else {})}


def _shell(debug: DebugShell, args: PodTemplateArgs) -> "dict[str, Any]":
    """Return the fields that say what a debug sidecar runs."""
    if not debug.target_root:
        return {"command": debug.command}
    return {
        "command": ["sh", "-c", inline("process.sh", "target-root.sh"), "target-root"],
        "args": debug.command or ["sh", "-i"],
        "env": [EnvVar(name="TARGET", value=_target(debug, args).name)],
    }


def _security_context(debug: DebugShell, args: PodTemplateArgs) -> Object:
    if debug.profile is DebugProfile.CUSTOM:
        return _tree(debug.security_context)
    if debug.profile is DebugProfile.GENERAL:
        return {**_root(args), "capabilities": {"add": ["SYS_PTRACE"]}}
    if debug.profile is DebugProfile.BASELINE:
        return _root(args)
    target = _target(debug, args)
    pod, own = _tree(args.security_context), _tree(target.security_context)
    identity = {key: own.get(key, pod.get(key)) for key in ("runAsUser", "runAsGroup")}
    if debug.profile is DebugProfile.RESTRICTED:
        return {
            **identity,
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    # The same user reads another process only with capabilities that contain the other's: take over all of them.
    taken = ("capabilities", "privileged", "allowPrivilegeEscalation", "runAsNonRoot", "seccompProfile")
    return {**identity, **{key: own[key] for key in taken if key in own}}


def _root(args: PodTemplateArgs) -> Object:
    """Return what makes a container run as root in a pod that says otherwise; nothing where the image decides."""
    pod = _tree(args.security_context)
    context: Object = {}
    if pod.get("runAsUser", 0) != 0:
        context["runAsUser"] = 0
    if pod.get("runAsGroup", 0) != 0:
        # The kernel compares groups too before it lets one process look into another: ptrace(2).
        context["runAsGroup"] = 0
    if pod.get("runAsNonRoot", False) is not False:
        context |= {"runAsUser": 0, "runAsNonRoot": False}
    return context


def _target(debug: DebugShell, args: PodTemplateArgs) -> Container:
    named = {container.name: container for container in (*args.containers, *(args.sidecars or ()))}
    return named[debug.target] if debug.target else args.containers[0]


def _tree(model: "Model | None") -> Object:
    tree: Object = {} if model is None else kubernetes_tree(plain_tree(model))
    return tree
