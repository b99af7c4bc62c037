"""Runs programs in TypeScript by the SDK's own runner, which knows what TypeScript is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import grpc
from pulumi.runtime.proto import language_pb2

from dev.languages.hosts.server import LanguageHost, run, serve
from dev.languages.node import node


class _NodeHost(LanguageHost):
    def Run(  # noqa: N802 - the name of the call
        self,
        request: language_pb2.RunRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> language_pb2.RunResponse:
        folder = Path(request.info.program_directory)
        options = {
            "--monitor": request.monitor_address,
            "--engine": sys.argv[-1],
            "--organization": request.organization,
            "--project": request.project,
            "--stack": request.stack,
            "--pwd": request.pwd,
            "--parallel": str(request.parallel),
        }
        runner = folder / "node_modules" / "@pulumi" / "pulumi" / "cmd" / "run"
        command: list[str | Path] = [node(), runner]
        for option in options.items():
            command += option
        if request.dryRun:
            command.append("--dry-run")
        environment = {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        return run([*command, request.info.entry_point], folder, environment)


def main() -> None:
    """Serve the engine that started this process."""
    serve(_NodeHost())
