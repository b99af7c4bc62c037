"""Pulumi's own release archive, the one that its installer unpacks: the engine with its language hosts."""

from __future__ import annotations

import hashlib
import platform
import tarfile
from pathlib import Path, PurePosixPath

from dev.engine.errors import EngineError, output_of, without_pulumi_settings
from dev.progress import step

_HOST = "get.pulumi.com"
_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
_MACHINES = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}
_CONNECT_SECONDS = 5
_SMALL_FILE_SECONDS = 15
_ARCHIVE_SECONDS = 900


def name(version: str) -> str:
    """Return the name of a release for this machine, such as `pulumi-v3.259.0-linux-x64`."""
    return f"pulumi-{version}-{_SYSTEMS.get(platform.system())}-{_MACHINES.get(platform.machine())}"


def available(version: str) -> bool:
    """Tell whether Pulumi's downloads can be reached from here, within seconds."""
    try:
        _checksums(version)
    except EngineError:
        return False
    return True


def download_into(folder: Path, version: str) -> None:
    """Download and unpack a release; its checksum is that of the list published with it.

    Raises:
        EngineError: there is none for this machine, or it cannot be downloaded whole.
    """
    if platform.system() not in _SYSTEMS or platform.machine() not in _MACHINES:
        raise EngineError(f"Pulumi has no release for {platform.system()} on {platform.machine()}")
    archive = folder.parent / f"{name(version)}.tar.gz"
    # The small file first: it shows within seconds whether this machine reaches the host at all.
    listed = _listed(_checksums(version), archive.name)
    with step(f"downloading Pulumi {version} from {_HOST}"):
        _curl(archive.name, "--max-time", str(_ARCHIVE_SECONDS), "--output", str(archive))
        actual = hashlib.sha256(archive.read_bytes()).hexdigest()
        if actual != listed:
            raise EngineError(f"{archive.name} from {_HOST} has SHA-256 {actual}, not {listed} as listed: not used")
        _unpack(archive, folder)


def _checksums(version: str) -> str:
    return _curl(f"pulumi-{version.removeprefix('v')}-checksums.txt", "--max-time", str(_SMALL_FILE_SECONDS))


def _listed(checksums: str, file: str) -> str:
    for line in checksums.splitlines():
        match line.split():
            case [digest, listed] if listed == file:
                return digest
    raise EngineError(f"the list of checksums at {_HOST} does not name {file}")


def _curl(file: str, *options: str) -> str:
    # curl bounds the whole connection, with looking the name up and each address of it; Python bounds each by itself.
    bounds = ["--connect-timeout", str(_CONNECT_SECONDS), "--proto", "=https"]
    url = f"https://{_HOST}/releases/sdk/{file}"
    argv = ["curl", "--fail", "--silent", "--show-error", "--location", *bounds, *options, url]
    return output_of(argv, environment=without_pulumi_settings())


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the executables, which lie in one folder of the archive, by their bare names."""
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                target = folder / PurePosixPath(member.name).name
                target.write_bytes(content.read())
                target.chmod(0o755)
