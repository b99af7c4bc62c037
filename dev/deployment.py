"""Deploys programs to a cluster by the Pulumi engine, through the Automation API, with a state of its own."""

from __future__ import annotations

import os
import runpy
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from pulumi import automation

from dev import kubernetes_plugin, policy_host
from dev.cluster import Cluster
from dev.engine import Engine, official_kubernetes_plugin
from dev.paths import cache_dir
from dev.pulumi_command import Pulumi

Program = Callable[[], Any]


class Deployment:
    """What `pulumi up` needs beside a program: engine, plugin, cluster, backend, passphrase.

    Attributes:
        home: the folder of the backend's files and of everything else that belongs to these stacks.
        cluster: that the programs are deployed to.
        official_plugin: whether the official Kubernetes plugin does it, else the one of `dev/`.
        language_host: whether the official language host runs projects and policy packs, else this process runs the
            projects and the host of `dev/` the packs.
    """

    def __init__(self, home: Path, engine: Engine, cluster: Cluster) -> None:
        """Find or make what is missing in `home`."""
        self.home = home
        self.cluster = cluster
        self.language_host = engine.language_host
        # Plugins take long to download and are no state: they are kept when the state is not.
        pulumi_home = cache_dir() / "pulumi"
        self.official_plugin = official_kubernetes_plugin(engine, pulumi_home)
        self._pulumi = Pulumi(engine)
        (home / "backend").mkdir(parents=True, exist_ok=True)
        self._environment = {
            "KUBECONFIG": str(cluster.kubeconfig),
            "PULUMI_BACKEND_URL": f"file://{home / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(_passphrase(home)),
            "PULUMI_HOME": str(pulumi_home),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        stand_ins = home / "plugin"
        self._environment["PATH"] = f"{stand_ins}{os.pathsep}{os.environ['PATH']}"
        if not self.language_host:
            policy_host.install(stand_ins)
        if not self.official_plugin:
            kubernetes_plugin.install(stand_ins)
            # It would look for the official one.
            self._environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"

    def project(self, folder: Path, stack: str) -> automation.Stack:
        """Return a stack of a project on disk, with the configuration that lies beside it.

        The engine writes into a project's folder; so it gets one of its own, where all but the settings are links.
        """
        work_dir = self.home / "projects" / folder.name
        settings = _laid_out(folder, "Pulumi.yaml", work_dir)
        _copy_configuration(folder / f"Pulumi.{stack}.yaml", work_dir / f"Pulumi.{stack}.yaml")
        entry_point = folder / settings.get("main", ".") / "__main__.py"
        program = None if self.language_host else lambda: runpy.run_path(str(entry_point), run_name="__main__")
        return self._stack(stack, work_dir, program)

    def policy_pack(self, folder: Path) -> Path:
        """Return a folder from which the engine runs a policy pack on disk; nothing is written into the pack's own."""
        work_dir = self.home / "policies" / folder.name
        _laid_out(folder, "PulumiPolicy.yaml", work_dir)
        return work_dir

    def inline(self, program: Program, project: str, stack: str = "test") -> automation.Stack:
        """Return a stack whose program is a function of this process."""
        work_dir = self.home / "projects" / project
        work_dir.mkdir(parents=True, exist_ok=True)
        settings = {"name": project, "runtime": "python"}
        (work_dir / "Pulumi.yaml").write_text(yaml.safe_dump(settings))
        return self._stack(stack, work_dir, program)

    def _stack(self, stack: str, work_dir: Path, program: Program | None) -> automation.Stack:
        workspace = automation.LocalWorkspace(
            work_dir=str(work_dir), program=program, env_vars=self._environment, pulumi_command=self._pulumi
        )
        return automation.Stack.create_or_select(stack, workspace)


def _passphrase(home: Path) -> Path:
    """Return the file of the passphrase that encrypts the state's secrets; one made up if there is none."""
    file = home / "passphrase"
    if not file.exists():
        file.touch(0o600)
        file.write_text(secrets.token_hex())
    return file


def _laid_out(folder: Path, settings_file: str, work_dir: Path) -> dict[str, Any]:
    """Link what is in a folder, but copy its settings, with the packages of this interpreter, and return them."""
    work_dir.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = yaml.safe_load((folder / settings_file).read_text())
    settings["runtime"]["options"]["virtualenv"] = sys.prefix
    (work_dir / settings_file).write_text(yaml.safe_dump(settings))
    for entry in folder.iterdir():
        link = work_dir / entry.name
        if not entry.name.startswith((".", "__pycache__", "Pulumi.", settings_file)) and not link.is_symlink():
            link.symlink_to(entry)
    return settings


def _copy_configuration(source: Path, target: Path) -> None:
    """Copy a stack's configuration, but keep the salt that the engine wrote: it belongs to the state."""
    settings = yaml.safe_load(source.read_text())
    if target.exists() and (salt := yaml.safe_load(target.read_text()).get("encryptionsalt")):
        settings["encryptionsalt"] = salt
    target.write_text(yaml.safe_dump(settings))
