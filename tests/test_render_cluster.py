"""What is rendered is what a real API server takes: `pidshare render ... | kubectl apply -f -`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.paths import ROOT

pytestmark = pytest.mark.cluster

PIDSHARE = Path(sys.executable).parent / "pidshare"
WORDS = """
    y n yes NO on off true False null ~ .nan .inf = << &a *a !x | > % @ ` - ? : --- ... [] {} # ' "
    1 +1 -0 0x1F 0o17 017 0b11 1_000 1e3 1.5e+3 .5 1. 12:30 2030-01-31 2030-01-31T10:00:00Z
"""
LINES = (
    "",
    " ",
    "\n",
    "a\n",
    "a\n\n",
    " a\nb",
    "a \nb",
    "\ta",
    "a\tb\n\tc",
    "a\r\nb",
    "\u2028\ufeff\x7f🐙",
    "# a\n---\nb",
)

Kubectl = Callable[..., str]


def rendered(folder: Path, *options: object) -> str:
    done = subprocess.run([PIDSHARE, "render", folder, *map(str, options)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def nginx_stack(folder: Path, stack: str, namespace: str) -> Path:
    """Write the project of stacks/nginx anew, for a namespace."""
    (folder / "Pulumi.yaml").write_text(f"name: shared-process-nginx\nruntime: python\nmain: {ROOT}/stacks/nginx\n")
    config = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    (folder / f"Pulumi.{stack}.yaml").write_text(f"{config}\n  kubernetes:namespace: {namespace}\n")
    return folder


def test_the_dev_stack_is_applied_and_runs(kubectl: Kubectl, namespace: str, tmp_path: Path) -> None:
    text = rendered(nginx_stack(tmp_path, "dev", namespace))
    assert kubectl("apply", "-f", "-", standard_input=text).splitlines() == [
        "serviceaccount/nginx-attach created",
        "networkpolicy.networking.k8s.io/nginx created",
        "pod/nginx created",
        "role.rbac.authorization.k8s.io/nginx-attach created",
        "rolebinding.rbac.authorization.k8s.io/nginx-attach created",
    ]
    kubectl("wait", "--for=condition=Ready", "pod/nginx", f"--namespace={namespace}", "--timeout=120s")
    assert kubectl("diff", "-f", "-", standard_input=text) == "", "applied once, nothing is left to change"


def test_the_prod_stack_is_accepted(kubectl: Kubectl, namespace: str, tmp_path: Path) -> None:
    text = rendered(nginx_stack(tmp_path, "prod", namespace), "--stack", "prod")
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    created = kubectl("apply", "--dry-run=server", "-f", "-", standard_input=text).splitlines()
    assert created == [
        "networkpolicy.networking.k8s.io/nginx created (server dry run)",
        "deployment.apps/nginx created (server dry run)",
    ]


def test_every_text_reaches_the_api_server_as_it_was_written(kubectl: Kubectl, namespace: str, tmp_path: Path) -> None:
    data = {f"text-{index}": text for index, text in enumerate([*WORDS.split(), *LINES])}
    (tmp_path / "Pulumi.yaml").write_text("name: texts\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(
        "from pulumi_kubernetes.core.v1 import ConfigMap\n"
        f"metadata = {{'namespace': {namespace!r}, 'labels': {{'a': '1e3', 'b': 'y'}}}}\n"
        f"ConfigMap('texts', metadata=metadata, data={data!r})\n"
    )
    kubectl("apply", "-f", "-", standard_input=rendered(tmp_path))
    found = json.loads(kubectl("get", "configmap", "texts", f"--namespace={namespace}", "--output=json"))
    assert found["data"] == data
    assert found["metadata"]["labels"] == {"a": "1e3", "b": "y"}


def test_a_folder_of_files_is_applied_in_order(kubectl: Kubectl, namespace: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    rendered(nginx_stack(tmp_path, "dev", namespace), "-o", target)
    applied = kubectl("apply", "--dry-run=server", "-f", str(target)).splitlines()
    assert [line.partition(".")[0].partition("/")[0] for line in applied] == [
        "serviceaccount",
        "networkpolicy",
        "pod",
        "role",
        "rolebinding",
    ]
