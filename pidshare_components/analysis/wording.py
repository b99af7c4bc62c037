"""How the analysis speaks of containers and what they run as."""

from collections.abc import Iterator

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.capabilities import CHANGES_USER
from pidshare_components.analysis.exposure import Pair
from pidshare_components.analysis.facts import Container, Id, OpenId


def name_of(container: Container) -> str:
    """Return a container's name in quotes; the sandbox's and the node's processes have none."""
    return container.name if container.name.startswith("/") else f"'{container.name}'"


def id_of(value: Id) -> str:
    """Return a user or group id; `?` where it is open."""
    return str(value) if isinstance(value, int) else "?"


def user_of(container: Container) -> str:
    """Return the user that the main process runs as."""
    return ids_of(container)[0]


def ids_of(container: Container) -> tuple[str, str]:
    """Return user and group that the main process runs as."""
    program = container.program
    if program and program.becomes and container.uid == 0 and container.least & CHANGES_USER == CHANGES_USER:
        user, group = program.becomes
        return str(user), str(group)
    return id_of(container.uid), id_of(container.gid)


def held(container: Container) -> int:
    """Return the capabilities that it surely starts with."""
    return capabilities.NONE if container.uid else container.least


def open_ids(pair: Pair) -> Iterator[OpenId]:
    """Yield the ids of a pair that the spec leaves open."""
    ids = (pair.source.uid, pair.source.gid, pair.target.uid, pair.target.gid)
    yield from dict.fromkeys(value for value in ids if isinstance(value, OpenId))
