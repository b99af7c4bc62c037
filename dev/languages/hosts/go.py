"""Compiles and runs programs in Go."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import grpc
from pulumi.runtime.proto import language_pb2

from dev.languages.hosts.server import LanguageHost, run, serve


class _GoHost(LanguageHost):
    def Run(  # noqa: N802 - the name of the call
        self,
        request: language_pb2.RunRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> language_pb2.RunResponse:
        folder = Path(request.info.program_directory)
        environment = {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
            "PULUMI_DRY_RUN": str(request.dryRun).lower(),
            "PULUMI_ENGINE": sys.argv[-1],
            "PULUMI_MONITOR": request.monitor_address,
            "PULUMI_ORGANIZATION": request.organization,
            "PULUMI_PARALLEL": str(request.parallel),
            "PULUMI_PROJECT": request.project,
            "PULUMI_STACK": request.stack,
        }
        with tempfile.TemporaryDirectory() as scratch:
            program = Path(scratch) / "program"
            # Without -trimpath Go would compile the SDK anew for each folder that it lies in.
            compiled = run(["go", "build", "-trimpath", "-o", program, "."], folder, {"GOWORK": "off"})
            return compiled if compiled.error else run([program], folder, environment)


def main() -> None:
    """Serve the engine that started this process."""
    serve(_GoHost())
