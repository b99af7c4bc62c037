"""Never run: what type checkers must accept of users' programs, and what they must refuse.

A line with `type: ignore` must be an error: a checker in strict mode reports a comment that ignores nothing.
"""

from typing import Any, Optional

import pulumi
from typing_extensions import assert_type

from pidshare_components import (
    ArgumentsError,
    AttachAccess,
    Capabilities,
    Container,
    ContainerPort,
    DebugProfile,
    DebugShell,
    EmptyDirVolumeSource,
    EnvVar,
    EnvVarSource,
    HTTPGetAction,
    NetworkAccess,
    NetworkPeer,
    NetworkPort,
    NetworkRule,
    Probe,
    Problem,
    Protocol,
    ResourceRequirements,
    SecretKeySelector,
    SecurityContext,
    SharedProcessPod,
    SharedProcessPodArgs,
    Subject,
    SubjectKind,
    Volume,
    VolumeMount,
)

text: pulumi.Output[str] = pulumi.Output.from_input("x")
number: pulumi.Output[int] = pulumi.Output.from_input(1)


async def awaited() -> str:
    return "x"


# Right.

app = Container(
    name="app",
    image=text,
    command=["sh", text],
    env=[
        EnvVar(name="A", value=pulumi.Output.secret("x")),
        EnvVar(name="B", value_from=EnvVarSource(secret_key_ref=SecretKeySelector(name=text, key="k"))),
    ],
    ports=[ContainerPort(container_port=number, protocol=Protocol.TCP), ContainerPort(container_port=80)],
    readiness_probe=Probe(http_get=HTTPGetAction(port="http", path=text), period_seconds=5),
    resources=ResourceRequirements(requests={"cpu": "10m"}, limits={"memory": text}),
    security_context=SecurityContext(run_as_user=number, capabilities=Capabilities(drop=["ALL"])),
    volume_mounts=[VolumeMount(name="data", mount_path="/data")],
    working_dir=awaited(),
    tty=True,
)
args = SharedProcessPodArgs(
    containers=(app,),
    sidecars=None,
    volumes=[Volume(name="data", empty_dir=EmptyDirVolumeSource(size_limit="1Gi"))],
    debug=DebugShell(profile=DebugProfile.GENERAL),
    attach=AttachAccess(subjects=[Subject(kind=SubjectKind.USER, name="ann")]),
    network=NetworkAccess(ingress=[NetworkRule(peers=[NetworkPeer(cidr=text)], ports=[NetworkPort(port=80)])]),
    labels={"app": "web", "tier": text},
    spec_overrides={"hostIPC": True},
)
pod = SharedProcessPod("web", args, opts=pulumi.ResourceOptions(protect=True))
SharedProcessPod("mapping", {"containers": [{"name": "app", "image": "nginx"}]})

assert_type(pod.pod_name, pulumi.Output[str])
assert_type(pod.namespace, pulumi.Output[str])
assert_type(pod.service_account_name, pulumi.Output[Optional[str]])
assert_type(pod.commands, pulumi.Output[dict[str, str]])
role_name: Any = pod.role.metadata.name if pod.role is not None else None


def report(error: ArgumentsError) -> list[str]:
    problems: tuple[Problem, ...] = error.problems
    return [problem.instead for problem in problems]


# Wrong.

Container(name="app")  # type: ignore[call-arg]
Container("app", "nginx")  # type: ignore[call-arg]
Container(name="app", image="nginx", imag="nginx")  # type: ignore[call-arg]
Container(name="app", image=1)  # type: ignore[arg-type]
Container(name="app", image=number)  # type: ignore[arg-type]
Container(name=text, image="nginx")  # type: ignore[arg-type]
Container(name="app", image="nginx", ports=ContainerPort(container_port=80))  # type: ignore[arg-type]
Container(name="app", image="nginx", tty="yes")  # type: ignore[arg-type]
ContainerPort(container_port="80")  # type: ignore[arg-type]
ContainerPort(container_port=80, protocol="TCP")  # type: ignore[arg-type]
ContainerPort(container_port=text)  # type: ignore[arg-type]
DebugShell(profile="general")  # type: ignore[arg-type]
Subject(name="ann")  # type: ignore[call-arg]
SharedProcessPodArgs()  # type: ignore[call-arg]
SharedProcessPodArgs(containers=[app], restart_policy="Always")  # type: ignore[arg-type]
SharedProcessPodArgs(containers=app)  # type: ignore[arg-type]
SharedProcessPodArgs(containers=[app], labels={"app": 1})  # type: ignore[dict-item]
SharedProcessPod("web")  # type: ignore[call-arg]
SharedProcessPod("web", app)  # type: ignore[arg-type]
missing: Any = pod.role.metadata  # type: ignore[union-attr]
