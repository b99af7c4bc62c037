"""Reports: a worker, and for a while a profiler that traces it. policies/rules.json says why, and until when."""

import sys
from pathlib import Path

import pulumi

# The company's own package lies in this repository, and is not installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from company import container, service

from pidshare_components import Capabilities, Container, SecurityContext

config = pulumi.Config()

profiler = Container(
    name="profiler",
    image=config.require("profiler"),
    security_context=SecurityContext(run_as_user=0, capabilities=Capabilities(drop=["ALL"], add=["SYS_PTRACE"])),
)
reports = service("reports", [container("worker", config.require("image"), port=8080), profiler], team="reports")

pulumi.export("deployment", reports.deployment_name)
pulumi.export("findings", reports.findings)
