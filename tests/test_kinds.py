"""The kinds that make pods: one template, their own fields, their own rules, judged by the API server too."""

import json
import re
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_kubernetes.apps import v1 as apps
from pulumi_kubernetes.batch import v1 as batch

import pidshare_components
from pidshare_components import ArgumentsError, SharedProcessPodArgs
from pidshare_components.args.access import AttachAccess
from pidshare_components.args.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, STATEFUL_SET, Kind
from pidshare_components.args.template import PodTemplateArgs
from pidshare_components.formats import schedule
from pidshare_components.manifests.access import role_rules
from tests.apiserver import accepted
from tests.mocks import Run, deploy
from tests.strategies import pods, samples
from tests.test_manifests_pod import _unknown_fields

Tree = dict[str, Any]
KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
APP: Tree = {
    "name": "app",
    "image": "busybox",
    "ports": [{"container_port": 80, "name": "http"}, {"container_port": 81}],
}
LABEL = "pidshare-components/pod"

EVERY_FIELD: dict[str, Tree] = {
    "Deployment": {
        "replicas": 3,
        "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": "25%"}},
        "min_ready_seconds": 1,
        "progress_deadline_seconds": 60,
        "revision_history_limit": 2,
        "paused": False,
    },
    "StatefulSet": {
        "replicas": 2,
        "volume_claim_templates": [
            {
                "name": "data",
                "storage": "1Gi",
                "access_modes": ["ReadWriteOnce"],
                "storage_class_name": "fast",
                "volume_mode": "Filesystem",
                "labels": {"a": "b"},
                "annotations": {"c": "d"},
            }
        ],
        "persistent_volume_claim_retention_policy": {"when_deleted": "Delete", "when_scaled": "Retain"},
        "pod_management_policy": "Parallel",
        "update_strategy": {"type": "RollingUpdate", "rolling_update": {"partition": 1}},
        "publish_not_ready_addresses": True,
        "min_ready_seconds": 1,
        "revision_history_limit": 2,
    },
    "DaemonSet": {
        "update_strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": "10%", "max_unavailable": 0}},
        "min_ready_seconds": 1,
        "revision_history_limit": 2,
    },
    "Job": {
        "restart_policy": "Never",
        "completions": 3,
        "parallelism": 2,
        "completion_mode": "Indexed",
        "backoff_limit": 4,
        "backoff_limit_per_index": 1,
        "active_deadline_seconds": 60,
        "ttl_seconds_after_finished": 60,
        "pod_failure_policy": {
            "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        },
        "suspend": True,
    },
    "CronJob": {
        "schedule": "*/5 0-3 1,15 jan-jun MON",
        "time_zone": "Europe/Berlin",
        "concurrency_policy": "Forbid",
        "starting_deadline_seconds": 10,
        "successful_jobs_history_limit": 1,
        "failed_jobs_history_limit": 1,
        "suspend": True,
        "completions": 1,
        "parallelism": 1,
        "backoff_limit": 1,
        "active_deadline_seconds": 60,
        "ttl_seconds_after_finished": 60,
    },
}
COMMON = {"name": "own", "workload_annotations": {"pulumi.com/skipAwait": "true"}}
LEAST: dict[str, Tree] = {kind: {"schedule": "@hourly"} if kind == "CronJob" else {} for kind in KINDS}
DECLARED = {
    "Deployment": apps.DeploymentSpecArgs,
    "StatefulSet": apps.StatefulSetSpecArgs,
    "DaemonSet": apps.DaemonSetSpecArgs,
    "Job": batch.JobSpecArgs,
    "CronJob": batch.CronJobSpecArgs,
}


def args_class(kind: str) -> type[PodTemplateArgs]:
    found: type[PodTemplateArgs] = getattr(pidshare_components, f"SharedProcess{kind}Args")
    return found


