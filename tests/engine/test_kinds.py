"""The life of each kind by the real engine, plugin and node: rollout, update in place, replacement, deletion."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi import automation

import pidshare_components
from dev.cluster import Cluster
from dev.deployment import Deployment
from pidshare_components.live import AttachedShell, ShellError
from tests.engine.programs import Arguments, Changes, changes
from tests.namespaces import fresh_namespace

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

WORKLOADS = ("DaemonSet", "Deployment", "StatefulSet")
HELPER = {"name": "helper", "image": "busybox:1.28", "command": ["sleep", "86400"]}


@dataclass
class Kinds:
    """A stack with a component of each kind, whose arguments change from one update to the next."""

    arguments: dict[str, Arguments]
    kubectl: Callable[..., str]
    namespace: str
    stack: automation.Stack = field(init=False)

    def program(self) -> None:
        for kind, arguments in self.arguments.items():
            getattr(pidshare_components, f"SharedProcess{kind}")(kind.lower(), arguments)

    def up(self) -> Changes:
        return changes(self.stack.up)

    def preview(self) -> Changes:
        return changes(self.stack.preview)

    def get(self, what: str, *more: str) -> list[dict[str, Any]]:
        found = self.kubectl("get", what, f"--namespace={self.namespace}", "--output=json", *more)
        items: list[dict[str, Any]] = json.loads(found)["items"]
        return items

    def one(self, kind: str) -> dict[str, Any]:
        (found,) = self.get(kind.lower())
        return found

    def pods(self, kind: str) -> list[dict[str, Any]]:
        labels = self.one(kind)["metadata"]["labels"]
        return self.get("pods", f"--selector=pidshare-components/pod={labels['pidshare-components/pod']}")


def running(**more: object) -> Arguments:
    app = {"name": "app", "image": "busybox:1.28", "command": ["sleep", "86400"]}
    return {"containers": [app], "debug": {"image": "busybox:1.28"}, "termination_grace_period_seconds": 1, **more}


def ending(**more: object) -> Arguments:
    """Return arguments of pods whose application ends, beside a shell and a helper that never would."""
    app = {"name": "app", "image": "busybox:1.28", "command": ["true"]}
    return {**running(), "containers": [app], "sidecars": [HELPER], **more}


@pytest.fixture(scope="module")
def kinds(deployment: Deployment, kubectl: Callable[..., str]) -> Iterator[Kinds]:
    """All kinds, deployed."""
    with fresh_namespace(kubectl) as namespace:
        volume = _volume(kubectl, namespace)
        claim = {"name": "data", "storage": "1Mi", "access_modes": ["ReadWriteOnce"], "storage_class_name": namespace}
        keeping = running(replicas=1, attach={}, volume_claim_templates=[claim])
        keeping["containers"] = [
            {**keeping["containers"][0], "volume_mounts": [{"name": "data", "mount_path": "/data"}]}
        ]
        arguments = {
            "Deployment": running(replicas=2, attach={"namespace_wide": True}, network={}),
            "StatefulSet": keeping,
            "DaemonSet": running(),
            "Job": ending(),
            "CronJob": ending(schedule="@yearly", attach={"namespace_wide": True}),
        }
        for tree in arguments.values():
            tree["namespace"] = namespace
        made = Kinds(arguments, kubectl, namespace)
        made.stack = deployment.inline(made.program, project=f"kinds-{namespace}")
        try:
            assert made.up() == {
                "create": sorted(
                    [*arguments, "NetworkPolicy", "Service", *["Role", "RoleBinding", "ServiceAccount"] * 3]
                )
            }
            yield made
        finally:
            made.stack.destroy()
            kubectl("delete", "pvc", "--all", f"--namespace={namespace}")
            kubectl("delete", "pv", namespace)
            shutil.rmtree(volume, ignore_errors=True)


def _volume(kubectl: Callable[..., str], name: str) -> Path:
    """Make a volume for one claim, and return its folder on the node."""
    folder = Path("/tmp") / name  # noqa: S108 - the node's; its name is random
    spec = {
        "storageClassName": name,
        "capacity": {"storage": "1Mi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": "Retain",
        "hostPath": {"path": str(folder), "type": "DirectoryOrCreate"},
    }
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
    kubectl("create", "--filename=-", standard_input=yaml.safe_dump(volume))
    return folder


def test_each_kind_has_ready_pods_of_one_process_namespace_and_stays_so(kinds: Kinds) -> None:
    for kind, count in (("Deployment", 2), ("StatefulSet", 1), ("DaemonSet", 1)):
        pods = kinds.pods(kind)
        assert len(pods) == count, kind
        for pod in pods:
            assert pod["spec"]["shareProcessNamespace"] is True
            assert [status["ready"] for status in pod["status"]["containerStatuses"]] == [True, True], kind
    assert kinds.preview() == {}


def test_a_job_completes_although_a_shell_and_a_helper_never_end_by_themselves(kinds: Kinds) -> None:
    assert _condition(kinds.one("Job"), "Complete")
    (pod,) = kinds.pods("Job")
    assert pod["status"]["phase"] == "Succeeded"
    helpers = pod["status"]["initContainerStatuses"]
    assert [item["name"] for item in helpers] == ["helper", "shell"]
    assert all("terminated" in item["state"] for item in helpers)


def test_a_job_of_a_cron_job_completes_too(kinds: Kinds) -> None:
    where, name = f"--namespace={kinds.namespace}", kinds.one("CronJob")["metadata"]["name"]
    kinds.kubectl("create", "job", "now", f"--from=cronjob/{name}", where)
    kinds.kubectl("wait", "--for=condition=Complete", "job/now", where, "--timeout=60s")
    kinds.kubectl("delete", "job", "now", where)


def _condition(item: dict[str, Any], name: str) -> bool:
    return any(found["type"] == name and found["status"] == "True" for found in item["status"]["conditions"])


@pytest.fixture
def attached(kinds: Kinds, cluster: Cluster, tmp_path: Path) -> Callable[[str, str], AttachedShell]:
    """Attach by a component's own command, with a token of its service account, as somebody who has nothing else."""

    def attach(account: str, command: str) -> AttachedShell:
        token = kinds.kubectl("create", "token", account, f"--namespace={kinds.namespace}").strip()
        config = json.loads(kinds.kubectl("config", "view", "--raw", "--output=json"))
        config["users"] = [{"name": config["users"][0]["name"], "user": {"token": token}}]
        file = tmp_path / "kubeconfig"
        file.touch(0o600)
        file.write_text(json.dumps(config))
        options = [f"--kubeconfig={file}", f"--cache-dir={tmp_path}"]
        return AttachedShell([str(cluster.kubectl), *options, *command.split()[1:]])

    return attach


