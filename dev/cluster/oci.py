"""Container images as an OCI archive, the same bytes from the same contents."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_MEDIA_TYPE = "application/vnd.oci.image"


@dataclass(frozen=True)
class File:
    """A regular file."""

    content: bytes
    mode: int = 0o644


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class Directory:
    """A directory that must exist without a file in it, or whose owner or mode matters."""

    mode: int = 0o755
    owner: int = 0


Tree = Mapping[str, File | Link | Directory]
"""The contents of an image: path without a leading slash, and what is there."""


@dataclass(frozen=True)
class Image:
    """A container image."""

    reference: str
    """In full, such as `docker.io/library/nginx:latest`."""
    tree: Tree
    config: Mapping[str, Any] = field(default_factory=dict)
    """`Cmd`, `Env`, `User` and so on, in the words of the OCI image configuration."""


def write_archive(images: Iterable[Image], path: Path) -> dict[str, str]:
    """Write the images to one archive and return the digest of each by its reference.

    Every image gets two names, `repository:tag` and `repository@sha256:…`: a container runtime finds an image by its
    digest only where it has that name, which it otherwise gets by a pull.
    """
    blobs: dict[str, bytes] = {}
    index: list[dict[str, Any]] = []
    digests: dict[str, str] = {}
    for image in images:
        manifest = _store_image(blobs, image)
        digests[image.reference] = manifest["digest"]
        repository = image.reference.rpartition(":")[0]
        names = (image.reference, f"{repository}@{manifest['digest']}")
        index += [{**manifest, "annotations": {"io.containerd.image.name": name}} for name in names]
    files: dict[str, File | Link | Directory] = {
        "oci-layout": File(_json({"imageLayoutVersion": "1.0.0"})),
        "index.json": File(_json({"schemaVersion": 2, "manifests": index})),
    }
    files |= {f"blobs/sha256/{digest}": File(content) for digest, content in blobs.items()}
    path.write_bytes(_tar(files))
    return digests


def _store_image(blobs: dict[str, bytes], image: Image) -> dict[str, Any]:
    """Add an image's layer, configuration and manifest, and return the descriptor of its manifest."""
    layer = _store(blobs, "layer.v1.tar", _tar(image.tree))
    machine = platform.machine()
    config = {
        "architecture": _ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": image.config,
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_MEDIA_TYPE}.manifest.v1+json",
        "config": _store(blobs, "config.v1+json", _json(config)),
        "layers": [layer],
    }
    return _store(blobs, "manifest.v1+json", _json(manifest))


def _store(blobs: dict[str, bytes], media_type: str, content: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    blobs[digest] = content
    return {"mediaType": f"{_MEDIA_TYPE}.{media_type}", "digest": f"sha256:{digest}", "size": len(content)}


def _tar(tree: Tree) -> bytes:
    """Return the tree as a tar archive that does not depend on when and by whom it is made."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, entry in sorted({**_parents(tree), **tree}.items()):
            info = tarfile.TarInfo(path)
            content = b""
            match entry:
                case File():
                    info.mode, content = entry.mode, entry.content
                    info.size = len(content)
                case Link():
                    info.type, info.mode, info.linkname = tarfile.SYMTYPE, 0o777, entry.target
                case Directory():
                    info.type, info.mode, info.uid, info.gid = tarfile.DIRTYPE, entry.mode, entry.owner, entry.owner
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _parents(tree: Tree) -> Tree:
    parents = {str(parent) for path in tree for parent in Path(path).parents}
    return {parent: Directory() for parent in parents - {"."}}


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
