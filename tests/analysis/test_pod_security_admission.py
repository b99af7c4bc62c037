"""The real PodSecurity admission as the judge: what stops a pod, and from which level."""

from __future__ import annotations

import copy
import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
from hypothesis import strategies as st
from kubernetes import config

from dev.cluster import Cluster
from pidshare_components.analysis.pod_security import Level, pod_security, supported_versions
from pidshare_components.analysis.tree import Tree
from tests.analysis.pod_security_strategies import (
    APP_ARMOR,
    CAPABILITIES,
    HARDENED,
    HARDENED_POD,
    SELINUX_TYPES,
    SOURCES,
    SYSCTLS,
    pods,
    put,
)
from tests.strategies import samples

pytestmark = [pytest.mark.cluster]

_JUDGED, _GENERATED = 2000, 3000
_CONNECTIONS = 4
_FORBIDDEN, _INVALID = 403, 422

REASONS = {
    Level.BASELINE: {
        "forbidden AppArmor profile": "appArmorProfile",
        "forbidden AppArmor profiles": "appArmorProfile",
        "non-default capabilities": "capabilities_baseline",
        "host namespaces": "hostNamespaces",
        "hostPath volumes": "hostPathVolumes",
        "hostPort": "hostPorts",
        "probe or lifecycle host": "hostProbesAndHostLifecycle",
        "privileged": "privileged",
        "procMount": "procMount",
        "seLinuxOptions": "seLinuxOptions",
        "seccompProfile": "seccompProfile_baseline",
        "forbidden sysctls": "sysctls",
        "hostProcess": "windowsHostProcess",
    },
    Level.RESTRICTED: {
        "allowPrivilegeEscalation != false": "allowPrivilegeEscalation",
        "unrestricted capabilities": "capabilities_restricted",
        "procMount": "procMount_restricted",
        "restricted volume types": "restrictedVolumes",
        "runAsNonRoot != true": "runAsNonRoot",
        "runAsUser=0": "runAsUser",
        "seccompProfile": "seccompProfile_restricted",
    },
}
"""What the admission says for each of its checks, by the level."""


class Verdict(NamedTuple):
    """What a judge says of a pod."""

    level: Level
    controls: tuple[str, ...]
    """That stop it from the next level, in the admission's order."""


