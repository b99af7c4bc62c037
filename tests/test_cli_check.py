"""`pidshare check`: exit codes, bad input of every kind, configurations, Pulumi programs, and no secret anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from dev.paths import ROOT
from pidshare_components.cli import app
from tests.test_cli import CANARY, MODULE, PIDSHARE

QUIET = """\
apiVersion: v1
kind: Pod
metadata: {name: quiet, namespace: shop}
spec:
  automountServiceAccountToken: false
  containers:
  - {name: app, image: busybox, command: [sleep, infinity]}
"""
MEDIUM = """\
apiVersion: v1
kind: Pod
metadata: {name: traced, namespace: shop}
spec:
  shareProcessNamespace: true
  automountServiceAccountToken: false
  containers:
  - name: app
    image: busybox
    command: [sleep, infinity]
  - name: shell
    image: busybox
    command: [sleep, infinity]
    securityContext:
      capabilities: {add: [SYS_PTRACE]}
"""
HIGH = """\
apiVersion: v1
kind: Pod
metadata: {name: node, namespace: shop}
spec:
  hostPID: true
  automountServiceAccountToken: false
  containers:
  - {name: app, image: busybox, command: [sleep, infinity]}
"""
UNCERTAIN = """\
kind: Pod
metadata: {name: perhaps}
spec:
  shareProcessNamespace: true
  automountServiceAccountToken: false
  containers:
  - name: app
    image: registry.example/app:1
    env: [{name: PASSWORD, value: hunter2-canary}]
  - {name: other, image: registry.example/other:1}
"""
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (name, name, b",".join([b"*%c" % before] * 10))
    for before, name in zip(b"abcd", b"bcde", strict=True)
)
# Beside these the rules about single objects are what is looked at.
ALONE = "no-network-policy: disabled\n"


class Done:
    """What a run left."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def report(self) -> Any:  # noqa: ANN401 - JSON
        return json.loads(self.out)

    @property
    def rules(self) -> list[str]:
        return [each["rule"] for each in self.report["violations"]]


def check(*arguments: object, stdin: bytes = b"") -> Done:
    """Run the command in this process."""
    done = CliRunner().invoke(app, ["check", *map(str, arguments)], input=stdin, env={"COLUMNS": "80"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert CANARY not in done.stdout + done.stderr
    return Done(done.exit_code, done.stdout, done.stderr)


def in_json(*arguments: object, stdin: bytes = b"") -> Done:
    return check(*arguments, "--format", "json", stdin=stdin)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "manifests"
    made.mkdir()
    return made


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    made = tmp_path / "rules.yaml"
    made.write_text(ALONE)
    return made


@pytest.mark.parametrize("command", [PIDSHARE, MODULE], ids=["script", "module"])
def test_the_command(folder: Path, command: tuple[str, ...]) -> None:
    (folder / "node.yaml").write_text(HIGH)
    done = subprocess.run(
        [*command, "check", "manifests"], capture_output=True, text=True, check=False, cwd=folder.parent
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(
        "Pod shop/node  manifests/node.yaml:1\n  HIGH    host-pid  mandatory  spec.hostPID  (line 5)\n"
    )


# --- exit codes ---


def test_nothing_is_found(folder: Path) -> None:
    (folder / "a.yaml").write_text(QUIET)
    (folder / "b.yaml").write_text("kind: Service\n---\nkind: Anything\nspec: 1\n")
    done = check(folder)
    assert (done.code, done.out, done.err) == (0, "no violations in 3 objects of 2 files\n", "")
    assert in_json(folder).report["counts"]["objects"] == 3


@pytest.mark.parametrize(
    ("manifest", "options", "code"),
    [
        (HIGH, (), 1),
        (HIGH, ("--fail-on", "high"), 1),
        (HIGH, ("--fail-on", "low"), 1),
        (MEDIUM, (), 0),
        (MEDIUM, ("--fail-on", "high"), 0),
        (MEDIUM, ("--fail-on", "medium"), 1),
        (UNCERTAIN, (), 0),
        (UNCERTAIN, ("--fail-on", "low"), 0),
        (QUIET, ("--fail-on", "low"), 0),
        ("kind: [\n---\n" + HIGH, (), 2),
        ("kind: [\n", (), 2),
        ("", (), 2),
        ("# nothing\n---\n", (), 2),
    ],
)
def test_exit_codes(folder: Path, alone: Path, manifest: str, options: tuple[str, ...], code: int) -> None:
    (folder / "a.yaml").write_text(manifest)
    for form in ("text", "json", "sarif"):
        assert check(folder, "--config", alone, "--format", form, *options).code == code


def test_what_is_exempted_fails_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / "a.yaml").write_text(HIGH)
    rules = tmp_path / "rules.yaml"
    exemption = "host-pid: {exemptions: [{name: node, reason: an agent, expires: 9999-12-31}]}\n"
    rules.write_text(ALONE + exemption)
    done = in_json(folder, "--config", rules, "--fail-on", "low")
    assert done.code == 0
    (only,) = done.report["violations"]
    assert (only["exempted"], only["level"]) == ("an agent", "mandatory")
    assert done.report["counts"] == {
        "files": 1,
        "objects": 1,
        "violations": 0,
        "mandatory": 0,
        "advisory": 0,
        "uncertain": 0,
        "exempted": 1,
        "problems": 0,
    }
    text = check(folder, "--config", rules).out
    assert "host-pid  exempted  spec.hostPID: an agent\n" in text
    assert "no violations in 1 object of 1 file; 1 exempted\n" in text


def test_what_is_not_certain_is_said_to_be(folder: Path) -> None:
    (folder / "a.yaml").write_text(UNCERTAIN)
    (found,) = (each for each in in_json(folder).report["violations"] if each["rule"] == "literal-secret")
    assert (found["severity"], found["level"], found["certain"]) == ("medium", "advisory", False)
    assert "  MEDIUM  perhaps literal-secret  advisory" in check(folder).out


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("{}", "--format", "xml"),
        ("{}", "--fail-on", "critical"),
        ("{}", "--config", "nowhere.yaml"),
        ("{}", "--kernel", "new"),
        ("{}", "--image-facts", "nowhere.yaml"),
        ("{}", "--kubernetes-version", "1.34"),
    ],
)
def test_bad_usage(folder: Path, options: tuple[str, ...]) -> None:
    (folder / "a.yaml").write_text(QUIET)
    done = check(*(option.format(folder) for option in options))
    assert (done.code, done.out) == (2, "")
    assert done.err