def run_of(kind: str, tree: Tree, *, preview: bool = False) -> Run:
    def program() -> None:
        given_ = {key: item() if callable(item) else item for key, item in {**LEAST[kind], **tree}.items()}
        getattr(pidshare_components, f"SharedProcess{kind}")("web", given_)

    run = deploy(program, preview=preview)
    assert run.error is None, run.error
    return run


def registered(kind: str, tree: Tree) -> Tree:
    """Return the object that makes the pods, as the engine gets it."""
    return dict(run_of(kind, {"containers": [APP], **tree}).one(kind).inputs)


def template(kind: str, whole: Tree) -> Tree:
    spec = whole["spec"]["jobTemplate"]["spec"] if kind == "CronJob" else whole["spec"]
    found: Tree = spec["template"]
    return found


# The pods are those of a Pod.


@pytest.mark.parametrize("kind", KINDS)
def test_the_fields_of_a_pod_are_the_fields_of_its_template(kind: str) -> None:
    fields = set(SharedProcessPodArgs.model_fields) - {"active_deadline_seconds", "restart_policy", "name"}
    assert fields <= set(args_class(kind).model_fields)
    own = set(args_class(kind).model_fields) - fields
    assert own - {"restart_policy"} <= {*EVERY_FIELD[kind], *COMMON, *EVERY_FIELD["Job"]}
    # Whoever adds a field gives it an example here, which the API server judges below.
    assert set(EVERY_FIELD[kind]) <= own


@pytest.mark.parametrize("kind", KINDS)
def test_the_pod_is_the_same_as_of_a_shared_process_pod(kind: str) -> None:
    shared = {"containers": [APP], "sidecars": [{"name": "side", "image": "busybox"}], "annotations": {"a": "b"}}

    def program() -> None:
        pidshare_components.SharedProcessPod("web", shared)

    alone = deploy(program).one("Pod").inputs
    pod = template(kind, registered(kind, shared))
    if kind in ("Job", "CronJob"):
        assert pod["spec"].pop("restartPolicy") == "Never"
    assert pod["spec"] == alone["spec"]
    assert pod["metadata"]["annotations"] == {"a": "b"}


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_of_the_pods_and_of_the_object_and_one_label_selects_these_pods_alone(kind: str) -> None:
    run = run_of(kind, {"containers": [APP], "labels": {"team": "web"}, "network": {}})
    whole = run.one(kind).inputs
    labels = template(kind, dict(whole))["metadata"]["labels"]
    assert labels == whole["metadata"]["labels"]
    assert labels["team"] == "web"
    own = {LABEL: labels[LABEL]}
    assert run.one("NetworkPolicy").inputs["spec"]["podSelector"]["matchLabels"] == own
    if kind in ("Deployment", "StatefulSet", "DaemonSet"):
        assert whole["spec"]["selector"] == {"matchLabels": own}
    if kind == "StatefulSet":
        assert run.one("Service").inputs["spec"]["selector"] == own


@pytest.mark.parametrize("kind", KINDS)
def test_every_own_field_is_one_of_kubernetes(kind: str) -> None:
    # In a Pod's spec it is judged elsewhere.
    spec = registered(kind, {**EVERY_FIELD[kind], **COMMON})["spec"]
    assert list(_unknown_fields(spec, DECLARED[kind])) == []
    found = json.dumps(spec)
    for field in set(EVERY_FIELD[kind]) - {"publish_not_ready_addresses"}:
        words = field.split("_")
        assert f'"{words[0]}{"".join(word.title() for word in words[1:])}": ' in found, field


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_the_shell_is_a_container_where_pods_run_on(kind: str) -> None:
    spec = template(kind, registered(kind, {"debug": {}}))["spec"]
    assert [item["name"] for item in spec["containers"]] == ["app", "shell"]
    assert "restartPolicy" not in spec


