"""The programs of a one-node cluster: their arguments and their configuration files.

They run in a mount namespace of their own (see `supervisor`), so all of them may use the paths they were made for.
"""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from dev.cluster import debian, identity, images
from dev.cluster.state import Settings, run_dir, write_text

_SERVICE_SUBNET = "10.96.0.0/16"
_CLUSTER_DNS = "10.96.0.10"
IMAGES = "images.tar"
"""The archive of the container images in the run directory."""

_CONTAINERD_SOCKET = "/run/containerd/containerd.sock"


def write_configuration(settings: Settings) -> None:
    """Write the configuration files of the daemons to the run directory."""
    run = run_dir(settings.name)
    (run / "cni").mkdir()
    write_text(run / "cni/10-bridge.conflist", json.dumps(_cni(settings), indent=2))
    write_text(run / "kubelet.yaml", yaml.safe_dump(_kubelet(settings), sort_keys=False))


def write_containerd_configuration(settings: Settings, snapshotter: str) -> None:
    """Write containerd's configuration file, with a snapshotter that works on the file system of the cache."""
    packages = Path(settings.system_programs)
    text = f"""\
version = 2
disabled_plugins = ["io.containerd.internal.v1.opt"]

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{images.PAUSE}"
  # Without CAP_SYS_RESOURCE root may not lower a process's oom_score_adj, and no container would start.
  restrict_oom_score_adj = true
  # Loading a profile would change the machine's kernel.
  disable_apparmor = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{debian.cni_plugins(packages)}"
    conf_dir = "{run_dir(settings.name) / "cni"}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{snapshotter}"
"""
    write_text(run_dir(settings.name) / "containerd.toml", text)


def etcd(settings: Settings) -> list[str]:
    """Return the command of etcd. Its data is thrown away, so no write waits for the disk."""
    client, peer = (f"http://127.0.0.1:{port}" for port in (settings.etcd_port, settings.etcd_peer_port))
    return [
        str(debian.executable(Path(settings.system_programs), "etcd")),
        f"--data-dir={run_dir(settings.name) / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]


def containerd(settings: Settings) -> list[str]:
    """Return the command of containerd."""
    program = debian.executable(Path(settings.system_programs), "containerd")
    return [str(program), f"--config={run_dir(settings.name) / 'containerd.toml'}"]


def import_images(settings: Settings) -> list[str]:
    """Return the command that gives containerd its images, for Kubernetes to find."""
    program = debian.executable(Path(settings.system_programs), "ctr")
    return [str(program), "--namespace=k8s.io", "images", "import", str(run_dir(settings.name) / IMAGES)]


def apiserver(settings: Settings) -> list[str]:
    """Return the command of kube-apiserver."""
    paths = identity.files(settings.name)
    return [
        f"{settings.node_programs}/kube-apiserver",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={settings.apiserver_port}",
        f"--etcd-servers=http://127.0.0.1:{settings.etcd_port}",
        f"--service-cluster-ip-range={_SERVICE_SUBNET}",
        # There is no second API server, and pods cannot reach 127.0.0.1.
        "--endpoint-reconciler-type=none",
        f"--tls-cert-file={paths.certificate}",
        f"--tls-private-key-file={paths.key}",
        f"--client-ca-file={paths.certificate}",
        f"--kubelet-certificate-authority={paths.certificate}",
        f"--kubelet-client-certificate={paths.certificate}",
        f"--kubelet-client-key={paths.key}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-key-file={paths.certificate}",
        f"--service-account-signing-key-file={paths.key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
    ]


def controller_manager(settings: Settings) -> list[str]:
    """Return the command of kube-controller-manager."""
    paths = identity.files(settings.name)
    return [
        f"{settings.node_programs}/kube-controller-manager",
        # Else it makes a directory in /usr.
        "--flex-volume-plugin-dir=/var/lib/kubelet/volumeplugins",
        f"--kubeconfig={paths.kubeconfig}",
        f"--root-ca-file={paths.certificate}",
        f"--service-account-private-key-file={paths.key}",
        "--use-service-account-credentials",
        "--leader-elect=false",
        # Its own port serves metrics that nobody reads here.
        "--secure-port=0",
    ]


def scheduler(settings: Settings) -> list[str]:
    """Return the command of kube-scheduler."""
    kubeconfig = identity.files(settings.name).kubeconfig
    return [
        f"{settings.node_programs}/kube-scheduler",
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
    ]


def kubelet(settings: Settings) -> list[str]:
    """Return the command of the kubelet."""
    return [
        f"{settings.node_programs}/kubelet",
        f"--config={run_dir(settings.name) / 'kubelet.yaml'}",
        f"--kubeconfig={identity.files(settings.name).kubeconfig}",
        f"--hostname-override={identity.context(settings.name)}",
        f"--node-ip={settings.address}",
    ]


def _kubelet(settings: Settings) -> dict[str, object]:
    paths = identity.files(settings.name)
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": settings.address,
        "port": settings.kubelet_port,
        "healthzPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(paths.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(paths.certificate),
        "tlsPrivateKeyFile": str(paths.key),
        "containerRuntimeEndpoint": f"unix://{_CONTAINERD_SOCKET}",
        "clusterDNS": [_CLUSTER_DNS],
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{settings.label}",
        "failCgroupV1": False,
        "failSwapOn": False,
        # Without CAP_SYS_RESOURCE the kubelet may not lower its own.
        "oomScoreAdj": 0,
        "makeIPTablesUtilChains": False,
        "volumePluginDir": "/var/lib/kubelet/volumeplugins",
        # A full disk of the developer is no reason to delete images that no registry has, or to evict pods.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "50Mi",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
        },
    }


def _cni(settings: Settings) -> dict[str, object]:
    return {
        "cniVersion": "1.0.0",
        "name": settings.label,
        "plugins": [
            {
                "type": "bridge",
                "bridge": settings.label,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": settings.pod_subnet, "gateway": settings.address}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }
        ],
    }