def test_premises_count(folder: Path, tmp_path: Path) -> None:
    (folder / "a.yaml").write_text(UNCERTAIN)
    facts = tmp_path / "facts.yaml"
    facts.write_text(
        "registry.example/app: {user: 1:1, main: keeps}\nregistry.example/other: {user: 2:2, main: keeps}\n"
    )
    assert "literal-secret" in in_json(folder).rules
    assert "literal-secret" not in in_json(folder, "--image-facts", facts).rules
    group = MEDIUM.replace("spec:", "spec:\n  securityContext: {runAsGroup: 1}")
    assert "group-without-user" in in_json("-", stdin=group.encode()).rules
    assert "group-without-user" not in in_json("-", "--runtime", "cri-o", stdin=group.encode()).rules


# --- what is read ---


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"kind: Pod\nspec: [\n", "(document 1, line 3): is no YAML (did not find expected node content); correct it"),
        (b"kind: Pod\n", "(document 1, line 1): spec: is missing, or no mapping; write the pod's spec there"),
        (b"just text\n", "(document 1, line 1): is no Kubernetes object; write a mapping with apiVersion and kind"),
        (b"a: b\n", "(document 1, line 1): kind: says nothing of what this object is"),
        (b"# a comment\n\nkind: List\nitems: 1\n", "(document 1, line 4): items: is no list"),
        (b"kind: Pod\nkind: Pod\n", "(document 1, line 2): the key 'kind' stands there twice"),
        (b"kind: Role\nrules: 1\n", "(document 1, line 2): rules: must be a list"),
        (b"a: \xff\n", "(line 1): is no UTF-8 text; save it as UTF-8"),
        (b"a: \x07\n", "(document 1, line 1): holds a character that YAML forbids"),
        (
            BOMB,
            "(document 1, line 5): e: its aliases stand for more than 100000 values",
        ),
    ],
)
def test_what_cannot_be_judged_is_one_line_and_the_rest_is_checked(folder: Path, content: bytes, said: str) -> None:
    (folder / "a.yaml").write_bytes(content)
    (folder / "b.yaml").write_text(HIGH)
    done = in_json(folder)
    assert done.code == 2
    (line,) = done.err.splitlines()
    assert line.startswith(f"pidshare: {folder}/a.yaml {said}")
    assert "host-pid" in done.rules
    (problem,) = done.report["problems"]
    assert (problem["file"], problem["line"]) == (f"{folder}/a.yaml", int(said.partition("line ")[2].partition(")")[0]))
    assert problem["reason"] in line
    assert problem["instead"] in line
    assert "; 1 problem\n" in check(folder).out
    (run,) = check(folder, "--format", "sarif").report["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert problem["reason"] in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_every_encoding_and_every_line_break(folder: Path) -> None:
    text = f"{QUIET}---\nkind: [\n---\n{HIGH}".replace("\n", "\r\n")
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        (folder / "a.yaml").write_bytes(text.encode(encoding))
        done = in_json(folder)
        (found,) = (each for each in done.report["violations"] if each["rule"] == "host-pid")
        assert (done.code, found["document"], found["line"]) == (2, 3, 15)


def test_standard_input() -> None:
    done = check("-", stdin=HIGH.encode())
    assert done.out.startswith("Pod shop/node  <stdin>:1\n")
    assert in_json("-", stdin=HIGH.encode()).report["violations"][0]["file"] == "<stdin>"


def test_what_is_not_there(folder: Path) -> None:
    done = in_json(folder / "nowhere.yaml", folder, "")
    assert done.code == 2
    assert len(done.err.splitlines()) == len(done.report["problems"]) == 3
    assert done.report["problems"][0]["reason"] == "cannot be read (No such file or directory)"


def items(kind: str, *texts: str, **own: str) -> str:
    found = [yaml.safe_load(text) for text in texts]
    for item in found:
        item.update(own)
        if kind != "List":
            del item["kind"]
    return yaml.safe_dump({"kind": kind, "items": found}, sort_keys=False)


def test_a_list_is_what_its_items_are(folder: Path) -> None:
    (folder / "a.yaml").write_text(items("List", QUIET, MEDIUM, HIGH) + "---\n" + items("PodList", HIGH))
    found = [each for each in in_json(folder).report["violations"] if each["rule"] in ("host-pid", "sys-ptrace")]
    text = (folder / "a.yaml").read_text().splitlines()
    assert [(each["rule"], each["document"], each["path"]) for each in found] == [
        ("sys-ptrace", 1, "items[1].spec.containers[1].securityContext.capabilities.add"),
        ("host-pid", 1, "items[2].spec.hostPID"),
        ("host-pid", 2, "items[0].spec.hostPID"),
    ]
    assert [text[each["line"] - 1].strip() for each in found] == ["- SYS_PTRACE", "hostPID: true", "hostPID: true"]


def test_an_item_that_is_broken_leaves_the_others(folder: Path) -> None:
    broken = "kind: Pod\nspec: {containers: 1}\n"
    (folder / "a.yaml").write_text(items("List", broken, HIGH, broken) + "---\nkind: List\nitems: []\n")
    done = in_json(folder)
    assert done.rules.count("host-pid") == 1
    assert [each["path"] for each in done.report["problems"]] == [
        "items[0].spec.containers",
        "items[2].spec.containers",
    ]
    assert done.report["counts"]["objects"] == 1


def test_rules_about_several_objects_see_all_paths(folder: Path, tmp_path: Path) -> None:
    policy = (
        "kind: NetworkPolicy\nmetadata: {name: a, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n"
    )
    (folder / "a.yaml").write_text(MEDIUM)
    other = tmp_path / "policy.yaml"
    other.write_text(f"# a policy\n{policy}")
    assert "no-network-policy" in in_json(folder).rules
    assert "no-network-policy" not in in_json(folder, other).rules
    (found,) = (each for each in in_json(folder).report["violations"] if each["rule"] == "no-network-policy")
    assert (found["file"], found["document"], found["line"]) == (f"{folder}/a.yaml", 1, 1)
    # In text it stands with what else was found in its object, and not behind all others.
    (folder / "b.yaml").write_text(HIGH)
    assert [line for line in check(folder).out.splitlines() if line.startswith("Pod")] == [
        f"Pod shop/traced  {folder}/a.yaml:1",
        f"Pod shop/node  {folder}/b.yaml:1",
    ]


# --- configurations ---

GOOD = """\
all: disabled
host-pid:
  enforcementLevel: advisory
"""


@pytest.mark.parametrize("text", [GOOD, json.dumps(yaml.safe_load(GOOD)), "\ufeff" + GOOD])
def test_levels(folder: Path, tmp_path: Path, text: str) -> None:
    (folder / "a.yaml").write_text(HIGH + "---\n" + MEDIUM)
    rules = tmp_path / "rules.json"
    rules.write_text(text)
    done = in_json(folder, "--config", rules)
    assert done.code == 0
    assert [(each["rule"], each["level"]) for each in done.report["violations"]] == [("host-pid", "advisory")]


def test_an_empty_configuration_is_none(folder: Path, tmp_path: Path) -> None:
    (folder / "a.yaml").write_text(HIGH)
    rules = tmp_path / "rules.yaml"
    rules.write_text("# nothing yet\n")
    assert in_json(folder, "--config", rules).out == in_json(folder).out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nhost-pdi: disabled\n", ["(line 2): host-pdi: is no rule; did you mean host-pid?"]),
        (
            "host-pid:\n  alowedNamespaces: [a]\n",
            ["(line 2): host-pid.alowedNamespaces: is no setting of host-pid; did"],
        ),
        ("host-pid: forbidden\n", ["(line 1): host-pid: is no level; write advisory, mandatory or disabled"]),
        (
            "host-pid: {exemptions: [\n{name: a, reason: b, expires: 30-1-1},\n{reason: b, expires: 2030-01-01}]}\n",
            [
                "(line 2): host-pid.exemptions[0].expires: is no date, or missing; write the last day as YYYY-MM-DD",
                "(line 3): host-pid.exemptions[1]: selects nothing, or everything; write at least one of kind",
            ],
        ),
        ("- host-pid\n", ["(line 1): is no mapping; write ids of rules"]),
        ("host-pid: [\n", ["(document 1, line 2): is no YAML"]),
        (
            "all: advisory\n---\nall: disabled\n",
            ["(document 2, line 3): is a second configuration; write one document"],
        ),
    ],
)
def test_a_configuration_that_cannot_be_used(folder: Path, tmp_path: Path, text: str, said: list[str]) -> None:
    (folder / "a.yaml").write_text(HIGH)
    rules = tmp_path / "rules.yaml"
    rules.write_text(text)
    done = check(folder, "--config", rules)
    assert (done.code, done.out) == (2, "")
    lines = done.err.splitlines()
    assert len(lines) == len(said)
    for line, expected in zip(lines, said, strict=True):
        assert line.startswith(f"pidshare: {rules} {expected}")


