"""Never run: mistakes, one a line, each of which every type checker must find on the line that is marked."""

# ruff: noqa: B018, F401, I001, S106 - statements without effect, a line of its own for each mistake
from typing import Any

import pulumi

import pidshare_components.render
from pidshare_components import (
    AcceptedFinding,
    AttachAccess,
    Capabilities,
    Container,
    ContainerPort,
    DebugShell,
    DeploymentStrategy,
    EnvVar,
    EnvVarSource,
    NetworkAccess,
    NetworkPort,
    NetworkRule,
    NodeFacts,
    OnFinding,
    Probe,
    SecretKeySelector,
    SecurityContext,
    SharedProcessCronJobArgs,
    SharedProcessDeployment,
    SharedProcessDeploymentArgs,
    SharedProcessPod,
    SharedProcessPodArgs,
    SharedProcessStatefulSetArgs,
    Subject,
    Volume,
    VolumeClaimTemplate,
    VolumeMount,
)
from pidshare_components import SharedProcesPod  # wrong: no such name

text: pulumi.Output[str] = pulumi.Output.from_input("x")
number: pulumi.Output[int] = pulumi.Output.from_input(1)
flag: pulumi.Output[bool] = pulumi.Output.from_input(True)
app = Container(name="app", image="nginx")
args = SharedProcessPodArgs(containers=[app])
pod = SharedProcessPod("web", args)
deployment = SharedProcessDeployment("web", SharedProcessDeploymentArgs(containers=[app]))

# Missing.
Container(name="app")  # wrong: image
ContainerPort()  # wrong: container_port
SecretKeySelector(name="s")  # wrong: key
Subject(name="ann")  # wrong: kind
SharedProcessPodArgs()  # wrong: containers
SharedProcessPod("web")  # wrong: args
VolumeMount(name="data")  # wrong: mount_path
AcceptedFinding(rule="sys-ptrace")  # wrong: reason
SharedProcessCronJobArgs(containers=[app])  # wrong: schedule
VolumeClaimTemplate(name="data", storage="1Gi")  # wrong: access_modes

# Unknown.
Container(name="app", image="nginx", imag="nginx")  # wrong: misspelt
Container(name="app", image="nginx", volumeMounts=[])  # wrong: camelCase
DebugShell(user=0)  # wrong: no such field
SharedProcessPodArgs(containers=[app], share_process_namespace=True)  # wrong: it always is
SharedProcessPodArgs(containers=[app], replicas=2)  # wrong: a pod is one
SharedProcessDeploymentArgs(containers=[app], schedule="0 3 * * *")  # wrong: of another kind
SharedProcessPod("web", args, options=pulumi.ResourceOptions())  # wrong: opts
Container("app", "nginx")  # wrong: by position

# Of another type.
Container(name="app", image=1)  # wrong: a number
Container(name="app", image="nginx", tty="yes")  # wrong: text for a boolean
Container(name="app", image="nginx", command=[1])  # wrong: numbers in a list
ContainerPort(container_port="80")  # wrong: text for a number
SecurityContext(run_as_user="root")  # wrong: a name for a number
Probe(period_seconds=0.5)  # wrong: half a second
SharedProcessPodArgs(containers=[app], labels={"app": 1})  # wrong: a number as label
SharedProcessPodArgs(containers=[app], labels=["app"])  # wrong: a list for a mapping
SharedProcessPodArgs(containers=app)  # wrong: one for a list
Container(name="app", image="nginx", ports=ContainerPort(container_port=80))  # wrong: one for a list
SharedProcessDeploymentArgs(containers=[app], replicas="2")  # wrong: text for a number
SharedProcessPod(1, args)  # wrong: a name that is a number
SharedProcessPod("web", args, "parent")  # wrong: text for options

# An enum's value instead of its member.
ContainerPort(container_port=80, protocol="TCP")  # wrong: text
DebugShell(profile="general")  # wrong: text
OnFinding(fail_from="high")  # wrong: text
NodeFacts(runtime="containerd")  # wrong: text
SharedProcessPodArgs(containers=[app], restart_policy="Always")  # wrong: text
DeploymentStrategy(type="Recreate")  # wrong: text
VolumeClaimTemplate(name="data", storage="1Gi", access_modes=["ReadWriteOnce"])  # wrong: text

# An Output of another type.
Container(name="app", image=number)  # wrong: of a number
ContainerPort(container_port=text)  # wrong: of text
SecurityContext(run_as_non_root=text)  # wrong: of text
SharedProcessPodArgs(containers=[app], namespace=flag)  # wrong: of a boolean
EnvVar(name="A", value=number)  # wrong: of a number
SharedProcessDeploymentArgs(containers=[app], replicas=text)  # wrong: of text
Container(name=text, image="nginx")  # wrong: a name must be known
SharedProcessPodArgs(containers=[pulumi.Output.from_input(app)])  # wrong: a container must be known

# Another class.
SharedProcessPodArgs(containers=[app], debug=app)  # wrong: a container for a shell
SharedProcessPodArgs(containers=[app], network=AttachAccess())  # wrong: the neighbour
SharedProcessPodArgs(containers=[Volume(name="data")])  # wrong: a volume for a container
SharedProcessPodArgs(containers=[app], security_context=SecurityContext())  # wrong: a container's for a pod's
Container(name="app", image="nginx", security_context=Capabilities(drop=["ALL"]))  # wrong: the part for the whole
EnvVar(name="A", value_from=SecretKeySelector(name="s", key="k"))  # wrong: without EnvVarSource
EnvVarSource(secret_key_ref="s/k")  # wrong: text for an object
NetworkAccess(ingress=[NetworkPort(port=80)])  # wrong: a port for a rule
NetworkRule(ports=[80])  # wrong: a number for a port
SharedProcessPod("web", app)  # wrong: a container for the arguments
SharedProcessDeployment("web", args)  # wrong: a pod's for a Deployment's
SharedProcessStatefulSetArgs(containers=[app], volume_claim_templates=[Volume(name="data")])  # wrong: a volume

# Of what is returned.
deployment.pod_name  # wrong: a Deployment has many
pod.pod_nam  # wrong: misspelt
pod.restart()  # wrong: no such method
name: str = pod.pod_name  # wrong: an Output is no text
commands: pulumi.Output[list[str]] = pod.commands  # wrong: a mapping
missing: Any = pod.role.metadata  # wrong: there may be no role
pidshare_components.render.render("stacks/nginx")  # wrong: a path is no text
pidshare_components.render.render_progam(lambda: None)  # wrong: misspelt
