"""The engine compiled from the Go module in `module`; the language hosts are in no module that is served."""

from __future__ import annotations

import hashlib
import platform
import re
from pathlib import Path

from dev.engine.errors import EngineError, output_of, without_pulumi_settings

_MODULE = Path(__file__).parent / "module"
_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


def version() -> str:
    """Return the version of Pulumi that the Go module names, such as `v3.259.0`."""
    match = re.search(r"^\tgithub\.com/pulumi/pulumi/pkg/v3 (v\S+)", (_MODULE / "go.mod").read_text(), re.MULTILINE)
    if match is None:
        raise EngineError(f"{_MODULE / 'go.mod'} requires no github.com/pulumi/pulumi/pkg/v3")
    return match[1]


def name() -> str:
    """Return a name for what the compilation depends on."""
    digest = hashlib.sha256("\0".join([platform.system(), platform.machine(), *_arguments()]).encode())
    for file in (_MODULE / "go.mod", _MODULE / "go.sum"):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def compile_into(folder: Path) -> None:
    """Compile the engine.

    Raises:
        EngineError: Go is missing, or the compilation failed.
    """
    scratch = folder.parent / "go-build"
    scratch.mkdir()
    # Nothing of Go's is left in /tmp when it is killed; a workspace around the checkout is none of ours.
    environment = {**without_pulumi_settings(), "GOTMPDIR": str(scratch), "GOWORK": "off"}
    try:
        output_of(["go", *_arguments(), "-o", folder / "pulumi", _PACKAGE], environment=environment, cwd=_MODULE)
    except EngineError as error:
        raise EngineError(f"Pulumi {version()} cannot be compiled:\n{error}") from None


def _arguments() -> list[str]:
    # Without its version the Automation API refuses the engine.
    return ["build", "-mod=readonly", "-trimpath", "-ldflags", f"-s -w -X {_VERSION_VARIABLE}={version()}"]
