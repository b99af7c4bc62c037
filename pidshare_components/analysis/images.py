"""Image references, and facts about images that a pod's spec does not hold: whose ids their processes run with.

What an image's `USER` is, which accounts its /etc/passwd has, and what its entry point does to its credentials decide
who may do what to its processes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Optional

_DOCKER_HUB = "docker.io"
_CACHED = 1024


@lru_cache(_CACHED)
def repository_and_tag(image: str) -> tuple[str, str]:
    """Return an image's repository and tag, the way the Distribution project's reference package reads them."""
    path, slash, last = image.partition("@")[0].rpartition("/")
    last, _, tag = last.partition(":")
    name = path + slash + last
    host, slash, rest = name.partition("/")
    if not slash or not (any(sign in host for sign in ".:") or host == "localhost" or host != host.lower()):
        host, rest = _DOCKER_HUB, name
    if host == "index.docker.io":
        host = _DOCKER_HUB
    if host == _DOCKER_HUB and "/" not in rest:
        rest = f"library/{rest}"
    return f"{host}/{rest}", tag


def repository(image: str) -> str:
    """Return an image's repository, with its registry and without tag and digest: `docker.io/library/nginx`."""
    return repository_and_tag(image)[0]


def is_repository(image: str) -> bool:
    """Return whether an image reference names a repository alone, with neither tag nor digest."""
    return not repository_and_tag(image)[1] and "@" not in image


def tag(image: str) -> str:
    """Return an image's tag: empty where the reference has none, which a runtime pulls as `latest`."""
    return repository_and_tag(image)[1]


# What these do is in their manuals (POSIX, coreutils, bash(1), dash(1), busybox) and in build/pause/linux/pause.c of
# kubernetes/kubernetes. Missing on purpose: what starts another program in its place (env, nice, timeout, nohup), and
# zsh, where an assignment to UID changes it.
_SHELLS = ("ash", "bash", "dash", "sh")
_TOOLS = ("cat", "echo", "false", "head", "pause", "printf", "sleep", "tail", "tee", "true", "yes")


def keeps_credentials(argv0: str) -> bool:
    """Return whether a program never changes its own ids and capabilities, whatever image it comes from.

    Of a shell this says what the shell itself does. With `-c` it runs other programs, and may put the last of them in
    its own place (bash does): then what that one does decides.

    Args:
        argv0: the program, the first word of a `command`: a name or a path.
    """
    return argv0.rpartition("/")[2] in (*_SHELLS, *_TOOLS)


@dataclass(frozen=True)
class Ids:
    """A user id and a primary group id."""

    uid: int
    gid: int


class Main(Enum):
    """What an entry point that is started as root does to its own ids."""

    KEEPS = "keeps"
    """It stays what it is started as."""
    BECOMES = "becomes"
    """It takes other ids. It needs the capabilities SETUID and SETGID: without them it fails or stays root."""
    UNKNOWN = "unknown"
    """Not known."""


@dataclass(frozen=True)
class Worker:
    """A child process with other ids than the main process.

    Attributes:
        ids: what it runs as.
        dumpable: whether the kernel lets others with its ids and capabilities look into it (PR_SET_DUMPABLE); None
            where it depends. A process that took other ids is not, until it starts a new program or asks for it.
    """

    ids: Ids
    dumpable: Optional[bool] = None


@dataclass(frozen=True)
class ImageFacts:
    """What is known of an image. Everything may stay unknown, and then is.

    `main` and `workers` tell of a start as root with the image's own configuration. A start as another user cannot
    take other ids, so it keeps its own, except for what `file_capabilities` adds.

    Attributes:
        user: what the image's USER is in numbers, 0:0 where it has none; None where it is not known. Kubernetes takes
            over the user alone: the group is that of `accounts` where they are known.
        accounts: accounts of the image's /etc/passwd. A container with `runAsUser` and without `runAsGroup` runs with
            the primary group of that user's account, or with 0 where there is none.
        no_account_from: from which uid on no other uid than those of `accounts` has an account (0: it has all of
            them); None where it is not known.
        main: what the entry point does to its own ids.
        main_ids: what it becomes, with Main.BECOMES.
        main_dumpable: whether others with its ids may look into it after that, as in `Worker`: true after gosu,
            su-exec and setpriv, because they start a new program.
        workers: the processes that it starts with other ids than its own; None where it is not known.
        programs: shell patterns for the first word of a container's `args` with which `main` and `workers` hold: with
            others the entry point runs something else. None: whatever they are. Without `args` they always hold.
        changed_by: environment variables that, when set, make `main` or `workers` something else.
        file_capabilities: capabilities that the program's file carries, without `CAP_`. A start as another user than
            root then gains them and is not dumpable, unless no_new_privs is set (`allowPrivilegeEscalation: false`).
            It fails where the container's capabilities do not have them.
        source: where this stands: the project's repository, and the file or directory in it.
    """

    user: Optional[Ids] = None
    accounts: tuple[Ids, ...] = ()
    no_account_from: Optional[int] = None
    main: Main = Main.UNKNOWN
    main_ids: Optional[Ids] = None
    main_dumpable: Optional[bool] = True
    workers: Optional[tuple[Worker, ...]] = None
    programs: Optional[tuple[str, ...]] = None
    changed_by: tuple[str, ...] = ()
    file_capabilities: tuple[str, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        """Check that main_ids is there when it must be, and only then."""
        if (self.main is Main.BECOMES) != (self.main_ids is not None):
            raise ValueError("main_ids belongs to Main.BECOMES; give both or neither")

    def over(self, known: "Optional[ImageFacts]") -> "ImageFacts":
        """Return these facts, with what they leave open as another source knows it."""
        if known is None:
            return self
        main = self if self.main is not Main.UNKNOWN else known
        return replace(
            main,
            user=self.user or known.user,
            accounts=self.accounts or known.accounts,
            no_account_from=known.no_account_from if self.no_account_from is None else self.no_account_from,
            workers=known.workers if self.workers is None else self.workers,
            file_capabilities=self.file_capabilities or known.file_capabilities,
        )

    def primary_group(self, uid: int) -> Optional[int]:
        """Return the group that a container with this `runAsUser` and no `runAsGroup` runs with; None: not known."""
        for ids in (Ids(0, 0), *self.accounts):
            if ids.uid == uid:
                return ids.gid
        return 0 if self.no_account_from is not None and uid >= self.no_account_from else None

    def holds_with(self, args: Optional[Sequence[str]]) -> bool:
        """Return whether `main` and `workers` hold for a container with these `args` and no `command`."""
        return not args or self.programs is None or any(fnmatchcase(args[0], pattern) for pattern in self.programs)
