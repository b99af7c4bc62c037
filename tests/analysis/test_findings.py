"""Every rule finds what it is for, at its place, and nothing where it does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from pidshare_components.analysis.findings import RULES
from pidshare_components.analysis.images import Ids
from pidshare_components.analysis.node import Node, SecurityModule
from pidshare_components.analysis.objects import pods_in
from pidshare_components.analysis.result import analyse
from pidshare_components.analysis.rule import Finding, Severity
from pidshare_components.analysis.tree import UNKNOWN, format_path

Tree = dict[str, Any]

NODE = Node(pause_user=Ids(65535, 65535), security_module=SecurityModule.NONE, ptrace_scope=1, kernel=(6, 12))
DROPPED = {"capabilities": {"drop": ["ALL"]}}
NGINX: Tree = {"name": "nginx", "image": "nginx:1.29"}
TRACER: Tree = {"name": "tracer", "image": "busybox:1.37", "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}}}
STRANGER: Tree = {"name": "stranger", "image": "busybox:1.37", "securityContext": {"runAsUser": 7, "runAsGroup": 7}}
TOKEN_OFF = {"automountServiceAccountToken": False}


def found_in(*containers: Tree, node: Node = NODE, **spec: object) -> Sequence[Finding]:
    whole = {"shareProcessNamespace": True, **TOKEN_OFF, "containers": list(containers), **spec}
    (pod,) = pods_in({"kind": "Pod", "metadata": {"name": "pod"}, "spec": whole})
    return analyse(pod, node).findings


def having(container: Tree, **more: object) -> Tree:
    return {**container, **more}


def with_context(container: Tree, **context: object) -> Tree:
    return {**container, "securityContext": context}


@dataclass(frozen=True)
class Example:
    """What a rule finds, where, and what it does not find."""

    bad: Sequence[Tree]
    path: str
    good: Sequence[Tree]
    bad_spec: Tree = field(default_factory=dict)
    good_spec: Tree = field(default_factory=dict)


SECRET_ENV = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "a"}}}
KEYS = {"name": "keys", "secret": {"secretName": "keys"}}
MOUNTED = having(NGINX, volumeMounts=[{"name": "keys", "mountPath": "/keys"}])
TOKEN = {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
WITH_TOKEN = having(NGINX, volumeMounts=[{"name": "token", "mountPath": "/token"}])

EXAMPLES: dict[str, Example] = {
    "host-pid": Example([NGINX], "hostPID", [NGINX], {"hostPID": True, "shareProcessNamespace": False}),
    "host-pid-and-shared": Example([NGINX], "hostPID", [NGINX], {"hostPID": True}),
    "privileged-container": Example(
        [NGINX, with_context(TRACER, privileged=True)],
        "containers[1].securityContext.privileged",
        [NGINX, with_context(TRACER, privileged=True, runAsUser=7)],
    ),
    "sys-ptrace": Example(
        [NGINX, TRACER],
        "containers[1].securityContext.capabilities.add",
        [NGINX, with_context(TRACER, capabilities={"add": ["KILL"]})],
    ),
    "inert-capability": Example(
        [NGINX, with_context(TRACER, runAsUser=7, capabilities={"add": ["SYS_PTRACE"]})],
        "containers[1].securityContext.capabilities.add",
        [NGINX, TRACER],
    ),
    "signals-pause": Example(
        [NGINX, STRANGER],
        "securityContext.runAsUser",
        [with_context(NGINX, runAsUser=101), STRANGER],
        {"securityContext": {"runAsUser": 101}},
    ),
    "switches-user": Example(
        [NGINX, STRANGER],
        "containers[0].securityContext.capabilities.drop",
        [with_context(NGINX, **DROPPED), STRANGER],
    ),
    "group-without-user": Example(
        [NGINX],
        "securityContext.runAsGroup",
        [NGINX],
        {"securityContext": {"runAsGroup": 7}},
        {"securityContext": {"runAsGroup": 7, "runAsUser": 7}},
    ),
    "root-refused": Example(
        [NGINX],
        "containers[0].securityContext.runAsUser",
        [with_context(NGINX, runAsUser=101)],
        {"securityContext": {"runAsNonRoot": True}},
        {"securityContext": {"runAsNonRoot": True}},
    ),
    "secret-in-command-line": Example(
        [having(NGINX, args=["nginx", "--token", "hunter2"]), STRANGER],
        "containers[0].args[2]",
        [having(NGINX, args=["nginx", "--token-file", "/run/token"]), STRANGER],
    ),
    "literal-secret": Example(
        [having(NGINX, env=[{"name": "DB_PASSWORD", "value": "hunter2"}]), TRACER],
        "containers[0].env[0]",
        [
            having(NGINX, env=[{"name": "DB_PASSWORD", "value": "hunter2"}]),
            with_context(STRANGER, **DROPPED, runAsUser=7),
        ],
    ),
    "secret-in-environment": Example(
        [having(NGINX, env=[SECRET_ENV]), TRACER],
        "containers[0].env[0]",
        [having(NGINX, env=[SECRET_ENV]), STRANGER],
    ),
    "secret-volume": Example(
        [MOUNTED, TRACER],
        "containers[0].volumeMounts[0]",
        [MOUNTED, STRANGER],
        {"volumes": [KEYS]},
        {"volumes": [KEYS]},
    ),
    "service-account-token": Example(
        [WITH_TOKEN, TRACER],
        "containers[0].volumeMounts[0]",
        [WITH_TOKEN, STRANGER],
        {"volumes": [TOKEN]},
        {"volumes": [TOKEN]},
    ),
    "needs-pid-1": Example(
        [having(NGINX, command=["/sbin/init"]), STRANGER],
        "containers[0].command",
        [NGINX, STRANGER],
    ),
    "misbehaves-without-pid-1": Example(
        [having(NGINX, command=["tini", "--", "nginx"]), STRANGER],
        "containers[0].command",
        [having(NGINX, command=["tini", "-s", "--", "nginx"]), STRANGER],
    ),
    "signals-pid-1": Example(
        [having(NGINX, lifecycle={"preStop": {"exec": {"command": ["kill", "-QUIT", "1"]}}})],
        "containers[0].lifecycle.preStop.exec.command",
        [having(NGINX, lifecycle={"preStop": {"exec": {"command": ["nginx", "-s", "quit"]}}})],
    ),
    "signals-every-process": Example(
        [having(NGINX, command=["sh", "-c", "kill -TERM -1"])],
        "containers[0].command",
        [having(NGINX, command=["sh", "-c", "kill -TERM 17"])],
    ),
    "reads-proc-1": Example(
        [having(NGINX, command=["sh", "-c", "echo started > /proc/1/fd/1"])],
        "containers[0].command",
        [having(NGINX, command=["sh", "-c", "echo started > /proc/self/fd/1"])],
    ),
    "enters-pid-1": Example(
        [having(NGINX, command=["nsenter", "-t", "1", "-m", "sh"])],
        "containers[0].command",
        [having(NGINX, command=["nsenter", "-t", "17", "-m", "sh"])],
    ),
    "signals-by-name": Example(
        [having(NGINX, livenessProbe={"exec": {"command": ["pkill", "-0", "nginx"]}})],
        "containers[0].livenessProbe.exec.command",
        [having(NGINX, livenessProbe={"httpGet": {"port": 80}})],
    ),
}


def test_every_rule_has_an_example() -> None:
    assert EXAMPLES.keys() == RULES.keys()


def places(rule: str, found: Sequence[Finding]) -> list[str]:
    return [format_path(finding.path) for finding in found if finding.rule.id == rule]


@pytest.mark.parametrize("rule", EXAMPLES)
def test_a_rule_finds_what_it_is_for_and_nothing_else(rule: str) -> None:
    example = EXAMPLES[rule]
    assert places(rule, found_in(*example.bad, **example.bad_spec)) == [example.path]
    assert places(rule, found_in(*example.good, **example.good_spec)) == []


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_says_what_and_why_in_words(rule: Any) -> None:  # noqa: ANN401 - a Rule
    assert rule.id == rule.id.lower()
    assert " " not in rule.id
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")


def test_the_most_severe_comes_first() -> None:
    found = found_in(having(NGINX, args=["--token", "hunter2"]), TRACER, having(STRANGER, command=["pkill", "x"]))
    ranks = [finding.severity.rank for finding in found]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) > 1


def test_no_finding_without_a_shared_namespace() -> None:
    args = {
        "args": ["--token", "hunter2"],
        "env": [{"name": "PASSWORD", "value": "hunter2"}],
        "command": ["pkill", "x"],
    }
    assert found_in(having(NGINX, **args), TRACER, shareProcessNamespace=False) == ()


# Secrets, and who really reads them.


def test_what_only_may_be_readable_matters_less_and_says_so() -> None:
    app = {"name": "app", "image": "registry.example.com/app:1", "env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}
    (found,) = [item for item in found_in(app, NGINX) if item.rule.id == "literal-secret"]
    assert found.severity is Severity.MEDIUM
    assert "'nginx' may be able to read" in found.message


def test_no_value_of_a_secret_is_told() -> None:
    url = "postgres://admin:hunter2@db/app"
    told = found_in(
        having(
            NGINX,
            args=["--password=hunter2", url],
            env=[{"name": "DSN", "value": url}, {"name": "API_KEY", "value": "hunter2"}],
        ),
        TRACER,
    )
    assert len([finding for finding in told if "secret" in finding.rule.id]) == 4
    assert "hunter2" not in str(told)


def test_a_secret_variable_in_an_argument_is_in_the_process_list() -> None:
    """Kubernetes puts the value there before it starts the program."""
    nginx = having(NGINX, env=[SECRET_ENV], args=["nginx", "--key=$(KEY)"])
    assert places("secret-in-command-line", found_in(nginx, STRANGER)) == ["containers[0].args[1]"]
    assert places("secret-in-command-line", found_in(having(nginx, args=["nginx", "--key=$KEY"]), STRANGER)) == []


def test_who_has_the_secret_itself_is_no_reader_of_it() -> None:
    shared = [MOUNTED, having(TRACER, volumeMounts=[{"name": "keys", "mountPath": "/keys"}])]
    assert places("secret-volume", found_in(*shared, volumes=[KEYS])) == []


@pytest.mark.parametrize(
    ("mode", "reader", "spec", "reads"),
    [
        (0o644, {"runAsUser": 101, "runAsGroup": 101}, {}, True),
        (0o400, {"runAsUser": 101, "runAsGroup": 101}, {}, False),  # the files are root's
        (0o400, {"runAsUser": 101, "runAsGroup": 101}, {"securityContext": {"fsGroup": 7}}, True),  # and the group's
        (0o400, {"capabilities": {"add": ["SYS_PTRACE"]}}, {}, True),
        (0o000, {"capabilities": {"add": ["SYS_PTRACE"], "drop": ["DAC_OVERRIDE"]}}, {}, False),
    ],
)
def test_the_permissions_of_the_files_decide_beyond_the_link(mode: int, reader: Tree, spec: Tree, reads: bool) -> None:
    volume = {"name": "keys", "secret": {"secretName": "keys", "defaultMode": mode}}
    app = with_context(MOUNTED, runAsUser=101, runAsGroup=101, allowPrivilegeEscalation=False)
    found = found_in(app, with_context(TRACER, **reader), volumes=[volume], **spec)
    assert places("secret-volume", found) == (["containers[0].volumeMounts[0]"] if reads else [])


def test_the_token_that_is_mounted_by_itself() -> None:
    found = found_in(NGINX, TRACER, automountServiceAccountToken=None)
    # Every container has it: none needs another's.
    assert places("service-account-token", found) == []
    own = having(TRACER, volumeMounts=[{"name": "none", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}])
    found = found_in(NGINX, own, volumes=[{"name": "none", "emptyDir": {}}], automountServiceAccountToken=None)
    assert places("service-account-token", found) == ["automountServiceAccountToken"]
    unknown = found_in(NGINX, own, volumes=[{"name": "none", "emptyDir": {}}], automountServiceAccountToken=UNKNOWN)
    assert places("service-account-token", unknown) == []


def test_another_key_of_one_secret_is_another_secret() -> None:
    def env(key: str) -> Tree:
        return {"env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "db", "key": key}}}]}

    database = {"name": "db", "image": "busybox:1.37", **env("root")}
    app = {"name": "app", "image": "busybox:1.37", **env("app")}
    assert places("secret-in-environment", found_in(database, app)) == ["containers[0].env[0]", "containers[1].env[0]"]
    assert places("secret-in-environment", found_in(database, having(app, **env("root")))) == []
    # Who has every key has this one too.
    whole = having(app, env=[], envFrom=[{"secretRef": {"name": "db"}}])
    assert places("secret-in-environment", found_in(database, whole)) == ["containers[1].envFrom[0]"]


@pytest.mark.parametrize(
    ("default", "own", "reads"), [(0o644, 0o400, False), (0o400, 0o444, True), (0o400, None, False)]
)
def test_a_file_of_a_secret_may_have_a_mode_of_its_own(default: int, own: int | None, reads: bool) -> None:
    item = {"key": "a", "path": "a", **({} if own is None else {"mode": own})}
    volume = {"name": "keys", "secret": {"secretName": "keys", "defaultMode": default, "items": [item]}}
    app = with_context(MOUNTED, runAsUser=101, runAsGroup=101, allowPrivilegeEscalation=False)
    found = found_in(app, with_context(STRANGER, runAsUser=101, runAsGroup=101), volumes=[volume])
    assert bool(places("secret-volume", found)) is reads


def test_a_signal_that_the_kernel_refuses_ends_nothing() -> None:
    kill = having(with_context(NGINX, runAsUser=7, **DROPPED), command=["sh", "-c", "kill 1"])
    (refused,) = [found for found in found_in(kill) if found.rule.id == "signals-pid-1"]
    assert refused.severity is Severity.MEDIUM
    assert "the kernel refuses it" in refused.message
    (ends,) = [
        found for found in found_in(having(NGINX, command=["sh", "-c", "kill 1"])) if found.rule.id == "signals-pid-1"
    ]
    assert ends.severity is Severity.HIGH


def test_powers_that_reach_nobody_are_not_found() -> None:
    """An ephemeral container that enters one other container makes no namespace of all."""
    debugger = {"name": "debugger", "image": "busybox:1.37", "targetContainerName": "nginx"}
    found = found_in(
        NGINX, with_context(TRACER, privileged=True), shareProcessNamespace=False, ephemeralContainers=[debugger]
    )
    assert places("privileged-container", found) == []


def test_a_value_that_looks_like_an_option_is_told_to_nobody() -> None:
    told = found_in(having(NGINX, args=["nginx", "--token", "secret-9f8e7d6c=ZZZ"]), STRANGER)
    assert places("secret-in-command-line", told) == ["containers[0].args[2]"]
    assert "9f8e7d6c" not in str(told)


def test_a_secret_inside_of_a_script_is_in_the_command_line_too() -> None:
    script = "redis-server --requirepass hunter2hunter2 &\nsleep 9"
    assert places("secret-in-command-line", found_in(having(NGINX, command=["sh", "-c", script]), STRANGER)) == [
        "containers[0].command[2]"
    ]


CONTROLLER: Tree = {
    "name": "controller",
    "image": "registry.k8s.io/ingress-nginx/controller:v1.13.0",
    "args": ["/nginx-ingress-controller"],
}


@pytest.mark.parametrize(
    ("context", "is_inert"),
    [
        ({"capabilities": {"add": ["NET_BIND_SERVICE"]}}, False),
        ({"capabilities": {"add": ["NET_BIND_SERVICE"]}, "allowPrivilegeEscalation": False}, True),
        ({"capabilities": {"add": ["NET_BIND_SERVICE", "SYS_PTRACE"]}}, True),
    ],
)
def test_a_capability_that_the_programs_file_gives_is_not_inert(context: Tree, is_inert: bool) -> None:
    found = found_in(NGINX, with_context(CONTROLLER, runAsUser=101, runAsGroup=82, **context))
    assert [item.certain for item in found if item.rule.id == "inert-capability"] == ([True] if is_inert else [])


def test_whether_an_added_capability_is_inert_hinges_on_the_programs_file() -> None:
    image = {**TRACER, "image": "registry.example/shell"}
    for context, certain in (({}, False), ({"allowPrivilegeEscalation": False}, True)):
        found = found_in(NGINX, with_context(image, runAsUser=7, capabilities={"add": ["SYS_PTRACE"]}, **context))
        assert [item.certain for item in found if item.rule.id == "inert-capability"] == [certain]


@pytest.mark.parametrize(
    ("add", "said", "fix"),
    [
        (
            ["SYS_PTRACE", "net_bind_service"],
            "of the capabilities added to 'controller', SYS_PTRACE does nothing: it does",
            "leave SYS_PTRACE out, or run it as user 0",
        ),
        (
            ["KILL", "NET_BIND_SERVICE", "SYS_PTRACE"],
            "of the capabilities added to 'controller', KILL and SYS_PTRACE do nothing: it does",
            "leave KILL and SYS_PTRACE out, or run it as user 0",
        ),
        (
            ["ALL"],
            "of the capabilities added to 'controller', all but NET_BIND_SERVICE do nothing: it does",
            "add NET_BIND_SERVICE alone, or run it as user 0",
        ),
        (["KILL"], "the capabilities added to 'controller' do nothing: it does", "leave them out, or run it as user 0"),
    ],
)
def test_the_capabilities_of_the_programs_file_are_not_called_inert(add: list[str], said: str, fix: str) -> None:
    container = with_context(CONTROLLER, runAsUser=101, runAsGroup=82, capabilities={"add": add})
    (inert,) = [item for item in found_in(NGINX, container) if item.rule.id == "inert-capability"]
    assert inert.message.startswith(said)
    assert inert.message.endswith("and its program's file gives NET_BIND_SERVICE alone")
    assert inert.fix == fix


@pytest.mark.parametrize(
    ("add", "certain"), [([UNKNOWN], False), (["NET_BIND_SERVICE", UNKNOWN], False), (["KILL", UNKNOWN], True)]
)
def test_a_capability_that_is_not_known_may_be_the_files(add: list[object], certain: bool) -> None:
    container = with_context(CONTROLLER, runAsUser=101, runAsGroup=82, capabilities={"add": add})
    (inert,) = [item for item in found_in(NGINX, container) if item.rule.id == "inert-capability"]
    assert inert.certain is certain
    assert inert.message.startswith("of the capabilities added to 'controller', ")
