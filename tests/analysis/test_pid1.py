"""What takes PID 1 for its own process: what each rule finds, what it just does not, and what a real PID 1 does."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidshare_components.analysis import pid1
from pidshare_components.analysis.rule import Finding, Severity
from pidshare_components.analysis.tree import UNKNOWN, Path, Tree

HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW


def found(container: Tree, **spec: object) -> list[Finding]:
    return list(pid1.findings({"containers": [{"name": "app", "image": "app:1", **container}], **spec}))


def sh(script: str) -> Tree:
    return {"command": ["sh", "-c", script]}


def hook(*argv: str) -> Tree:
    return {"lifecycle": {"preStop": {"exec": {"command": list(argv)}}}}


def probe(*argv: str) -> Tree:
    return {"livenessProbe": {"exec": {"command": list(argv)}}}


def env(value: object) -> Tree:
    return {"env": [{"name": "A", "value": value}]}


BAD: list[tuple[str, Tree, Severity]] = [
    ("needs-pid-1", {"image": "lscr.io/linuxserver/openssh-server:latest"}, HIGH),
    ("needs-pid-1", {"image": "linuxserver/swag", "args": ["a"]}, HIGH),
    ("needs-pid-1", {"image": "kindest/node:v1.34.2@sha256:" + "0" * 64}, HIGH),
    ("needs-pid-1", {"image": "registry.access.redhat.com/ubi9/ubi-init"}, HIGH),
    ("needs-pid-1", {"image": "jrei/systemd-debian:12"}, HIGH),
    ("needs-pid-1", {"image": "plexinc/pms-docker", "command": []}, HIGH),
    ("needs-pid-1", {"command": ["/sbin/init"]}, HIGH),
    ("needs-pid-1", {"args": ["/init"]}, HIGH),
    ("needs-pid-1", {"command": ["/usr/lib/systemd/systemd", "--system"]}, HIGH),
    ("needs-pid-1", {"command": ["busybox", "init"]}, HIGH),
    ("needs-pid-1", {"command": ["runit"]}, HIGH),
    ("needs-pid-1", {"command": ["/sbin/openrc-init", "default"]}, HIGH),
    ("needs-pid-1", sh("mkdir -p /run && exec /sbin/init --log-target=journal"), HIGH),
    ("misbehaves-without-pid-1", {"image": "phusion/baseimage:noble-1.0.0"}, HIGH),
    ("misbehaves-without-pid-1", {"command": ["/sbin/my_init", "--", "app"]}, HIGH),
    ("misbehaves-without-pid-1", {"image": "jenkins/jenkins:lts"}, LOW),
    ("misbehaves-without-pid-1", {"command": ["/usr/bin/tini", "-g", "--", "app", "-s"]}, LOW),
    ("misbehaves-without-pid-1", {"command": ["docker-init", "app", "-s"]}, LOW),
    ("signals-pid-1", hook("kill", "1"), HIGH),
    ("signals-pid-1", hook("/bin/kill", "-TERM", "1"), HIGH),
    ("signals-pid-1", hook("sh", "-c", "sleep 5; kill -s INT 1"), HIGH),
    ("signals-pid-1", sh('trap "kill -15 1" EXIT; app'), HIGH),
    ("signals-pid-1", sh("kill -- 1"), HIGH),
    ("signals-pid-1", sh("kill -SIGTERM 7 '1'"), HIGH),
    ("signals-pid-1", sh("kill -sINT 01"), HIGH),
    ("signals-pid-1", sh("kill -n 2 1"), HIGH),
    ("signals-pid-1", sh("kill --signal=TERM 1"), HIGH),
    ("signals-pid-1", sh('k"i"ll 1'), HIGH),
    ("signals-pid-1", sh("\\kill 1"), HIGH),
    ("signals-pid-1", sh("$'\\x6bill' 1"), HIGH),
    ("signals-pid-1", sh("ki\\\nll 1"), HIGH),
    ("signals-pid-1", {"command": ["$(A)", "1"], **env("kill")}, HIGH),
    ("signals-pid-1", sh("kill -HUP 1"), MEDIUM),
    ("signals-pid-1", sh("kill -1 1"), MEDIUM),
    ("signals-pid-1", sh("kill -s 9 1"), MEDIUM),
    ("signals-pid-1", sh("kill -usr1 1"), MEDIUM),
    ("signals-pid-1", sh("kill -$SIGNAL 1"), MEDIUM),
    ("signals-pid-1", sh("kill $SIGNAL 1"), MEDIUM),
    ("signals-pid-1", probe("kill", "-0", "1"), MEDIUM),
    ("signals-every-process", sh("kill -TERM -1"), HIGH),
    ("signals-every-process", sh("kill -- -1"), HIGH),
    ("signals-every-process", sh("kill -9 -- -1"), HIGH),
    ("signals-every-process", hook("killall5", "-15"), HIGH),
    ("reads-proc-1", sh("app > /proc/1/fd/1 2>&1"), MEDIUM),
    ("reads-proc-1", sh("LOG=/proc/1/fd/2; app"), MEDIUM),
    ("reads-proc-1", {"command": ["app", "--log=/proc/1/fd/1"]}, MEDIUM),
    ("reads-proc-1", {"command": ["python", "-c", "import os; os.stat('/proc/1/root')"]}, MEDIUM),
    ("reads-proc-1", probe("cat", "/proc/1/environ"), MEDIUM),
    ("reads-proc-1", env("/proc/1/fd/1"), MEDIUM),
    ("reads-proc-1", {"env": [{"name": "P", "value": "/proc/1"}, {"name": "A", "value": "$(P)/fd/1"}]}, MEDIUM),
    ("reads-proc-1", {"workingDir": "/proc/1/root"}, MEDIUM),
    ("enters-pid-1", hook("nsenter", "-t", "1", "-m", "reboot"), HIGH),
    ("enters-pid-1", sh("nsenter --target 1 --all -- app"), HIGH),
    ("enters-pid-1", sh("nsenter -at1 app"), HIGH),
    ("enters-pid-1", sh("nsenter -S 0 --target=1 --net ip a"), MEDIUM),
    ("signals-by-name", hook("pkill", "-HUP", "nginx"), MEDIUM),
    ("signals-by-name", hook("killall", "-g", "nginx"), MEDIUM),
    ("signals-by-name", sh("kill -HUP $(pidof nginx)"), MEDIUM),
    ("signals-by-name", sh("pgrep nginx | xargs kill"), MEDIUM),
    ("signals-by-name", probe("pidof", "-s", "nginx"), LOW),
    ("signals-by-name", probe("sh", "-c", "pgrep -f app >/dev/null"), LOW),
    ("signals-by-name", probe("pkill", "-0", "nginx"), LOW),
]
GOOD: list[tuple[str, Tree]] = [
    ("needs-pid-1", {"image": "lscr.io/linuxserver/openssh-server", "command": ["sleep", "1"]}),
    ("needs-pid-1", {"image": "registry.access.redhat.com/ubi9/ubi-init", "args": ["sleep", "1"]}),
    ("needs-pid-1", {"image": "registry.access.redhat.com/ubi9/ubi"}),
    ("needs-pid-1", {"image": "example.com/linuxserver/swag"}),
    ("needs-pid-1", {"command": ["/app/init"]}),
    ("needs-pid-1", {"command": ["npm", "init"]}),
    ("needs-pid-1", {"command": ["unshare", "--pid", "--fork", "--mount-proc", "/sbin/init"]}),
    ("needs-pid-1", {"command": ["runsvdir", "/etc/service"]}),
    ("needs-pid-1", {"command": ["systemd", "--test"]}),
    ("needs-pid-1", hook("init", "0")),
    ("misbehaves-without-pid-1", {"command": ["tini", "-s", "--", "app"]}),
    ("misbehaves-without-pid-1", {"command": ["tini", "-gs", "app"]}),
    ("misbehaves-without-pid-1", {"command": ["tini", "--", "app"], "env": [{"name": "TINI_SUBREAPER"}]}),
    ("misbehaves-without-pid-1", {"image": "jenkins/jenkins", "env": [{"name": "TINI_SUBREAPER", "value": ""}]}),
    ("misbehaves-without-pid-1", {"image": "jenkins/jenkins", "envFrom": [{"configMapRef": {"name": "a"}}]}),
    ("misbehaves-without-pid-1", {"image": "phusion/baseimage", "args": ["app"]}),
    ("misbehaves-without-pid-1", {"command": ["/sbin/my_init", "--no-kill-all-on-exit"]}),
    ("misbehaves-without-pid-1", {"command": ["dumb-init", "--", "app"]}),
    ("misbehaves-without-pid-1", {"command": ["catatonit", "--", "app"]}),
    ("signals-pid-1", hook("nginx", "-s", "quit")),
    ("signals-pid-1", sh("kill -HUP $(cat /run/app.pid)")),
    ("signals-pid-1", sh("kill -1 $PID")),
    ("signals-pid-1", sh("kill -1 $!")),
    ("signals-pid-1", sh("kill 10 -12 0")),
    ("signals-pid-1", sh("kill -l 1")),
    ("signals-pid-1", sh("echo 'kill 1'")),
    ("signals-pid-1", sh("# kill 1\napp")),
    ("signals-pid-1", sh("cat <<EOF\nkill 1\nEOF")),
    ("signals-pid-1", {"command": ["echo", "kill", "1"]}),
    ("signals-pid-1", hook("$(A)", "1") | env("kill")),  # nothing is expanded in a hook
    ("signals-every-process", sh("kill -1")),  # SIGHUP to nobody
    ("signals-every-process", sh("kill -0 -1")),
    ("signals-every-process", sh("kill -TERM -12")),
    ("signals-every-process", sh("kill 0")),
    ("reads-proc-1", sh("cat /proc/10/environ /proc/self/fd/1 /host/proc/1/stat; [ -d /proc/1 ]")),
    ("reads-proc-1", sh("app # > /proc/1/fd/1\ncat $ROOT/proc/1/stat")),
    ("reads-proc-1", env("/host/proc/1/ns")),
    ("enters-pid-1", sh("nsenter -t 10 -m app")),
    ("enters-pid-1", sh("nsenter -t $PID -m app -t 1")),
    ("signals-by-name", hook("pkill", "-F", "/run/app.pid")),
    ("signals-by-name", sh("pkill -P $PID")),
    ("signals-by-name", sh("command -v pkill")),
]


@pytest.mark.parametrize(("rule", "container", "severity"), BAD)
def test_a_rule_finds_what_it_is_about(rule: str, container: Tree, severity: Severity) -> None:
    assert [(each.rule.id, each.severity) for each in found(container)] == [(rule, severity)]


@pytest.mark.parametrize(("rule", "container"), GOOD)
def test_a_rule_leaves_what_it_is_not_about(rule: str, container: Tree) -> None:
    assert rule in {each.id for each in pid1.RULES}
    others = {"signals-by-name"} if rule == "signals-pid-1" else set()
    assert {each.rule.id for each in found(container)} <= others


def test_every_rule_has_both_examples_and_no_finding_is_worse_than_its_rule() -> None:
    ids = [rule.id for rule in pid1.RULES]
    assert len(set(ids)) == len(ids)
    assert {rule for rule, _, _ in BAD} == {rule for rule, _ in GOOD} == set(ids)
    for rule in pid1.RULES:
        worst = min((severity for id_, _, severity in BAD if id_ == rule.id), key=lambda each: each.rank)
        assert worst is rule.severity


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"containers": [{}, sh("kill 1")]}, ("containers", 1, "command")),
        ({"initContainers": [{"args": ["kill", "1"]}]}, ("initContainers", 0, "args")),
        ({"containers": [{"command": ["sh"], "args": ["-c", "kill 1"]}]}, ("containers", 0, "command")),
        ({"containers": [probe("kill", "1")]}, ("containers", 0, "livenessProbe", "exec", "command")),
        (
            {"ephemeralContainers": [hook("kill", "1")]},
            ("ephemeralContainers", 0, "lifecycle", "preStop", "exec", "command"),
        ),
        ({"containers": [{"image": "kindest/node"}]}, ("containers", 0, "image")),
        ({"containers": [env("/proc/1/fd/1")]}, ("containers", 0, "env", 0, "value")),
    ],
)
def test_a_finding_says_where(spec: Tree, path: Path) -> None:
    assert [finding.path for finding in pid1.findings(spec)] == [path]


@pytest.mark.parametrize("place", ["readinessProbe", "startupProbe", "postStart"])
def test_every_probe_and_hook_is_read(place: str) -> None:
    handler = {"exec": {"command": ["kill", "1"]}}
    assert found({"lifecycle": {place: handler}} if place == "postStart" else {place: handler})


def test_all_that_is_wrong_is_told_once() -> None:
    container = sh("kill 1; kill 1; kill -HUP 1; pkill a; pkill b; cat /proc/1/stat /proc/1/status")
    assert [(each.rule.id, each.severity) for each in found(container)] == [
        ("signals-pid-1", HIGH),
        ("signals-pid-1", MEDIUM),
        ("signals-by-name", MEDIUM),
        ("reads-proc-1", MEDIUM),
    ]


@pytest.mark.parametrize(
    ("container", "severity"),
    [
        (sh("kill -HUP 1"), HIGH),
        (sh("kill -0 1"), MEDIUM),
        (sh("kill -TERM -1"), HIGH),
        (sh("nsenter -t 1 -n ip a"), HIGH),
        (sh("cat /proc/1/stat"), MEDIUM),
        (hook("pkill", "a"), MEDIUM),
        ({"image": "kindest/node"}, HIGH),
    ],
)
def test_on_the_node_pid_1_is_another(container: Tree, severity: Severity) -> None:
    (finding,) = found(container, hostPID=True)
    assert finding.severity is severity
    assert "node" in finding.message
    assert "/pause" not in finding.message


CANARY = "s3cr3t"


@pytest.mark.parametrize(
    "script",
    [
        f"A={CANARY} kill 1 {CANARY}",
        f"kill -{CANARY} 1",
        f"cat /proc/1/{CANARY}",
        f"pkill {CANARY}",
        f"kill $(pidof {CANARY})",
        f"nsenter -t 1 -m {CANARY}",
        f"exec tini -- {CANARY}",
        f"my_init {CANARY}",
        f"kill -s {CANARY} -1",
    ],
)
def test_no_message_has_an_argument(script: str) -> None:
    for on_node in (False, True):
        (finding,) = found({**sh(script), **env(CANARY)}, hostPID=on_node)
        text = finding.message + finding.fix
        assert CANARY not in text
        assert "\n" not in text
        assert not finding.message.endswith(".")


def leaves(tree: Any, path: Path = ()) -> Iterator[Path]:  # noqa: ANN401 - any tree
    """Yield the path of everything in a tree."""
    if path:
        yield path
    for key, item in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield from leaves(item, (*path, key))


def with_unknown(tree: Tree, path: Path) -> Tree:
    copy: Any = json.loads(json.dumps(tree))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = UNKNOWN
    return copy  # type: ignore[no-any-return]


@pytest.mark.parametrize("container", [*(bad for _, bad, _ in BAD), *(good for _, good in GOOD)])
def test_what_is_not_known_is_no_finding(container: Tree) -> None:
    spec = {"containers": [{"name": "app", "image": "app:1", **container}]}
    worst: dict[tuple[str, Path], int] = {}
    for finding in pid1.findings(spec):
        where = finding.rule.id, finding.path
        worst[where] = min(worst.get(where, 9), finding.severity.rank)
    for path in leaves(spec):
        for finding in pid1.findings(with_unknown(spec, path)):
            assert finding.severity.rank >= worst[finding.rule.id, finding.path], path


WORDS = st.one_of(
    st.text(max_size=4),
    st.sampled_from(
        [
            *(
                "kill",
                "-1",
                "1",
                "-t",
                "nsenter",
                "pkill",
                "tini",
                "--",
                "-s",
                "-n",
                "my_init",
                "init",
                "sh",
                "-c",
                "pidof",
            ),
            *("/proc/1/", "$(A)", "$(B)", "\0", "-l", "--signal=", "kill -s", "killall5"),
        ]
    ),
)
ARGVS = st.one_of(st.just(UNKNOWN), st.none(), st.lists(st.one_of(WORDS, st.just(UNKNOWN)), max_size=5))


@given(ARGVS, ARGVS, ARGVS, st.one_of(WORDS, st.none(), st.just(UNKNOWN)), st.booleans())
@settings(deadline=None)
def test_no_spec_is_too_much(command: Any, args: Any, probed: Any, value: Any, on_node: bool) -> None:  # noqa: ANN401
    container = {
        "image": value,
        "command": command,
        "args": args,
        "workingDir": value,
        "livenessProbe": {"exec": {"command": probed}},
        "startupProbe": None,
        "lifecycle": {"preStop": UNKNOWN, "postStart": {"exec": {"command": args}}},
        "env": [UNKNOWN, {"name": "A", "value": value}, {"name": UNKNOWN}, {"name": "B", "valueFrom": {}}],
    }
    spec = {"containers": [container, UNKNOWN], "initContainers": UNKNOWN, "ephemeralContainers": None}
    for finding in pid1.findings({**spec, "hostPID": on_node}):
        assert finding.rule in pid1.RULES


@given(st.lists(WORDS, min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_the_quick_look_misses_nothing(argv: list[str]) -> None:
    # Beside a word that makes every command suspicious the same things are found.
    container = {"command": ["sh", "-c", " ".join(argv)]}
    told = [(each.rule.id, each.message) for each in found(container)]
    aloud = {**container, "readinessProbe": {"exec": {"command": ["echo", "pidof"]}}}
    assert [(each.rule.id, each.message) for each in found(aloud)] == told


def ended_by(signal: str) -> Optional[bool]:
    """Return whether a PID 1 that handles what /pause handles ends by a signal from inside; None if nobody can tell."""
    if not shutil.which("unshare"):
        return None
    # The background process keeps `wait` waiting until the signal had its time.
    script = f"trap 'exit 7' INT TERM; trap : CHLD; (kill -s {signal} $$; exec sleep 0.2) & wait; wait; exit 3"
    code = subprocess.run(
        ["unshare", "--pid", "--fork", "sh", "-c", script], capture_output=True, check=False
    ).returncode
    return {7: True, 3: False}.get(code)


@pytest.mark.parametrize("signal", ["TERM", "INT", "HUP", "QUIT", "KILL", "USR1", "USR2", "STOP", "WINCH", "ABRT"])
def test_only_what_ends_a_real_pid_1_is_called_dangerous(signal: str) -> None:
    ends = ended_by(signal)
    if ends is None:
        pytest.skip("no process namespace can be made here")
    (finding,) = found(sh(f"kill -s {signal} 1"))
    assert (finding.severity is HIGH) is ends