@pytest.mark.parametrize("kind", ["Job", "CronJob"])
@pytest.mark.parametrize("policy", ["Never", "OnFailure"])
def test_the_shell_is_a_native_sidecar_where_pods_end(kind: str, policy: str) -> None:
    spec = template(kind, registered(kind, {"debug": {}, "restart_policy": policy}))["spec"]
    assert [item["name"] for item in spec["containers"]] == ["app"]
    assert [(item["name"], item["restartPolicy"]) for item in spec["initContainers"]] == [("shell", "Always")]
    assert spec["restartPolicy"] == policy
    assert "activeDeadlineSeconds" not in template(kind, registered(kind, {"active_deadline_seconds": 5}))["spec"]


def test_a_service_gives_the_pods_of_a_stateful_set_their_names() -> None:
    ports = [
        *APP["ports"],
        {"container_port": 53, "name": "dns", "protocol": "UDP", "host_ip": "10.0.0.1"},
        {"container_port": 53, "name": "dns-2", "protocol": "UDP", "host_ip": "10.0.0.2"},
    ]
    run = run_of("StatefulSet", {"containers": [{**APP, "ports": ports}], "publish_not_ready_addresses": True})
    spec = run.one("Service").inputs["spec"]
    assert spec["clusterIP"] == "None"
    # A port that has no name, or is there already, has no SRV record.
    assert spec["ports"] == [{"name": "http", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    assert spec["publishNotReadyAddresses"] is True
    assert run.one("StatefulSet").inputs["spec"]["serviceName"] == "web-auto"
    assert run.outputs["web"]["serviceName"] == "web-auto"


# Types, names and options.


@pytest.mark.parametrize("kind", KINDS)
def test_types_names_and_outputs_are_a_promise(kind: str) -> None:
    """Whatever changes here replaces the pods of everybody: a child that is renamed needs an alias."""
    run = run_of(kind, {"containers": [APP], "attach": {"namespace_wide": kind != "StatefulSet"}, "network": {}})
    found = {item.kind: (item.name, item.parent) for item in run.registrations}
    service = {"Service": ("web", "web")} if kind == "StatefulSet" else {}
    assert found == {
        f"SharedProcess{kind}": ("web", ""),
        "NetworkPolicy": ("web", "web"),
        kind: ("web", "web"),
        "ServiceAccount": ("web-attach", "web"),
        "Role": ("web-attach", "web"),
        "RoleBinding": ("web-attach", "web"),
        **service,
    }
    assert run.registrations[0].type == f"pidshare-components:index:SharedProcess{kind}"
    component = getattr(pidshare_components, f"SharedProcess{kind}")
    declared = {name for base in component.__mro__[:2] for name in base.__annotations__ if name[0] != "_"}
    words = {"".join(word.title() if at else word for at, word in enumerate(name.split("_"))) for name in declared}
    assert set(run.outputs["web"]) == words


@pytest.mark.parametrize("kind", KINDS)
def test_a_given_name_cannot_be_there_twice(kind: str) -> None:
    assert not run_of(kind, {"containers": [APP]}).one(kind).request.deleteBeforeReplace
    assert run_of(kind, {"containers": [APP], "name": "own"}).one(kind).request.deleteBeforeReplace


# The access, and the commands.


@pytest.mark.parametrize("kind", [DEPLOYMENT, DAEMON_SET, JOB, CRON_JOB], ids=lambda kind: kind.name)
def test_pods_without_a_name_are_accessed_only_by_all_of_the_namespace(kind: Kind) -> None:
    least: Tree = {**LEAST[kind.name], "containers": [APP]}
    with pytest.raises(ArgumentsError, match=r"attach\.namespace_wide: RBAC limits rights by names.*write true"):
        args_class(kind.name).model_validate({**least, "attach": {"logs": True}})
    rules = role_rules(AttachAccess(namespace_wide=True, logs=True, list_pods=True), kind, "web-1", None)
    assert rules[:3] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods/attach"], "verbs": ["get", "create"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]
    found = {"apiGroups": [kind.group], "resources": [kind.resource], "resourceNames": ["web-1"], "verbs": ["get"]}
    assert rules[3:] == ([] if kind is CRON_JOB else [found])


def test_pods_of_a_stateful_set_are_accessed_by_their_names() -> None:
    def names(**given_: object) -> Any:  # noqa: ANN401
        run = run_of("StatefulSet", {"containers": [APP], "attach": {}, **given_})
        return [rule.get("resourceNames") for rule in run.one("Role").inputs["rules"]]

    assert names() == [["web-auto-0"]] * 2
    assert names(replicas=3) == [["web-auto-0", "web-auto-1", "web-auto-2"]] * 2
    assert names(replicas=lambda: pulumi.Output.from_input(2)) == [["web-auto-0", "web-auto-1"]] * 2
    assert names(attach={"namespace_wide": True}) == [None] * 2
    # A rule with no names is one for all names.
    assert names(replicas=0) == [["web-auto-0"]] * 2


def test_a_pod_alone_needs_no_more_than_its_name() -> None:
    with pytest.raises(ArgumentsError, match=r"attach\.namespace_wide: gives more than this pod needs"):
        SharedProcessPodArgs.model_validate({"containers": [APP], "attach": {"namespace_wide": True}})


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (DEPLOYMENT, "deployment/web-auto"),
        (STATEFUL_SET, "web-auto-0"),
        (DAEMON_SET, "daemonset/web-auto"),
        (JOB, "job/web-auto"),
        (CRON_JOB, "POD"),
    ],
    ids=lambda item: getattr(item, "name", ""),
)
def test_the_commands_say_how_to_find_a_pod(kind: Kind, target: str) -> None:
    run = run_of(kind.name, {"containers": [APP], "debug": {}})
    told = run.outputs["web"]["commands"]
    assert told["attach"] == f"kubectl attach --namespace default --stdin --tty {target} --container shell"
    if kind is STATEFUL_SET:
        assert "pods" not in told
    else:
        label = template(kind.name, dict(run.one(kind.name).inputs))["metadata"]["labels"][LABEL]
        assert told["pods"] == f"kubectl get pods --namespace default --selector {LABEL}={label}"
    assert run_of(kind.name, {"containers": [APP]}).outputs["web"]["commands"] == {}


