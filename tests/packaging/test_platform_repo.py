"""examples/platform-repo works as its README says; its workflow has no more rights than it needs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi_policy
import pytest
import yaml

from dev.paths import ROOT
from pidshare_components import Container, FindingsError, SecurityContext
from pidshare_components.render import Manifest, render, render_program
from tests.mocks import deploy
from tests.packaging.conftest import UV, Distributions
from tests.pages import blocks
from tests.policy.asking import ask, resource

EXAMPLE = ROOT / "examples" / "platform-repo"
WORKFLOW = yaml.safe_load((EXAMPLE / ".github" / "workflows" / "preview.yml").read_text(encoding="utf-8"))
JOBS = WORKFLOW["jobs"]
STEPS = [(name, step) for name, job in JOBS.items() for step in job["steps"]]
README = (EXAMPLE / "README.md").read_text(encoding="utf-8")
RULES: dict[str, Any] = json.loads((EXAMPLE / "policies" / "rules.json").read_text(encoding="utf-8"))
FLAGS = {"GITHUB_OUTPUT": "output", "GITHUB_PATH": "path", "RUNNER_TEMP": "temp"}


@pytest.fixture(autouse=True)
def _no_company_is_left() -> Iterator[None]:
    """Forget the example's own package, and the way to it."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name in [name for name in sys.modules if name.partition(".")[0] == "company"]:
        del sys.modules[name]


