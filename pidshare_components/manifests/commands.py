"""The commands to paste: how to attach to the shell of a pod, and what to do in it."""

from typing import Optional

from pidshare_components.args.kinds import Kind, PodNames
from pidshare_components.args.template import PodTemplateArgs


def shell_of(args: PodTemplateArgs) -> Optional[str]:
    """Return the name of the container to attach to; None where none has stdin and a terminal."""
    if args.debug is not None:
        return args.debug.name
    return next((item.name for item in args.containers if item.stdin is True and item.tty is True), None)


def commands(kind: Kind, *, name: str, namespace: str, selector: str, shell: str) -> "dict[str, str]":
    """Return the commands by what they are for.

    Args:
        kind: of the object that makes the pods.
        name: its name.
        namespace: its namespace.
        selector: labels of its pods, as kubectl takes them.
        shell: the container to attach to.
    """
    generated = kind.pod_names is PodNames.GENERATED
    if kind.found_by_kubectl:
        pod = f"{kind.name.lower()}/{name}"
    elif generated:
        pod = "POD"
    else:
        pod = name if kind.pod_names is PodNames.OWN else f"{name}-0"
    pods = {"pods": f"kubectl get pods --namespace {namespace} --selector {selector}"} if generated else {}
    return {
        "attach": f"kubectl attach --namespace {namespace} --stdin --tty {pod} --container {shell}",
        **pods,
        "ps": "ps ax",
        "signal": "kill -HUP PID",
        "root": "ls /proc/PID/root/",
    }
