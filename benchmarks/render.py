"""How long `render` takes for SharedProcessPod components, against the same resources written raw.

Raw is `pulumi_kubernetes` resources with plain dicts: in a `ComponentResource` of the user's own, which makes the
resources the same one by one, and without any, which is one resource less. That all render to the same objects is
checked. Figures are CPU time; each pair of runs, one right after the other, gives one ratio.
"""

import argparse
import gc
import re
import statistics
import time
from collections.abc import Callable
from typing import Optional

import pulumi
from pulumi_kubernetes.core.v1 import Pod, ServiceAccount
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from pidshare_components import (
    AcceptedFinding,
    AttachAccess,
    Container,
    ContainerPort,
    DebugProfile,
    DebugShell,
    EnvVar,
    HTTPGetAction,
    NetworkAccess,
    NetworkPort,
    NetworkRule,
    OnFinding,
    Probe,
    ResourceRequirements,
    SharedProcessPod,
    SharedProcessPodArgs,
)
from pidshare_components.render import render_program, to_yaml

Build = Callable[[str], object]
Program = Callable[[], None]

_SIZES = (100, 500)
_LABEL = "pidshare-components/pod"


def component(name: str) -> None:
    """Register one workload as a component."""
    SharedProcessPod(
        name,
        SharedProcessPodArgs(
            containers=[
                Container(
                    name="nginx",
                    image="nginx:1.29",
                    ports=[ContainerPort(name="http", container_port=80)],
                    env=[EnvVar(name="TZ", value="UTC")],
                    resources=ResourceRequirements(requests={"cpu": "50m"}, limits={"memory": "64Mi"}),
                    readiness_probe=Probe(http_get=HTTPGetAction(port="http", path="/")),
                )
            ],
            debug=DebugShell(image="busybox:1.28", profile=DebugProfile.GENERAL),
            attach=AttachAccess(),
            network=NetworkAccess(ingress=[NetworkRule(ports=[NetworkPort(port="http")])]),
            on_finding=OnFinding(accept=[AcceptedFinding(rule="sys-ptrace", reason="nobody reads its log here")]),
        ),
    )


def raw(name: str, opts: Optional[pulumi.ResourceOptions] = None) -> tuple[Pod, ServiceAccount]:
    """Register the same objects."""
    labels = {_LABEL: name}
    policy = NetworkPolicy(
        name,
        metadata={},
        spec={
            "podSelector": {"matchLabels": labels},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [{"port": "http"}]}],
            "egress": [
                {
                    "to": [
                        {
                            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                        }
                    ],
                    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
                }
            ],
        },
        opts=opts,
    )
    pod = Pod(
        name,
        metadata={"labels": labels},
        spec={
            "shareProcessNamespace": True,
            "containers": [
                {
                    "name": "nginx",
                    "image": "nginx:1.29",
                    "ports": [{"name": "http", "containerPort": 80}],
                    "env": [{"name": "TZ", "value": "UTC"}],
                    "resources": {"requests": {"cpu": "50m"}, "limits": {"memory": "64Mi"}},
                    "readinessProbe": {"httpGet": {"port": "http", "path": "/"}},
                },
                {
                    "name": "shell",
                    "image": "busybox:1.28",
                    "stdin": True,
                    "tty": True,
                    "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}},
                },
            ],
            "automountServiceAccountToken": False,
        },
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=policy)),
    )
    account = ServiceAccount(f"{name}-attach", metadata={}, opts=opts)
    role = Role(
        f"{name}-attach",
        metadata={},
        rules=[
            {"apiGroups": [""], "resources": ["pods"], "resourceNames": [pod.metadata.name], "verbs": ["get"]},
            {
                "apiGroups": [""],
                "resources": ["pods/attach"],
                "resourceNames": [pod.metadata.name],
                "verbs": ["get", "create"],
            },
        ],
        opts=opts,
    )
    RoleBinding(
        f"{name}-attach",
        metadata={},
        role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata.name},
        subjects=[
            {"kind": "ServiceAccount", "name": account.metadata.name, "namespace": account.metadata.namespace},
        ],
        opts=opts,
    )
    return pod, account


class RawPod(pulumi.ComponentResource):
    """A component that only registers, and has no arguments to check."""

    def __init__(self, name: str) -> None:
        super().__init__("benchmark:index:RawPod", name)
        pod, account = raw(name, pulumi.ResourceOptions(parent=self))
        self.register_outputs(
            {
                "podName": pod.metadata.name,
                "namespace": pod.metadata.namespace,
                "serviceAccountName": account.metadata.name,
            }
        )


def many(build: Build, count: int) -> Program:
    """Return a program that registers a number of workloads."""

    def program() -> None:
        for number in range(count):
            build(f"web-{number:04}")

    return program


def timed(program: Program) -> tuple[float, str]:
    """Return the seconds of CPU time that a program takes to render, and its text."""
    gc.collect()
    begin = time.process_time()
    text = to_yaml(render_program(program))
    return time.process_time() - begin, text


def without_label(text: str) -> str:
    """Return a rendered text without the value that a component makes up."""
    return re.sub(rf"{_LABEL}: .*", _LABEL, text)


def measure(build: Build, against: Build, count: int, pairs: int) -> list[tuple[float, float]]:
    """Return the seconds of both for each pair of runs, whose order alternates."""
    programs = (many(build, count), many(against, count))
    results = []
    for pair in range(pairs):
        runs = {which: timed(programs[which]) for which in ((0, 1) if pair % 2 else (1, 0))}
        if without_label(runs[0][1]) != without_label(runs[1][1]):
            raise SystemExit("the programs do not render to the same objects")
        results.append((runs[0][0], runs[1][0]))
    return results


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7, help="pairs of runs for each line (default: %(default)s)")
    pairs = parser.parse_args().pairs
    for build in (component, RawPod, raw):
        timed(many(build, 10))
    print(f"{'':<28}{'ratio: min':>12}{'median':>8}{'max':>8}{'ms per component':>20}{'ms per raw':>12}")
    for label, against in (("in an own component", RawPod), ("without a component", raw)):
        for count in _SIZES:
            results = measure(component, against, count, pairs)
            ratios = [ours / theirs for ours, theirs in results]
            ours, theirs = (statistics.median(side) / count * 1000 for side in zip(*results, strict=True))
            print(
                f"{count:>4} {label:<23}{min(ratios):>12.3f}{statistics.median(ratios):>8.3f}{max(ratios):>8.3f}"
                f"{ours:>20.2f}{theirs:>12.2f}"
            )


if __name__ == "__main__":
    main()
