"""Never run: a program of a user's, which type checkers must accept in their strictest mode."""

from typing import Any, Optional

import pulumi
from typing_extensions import assert_type

from pidshare_components import (
    AcceptedFinding,
    ArgumentsError,
    AttachAccess,
    Capabilities,
    ConcurrencyPolicy,
    Container,
    ContainerPort,
    DebugProfile,
    DebugShell,
    DeploymentStrategy,
    DeploymentStrategyType,
    EmptyDirVolumeSource,
    EnvVar,
    EnvVarSource,
    HTTPGetAction,
    ImageFacts,
    NetworkAccess,
    NetworkPeer,
    NetworkPort,
    NetworkRule,
    NodeFacts,
    OnFinding,
    Probe,
    Problem,
    Protocol,
    ResourceRequirements,
    Runtime,
    SecretKeySelector,
    SecurityContext,
    Severity,
    SharedProcessCronJob,
    SharedProcessCronJobArgs,
    SharedProcessDaemonSet,
    SharedProcessDeployment,
    SharedProcessDeploymentArgs,
    SharedProcessJob,
    SharedProcessJobArgs,
    SharedProcessPod,
    SharedProcessPodArgs,
    SharedProcessStatefulSet,
    SharedProcessStatefulSetArgs,
    Subject,
    SubjectKind,
    Volume,
    VolumeAccessMode,
    VolumeClaimTemplate,
    VolumeMount,
)
from pidshare_components.render import Manifest, render_program, to_yaml

text: pulumi.Output[str] = pulumi.Output.from_input("x")
number: pulumi.Output[int] = pulumi.Output.from_input(1)


async def awaited() -> str:
    """Return what comes later."""
    return "x"


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
    debug=DebugShell(profile=DebugProfile.GENERAL, reason="OPS-1", expires="2999-12-31"),
    attach=AttachAccess(subjects=[Subject(kind=SubjectKind.USER, name="ann")]),
    network=NetworkAccess(ingress=[NetworkRule(peers=[NetworkPeer(cidr=text)], ports=[NetworkPort(port=80)])]),
    labels={"app": "web", "tier": text},
    image_facts=[ImageFacts(image="registry.example/web")],
    node_facts=NodeFacts(runtime=Runtime.CONTAINERD),
    on_finding=OnFinding(fail_from=Severity.HIGH, accept=[AcceptedFinding(rule="sys-ptrace", reason="OPS-1")]),
    spec_overrides={"hostIPC": True},
)
pod = SharedProcessPod("web", args, opts=pulumi.ResourceOptions(protect=True))
SharedProcessPod("mapping", {"containers": [{"name": "app", "image": "nginx"}]})

assert_type(pod.pod_name, pulumi.Output[str])
assert_type(pod.namespace, pulumi.Output[str])
assert_type(pod.service_account_name, pulumi.Output[Optional[str]])
assert_type(pod.commands, pulumi.Output[dict[str, str]])
assert_type(pod.exposure, pulumi.Output[list[dict[str, str]]])
assert_type(pod.pod_security, pulumi.Output[str])
assert_type(pod.findings, pulumi.Output[list[dict[str, str]]])
role_name: Any = pod.role.metadata.name if pod.role is not None else None

strategy = DeploymentStrategy(type=DeploymentStrategyType.RECREATE)
deployment = SharedProcessDeployment(
    "web", SharedProcessDeploymentArgs(containers=[app], replicas=number, strategy=strategy, paused=False)
)
assert_type(deployment.deployment_name, pulumi.Output[str])
assert_type(deployment.findings, pulumi.Output[list[dict[str, str]]])
claim = VolumeClaimTemplate(name="data", storage="1Gi", access_modes=[VolumeAccessMode.READ_WRITE_ONCE])
database = SharedProcessStatefulSet(
    "db", SharedProcessStatefulSetArgs(containers=[app], volume_claim_templates=[claim], attach=AttachAccess())
)
assert_type(database.service_name, pulumi.Output[str])
SharedProcessDaemonSet("agent", {"containers": [{"name": "app", "image": "nginx"}]})
SharedProcessJob("once", SharedProcessJobArgs(containers=[app], backoff_limit=2))
nightly = SharedProcessCronJobArgs(
    containers=[app], schedule="0 3 * * *", concurrency_policy=ConcurrencyPolicy.FORBID, backoff_limit=number
)
SharedProcessCronJob("nightly", nightly, pulumi.ResourceOptions(parent=pod))


class Web(pulumi.ComponentResource):
    """A component of the user's own around one of ours."""

    def __init__(self, name: str, image: pulumi.Input[str], opts: Optional[pulumi.ResourceOptions] = None) -> None:
        """Make the pod as a child."""
        super().__init__("shop:index:Web", name, None, opts)
        container = Container(name="web", image=image, security_context=SecurityContext(run_as_non_root=True))
        self.pod = SharedProcessPod(name, SharedProcessPodArgs(containers=[container]), pulumi.ResourceOptions(self))
        self.register_outputs({"pod": self.pod.pod_name})


def report(error: ArgumentsError) -> list[str]:
    """Say what to write instead."""
    problems: tuple[Problem, ...] = error.problems
    return [problem.instead for problem in problems]


def rendered() -> str:
    """Render without an engine."""
    manifests: list[Manifest] = render_program(lambda: None)
    return to_yaml(manifests)
