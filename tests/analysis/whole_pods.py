"""Hypothesis strategies: pod specs with everything that the analysis reads, of images known and unknown."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.analysis.pod_strategies import groups, optional, security_contexts, users

Tree = dict[str, Any]

images = st.sampled_from(
    [
        "nginx:1.29",
        "nginxinc/nginx-unprivileged:stable",
        "busybox:1.28",
        "redis:8",
        "registry.example.com/app:1",
        "registry.example.com/other@sha256:" + "0" * 64,
        "caddy:2.8",
        "lscr.io/linuxserver/swag",
    ]
)
commands = st.sampled_from(
    [
        ["sleep", "3600"],
        ["sh", "-c", "while true; do kill -HUP 1; sleep 5; done"],
        ["/app", "--token", "hunter2-hunter2"],
        ["sh", "-c", "pkill nginx"],
        ["/sbin/init"],
    ]
)
variables = st.sampled_from(
    [
        {"name": "PASSWORD", "value": "hunter2"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}},
        {"name": "MODE", "value": "fast"},
        {"name": "SKIP_DROP_PRIVS", "value": "1"},
    ]
)
profiles = st.sampled_from(
    [{"type": "RuntimeDefault"}, {"type": "Unconfined"}, {"type": "Localhost", "localhostProfile": "p"}]
)
labels = st.sampled_from([{"level": "s0:c1,c2"}, {"type": "container_t"}])
volumes: list[Tree] = [
    {"name": "keys", "secret": {"secretName": "keys", "defaultMode": 0o400}},
    {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
    {"name": "scratch", "emptyDir": {}},
]
mounts = st.sampled_from([{"name": volume["name"], "mountPath": f"/mnt/{volume['name']}"} for volume in volumes])


@st.composite
def whole_containers(draw: st.DrawFn, name: str) -> Tree:
    """Return a container."""
    context = draw(security_contexts())
    context |= draw(
        optional(runAsNonRoot=st.booleans(), appArmorProfile=profiles, seccompProfile=profiles, seLinuxOptions=labels)
    )
    more = draw(
        optional(
            command=commands,
            args=commands,
            env=st.lists(variables, max_size=2),
            envFrom=st.just([{"secretRef": {"name": "keys"}}]),
            volumeMounts=st.lists(mounts, max_size=2),
            livenessProbe=st.just({"exec": {"command": ["pidof", "nginx"]}}),
        )
    )
    return {"name": name, "image": draw(images), "securityContext": context, **more}


@st.composite
def whole_pod_specs(draw: st.DrawFn) -> Tree:
    """Return a spec with one to four containers of all kinds."""
    names = [f"c{index}" for index in range(draw(st.integers(1, 4)))]
    containers = [draw(whole_containers(name)) for name in names]
    first: list[Tree] = []
    while len(containers) > 1 and draw(st.booleans()):
        restart = draw(optional(restartPolicy=st.just("Always")))
        first.append({**containers.pop(), **restart})
    pod = draw(
        optional(
            runAsUser=users,
            runAsGroup=groups,
            runAsNonRoot=st.booleans(),
            fsGroup=groups,
            supplementalGroups=st.lists(groups, max_size=2),
            seccompProfile=profiles,
            seLinuxOptions=labels,
        )
    )
    spec: Tree = {"containers": containers, "securityContext": pod, "volumes": volumes}
    if first:
        spec["initContainers"] = first
    sharing = draw(st.sampled_from(["shareProcessNamespace", "shareProcessNamespace", "hostPID", None]))
    if sharing:
        spec[sharing] = True
    return {**spec, **draw(optional(automountServiceAccountToken=st.booleans()))}
