"""What rendering yields: Kubernetes objects in the order to apply them, as text and as files."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pidshare_components.render.errors import RenderError
from pidshare_components.render.yamltext import dump

HEADER = "# Rendered by pidshare render; edit the program instead.\n"
"""First line of every file that `write` writes, and how it knows its own files."""

_OWN_NAME = re.compile(r"[0-9]{2,}-[a-z0-9]+-.+\.yaml")


@dataclass(frozen=True)
class Manifest:
    """One Kubernetes object.

    Attributes:
        resource: Pulumi's type and name of the resource it comes from.
        called: that name alone.
        object: the object, in Kubernetes' spelling and in a stable order of keys.
        hidden: paths of secret values; a placeholder stands there.
        unknown: paths of values that only a deployment knows; a placeholder stands there.
    """

    resource: str
    called: str
    object: Mapping[str, Any]
    hidden: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The object's kind."""
        return str(self.object["kind"])

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.object["metadata"].get("name", ""))

    @property
    def namespace(self) -> str:
        """The object's namespace; empty when its kind has none."""
        return str(self.object["metadata"].get("namespace", ""))

    def to_yaml(self) -> str:
        """Return the object as a YAML document, with a comment that names the placeholders."""
        notes = [("secret", self.hidden), ("known only after deployment", self.unknown)]
        comments = "".join(f"# {what}: {', '.join(paths)}\n" for what, paths in notes if paths)
        return comments + dump(self.object)


def to_yaml(manifests: Iterable[Manifest]) -> str:
    """Return manifests as one stream of YAML documents."""
    return "---\n".join(manifest.to_yaml() for manifest in manifests)


def write(manifests: Sequence[Manifest], folder: Path) -> list[Path]:
    """Write one file per manifest, `NN-kind-name.yaml`, and remove what is left of an earlier run.

    `kubectl apply -f FOLDER` applies them in the same order. All files are complete before the first one takes its
    place. Files of others are left alone.

    Args:
        manifests: what to write.
        folder: where; made if need be.

    Raises:
        RenderError: a file of another has the name of one to write, or the folder cannot be written.
    """
    digits = max(2, len(str(len(manifests))))
    texts = {
        f"{number:0{digits}}-{item.kind.lower()}-{_file_name(item.name)}.yaml": HEADER + item.to_yaml()
        for number, item in enumerate(manifests, start=1)
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        own = {file.name for file in folder.iterdir() if _is_own(file)}
        for name in texts.keys() - own:
            if (folder / name).exists():
                raise RenderError(
                    f"{folder / name}: not written by pidshare render; move it away, or choose another folder"
                )
        with TemporaryDirectory(dir=folder, prefix=".pidshare-") as new:
            for name, text in texts.items():
                (Path(new) / name).write_bytes(text.encode())
            for name in texts:
                (Path(new) / name).replace(folder / name)
        for name in own - texts.keys():
            (folder / name).unlink(missing_ok=True)
    except OSError as problem:
        raise RenderError(f"{folder}: cannot be written ({problem.strerror}); choose another folder") from None
    return [folder / name for name in texts]


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name)


def _is_own(file: Path) -> bool:
    if not _OWN_NAME.fullmatch(file.name) or not file.is_file():
        return False
    with file.open("rb") as content:
        return content.read(len(HEADER)) == HEADER.encode()