# The rules of the kinds: what is refused, by us and where it can judge them, by the API server.

REFUSED: "dict[str, tuple[str, Tree, str]]" = {
    "a name that is too long": ("StatefulSet", {"name": "a" * 53}, "name: too long"),
    "a Job's pods that run on": ("Job", {"restart_policy": "Always"}, "restart_policy: .*OnFailure or Never"),
    "pods that end in a Deployment": (
        "Deployment",
        {"spec_overrides": {"restartPolicy": "Never"}},
        r"spec_overrides\.restartPolicy: .*leave it out",
    ),
    "a rolling update of nothing": (
        "Deployment",
        {"strategy": {"type": "Recreate", "rolling_update": {"max_surge": 1}}},
        r"strategy\.rolling_update: has no meaning for Recreate",
    ),
    "no pod may be replaced": (
        "Deployment",
        {"strategy": {"rolling_update": {"max_surge": 0, "max_unavailable": "0%"}}},
        r"strategy\.rolling_update\.max_unavailable: is 0",
    ),
    "no daemon may be replaced": (
        "DaemonSet",
        {"update_strategy": {"rolling_update": {"max_unavailable": 0}}},
        r"update_strategy\.rolling_update\.max_unavailable: is 0",
    ),
    "two bounds of a DaemonSet": (
        "DaemonSet",
        {"update_strategy": {"rolling_update": {"max_surge": 1}}},
        r"update_strategy\.rolling_update\.max_surge: .*write max_unavailable: 0",
    ),
    "more than all pods are missing": (
        "Deployment",
        {"strategy": {"rolling_update": {"max_unavailable": "101%"}}},
        r"strategy\.rolling_update\.max_unavailable: .*100% or less",
    ),
    "a deadline before anything is available": (
        "Deployment",
        {"min_ready_seconds": 600},
        "progress_deadline_seconds: .*write more than min_ready_seconds",
    ),
    "an end of pods that run on": (
        "Deployment",
        {"spec_overrides": {"activeDeadlineSeconds": 1}},
        r"spec_overrides\.activeDeadlineSeconds: .*leave it out",
    ),
    "a name too long for the pods with an index": (
        "Job",
        {"completion_mode": "Indexed", "completions": 2, "name": "a" * 63},
        "name: too long.*at most 61",
    ),
    "a percentage that is none": (
        "Deployment",
        {"strategy": {"rolling_update": {"max_surge": "1/4"}}},
        r"strategy\.rolling_update\.max_surge: not a percentage",
    ),
    "less than no pods": (
        "Deployment",
        {"strategy": {"rolling_update": {"max_surge": -1}}},
        r"strategy\.rolling_update\.max_surge: not a number of pods",
    ),
    "indices without a number": ("Job", {"completion_mode": "Indexed", "parallelism": 2}, "completions: required"),
    "a limit for indices that are not there": (
        "Job",
        {"backoff_limit_per_index": 1},
        "backoff_limit_per_index: .*write completion_mode Indexed",
    ),
    "a judge of pods that do not end": (
        "Job",
        {"restart_policy": "OnFailure", "pod_failure_policy": EVERY_FIELD["Job"]["pod_failure_policy"]},
        "pod_failure_policy: .*restart_policy Never",
    ),
    "a schedule that is none": ("CronJob", {"schedule": "every day"}, "schedule: not a schedule"),
    "a time zone in the schedule": (
        "CronJob",
        {"schedule": "TZ=Europe/Berlin 0 0 * * *"},
        "schedule: .*write it as time_zone",
    ),
    "the time zone of whoever": ("CronJob", {"time_zone": "Local"}, "time_zone: not a time zone"),
    "a claim without a mode": (
        "StatefulSet",
        {"volume_claim_templates": [{"name": "data", "storage": "1Gi", "access_modes": []}]},
        r"volume_claim_templates\[0\]\.access_modes: empty",
    ),
}
# The API server takes these: the second volume wins, a name is too long or too wide for other objects, ...
TAKEN: "dict[str, tuple[str, Tree, str]]" = {
    "a volume by two names": (
        "StatefulSet",
        {
            "volumes": [{"name": "data", "empty_dir": {}}],
            "volume_claim_templates": [{"name": "data", "storage": "1Gi", "access_modes": ["ReadWriteOnce"]}],
        },
        r"volume_claim_templates\[0\]\.name: the volume name 'data' is used twice",
    ),
    "a name that the Service cannot have": ("StatefulSet", {"name": "1web"}, "name: .*RFC 1035.*begin with a letter"),
    "too many pods": ("Deployment", {"replicas": 2**31}, "replicas: too large"),
    "a restart policy as an override": (
        "Job",
        {"spec_overrides": {"restartPolicy": "OnFailure"}},
        r"spec_overrides\.restartPolicy: is no override; write it as restart_policy",
    ),
    "a label key that is none": ("Job", {"workload_annotations": {"a b": "c"}}, "workload_annotations: the key 'a b'"),
}