def _outputs(kinds: Kinds, kind: str) -> dict[str, Any]:
    state = kinds.stack.export_stack().deployment or {}
    (found,) = [item for item in state["resources"] if item["type"].endswith(f":SharedProcess{kind}")]
    outputs: dict[str, Any] = found["outputs"]
    return outputs


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_the_service_account_attaches_by_the_command_that_is_told(
    kinds: Kinds, attached: Callable[[str, str], AttachedShell], kind: str
) -> None:
    outputs = _outputs(kinds, kind)
    with attached(outputs["serviceAccountName"], outputs["commands"]["attach"]) as shell:
        assert "sleep 86400" in shell.run("ps ax")


def test_access_to_a_stateful_set_ends_at_its_pods_and_that_to_a_deployment_does_not(
    kinds: Kinds, attached: Callable[[str, str], AttachedShell]
) -> None:
    ordinal, generated = (_outputs(kinds, kind) for kind in ("StatefulSet", "Deployment"))
    other = kinds.pods("Deployment")[0]["metadata"]["name"]
    to_other = f"kubectl attach --namespace={kinds.namespace} --stdin --tty {other} --container=shell"
    with pytest.raises(ShellError, match="orbidden"), attached(ordinal["serviceAccountName"], to_other):
        pass
    # As the argument says that has to be given for it: every pod of the namespace.
    with attached(generated["serviceAccountName"], ordinal["commands"]["attach"]) as shell:
        assert "/pause" in shell.run("ps ax")


def test_the_pods_of_a_stateful_set_have_their_names_in_the_service(kinds: Kinds) -> None:
    name = _outputs(kinds, "StatefulSet")["serviceName"]
    (slice_,) = kinds.get("endpointslices", f"--selector=kubernetes.io/service-name={name}")
    assert [end["hostname"] for end in slice_["endpoints"]] == [kinds.pods("StatefulSet")[0]["metadata"]["name"]]


# From here on the stack changes: the order of these tests is that of its life.


