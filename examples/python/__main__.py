"""nginx and a shell to attach to, in one process namespace."""

import pulumi

from pidshare_components import (
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
    ObjectFieldSelector,
    PodSecurityContext,
    Probe,
    ProfileType,
    ResourceRequirements,
    SeccompProfile,
    SecurityContext,
    SharedProcessPod,
    SharedProcessPodArgs,
    TaintEffect,
    Toleration,
    TolerationOperator,
    Volume,
    VolumeMount,
)

nginx = Container(
    name="nginx",
    image="nginxinc/nginx-unprivileged:stable",
    ports=[ContainerPort(name="http", container_port=8080)],
    env=[
        EnvVar(name="TZ", value="UTC"),
        EnvVar(name="NODE_NAME", value_from=EnvVarSource(field_ref=ObjectFieldSelector(field_path="spec.nodeName"))),
    ],
    resources=ResourceRequirements(requests={"cpu": "50m", "memory": "32Mi"}, limits={"memory": "128Mi"}),
    security_context=SecurityContext(
        run_as_user=101,
        run_as_group=101,
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=Capabilities(drop=["ALL"]),
    ),
    readiness_probe=Probe(http_get=HTTPGetAction(path="/", port="http"), period_seconds=5),
    volume_mounts=[VolumeMount(name="tmp", mount_path="/tmp")],  # noqa: S108 - nginx's pid file and buffers
)
web = SharedProcessPod(
    "web",
    SharedProcessPodArgs(
        namespace=pulumi.Config().get("namespace") or "default",
        labels={"app": "web"},
        containers=[nginx],
        volumes=[Volume(name="tmp", empty_dir=EmptyDirVolumeSource(size_limit="64Mi"))],
        security_context=PodSecurityContext(
            run_as_non_root=True, seccomp_profile=SeccompProfile(type=ProfileType.RUNTIME_DEFAULT)
        ),
        tolerations=[
            Toleration(key="dedicated", operator=TolerationOperator.EXISTS, effect=TaintEffect.NO_SCHEDULE),
        ],
        debug=DebugShell(image="busybox:1.28", profile=DebugProfile.RESTRICTED),
        attach=AttachAccess(logs=True),
        network=NetworkAccess(
            ingress=[
                NetworkRule(
                    peers=[
                        NetworkPeer(pods={"role": "client"}),
                        NetworkPeer(cidr="10.0.0.0/8", except_cidrs=["10.0.0.0/24"]),
                    ],
                    ports=[NetworkPort(port="http")],
                ),
            ],
        ),
        spec_overrides={"terminationGracePeriodSeconds": 5},
    ),
)

pulumi.export("pod", web.pod_name)
pulumi.export("attach", web.commands.apply(lambda commands: commands["attach"]))
pulumi.export("exposure", web.exposure)
