"""A policy pack on the real engine, in front of the real API server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation
from pulumi.automation import CommandError
from pulumi_kubernetes.core.v1 import ConfigMap

from dev.deployment import Deployment
from dev.policy_host import install
from tests.engine.programs import collect_coroutines

pytestmark = pytest.mark.engine

Objects = Callable[[str], list[dict[str, Any]]]
Made = Callable[[], list[str]]

SETTINGS = "{name: rules, version: 1.2.3, runtime: {name: python, options: {toolchain: pip}}}"
PACK = """
import os
from pathlib import Path

from pulumi_policy import (
    EnforcementLevel, PolicyConfigSchema, PolicyPack, ResourceValidationPolicy, StackValidationPolicy
)

with Path(__file__).with_name("processes").open("a") as processes:
    print(os.getpid(), file=processes)


def data(args):
    return args.props["data"] if args.resource_type == "kubernetes:core/v1:ConfigMap" else {}


LIMIT = {"limit": {"type": "integer", "minimum": 1, "default": 1}}


def few(args, report_violation):
    limit = args.get_config()["limit"]
    if len(data(args)) > limit:
        report_violation(f"{len(data(args))} keys in {args.name}, at most {limit:.0f} are")


def allowed(args, report_violation):
    if "forbidden" in data(args):
        report_violation(f"a forbidden key in {args.name}")


def whole(args, report_violation):
    if "broken" in data(args):
        raise ValueError("the policy went wrong")


def alone(args, report_violation):
    maps = [resource for resource in args.resources if resource.resource_type == "kubernetes:core/v1:ConfigMap"]
    if len(maps) > 1:
        report_violation(f"{len(maps)} maps in {args.stack_tags.get('environment')}")


PolicyPack("rules", [
    ResourceValidationPolicy("few", "Maps have few keys.", few, EnforcementLevel.ADVISORY,
                             config_schema=PolicyConfigSchema(LIMIT)),
    ResourceValidationPolicy("allowed", "Maps have allowed keys.", allowed, EnforcementLevel.MANDATORY),
    ResourceValidationPolicy("whole", "Maps are whole.", whole, EnforcementLevel.MANDATORY),
    StackValidationPolicy("alone", "There is one map.", alone, EnforcementLevel.ADVISORY),
])
"""


@dataclass
class Governed:
    """A stack of ConfigMaps and the policy pack that it is run with."""

    stack: automation.Stack
    pack: Path
    maps: dict[str, dict[str, str]]

    def run(self, operation: str, **config: object) -> str:
        """Run `preview` or `up`, with a configuration of policies if there is one, and return what was said."""
        options: dict[str, Any] = {"policy_packs": [str(self.pack)]}
        if config:
            file = self.pack / "config.json"
            file.write_text(json.dumps(config))
            options["policy_pack_configs"] = [str(file)]
        return str(getattr(self.stack, operation)(**options).stdout)

    def failure(self, operation: str, **config: object) -> str:
        with pytest.raises(CommandError) as raised:
            self.run(operation, **config)
        collect_coroutines()
        return str(raised.value)

    def processes(self) -> list[int]:
        """Return the ids of the processes that ran the pack."""
        return [int(line) for line in (self.pack / "processes").read_text().split()]


def assert_it_ends(process: int) -> None:
    with suppress(ProcessLookupError):
        for _ in range(600):
            os.kill(process, 0)
            time.sleep(0.1)
        os.kill(process, signal.SIGKILL)
        pytest.fail("a pack lives on")


@pytest.fixture
def governed(deployment: Deployment, namespace: str, tmp_path: Path) -> Governed:
    """A stack with one map of two keys, which is one more than the pack likes."""
    pack = tmp_path / namespace
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text(SETTINGS)
    (pack / "__main__.py").write_text(PACK)
    maps = {"settings": {"a": "1", "b": "2"}}

    def program() -> None:
        for name, data in maps.items():
            ConfigMap(name, metadata={"namespace": namespace}, data=data)

    return Governed(deployment.inline(program, project=namespace), deployment.policy_pack(pack), maps)


@pytest.fixture
def made(objects: Objects) -> Callable[[], list[str]]:
    """Return the names of the maps that a program made."""
    return lambda: [name for item in objects("configmaps") if (name := item["metadata"]["name"]) != "kube-root-ca.crt"]


def test_advice_is_shown_and_does_not_stop(governed: Governed, made: Made) -> None:
    said = governed.run("preview")
    assert "rules@v1.2.3" in said
    assert "[advisory]  few  (kubernetes:core/v1:ConfigMap: settings)" in said
    assert "2 keys in settings, at most 1 are" in said
    governed.run("up")
    assert len(made()) == 1


def test_what_is_mandatory_stops_before_anything_is_made(governed: Governed, made: Made) -> None:
    governed.maps["settings"]["forbidden"] = ""
    for operation in ("preview", "up"):
        said = governed.failure(operation)
        assert "[mandatory]  allowed  (kubernetes:core/v1:ConfigMap: settings)" in said
        assert "a forbidden key in settings" in said
    assert made() == []


def test_a_policy_of_the_stack_sees_all_resources_and_the_tags(governed: Governed) -> None:
    governed.stack.workspace.set_tag(governed.stack.name, "environment", "prod")
    assert "maps in prod" not in governed.run("preview")
    governed.maps["more"] = {"c": "3"}
    assert "2 maps in prod" in governed.run("preview")


def test_configuration_reaches_the_policies(governed: Governed) -> None:
    assert "keys in settings" not in governed.run("preview", few={"limit": 2})
    assert "2 keys in settings" in governed.failure("preview", few={"enforcementLevel": "mandatory"})


def test_configuration_that_is_wrong_is_refused_by_name(governed: Governed) -> None:
    assert "few: limit: " in governed.failure("preview", few={"limit": 0})


def test_a_policy_that_goes_wrong_stops_before_anything_is_made(governed: Governed, made: Made) -> None:
    governed.maps["settings"]["broken"] = ""
    for operation in ("preview", "up"):
        assert "the policy went wrong" in governed.failure(operation)
    assert made() == []


def test_a_pack_that_cannot_start_says_why(governed: Governed) -> None:
    (governed.pack / "__main__.py").write_text("import no_such_module")
    assert "no_such_module" in governed.failure("preview")


def test_a_pack_ends_with_the_engine_that_started_it(governed: Governed, tmp_path: Path) -> None:
    engine = (
        "import subprocess, sys; host = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE); "
        "host.stdout.readline(); print(host.pid, flush=True)"
    )
    arguments: list[str | Path] = [sys.executable, "-c", engine, install(tmp_path / "bin"), "127.0.0.1:1", "."]
    host = int(subprocess.run(arguments, cwd=governed.pack, stdout=subprocess.PIPE, check=True).stdout)
    assert_it_ends(host)


def test_a_pack_ends_when_the_engine_interrupts_it(governed: Governed, tmp_path: Path) -> None:
    arguments: list[str | Path] = [install(tmp_path / "bin"), "127.0.0.1:1", "."]
    with subprocess.Popen(arguments, cwd=governed.pack, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            # The engine would kill it only after 5 s, in each of its commands.
            assert process.wait(timeout=60) == -signal.SIGINT
        finally:
            process.kill()


def test_nothing_is_left_of_a_pack(governed: Governed, tmp_path: Path, namespace: str) -> None:
    governed.run("preview")
    governed.run("up")
    assert sorted(file.name for file in (tmp_path / namespace).iterdir()) == ["PulumiPolicy.yaml", "__main__.py"]
    processes = governed.processes()
    assert len(processes) == 2
    for process in processes:
        assert_it_ends(process)
