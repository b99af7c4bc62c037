"""What a container holds that others may be after: secrets as variables and files, and the service account's token.

Only names are read here, never a value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Optional

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.facts import Container, ContainerKind, Pod
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.tree import UNKNOWN, Path, Tree, child, objects, text

_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - where it is, not what
_SECRETS_STORE = "secrets-store.csi.k8s.io"
_DEFAULT_MODE = 0o644
_GROUP_MODE = 0o440
_OWNER_READS, _OTHERS_READ = 0o400, 0o004


class HoldingKind(Enum):
    """What is held."""

    ENVIRONMENT = "environment"
    """A secret as an environment variable, or all keys of one."""
    VOLUME = "volume"
    """A secret as files."""
    PROVIDER = "provider"
    """What a secret store's provider has put into files, by its SecretProviderClass."""
    TOKEN = "token"  # noqa: S105 - the kind of a holding
    """A token of the pod's service account."""


@dataclass(frozen=True)
class Holding:
    """Something that a container holds.

    Attributes:
        kind: what it is.
        name: of the secret, or of the service account; "" where it is not known.
        path: from the pod's spec to what says so.
        where: name of the variable, or path of the mount in the container; "" for all keys of a secret as variables.
        mode: permission bits of the files, of any that has them, as the kubelet makes them; None for variables.
        keys: keys of the secret that it has; None for all, or where they are not known.
    """

    kind: HoldingKind
    name: str
    path: Path
    where: str
    mode: Optional[int] = None
    keys: Optional[frozenset[str]] = None

    def covers(self, other: "Holding") -> bool:
        """Return whether who has this has no need of another one: it surely has the same in it."""
        if not self.name or self.name != other.name or (self.kind in _FILES_ONLY) != (other.kind in _FILES_ONLY):
            return False
        return self.keys is None or (other.keys is not None and other.keys <= self.keys)


_FILES_ONLY = (HoldingKind.PROVIDER, HoldingKind.TOKEN)


def holdings(pod: Pod) -> dict[Path, tuple[Holding, ...]]:
    """Return what each container holds, as far as the spec says it, by the container's path."""
    volumes = {child(volume, "name"): volume for _, volume in objects(pod.spec, "volumes") if volume is not UNKNOWN}
    token = _automounted(pod)
    return {
        container.path: (*_variables(container), *_mounts(pod, container, volumes), *_token(container, token))
        for container in pod.containers
    }


def _variables(container: Container) -> Iterator[Holding]:
    for index, variable in objects(container.tree, "env"):
        secret = child(variable, "valueFrom", "secretKeyRef")
        if secret is not None:
            path, where = (*container.path, "env", index), text(child(variable, "name"))
            keys = frozenset([text(child(secret, "key"))])
            yield Holding(HoldingKind.ENVIRONMENT, text(child(secret, "name")), path, where, keys=keys)
    for index, source in objects(container.tree, "envFrom"):
        secret = child(source, "secretRef")
        if secret is not None:
            path = (*container.path, "envFrom", index)
            yield Holding(HoldingKind.ENVIRONMENT, text(child(secret, "name")), path, "")


def _mounts(pod: Pod, container: Container, volumes: Mapping[Any, Tree]) -> Iterator[Holding]:
    for index, mount in objects(container.tree, "volumeMounts"):
        volume = volumes.get(child(mount, "name"))
        if volume is not None:
            path = (*container.path, "volumeMounts", index)
            yield from _of_volume(pod, volume, path, text(child(mount, "mountPath")))


def _of_volume(pod: Pod, volume: Any, path: Path, where: str) -> Iterator[Holding]:  # noqa: ANN401 - of the tree
    secret, projected = child(volume, "secret"), child(volume, "projected")
    if secret is not None:
        files = _files(pod, secret, child(secret, "defaultMode"))
        yield Holding(HoldingKind.VOLUME, text(child(secret, "secretName")), path, where, *files)
    for _, source in objects(projected, "sources"):
        of_source = child(source, "secret")
        if of_source is not None:
            files = _files(pod, of_source, child(projected, "defaultMode"))
            yield Holding(HoldingKind.VOLUME, text(child(of_source, "name")), path, where, *files)
        if child(source, "serviceAccountToken") is not None:
            yield Holding(HoldingKind.TOKEN, _account(pod), path, where, _token_mode(pod))
    if child(volume, "csi", "driver") == _SECRETS_STORE:
        name = text(child(volume, "csi", "volumeAttributes", "secretProviderClass"))
        yield Holding(HoldingKind.PROVIDER, name, path, where, _DEFAULT_MODE)


