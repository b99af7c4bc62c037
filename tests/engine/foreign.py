"""Projects in other languages, laid out as `pulumi install` would leave them, and run by the real engine."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation
from pulumi.automation import CommandError, EngineEvent, OpType

from dev.deployment import Deployment
from dev.languages import Tools, generate_go_sdk, generate_node_sdk, hosts
from dev.paths import ROOT

PACKAGE = "pidshare-components"
SCHEMA = ROOT / "tests" / "golden" / "schema.json"

Tree = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """A resource that an operation makes.

    Attributes:
        type: Pulumi's type.
        name: Pulumi's name.
        parent: name of the parent.
        inputs: as they are in the event: a secret is `[secret]`.
    """

    type: str
    name: str
    parent: str
    inputs: Tree


class Foreign:
    """Deploys projects in other languages."""

    def __init__(self, deployment: Deployment, tools: Tools) -> None:
        """Put the language hosts where the engine looks for them."""
        self._deployment = deployment
        self._tools = tools
        plugins = deployment.home / "plugin"
        hosts.install(plugins)
        (plugins / tools.yaml_host.name).symlink_to(tools.yaml_host)

    def example(self, language: str, namespace: str) -> automation.Stack:
        """Return a stack of one of `examples/`, in a folder of its own."""
        folder = self._deployment.home / "foreign" / f"{language}-{namespace}"
        shutil.copytree(ROOT / "examples" / language, folder, ignore=shutil.ignore_patterns("sdks", "node_modules"))
        settings = yaml.safe_load((folder / "Pulumi.yaml").read_text())
        sdk = folder / "sdks" / PACKAGE
        if language == "typescript":
            self._link_node_modules(folder / "node_modules", sdk)
            generate_node_sdk(self._tools, SCHEMA, sdk)
        elif language == "go":
            generate_go_sdk(self._tools, SCHEMA, sdk)
        stack = self._stack(folder, settings)
        stack.set_config("namespace", automation.ConfigValue(namespace))
        return stack

    def program(self, namespace: str, properties: Tree, resources: Tree | None = None) -> automation.Stack:
        """Return a stack of a program in YAML with one component, `web`."""
        folder = self._deployment.home / "foreign" / f"program-{namespace}"
        folder.mkdir(parents=True)
        web = {"type": f"{PACKAGE}:SharedProcessPod", "properties": {"namespace": namespace, **properties}}
        settings = {"name": "program", "runtime": "yaml", "resources": {**(resources or {}), "web": web}}
        return self._stack(folder, settings)

    def _stack(self, folder: Path, settings: Tree) -> automation.Stack:
        # The path in an example is relative to its place in the checkout.
        settings["packages"] = {PACKAGE: str(ROOT)}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
        return self._deployment._stack("dev", folder, None)

    def _link_node_modules(self, folder: Path, sdk: Path) -> None:
        (folder / "@pulumi").mkdir(parents=True)
        for package in self._tools.node_modules.iterdir():
            if package.name != "@pulumi":
                (folder / package.name).symlink_to(package)
        (folder / "@pulumi" / "pulumi").symlink_to(self._tools.node_modules / "@pulumi" / "pulumi")
        (folder / "@pulumi" / PACKAGE).symlink_to(sdk)


def preview(stack: automation.Stack) -> list[Step]:
    """Preview a stack and return the resources that it would make, sorted."""
    steps: list[Step] = []

    def note(event: EngineEvent) -> None:
        if event.resource_pre_event is None:
            return
        step = event.resource_pre_event.metadata
        if step.op is OpType.CREATE and step.new is not None and step.type != "pulumi:pulumi:Stack":
            name, parent = (urn.rpartition("::")[2] for urn in (step.urn, step.new.parent))
            steps.append(Step(step.type, name, parent, dict(step.new.inputs or {})))

    stack.preview(on_event=note)
    return sorted(steps, key=lambda step: (step.type, step.name))


def failure(stack: automation.Stack, operation: str = "up") -> str:
    """Return what the engine printed for an operation that must fail."""
    try:
        getattr(stack, operation)()
    except CommandError as error:
        return str(error)
    raise AssertionError(f"{operation} did not fail")
