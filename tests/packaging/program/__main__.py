"""A program of somebody who has installed the package: Outputs, a secret, a debug sidecar, the access to it."""

import pulumi

from pidshare_components import (
    AttachAccess,
    Container,
    DebugProfile,
    DebugShell,
    EnvVar,
    NetworkAccess,
    NetworkRule,
    SecurityContext,
    SharedProcessPod,
    SharedProcessPodArgs,
)

web = SharedProcessPod(
    "web",
    SharedProcessPodArgs(
        containers=[
            Container(
                name="app",
                image=pulumi.Output.from_input("busybox:1.37"),
                command=["sleep", "infinity"],
                env=[EnvVar(name="API_TOKEN", value=pulumi.Output.secret("canary-7f3a"))],
                security_context=SecurityContext(run_as_user=1000, run_as_group=1000),
            )
        ],
        debug=DebugShell(profile=DebugProfile.GENERAL),
        attach=AttachAccess(),
        network=NetworkAccess(ingress=[NetworkRule()]),
    ),
)
pulumi.export("pod", web.pod_name)