@pytest.mark.parametrize("what", [*REFUSED, *TAKEN])
def test_what_cannot_be_is_refused_with_its_place(what: str) -> None:
    kind, wrong, message = {**REFUSED, **TAKEN}[what]
    with pytest.raises(ArgumentsError) as refusal:
        args_class(kind).model_validate({**LEAST[kind], "containers": [APP], **wrong})
    assert len(refusal.value.problems) == 1, refusal.value
    assert re.search(rf"^  {message}", str(refusal.value), re.MULTILINE), refusal.value


def test_a_claim_may_be_mounted() -> None:
    claims = [{"name": "data", "storage": "1Gi", "access_modes": ["ReadWriteOnce"]}]
    mounting = {**APP, "volume_mounts": [{"name": "data", "mount_path": "/data"}]}
    registered("StatefulSet", {"containers": [mounting], "volume_claim_templates": claims})
    with pytest.raises(ArgumentsError, match=r"no volume is named 'data'"):
        args_class("Deployment").model_validate({"containers": [mounting]})


@given(st.tuples(*(st.from_regex(r"[0-9*?/,a-z-]{1,6}", fullmatch=True) for _ in range(5))).map(" ".join))
def test_a_schedule_is_taken_or_refused_with_what_to_write(text: str) -> None:
    if _is_schedule(text):
        assert schedule(text) == text
    else:
        with pytest.raises(ValueError, match="; write"):
            schedule(text)


