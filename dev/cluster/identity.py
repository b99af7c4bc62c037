"""The identity of a one-node cluster: one key pair, one certificate, one kubeconfig."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

import yaml

from dev.cluster.errors import output_of
from dev.cluster.state import Settings, run_dir, write_text

_SERVICE_ADDRESS = "10.96.0.1"
_VALID_DAYS = 365


@dataclass(frozen=True)
class Files:
    """Where the files of a cluster's identity are."""

    certificate: Path
    key: Path
    kubeconfig: Path


def files(name: str) -> Files:
    """Return the paths for a cluster, whether or not the files exist."""
    run = run_dir(name)
    return Files(run / "node.crt", run / "node.key", run / "kubeconfig")


def create(settings: Settings) -> None:
    """Make the certificate and the kubeconfig of a cluster that is thrown away with them.

    One self-signed certificate does everything: it serves the API server and the kubelet, names the first to the
    second, and names the administrator and the Kubernetes programs to the API server. Its key signs the tokens of
    service accounts. What a user of the cluster may do is not touched by that: other users have tokens.
    """
    paths = files(settings.name)
    names = ["DNS:localhost", "DNS:kubernetes.default.svc", *_addresses(settings)]
    extensions = [
        f"subjectAltName={','.join(names)}",
        "keyUsage=critical,digitalSignature,keyCertSign",
        "extendedKeyUsage=serverAuth,clientAuth",
    ]
    output_of(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        + ["-days", str(_VALID_DAYS), "-subj", f"/O=system:masters/CN={context(settings.name)}"]
        + [argument for extension in extensions for argument in ("-addext", extension)]
        + ["-keyout", str(paths.key), "-out", str(paths.certificate)]
    )
    write_text(paths.kubeconfig, yaml.safe_dump(_kubeconfig(settings, paths), sort_keys=False))


def context(name: str) -> str:
    """Return the name of the context in the kubeconfig, also that of the cluster, the user and the node."""
    return f"pidshare-{name}"


def _addresses(settings: Settings) -> list[str]:
    return [f"IP:{address}" for address in ("127.0.0.1", settings.address, _SERVICE_ADDRESS)]


def _kubeconfig(settings: Settings, paths: Files) -> dict[str, object]:
    name = context(settings.name)
    certificate, key = (b64encode(path.read_bytes()).decode() for path in (paths.certificate, paths.key))
    server = f"https://127.0.0.1:{settings.apiserver_port}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": certificate}}],
        "users": [{"name": name, "user": {"client-certificate-data": certificate, "client-key-data": key}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