def test_a_change_of_the_pods_rolls_out_in_place_but_a_job_is_made_anew(kinds: Kinds) -> None:
    objects = {kind: kinds.one(kind)["metadata"]["uid"] for kind in kinds.arguments}
    pods = {kind: {pod["metadata"]["uid"] for pod in kinds.pods(kind)} for kind in WORKLOADS}
    keeper = kinds.pods("StatefulSet")[0]["metadata"]["name"]
    where = f"--namespace={kinds.namespace}"
    kinds.kubectl("exec", keeper, where, "--container=app", "--", "sh", "-c", "echo kept > /data/file")
    for tree in kinds.arguments.values():
        tree["containers"] = [{**tree["containers"][0], "env": [{"name": "MODE", "value": "b"}]}]
    steps = kinds.up()
    assert steps.pop("update") == ["CronJob", *WORKLOADS]
    assert steps == {step: ["Job"] for step in ("create-replacement", "replace", "delete-replaced")}
    after = {kind: kinds.one(kind)["metadata"]["uid"] for kind in kinds.arguments}
    assert {kind for kind in objects if objects[kind] != after[kind]} == {"Job"}
    assert _condition(kinds.one("Job"), "Complete")
    for kind in WORKLOADS:
        alive = [pod for pod in kinds.pods(kind) if "deletionTimestamp" not in pod["metadata"]]
        assert len(alive) == len(pods[kind]), kind
        assert not pods[kind] & {pod["metadata"]["uid"] for pod in alive}, kind
    kept = kinds.kubectl("exec", keeper, where, "--container=app", "--", "cat", "/data/file")
    assert kept == "kept\n"
    assert kinds.preview() == {}


def test_kinds_own_fields_change_in_place_and_access_follows_the_replicas(kinds: Kinds) -> None:
    kinds.arguments["Deployment"]["replicas"] = 1
    kinds.arguments["StatefulSet"]["replicas"] = 2  # the second one gets no volume, and nobody waits for it
    kinds.arguments["StatefulSet"]["workload_annotations"] = {"pulumi.com/skipAwait": "true"}
    kinds.arguments["CronJob"]["suspend"] = True
    kinds.arguments["DaemonSet"]["labels"] = {"team": "web"}
    assert kinds.up() == {"update": ["CronJob", "DaemonSet", "Deployment", "Role", "StatefulSet"]}
    keeper = kinds.one("StatefulSet")["metadata"]["name"]
    of_its_pods = [role for role in kinds.get("roles") if f"{keeper}-1" in role["rules"][0].get("resourceNames", [])]
    assert len(of_its_pods) == 1
    assert kinds.one("Deployment")["status"]["readyReplicas"] == 1
    assert kinds.pods("DaemonSet")[0]["metadata"]["labels"]["team"] == "web"


def test_what_cannot_change_in_place_is_replaced(kinds: Kinds) -> None:
    for kind in ("Deployment", "DaemonSet", "Job", "CronJob"):
        kinds.arguments[kind]["name"] = f"given-{kind.lower()}"
    kinds.arguments["StatefulSet"].update(pod_management_policy="Parallel", replicas=1)
    # One volume, one claim: the new StatefulSet has another name, and so would have another claim.
    del kinds.arguments["StatefulSet"]["volume_claim_templates"]
    kinds.arguments["StatefulSet"]["containers"][0].pop("volume_mounts")
    kinds.arguments["Job"]["completion_mode"] = "Indexed"
    kinds.arguments["Job"]["completions"] = 1
    assert kinds.preview()["replace"] == sorted(kinds.arguments)
    steps = kinds.up()
    assert steps["replace"] == sorted(kinds.arguments)
    assert kinds.one("Deployment")["metadata"]["name"] == "given-deployment"
    assert kinds.one("StatefulSet")["spec"]["podManagementPolicy"] == "Parallel"
    assert kinds.one("Job")["spec"]["completionMode"] == "Indexed"
    assert kinds.preview() == {}


def test_a_given_name_is_free_before_the_next_object_takes_it(kinds: Kinds) -> None:
    before = kinds.one("Job")["metadata"]
    kinds.arguments["Job"]["annotations"] = {"run": "again"}
    assert kinds.up()["replace"] == ["Job"]
    after = kinds.one("Job")["metadata"]
    assert (after["name"], after["uid"] == before["uid"]) == (before["name"], False)


def test_nothing_is_left_when_it_is_destroyed(kinds: Kinds) -> None:
    kinds.stack.destroy()
    what = "deployments,statefulsets,daemonsets,jobs,cronjobs,services,roles,rolebindings,networkpolicies"
    assert kinds.get(what) == []
    assert [item["metadata"]["name"] for item in kinds.get("serviceaccounts")] == ["default"]
    kinds.kubectl("wait", "--for=delete", "pods", "--all", f"--namespace={kinds.namespace}", "--timeout=60s")


def test_the_engine_was_told_of_ready_pods_only(kinds: Kinds) -> None:
    """A Deployment whose pods cannot become ready fails the deployment, not the night after."""
    tree = running(namespace=kinds.namespace, progress_deadline_seconds=5)
    tree["containers"] = [{**tree["containers"][0], "command": ["false"]}]
    kinds.arguments = {"Deployment": tree}
    with pytest.raises(automation.CommandError, match="deployment"):
        kinds.stack.up()