def object_of(kind: str, given_: Tree) -> Tree:
    """Return the object as it is sent, whatever the rules say of it."""
    whole = registered(kind, given_)
    group = "apps/v1" if kind in ("Deployment", "StatefulSet", "DaemonSet") else "batch/v1"
    return {**whole, "apiVersion": group, "kind": kind, "metadata": {**whole["metadata"], "name": "web"}}


def wrong_object(kind: str, wrong: Tree) -> Tree:
    """Return an object with what we refuse, put into a good one in Kubernetes' spelling."""
    whole = object_of(kind, {})
    spec = whole["spec"]
    job = spec["jobTemplate"]["spec"] if kind == "CronJob" else spec
    for field, value in wrong.items():
        if field == "name":
            whole["metadata"]["name"] = value
        elif field == "restart_policy":
            job["template"]["spec"]["restartPolicy"] = value
        elif field == "spec_overrides":
            job["template"]["spec"].update(value)
        elif field == "volume_claim_templates":
            spec["volumeClaimTemplates"] = [
                {"metadata": {"name": "data"}, "spec": {"accessModes": value[0]["access_modes"], "resources": {}}}
            ]
        else:
            spec.update(json.loads(_camel(json.dumps({field: value}))))
    return whole


def _camel(text: str) -> str:
    return re.sub(r'_([a-z])(?=[a-zA-Z_]*":)', lambda found: found[1].upper(), text)


@pytest.mark.cluster
def test_the_api_server_refuses_what_we_refuse(kubectl: Callable[..., str], namespace: str) -> None:
    later = "a name that is too long"  # it refuses the pods only
    objects = {what: wrong_object(kind, wrong) for what, (kind, wrong, _) in REFUSED.items() if what != later}
    taken = accepted(kubectl, namespace, list(objects.values()))
    assert [what for what, is_taken in zip(objects, taken, strict=True) if is_taken] == []


@pytest.mark.cluster
def test_the_api_server_takes_what_we_take(kubectl: Callable[..., str], namespace: str) -> None:
    objects = [object_of(kind, {**EVERY_FIELD[kind], **COMMON, "debug": {}}) for kind in KINDS]
    for kind in KINDS:
        for tree in samples(pods(), 8):
            gone = ("name", "active_deadline_seconds", "restart_policy", "attach")
            objects.append(object_of(kind, {key: item for key, item in tree.items() if key not in gone}))
    taken = accepted(kubectl, namespace, objects)
    assert [item["spec"] for item, is_taken in zip(objects, taken, strict=True) if not is_taken] == []


@pytest.mark.cluster
def test_a_schedule_is_one_for_us_as_for_the_api_server(kubectl: Callable[..., str], namespace: str) -> None:
    field = st.sampled_from(
        ["*", "0", "59", "60", "1-5", "5-1", "*/2", "1/0", "?", "jan", "MON", "7", "1,2", "-1", "a", "31"]
    )
    texts = [" ".join(fields) for fields in samples(st.lists(field, min_size=5, max_size=5), 150)]
    texts += ["@hourly", "@every 5m", "@every 1", "@never", "* * * *", "* * * * * *", "", "CRON_TZ=UTC * * * * *"]
    good = object_of("CronJob", {})
    taken = accepted(kubectl, namespace, [{**good, "spec": {**good["spec"], "schedule": text}} for text in texts])
    assert [text for text, is_taken in zip(texts, taken, strict=True) if is_taken != _is_schedule(text)] == []


def _is_schedule(text: str) -> bool:
    try:
        schedule(text)
    except ValueError:
        return False
    return True