def test_an_exemption_that_has_expired(folder: Path, tmp_path: Path) -> None:
    (folder / "a.yaml").write_text(HIGH)
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "# why\nhost-pid:\n  exemptions:\n  - name: node\n    reason: hunter2-reason\n    expires: 2020-01-31\n"
    )
    done = in_json(folder, "--config", rules)
    assert (done.code, done.rules) == (1, ["host-pid", "no-network-policy", "expired-exemption"])
    expired = done.report["violations"][-1]
    assert (expired["file"], expired["line"], expired["document"]) == (str(rules), 6, None)
    assert f"\nConfiguration  {rules}:2\n" in check(folder, "--config", rules).out
    (folder / "a.yaml").write_text(QUIET)
    assert in_json(folder, "--config", rules).code == 1


DEBUG = """\
kind: Pod
spec:
  shareProcessNamespace: true
  automountServiceAccountToken: false
  containers:
  - {name: app, image: nginx}
  - {name: shell, image: busybox, command: [sh], stdin: true, tty: true}
"""


def test_the_configuration_says_what_is_in_production(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    for production in ("true", "false"):
        rules.write_text(f"debug-in-production: {{production: {production}}}\n")
        found = in_json("-", "--config", rules, stdin=DEBUG.encode()).rules
        assert ("debug-in-production" in found) is (production == "true")
    assert "debug-in-production" not in in_json("-", stdin=DEBUG.encode()).rules


# --- Pulumi programs, in processes of their own: Pulumi keeps state ---

PROGRAM = """
import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap, Pod
later = ConfigMap("later").metadata.uid
Pod("web", metadata={"namespace": later}, spec={
    "shareProcessNamespace": True,
    "containers": [
        {"name": "app", "image": "busybox", "command": ["sleep", "9"], "env": [
            {"name": "PASSWORD", "value": pulumi.Output.secret("hunter2-canary")},
        ]},
        {"name": "shell", "image": "busybox", "command": ["sh"], "stdin": True, "tty": True},
    ],
})
print("noise")
"""


def in_a_process(*arguments: object) -> Done:
    done = subprocess.run([*PIDSHARE, "check", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert CANARY not in done.stdout + done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    made = tmp_path / "program"
    made.mkdir()
    (made / "Pulumi.yaml").write_text("name: app\nruntime: python\n")
    (made / "Pulumi.dev.yaml").write_text("config: {}\n")
    (made / "Pulumi.prod.yaml").write_text(
        "config:\n  app:environment: Production\n  app:password: {secure: hunter2-canary}\n"
    )
    (made / "__main__.py").write_text(PROGRAM)
    return made


def test_a_program_and_whether_its_stack_is_in_production(program: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("literal-secret: {exemptions: [{name: web, reason: a test, expires: 9999-12-31}]}\n")
    done = in_a_process(program, "--config", rules, "--format", "json")
    (found,) = (each for each in done.report["violations"] if each["rule"] == "literal-secret")
    assert (found["name"], found["namespace"], found["resource"]) == ("web", None, "web")
    assert (found["exempted"], found["line"], found["document"]) == ("a test", None, 2)
    assert (done.code, done.err) == (0, "noise\n")
    assert "debug-in-production" not in done.rules
    production = in_a_process(program, "--config", rules, "--format", "sarif", "--stack", "prod")
    assert production.code == 1
    (run,) = production.report["runs"]
    result, *_ = (each for each in run["results"] if each["ruleId"] == "debug-in-production")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == (program / "__main__.py").as_uri()
    assert place["region"] == {"startLine": 1}


def test_a_program_that_fails_leaves_the_rest(program: Path, folder: Path) -> None:
    (program / "__main__.py").write_text("raise LookupError('gone')\n")
    (folder / "a.yaml").write_text(HIGH)
    done = in_a_process(program, folder, "--format", "json")
    assert (done.code, done.rules[0]) == (2, "host-pid")
    assert done.err.startswith(f"pidshare: {program}/__main__.py:1: LookupError: gone")
    (problem,) = done.report["problems"]
    assert (problem["file"], problem["line"], problem["instead"]) == (str(program), None, "")
    assert "LookupError: gone" in problem["reason"]


def test_the_stacks_of_this_repository() -> None:
    dev = in_a_process(ROOT / "stacks" / "nginx", "--format", "json")
    assert (dev.code, dev.rules) == (0, ["sys-ptrace", "attach-access"])
    prod = in_a_process(ROOT / "stacks" / "nginx", "--stack", "prod")
    assert (prod.code, prod.err) == (0, "")
    assert prod.out.startswith("no violations in ")


# --- whatever comes ---


def mutated(text: str) -> st.SearchStrategy[bytes]:
    """Return a manifest with a piece of it replaced by anything."""
    content = text.encode()
    pieces = st.one_of(st.binary(max_size=6), st.sampled_from([b"null", b"[]", b"{}", b"1", b"\n---\n", b"*a", b"&a "]))
    places = st.tuples(st.integers(0, len(content)), st.integers(0, 12))
    return st.tuples(places, pieces).map(lambda it: content[: it[0][0]] + it[1] + content[sum(it[0]) :])


EVERYTHING = "---\n".join(
    file.read_text(encoding="utf-8") for file in sorted((ROOT / "tests" / "data" / "check").glob("*.yaml"))
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=60), mutated(EVERYTHING)), st.sampled_from(["text", "json", "sarif"]))
@example(b'{"kind": "Pod", "metadata": {"name": "\\ud800"}, "spec": {"hostPID": true, "containers": []}}', "sarif")
@example(b'{"kind": "Pod", "metadata": {"name": "\\ud800"}, "spec": {"hostPID": true, "containers": []}}', "text")
def test_any_bytes_are_judged_or_a_problem(content: bytes, form: str) -> None:
    done = check("-", "--format", form, stdin=content)
    assert done.code in (0, 1, 2)
    assert bool(done.err) is (done.code == 2)


def secrets() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a field that may hold a secret, and a container with one."""
    canary = CANARY
    yield "env", {"env": [{"name": "PASSWORD", "value": canary}]}
    yield "args", {"args": ["--password", canary, f"--token={canary}"]}
    yield "command", {"command": ["sh", "-c", f"PASSWORD={canary} app; curl -u admin:{canary} x"]}
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield probe, {probe: {"exec": {"command": ["app", "--password", canary]}}}
    yield "header", {"livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": canary}]}}}
    yield "lifecycle", {"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", f"kill -9 1; echo {canary}"]}}}}
    yield "not a list", {"env": {"name": "PASSWORD", "value": canary}}
    yield "not text", {"env": [{"name": "PASSWORD", "value": [canary]}]}
    yield "no capability", {"securityContext": {"capabilities": {"add": [canary]}}}
    yield "no number", {"securityContext": {"runAsUser": canary}}


@pytest.mark.parametrize("form", ["text", "json", "sarif"])
@pytest.mark.parametrize("found", [pytest.param(found, id=name) for name, found in secrets()])
def test_no_secret_is_shown(folder: Path, found: dict[str, Any], form: str) -> None:
    containers = [{"name": "a", "image": "nginx", **found}, {"name": "b", "image": "busybox", "command": ["sh"]}]
    pod = {"kind": "Pod", "metadata": {"annotations": {"password": CANARY}}, "spec": {"shareProcessNamespace": True}}
    pod["spec"]["containers"] = containers  # type: ignore[index]
    data = {"PASSWORD": CANARY, "app.conf": f"password = {CANARY}\n"}
    for each in (pod, {"kind": "ConfigMap", "data": data}, {"kind": "Secret", "stringData": data, "data": data}):
        with (folder / "a.yaml").open("a") as file:
            yaml.safe_dump_all([each], file, explicit_start=True)
    check(folder, "--format", form)


# --- what it costs ---


def test_manifests_need_no_pulumi(folder: Path) -> None:
    program = """
import sys
sys.argv = ["pidshare", "check", sys.argv[1], "--format", sys.argv[2]]
from pidshare_components.__main__ import main
try:
    main()
finally:
    unwanted = {"pulumi", "pulumi_policy", "grpc", "google.protobuf", "jsonschema", "rich"}
    print(sorted(unwanted & sys.modules.keys()), sorted(name for name in sys.modules if "components.report." in name))
"""
    (folder / "a.yaml").write_text(QUIET)
    done = subprocess.run([sys.executable, "-c", program, folder, "text"], capture_output=True, text=True, check=False)
    unwanted, reports = done.stdout.splitlines()[-1].split("] [")
    assert done.returncode == 0, done.stderr
    assert unwanted == "["
    for name in ("matrix", "json_tree", "markdown", "sarif", "pages"):
        assert f"pidshare_components.report.{name}'" not in reports


def test_nothing_of_a_document_is_kept(folder: Path) -> None:
    """Neither its text nor its tree: only so the memory stays small whatever comes."""
    program = """
import gc, sys
from pidshare_components.check import Configuration
from pidshare_components.cli.checking import Configured, Run
from pidshare_components.cli.sources import sources
from pidshare_components.documents import Document, Premises
run = Run(Configured(Configuration(), None), Premises())
for found in sources(sys.argv[1], None):
    run.take(sys.argv[1], found)
del found
outcome = run.end()
gc.collect()
alive = gc.get_objects()
print(len(outcome.found) > 100, sum(isinstance(each, Document) for each in alive),
      sum(isinstance(each, dict) and isinstance(each.get("containers"), list) for each in alive) < 10)
"""
    (folder / "a.yaml").write_text("---\n".join([HIGH, MEDIUM, QUIET] * 100))
    done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True 0 True\n", "")


@pytest.mark.parametrize("is_json", [False, True])
def test_a_text_is_read_by_yaml_once_at_most(folder: Path, monkeypatch: pytest.MonkeyPatch, is_json: bool) -> None:
    """However many lines of it are told: a list of very many items is judged in time."""
    given_text = []
    parse = yaml.parse

    def counting(text: str, **options: Any) -> Any:  # noqa: ANN401 - as the original
        given_text.append(len(text))
        return parse(text, **options)

    monkeypatch.setattr(yaml, "parse", counting)
    broken = "kind: Pod\nspec: {containers: 1}\n"
    text = items("List", *[HIGH, broken] * 200)
    if is_json:
        text = json.dumps(yaml.safe_load(text), indent=1)
    given_text.clear()
    (folder / "a.yaml").write_text(text)
    done = in_json(folder)
    assert (done.rules.count("host-pid"), len(done.report["problems"])) == (200, 200)
    assert len({each["line"] for each in done.report["violations"]}) >= 200
    assert sum(given_text) == len(text)
