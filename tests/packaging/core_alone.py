"""Run by every Python that the package is for, where only the package and its core dependencies are installed."""

import importlib.util
import sys
from pathlib import Path

import pidshare_components
from pidshare_components import ArgumentsError, Container, SharedProcessPod, SharedProcessPodArgs
from pidshare_components.render import render, to_yaml

assert Path(pidshare_components.__file__).is_relative_to(sys.prefix), pidshare_components.__file__
for extra in ("typer", "rich", "pexpect", "pulumi_policy", "kubernetes"):
    assert importlib.util.find_spec(extra) is None, extra
assert [name for name in pidshare_components.__all__ if not hasattr(pidshare_components, name)] == []

assert SharedProcessPodArgs(containers=[Container(name="app", image="nginx")]).debug is None
said = ""
try:
    SharedProcessPod("wrong", {"containers": [{"name": "App", "image": "nginx"}]})
except ArgumentsError as error:
    said = str(error)
assert "containers[0].name" in said

print(to_yaml(render(Path(sys.argv[1]))), end="")