class Admission:
    """The admission of a cluster, with a namespace for each version, and one request for each pod.

    The namespace enforces baseline and warns of restricted: a refusal or a warning says what stops the pod.
    """

    def __init__(self, cluster: Cluster, kubectl: Callable[..., str]) -> None:
        self._client = config.new_client_from_config(str(cluster.kubeconfig), cluster.context)  # type: ignore[no-untyped-call]
        self._kubectl = kubectl
        self._prefix = f"pod-security-{secrets.token_hex(4)}"
        # The newest version that the server knows is its own.
        server = int(re.sub(r"\D", "", json.loads(kubectl("get", "--raw=/version"))["minor"]))
        self.versions = [each for each in supported_versions() if int(each.partition(".")[2]) <= server]

    def __enter__(self) -> Admission:
        levels = {"enforce": "baseline", "warn": "restricted"}
        items: list[Tree] = []
        for version in self.versions:
            labels = {f"pod-security.kubernetes.io/{mode}": level for mode, level in levels.items()}
            labels |= {f"pod-security.kubernetes.io/{mode}-version": f"v{version}" for mode in levels}
            items.append({"kind": "Namespace", "metadata": {"name": self._namespace(version), "labels": labels}})
            # Admission refuses pods without it, and the controller that makes it takes its time.
            account = {"name": "default", "namespace": self._namespace(version)}
            items.append({"kind": "ServiceAccount", "metadata": account})
        whole = {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", **item} for item in items]}
        self._kubectl("apply", "--server-side", "--filename=-", standard_input=json.dumps(whole))
        return self

    def __exit__(self, *_: object) -> None:
        names = [self._namespace(version) for version in self.versions]
        self._kubectl("delete", "namespace", "--wait=false", *names, check=False)

    def _namespace(self, version: str) -> str:
        return f"{self._prefix}-{version.replace('.', '-')}"

    def judge(self, pod: Tree, version: str) -> Verdict | None:
        """Return what stops a pod; None for one that the API server's validation refuses."""
        url = f"{self._client.configuration.host}/api/v1/namespaces/{self._namespace(version)}/pods?dryRun=All"
        pool = self._client.rest_client.pool_manager
        answer = pool.request("POST", url, body=json.dumps(pod).encode(), headers={"Content-Type": "application/json"})
        said = answer.json()
        if answer.status == _INVALID:
            return None
        if answer.status == _FORBIDDEN:
            message = re.search(r'violates PodSecurity "baseline:[^"]*": (.*)', said["message"])
            assert message, said
            return Verdict(Level.PRIVILEGED, controls_in(message[1], Level.BASELINE))
        assert answer.status == 201, said
        for warning in answer.headers.getlist("Warning"):
            text = json.loads(warning.partition(" - ")[2])
            message = re.fullmatch(r'would violate PodSecurity "restricted:[^"]*": (.*)', text)
            if message:
                return Verdict(Level.BASELINE, controls_in(message[1], Level.RESTRICTED))
        return Verdict(Level.RESTRICTED, ())

    def judge_all(self, cases: list[tuple[Tree, str]]) -> list[tuple[Tree, str, Verdict]]:
        """Return the pods, versions and verdicts of all that the validation takes."""
        with ThreadPoolExecutor(_CONNECTIONS) as threads:
            verdicts = threads.map(lambda case: self.judge(*case), cases)
        return [(*case, verdict) for case, verdict in zip(cases, verdicts, strict=True) if verdict]


def controls_in(message: str, level: Level) -> tuple[str, ...]:
    """Return the ids of the controls in the admission's `reason (detail), reason (detail)`."""
    bare = re.sub(r"\([^()]*\)", "", re.sub(r'"(?:[^"\\]|\\.)*"', "", message))
    return tuple(REASONS[level][reason.strip()] for reason in bare.split(","))


def ours(pod: Tree, version: str) -> Verdict:
    found = pod_security(pod["metadata"], pod["spec"], version)
    return Verdict(found.level, tuple(block.control for block in found.blocks))


@pytest.fixture(scope="module")
def admission(cluster: Cluster, kubectl: Callable[..., str]) -> Iterator[Admission]:
    with Admission(cluster, kubectl) as admission:
        yield admission


def test_the_admission_of_every_version_says_the_same_of_any_pod(admission: Admission) -> None:
    # The version first: it tells most of them apart at once.
    drawn = samples(st.tuples(st.sampled_from(admission.versions), pods()), _GENERATED)
    cases = [(pod, version) for version, pod in drawn]
    judged = admission.judge_all(cases)
    wrong = [(pod, version, theirs) for pod, version, theirs in judged if ours(pod, version) != theirs]
    assert wrong == []
    assert len(judged) >= _JUDGED
    # And the pods were such that all of it was tried, at each version.
    assert {theirs.level for _, _, theirs in judged} == set(Level)
    assert {version for _, version, _ in judged} == set(admission.versions)
    seen = {control for _, _, theirs in judged for control in theirs.controls}
    reachable = {control for controls in REASONS.values() for control in controls.values()}
    # Until 1.34, baseline has all that restricted has against procMount.
    assert seen >= reachable - {"procMount_restricted"}


def _hardened(path: tuple[str, ...] = (), value: object = None, *, container: bool = True) -> Tree:
    """Return a pod that meets restricted, but for one field."""
    tree: Tree = {"name": "c0", "image": "nginx", **copy.deepcopy(HARDENED)}
    spec: Tree = {"containers": [tree], **copy.deepcopy(HARDENED_POD)}
    if path:
        put(tree if container else spec, path, value)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": spec}


def _of_pod(field: str, values: Iterable[object]) -> Iterator[Tree]:
    return (_hardened(("securityContext", field), value, container=False) for value in values)


def _of_container(path: tuple[str, ...], values: Iterable[object]) -> Iterator[Tree]:
    return (_hardened(path, value) for value in values)


def _volumes() -> Iterator[Tree]:
    for source in ({}, *({key: value} for key, value in SOURCES.items())):
        yield _hardened(("volumes",), [{"name": "v0", **source}], container=False)


def _in_user_namespaces() -> Iterator[Tree]:
    for path, value in (("runAsUser", 0), ("runAsNonRoot", False), ("procMount", "Unmasked")):
        for host_users in (True, False):
            pod = _hardened(("securityContext", path), value)
            pod["spec"]["hostUsers"] = host_users
            yield pod


def _annotated() -> Iterator[Tree]:
    for profile in ("runtime/default", "localhost/a", "unconfined", ""):
        pod = _hardened()
        pod["metadata"]["annotations"] = {f"{APP_ARMOR}c0": profile}
        yield pod


def edges() -> list[Tree]:
    """Return pods of which a single value decides, among them all that versions differ in."""
    hosts = [{action: {"port": 80, "host": host}} for action in ("httpGet", "tcpSocket") for host in ("", "localhost")]
    handlers = [("livenessProbe",), ("readinessProbe",), ("startupProbe",), ("lifecycle", "preStop")]
    return [
        _hardened(),
        *_of_pod("sysctls", ([{"name": name, "value": "1"}] for name in SYSCTLS)),
        *_of_pod("seLinuxOptions", ({"type": name} for name in SELINUX_TYPES)),
        *_of_container(("securityContext", "capabilities", "add"), ([name] for name in CAPABILITIES)),
        *_of_container(("securityContext", "capabilities"), ({"add": [name]} for name in CAPABILITIES)),
        *(pod for path in handlers for pod in _of_container(path, hosts)),
        *_volumes(),
        *_in_user_namespaces(),
        *_annotated(),
    ]


def test_the_admission_of_every_version_says_the_same_of_what_one_value_decides(admission: Admission) -> None:
    judged = admission.judge_all([(pod, version) for pod in edges() for version in admission.versions])
    wrong = [(pod, version, theirs) for pod, version, theirs in judged if ours(pod, version) != theirs]
    assert wrong == []
    assert len(judged) > 100 * len(admission.versions)