def _files(pod: Pod, secret: Any, default: Any) -> tuple[int, Optional[frozenset[str]]]:  # noqa: ANN401 - of the tree
    """Return the permission bits that any of a secret's files has, and the keys that are there; None for all."""
    items = child(secret, "items")
    if not isinstance(items, list) or not items:
        return file_mode(pod, default), None
    mode = 0
    for item in items:
        own = child(item, "mode")
        mode |= file_mode(pod, default if own is None else own)
    return mode, frozenset(text(child(item, "key")) for item in items)


def _automounted(pod: Pod) -> Optional[Holding]:
    """Return the token that the admission adds to every container unless somebody says no; None if it does not."""
    if pod.spec.get("automountServiceAccountToken") in (False, UNKNOWN):
        return None
    path = ("automountServiceAccountToken",)
    return Holding(HoldingKind.TOKEN, _account(pod), path, _TOKEN_PATH, _token_mode(pod))


def _token(container: Container, token: Optional[Holding]) -> Iterator[Holding]:
    mounts = objects(container.tree, "volumeMounts")
    if token and all(child(mount, "mountPath") != _TOKEN_PATH for _, mount in mounts):
        yield token


def may_read(pod: Pod, reader: Container, holding: Holding) -> Answer:
    """Return whether the files of a holding are readable to somebody who has reached them, by Unix permissions.

    The kubelet makes them root's, and with an fsGroup that group's, which every container of the pod is in.
    """
    mode = _DEFAULT_MODE if holding.mode is None else holding.mode
    if mode & _OTHERS_READ:
        return Answer.YES
    group = child(pod.spec, "securityContext", "fsGroup")
    if group is UNKNOWN or not isinstance(reader.uid, int):
        return Answer.UNKNOWN
    reads_any = reader.uid == 0 and reader.least & capabilities.READS_ANY_FILE
    owns = reader.uid == 0 and mode & _OWNER_READS
    # For a token the kubelet takes the user that all containers have in common.
    same_user = holding.kind is HoldingKind.TOKEN and _common_user(pod) is not None
    grouped = isinstance(group, int) and mode & _GROUP_MODE & 0o040
    return Answer.YES if reads_any or owns or same_user or grouped else Answer.NO


def file_mode(pod: Pod, given: Any) -> int:  # noqa: ANN401 - of the tree
    """Return the permission bits of a secret's files: with an fsGroup the kubelet lets owner and group read them."""
    mode = given if isinstance(given, int) else _DEFAULT_MODE
    return mode | _GROUP_MODE if isinstance(child(pod.spec, "securityContext", "fsGroup"), int) else mode


def _token_mode(pod: Pod) -> int:
    """Return those of a token: 0644, but narrower where a group or a common user can have it (KEP-2451)."""
    if isinstance(child(pod.spec, "securityContext", "fsGroup"), int):
        return 0o640
    return 0o600 if _common_user(pod) is not None else _DEFAULT_MODE


def _common_user(pod: Pod) -> Optional[int]:
    """Return the user that the spec gives to every container, if it is the same."""
    pod_user = child(pod.spec, "securityContext", "runAsUser")
    users = set()
    for container in pod.containers:
        if container.kind is ContainerKind.EPHEMERAL:
            continue
        own = child(container.tree, "securityContext", "runAsUser")
        users.add(pod_user if own is None else own)
    (user,) = users if len(users) == 1 else (None,)
    return user if isinstance(user, int) else None


def _account(pod: Pod) -> str:
    return text(pod.spec.get("serviceAccountName")) or "default"
