"""The same objects by cdk8s-plus-32: runs in an environment of its own, with a count and a folder for the manifests.

Where cdk8s-plus has a property for it, it is set as in `workloads`. It has none for stdin and tty, for the names of
the objects that a Role is about, and for ports of a NetworkPolicy by name.
"""

# mypy: disable-error-code="import-not-found"

import sys

import cdk8s
import cdk8s_plus_32 as kplus

_OPEN = {"ensure_non_root": False, "read_only_root_filesystem": False}  # instead of the library's own defaults


def workload(chart: cdk8s.Chart, name: str) -> None:
    """Add one workload."""
    nginx = kplus.ContainerProps(
        name="nginx",
        image="nginx:1.29",
        ports=[kplus.ContainerPort(number=80, name="http")],
        env_variables={"TZ": kplus.EnvValue.from_value("UTC")},
        resources=kplus.ContainerResources(
            cpu=kplus.CpuResources(request=kplus.Cpu.millis(50)),
            memory=kplus.MemoryResources(limit=cdk8s.Size.mebibytes(64)),
        ),
        readiness=kplus.Probe.from_http_get("/", port=80),
        security_context=_OPEN,
    )
    shell = kplus.ContainerProps(
        name="shell",
        image="busybox:1.28",
        resources={},
        security_context={**_OPEN, "capabilities": {"add": [kplus.Capability.SYS_PTRACE]}},
    )
    pod = kplus.Pod(
        chart,
        f"{name}-pod",
        metadata={"name": name},
        share_process_namespace=True,
        security_context={"ensure_non_root": False},
        containers=[nginx, shell],
    )
    attach = {"name": f"{name}-attach"}
    account = kplus.ServiceAccount(chart, f"{name}-account", metadata=attach)
    role = kplus.Role(chart, f"{name}-role", metadata=attach)
    role.allow(["get"], kplus.ApiResource.PODS)
    role.allow(["get", "create"], kplus.ApiResource.custom(api_group="", resource_type="pods/attach"))
    kplus.RoleBinding(chart, f"{name}-binding", role=role, metadata=attach).add_subjects(account)
    system = kplus.Namespaces.select(chart, f"{name}-system", labels={"kubernetes.io/metadata.name": "kube-system"})
    dns = kplus.Pods.select(chart, f"{name}-dns", labels={"k8s-app": "kube-dns"}, namespaces=system)
    dns_ports = [
        kplus.NetworkPolicyPort.of(port=53, protocol=kplus.NetworkProtocol.UDP),
        kplus.NetworkPolicyPort.tcp(53),
    ]
    anybody = kplus.NetworkPolicyIpBlock.any_ipv4(chart, f"{name}-anybody")
    denied = kplus.NetworkPolicyTrafficDefault.DENY
    kplus.NetworkPolicy(
        chart,
        f"{name}-policy",
        metadata={"name": name},
        selector=pod,
        ingress={"default": denied, "rules": [{"peer": anybody, "ports": [kplus.NetworkPolicyPort.tcp(80)]}]},
        egress={"default": denied, "rules": [{"peer": dns, "ports": dns_ports}]},
    )


def main() -> None:
    """Write the manifests."""
    count, folder = sys.argv[1:]
    app = cdk8s.App(outdir=folder, yaml_output_type=cdk8s.YamlOutputType.FILE_PER_APP)
    chart = cdk8s.Chart(app, "chart", namespace="default", disable_resource_name_hashes=True)
    for number in range(int(count)):
        workload(chart, f"web-{number:04}")
    app.synth()


if __name__ == "__main__":
    main()
