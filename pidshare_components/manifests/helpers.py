"""What the sidecars have in common that work on another container of the pod."""

from typing import Any

from pidshare_components.args.targets import security_of
from pidshare_components.args.tree import Tree
from pidshare_components.manifests.merge import kubernetes_tree

Object = dict[str, Any]


def security_beside(args: Tree, target: Tree, *, looks_inside: bool) -> Object:
    """Return the least security context that lets a container signal the processes of another one.

    The same user may signal; the same user and group may look into `/proc` of a process that has no capability which
    they lack (kill(2), ptrace(2)). What does not run as root has none.

    Args:
        args: the arguments of the component as a plain tree.
        target: the other container of them.
        looks_inside: whether it has to look into them too, or into files that root reads only by a capability.
    """
    context = security_of(args, target)
    user = context.get("run_as_user")
    not_root = isinstance(user, int) and user != 0
    own: Tree = {
        "run_as_user": user,
        "run_as_group": context.get("run_as_group"),
        "run_as_non_root": True if not_root else context.get("run_as_non_root"),
        "allow_privilege_escalation": False,
        "read_only_root_filesystem": True,
        "capabilities": {"drop": ["ALL"]} if not_root or not looks_inside else context.get("capabilities"),
        "seccomp_profile": {"type": "RuntimeDefault"},
    }
    tree: Object = kubernetes_tree(own)
    return tree