# --- The repository ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pinned:
    """A copy of the repository in which the README's commands were run."""

    folder: Path
    printed: Mapping[str, str]

    def shell(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script as the workflow's shell does."""
        return _shell(self.folder, script, environment)


def _shell(folder: Path, script: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    path = os.pathsep.join(map(str, (folder / ".venv" / "bin", Path(UV).parent, kept["PATH"])))
    return subprocess.run(
        command, cwd=folder, env={**kept, "PATH": path, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def pinned(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Pinned:
    """The repository, pinned to what was built here; all else in the versions that are locked."""
    folder = tmp_path_factory.mktemp("platform") / "repo"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".venv", "__pycache__"))
    environment = {
        "UV_FIND_LINKS": str(distributions.wheel.parent),
        "UV_CONSTRAINT": str(ROOT / "requirements.txt"),
        "UV_PYTHON": sys.executable,
    }
    printed = {}
    for command in re.findall(r"^\$ (.*)$", README, re.MULTILINE):
        # The constraints have hashes for all but ours, and where there is one, all need one.
        wanted = {**environment, "UV_CONSTRAINT": ""} if "--require-hashes" in command else environment
        done = _shell(folder, command, wanted)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        printed[command] = done.stdout
    return Pinned(folder, printed)


def test_what_is_pinned_is_this_version_with_its_hash(pinned: Pinned, distributions: Distributions) -> None:
    version = distributions.wheel.name.split("-")[1]
    assert f"pidshare_components[cli,policy]=={version}\n" in (EXAMPLE / "requirements.in").read_text()
    assert f"@v{version}\n" in README
    locked = (pinned.folder / "requirements.txt").read_text()
    entry = locked[locked.index(f"pidshare-components=={version} ") :].partition("# via")[0]
    assert hashlib.sha256(distributions.wheel.read_bytes()).hexdigest() in entry


def test_the_commands_of_the_readme_judge_the_stacks(pinned: Pinned) -> None:
    (check,) = (said for command, said in pinned.printed.items() if "pidshare check" in command)
    assert "no violations" in check
    assert "; 1 exempted" in check
    assert RULES["sys-ptrace"]["exemptions"][0]["reason"] in " ".join(check.split())
    (exposure,) = (said for command, said in pinned.printed.items() if "pidshare exposure" in command)
    assert "Deployment shop/shop" in exposure
    assert "**restricted**" in exposure


def test_a_service_says_only_what_is_its_own() -> None:
    (program,) = (block.text for block in blocks(README) if block.language == "python")
    sys.path.insert(0, str(EXAMPLE))
    manifests = render_program(lambda: exec(program, {}))  # noqa: S102 - the example's own README
    deployment = next(item for item in manifests if item.kind == "Deployment").object
    assert [item.kind for item in manifests] == ["NetworkPolicy", "Deployment"]
    assert deployment["metadata"]["namespace"] == "billing"
    assert deployment["metadata"]["labels"].items() >= {("example.com/team", "billing")}
    assert deployment["spec"]["replicas"] == 2
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["securityContext"]["runAsUser"] == 10001


def test_a_service_with_a_dangerous_finding_fails_before_anything_is_registered() -> None:
    sys.path.insert(0, str(EXAMPLE))
    service = import_module("company").service
    everything = SecurityContext(privileged=True)
    container = Container(name="web", image="registry.example/web:1", security_context=everything)
    run = deploy(lambda: service("web", [container], team="shop") and None)
    assert isinstance(run.error, FindingsError)
    assert run.registrations == []


def manifests_of(stack: str) -> list[Manifest]:
    return [item for name in ("shop", "reports") for item in render(EXAMPLE / "stacks" / name, stack)]


def test_every_stack_renders() -> None:
    shell = [item for item in manifests_of("dev") if item.kind == "Deployment"]
    containers = [[each["name"] for each in item.object["spec"]["template"]["spec"]["containers"]] for item in shell]
    assert containers == [["web", "reloader", "shell"], ["worker", "profiler"]]
    shop = next(item for item in manifests_of("prod") if item.name == "shop" and item.kind == "Deployment")
    assert shop.object["spec"]["replicas"] == 6


# --- The policies -----------------------------------------------------------------------------------------------------


@pytest.fixture
def pack(monkeypatch: pytest.MonkeyPatch) -> list[pulumi_policy.Policy]:
    """The policies of the pack, which would serve them until the engine ends it."""
    made: list[pulumi_policy.Policy] = []
    monkeypatch.setattr(pulumi_policy, "PolicyPack", lambda _name, policies: made.extend(policies))
    runpy.run_path(str(EXAMPLE / "policies" / "__main__.py"))
    return made


def test_the_pack_judges_as_the_check_does(pack: list[pulumi_policy.Policy]) -> None:
    resources = [resource(dict(item.object), item.name) for item in manifests_of("dev")]
    settings = {name: given for name, given in RULES.items() if isinstance(given, dict)}
    on = [policy for policy in pack if RULES.get(policy.name) != "disabled"]
    assert [report.policy for report in ask(on, resources, settings)] == []
    without: dict[str, Any] = {**settings, "sys-ptrace": {"enforcementLevel": "mandatory"}, "attach-to-any-pod": {}}
    assert {report.policy for report in ask(on, resources, without)} == {"sys-ptrace", "attach-to-any-pod"}


def test_the_pack_has_levels_of_its_own(pack: list[pulumi_policy.Policy]) -> None:
    (found,) = (policy for policy in pack if policy.name == "no-network-policy")
    assert found.enforcement_level == pulumi_policy.EnforcementLevel.MANDATORY


def test_an_exemption_ends_with_its_last_day(tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(RULES).replace("2999-12-31", "2020-01-31"))
    check = [sys.executable, "-m", "pidshare_components", "check"]
    command = [*check, str(EXAMPLE / "stacks" / "reports"), "--config", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "expired-exemption" in done.stdout
    assert "sys-ptrace  mandatory" in done.stdout


# --- The workflow -----------------------------------------------------------------------------------------------------


def test_no_job_has_more_rights_than_it_needs() -> None:
    assert WORKFLOW["permissions"] == {}
    read, write = {"contents": "read"}, {"pull-requests": "write"}
    assert {name: job["permissions"] for name, job in JOBS.items()} == {
        "judge": read,
        "preview": read,
        "comment": write,
    }
    # What can write runs nothing of the branch, and what runs something of it leaves no token behind.
    checkouts = [(name, step["with"]) for name, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts == [("judge", {"persist-credentials": False}), ("preview", {"persist-credentials": False})]
    with_secrets = {name for name, job in JOBS.items() if "secrets." in json.dumps(job)}
    assert with_secrets == {"preview"}
    forks = "github.event.pull_request.head.repo.full_name == github.repository"
    assert all(forks in JOBS[name]["if"] for name in ("preview", "comment"))


def test_actions_are_pinned_by_commit_and_scripts_hold_no_expressions() -> None:
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"]) for _, step in STEPS if "uses" in step)
    # An expression would be pasted into the script, whatever the branch or the title say.
    assert [step["name"] for _, step in STEPS if "${{" in step.get("run", "")] == []


@dataclass
class Runner:
    """Runs the steps of a job one after another, as a runner of GitHub's does."""

    pinned: Pinned
    folder: Path
    values: Mapping[str, str]
    """Of the expressions in `env`."""

    def job(self, name: str) -> None:
        """Run all steps; the first one that fails is an error."""
        for step in JOBS[name]["steps"]:
            if "run" in step:
                done = self.step(name, step)
                assert done.returncode == 0, f"{step['name']}: {done.stdout}{done.stderr}"

    def step(self, job: str, step: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
        """Run one step."""
        given = {**JOBS[job].get("env", {}), **step.get("env", {})}
        environment = {name: self._filled(str(value)) for name, value in given.items()}
        flags = {name: str(self.folder / file) for name, file in FLAGS.items()}
        found = [line for line in self._lines("path") if line]
        path = os.pathsep.join([str(self.folder / "bin"), *reversed(found), os.environ["PATH"]])
        return self.pinned.shell(
            step["run"], PATH=path, GH_WORLD=str(self.folder), UV=UV, UV_FIND_LINKS=self.values["links"],
            **flags, **environment,
        )  # fmt: skip

    def output(self) -> str:
        """Return the one output that was set."""
        name, _, delimiter = self._lines("output")[0].partition("<<")
        assert name == "markdown"
        lines = self._lines("output")
        return "\n".join(lines[1 : lines.index(delimiter)])

    def _lines(self, file: str) -> list[str]:
        path = self.folder / file
        return path.read_text(encoding="utf-8").split("\n") if path.exists() else []

    def _filled(self, text: str) -> str:
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: self.values[found[1]], text)


def executable(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


# uv instead of venv and pip: the same environment from the same lock file with the same hashes, in a tenth of the time.
PYTHON = """\
#!/bin/sh
test "$1 $2 $3" = "-m venv .venv" || exit 64
printf '#!/bin/sh\\nexec "%s" pip "$@"\\n' "$UV" > .venv/bin/pip
chmod +x .venv/bin/pip
"""


@pytest.fixture
def runner(pinned: Pinned, distributions: Distributions, tmp_path: Path) -> Runner:
    """A runner on which what is outside of the repository are stand-ins."""
    for folder in ("bin", "temp"):
        (tmp_path / folder).mkdir()
    executable(tmp_path / "bin" / "python3", PYTHON)
    gh = Path(__file__).with_name("gh.py")
    executable(tmp_path / "bin" / "gh", f'#!/bin/sh\nexec "{sys.executable}" "{gh}" "$@"\n')
    values = {
        "links": str(distributions.wheel.parent),
        "github.token": "token",
        "github.repository": "acme/platform",
        "github.event.pull_request.number": "7",
        "secrets.PULUMI_ACCESS_TOKEN": "pul-1",
        "secrets.KUBECONFIG_OF_PREVIEWS": "apiVersion: v1\n",
        "matrix.project": "shop",
        "matrix.stack": "dev",
        "needs.judge.outputs.exposure": "| from | on |",
    }
    return Runner(pinned, tmp_path, values)


def test_the_judge_checks_and_puts_out_the_exposure(runner: Runner, pinned: Pinned) -> None:
    runner.job("judge")
    (exposure,) = (said for command, said in pinned.printed.items() if "pidshare exposure" in command)
    assert runner.output() == exposure.rstrip("\n")


def test_the_judge_fails_where_a_rule_is_violated(runner: Runner, pinned: Pinned) -> None:
    rules = pinned.folder / "policies" / "rules.json"
    (check,) = (step for step in JOBS["judge"]["steps"] if step.get("name") == "Check")
    before = rules.read_text()
    rules.write_text(json.dumps({**RULES, "sys-ptrace": "mandatory"}))
    done = runner.step("judge", {**check, "run": f'export PATH="$PWD/.venv/bin:$PATH"\n{check["run"]}'})
    rules.write_text(before)
    assert done.returncode == 1
    assert "sys-ptrace  mandatory" in done.stdout


PULUMI = """\
#!/bin/sh
printf '%s\\n' "$@" > "$GH_WORLD/asked"
stat -c %a "$KUBECONFIG" >> "$GH_WORLD/asked"
"""


def release(folder: Path) -> Path:
    """Publish a release of Pulumi; return its list of checksums."""
    version = JOBS["preview"]["env"]["PULUMI_VERSION"]
    files = folder / "releases" / "pulumi" / "pulumi" / f"v{version}"
    files.mkdir(parents=True)
    executable(files / "pulumi", PULUMI)
    archive = files / f"pulumi-v{version}-linux-x64.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(files / "pulumi", "pulumi/pulumi")
    sums = files / f"pulumi-{version}-checksums.txt"
    sums.write_text(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n")
    return sums


def test_the_preview_asks_the_policies_with_their_configuration(runner: Runner, pinned: Pinned) -> None:
    release(runner.folder)
    runner.job("preview")
    *asked, mode = (runner.folder / "asked").read_text().splitlines()
    assert asked[0] == "preview"
    assert asked.count("--non-interactive") == 1
    asked.remove("--non-interactive")
    options = dict(zip(asked[1::2], asked[2::2], strict=True))
    assert options.pop("--stack") == "dev"
    assert (pinned.folder / options.pop("--cwd") / "Pulumi.dev.yaml").is_file()
    assert Path(options["--policy-pack"], "PulumiPolicy.yaml").is_file()
    assert json.loads(Path(options["--policy-pack-config"]).read_text()) == RULES
    assert mode == "600"


def test_a_pulumi_with_another_checksum_is_not_run(runner: Runner) -> None:
    sums = release(runner.folder)
    sums.write_text(sums.read_text().replace(sums.read_text()[:4], "0000"))
    (install,) = (step for step in JOBS["preview"]["steps"] if step.get("name") == "Install Pulumi")
    assert runner.step("preview", install).returncode != 0
    assert not (runner.folder / "path").exists()


def test_one_comment_is_written_and_then_updated(runner: Runner) -> None:
    marker = next(step["env"]["MARKER"] for _, step in STEPS if "MARKER" in step.get("env", {}))
    others = [
        {"id": 1, "user": {"login": "ann"}, "body": f"{marker} is what it begins with"},
        {"id": 2, "user": {"login": "github-actions[bot]"}, "body": "Coverage"},
    ]
    file = runner.folder / "comments.json"
    file.write_text(json.dumps(others))
    runner.job("comment")
    *same, ours = json.loads(file.read_text())
    assert same == others
    assert ours["body"] == f"{marker}\n## Who can do what to whom\n\n| from | on |\n"
    runner.values = {**runner.values, "needs.judge.outputs.exposure": "`$(touch x)` \"'"}
    runner.job("comment")
    *same, again = json.loads(file.read_text())
    assert same == others
    assert again == {**ours, "body": ours["body"].replace("| from | on |", "`$(touch x)` \"'")}
