"""Hypothesis strategies: pod specs over everything that decides who can act on whom."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.strategies import Tree

# Few values, so that equal ones are as likely as different ones.
users = st.sampled_from([0, 0, 1000, 1000, 2000])
groups = st.sampled_from([0, 1000, 1000, 2000])
DECIDING = ["SYS_PTRACE", "KILL", "SETUID", "SETGID", "DAC_OVERRIDE", "DAC_READ_SEARCH"]
OTHERS = ["NET_ADMIN", "NET_RAW", "CHOWN", "SETFCAP", "MKNOD", "SYS_ADMIN"]
added = st.lists(st.sampled_from([*DECIDING, *DECIDING, *OTHERS, "ALL", "sys_ptrace"]), max_size=3, unique=True)
dropped = st.lists(st.sampled_from([*DECIDING, *OTHERS, "ALL", "ALL", "ALL"]), max_size=3, unique=True)
seccomp = st.sampled_from([{"type": "RuntimeDefault"}, {"type": "Unconfined"}])


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Tree]:
    """Return mappings with any of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def security_contexts(draw: st.DrawFn) -> Tree:
    """Return a container's security context that Kubernetes takes."""
    context: Tree = draw(
        optional(
            runAsUser=users,
            runAsGroup=groups,
            capabilities=optional(add=added, drop=dropped),
            allowPrivilegeEscalation=st.booleans(),
            readOnlyRootFilesystem=st.booleans(),
            seccompProfile=seccomp,
        )
    )
    if draw(st.integers(0, 7)) == 0:
        context["privileged"] = True
    powerful = context.get("privileged") or "SYS_ADMIN" in context.get("capabilities", {}).get("add", ())
    if powerful:
        context.pop("allowPrivilegeEscalation", None)
    return context


@st.composite
def pod_specs(draw: st.DrawFn) -> Tree:
    """Return a spec with two to five containers, each with a name and a security context."""
    count = draw(st.sampled_from([2, 2, 3, 3, 4, 5]))
    containers = [{"name": f"c{index}", "securityContext": draw(security_contexts())} for index in range(count)]
    pod = draw(
        optional(
            runAsUser=users,
            runAsGroup=groups,
            fsGroup=groups,
            supplementalGroups=st.lists(groups, max_size=2, unique=True),
            seccompProfile=seccomp,
        )
    )
    if "runAsUser" not in pod:
        pod.pop("runAsGroup", None)  # the sandbox would not start
    spec: Tree = {"containers": containers, "securityContext": pod}
    if draw(st.integers(0, 3)) == 0 and count > 2:
        spec["initContainers"] = [{**containers.pop(), "restartPolicy": "Always"}]
    sharing = draw(st.sampled_from([*["shareProcessNamespace"] * 12, "hostPID", None]))
    if sharing:
        spec[sharing] = True
    return spec
