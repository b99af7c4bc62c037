"""Programs that were made to be PID 1, and images that start with one.

Each entry says where what it claims was seen: in the program's own source, in an issue of its project, or by running
it as another process than PID 1 (Debian 12's package of it).
"""

from dataclasses import dataclass
from enum import Enum
from typing import Optional

from pidshare_components.analysis.images import repository


class Trouble(Enum):
    """What becomes of such a program when another process is PID 1."""

    REFUSES = "refuses"
    """It does not start."""
    ENDS_ALL = "ends all"
    """It runs, but ends the processes of all containers when it stops."""
    WARNS = "warns"
    """It runs, says that something is wrong, and reaps no orphans."""


@dataclass(frozen=True)
class Init:
    """A program that was made to be PID 1.

    Attributes:
        name: how to call it in a sentence.
        trouble: what becomes of it when it is not.
        what: that in words: what comes after its name in a sentence.
        instead: what to write instead, as an imperative.
        source: where that was seen.
    """

    name: str
    trouble: Trouble
    what: str
    instead: str
    source: str


_OWN_PROGRAM = "start the service's own program with `command`, or do not share the process namespace"

S6_OVERLAY = Init(
    "s6-overlay",
    Trouble.REFUSES,
    "exits at once unless it is PID 1 (version 3), or ends the processes of all containers when it stops (version 2)",
    _OWN_PROGRAM,
    "just-containers/s6-overlay-helpers src/s6-overlay-suexec/s6-overlay-suexec.c: `if (getpid() != 1)` it dies with"
    " 'can only run as pid 1'; just-containers/s6-overlay issues 383 and 522 (version 2 could, in version 3 it 'is not"
    " and cannot be supported'), 182 and 359 (version 2 kills what is outside), v2's etc/s6/init/init-stage3 (s6-nuke)",
)
SYSTEMD = Init(
    "systemd",
    Trouble.REFUSES,
    "exits at once unless it is PID 1",
    _OWN_PROGRAM,
    "run (252): 'Can't run system mode unless PID 1.', 'Trying to run as user instance, but the system has not been"
    " booted with systemd.', exit code 1; systemd/systemd issue 12843",
)
INIT = Init(
    "this init",
    Trouble.REFUSES,
    "does nothing but exit unless it is PID 1, whether it is systemd's, sysvinit's, runit's or busybox's",
    _OWN_PROGRAM,
    "run: sysvinit 3.06 prints its usage, busybox 1.35 'init: must be run as PID 1', both exit code 1; runit-init(8):"
    " as another process it only takes 0 and 6; systemd as above",
)
RUNIT = Init(
    "runit",
    Trouble.REFUSES,
    "exits at once unless it is PID 1",
    "start `runsvdir` with the folder of services, which runs as any process",
    "run (2.1.2): 'runit: fatal: must be run as process no 1.', exit code 111; runsvdir runs services as any process",
)
OPENRC_INIT = Init(
    "openrc-init",
    Trouble.REFUSES,
    "exits at once, without a word, unless it is PID 1",
    _OWN_PROGRAM,
    "OpenRC/openrc src/openrc-init/openrc-init.c: `if (getpid() != 1) return 1;`; run (0.45): exit code 1",
)
MY_INIT = Init(
    "my_init",
    Trouble.ENDS_ALL,
    "signals every process that it may when it stops, in all containers that share the namespace",
    "give `my_init` the option `--no-kill-all-on-exit`",
    "phusion/baseimage-docker image/bin/my_init: `kill_all_processes` sends to PID -1 unless told not to",
)
TINI = Init(
    "tini",
    Trouble.WARNS,
    "is not PID 1 here: it warns at each start, and orphans in its container go to PID 1 instead of to it",
    "give `tini` the option `-s`, or set TINI_SUBREAPER",
    "krallin/tini src/tini.c: `reaper_check`; krallin/tini issue 120, flant/shell-operator issue 377; run (0.19): a"
    " warning, and none with -s or with TINI_SUBREAPER of any value",
)

_BY_NAME = {
    "systemd": SYSTEMD,
    "runit": RUNIT,
    "runit-init": RUNIT,
    "openrc-init": OPENRC_INIT,
    "my_init": MY_INIT,
    "tini": TINI,
    "tini-static": TINI,
    "docker-init": TINI,
}
_BY_PATH = {
    "/init": S6_OVERLAY,
    "init": INIT,
    "/sbin/init": INIT,
    "/usr/sbin/init": INIT,
    "/bin/init": INIT,
}
"""Programs with a name that others have, too. dumb-init (1.2.5), catatonit (0.1.7, which makes itself a subreaper),
supervisord (4.2.5), runsvdir, svscan and s6-svscan run as any process, as running them showed."""
_ENTRY_POINTS = {
    # s6-overlay, with its version.
    "docker.io/homeassistant/home-assistant": S6_OVERLAY,  # home-assistant/docker-base alpine/Dockerfile (3)
    "docker.io/jc21/nginx-proxy-manager": S6_OVERLAY,  # NginxProxyManager/nginx-proxy-manager docker/Dockerfile (3.1)
    "docker.io/plexinc/pms-docker": S6_OVERLAY,  # plexinc/pms-docker Dockerfile (2.1)
    "ghcr.io/blakeblackshear/frigate": S6_OVERLAY,  # blakeblackshear/frigate docker/main/Dockerfile (3.1)
    "ghcr.io/home-assistant/home-assistant": S6_OVERLAY,  # as on Docker Hub
    # systemd
    "docker.io/freeipa/freeipa-server": SYSTEMD,  # freeipa/freeipa-container init-data: `exec /usr/sbin/init`
    "docker.io/kindest/node": SYSTEMD,  # kubernetes-sigs/kind images/base/Dockerfile
    "quay.io/freeipa/freeipa-server": SYSTEMD,  # as on Docker Hub
    # tini without -s
    "docker.elastic.co/elasticsearch/elasticsearch": TINI,  # elastic/elasticsearch distribution/docker/src/docker
    "docker.io/flant/shell-operator": TINI,  # flant/shell-operator Dockerfile
    "docker.io/jenkins/jenkins": TINI,  # jenkinsci/docker debian/bookworm/hotspot/Dockerfile
    "docker.io/library/elasticsearch": TINI,  # as at docker.elastic.co
    "docker.io/library/neo4j": TINI,  # neo4j/docker-neo4j docker-image-src/5/coredb/Dockerfile-debian
    "ghcr.io/flant/shell-operator": TINI,  # as on Docker Hub
}
"""Images whose ENTRYPOINT starts such a program, with where it stands."""
_FAMILIES = {
    # linuxserver/docker-baseimage-alpine Dockerfile (3.2), linuxserver/docker-openssh-server issue 76
    "docker.io/linuxserver/": S6_OVERLAY,
    "ghcr.io/linuxserver/": S6_OVERLAY,
    "lscr.io/linuxserver/": S6_OVERLAY,
    # hotio/base linux-amd64.Dockerfile (2.2), just-containers/s6-overlay issue 530 (3.1)
    "cr.hotio.dev/hotio/": S6_OVERLAY,
    "ghcr.io/hotio/": S6_OVERLAY,
    # jupyter/docker-stacks images/docker-stacks-foundation/Dockerfile
    "docker.io/jupyter/": TINI,
    "quay.io/jupyter/": TINI,
}
"""Beginnings of names of such images."""
_COMMANDS = {
    "docker.io/almalinux/8-init": SYSTEMD,  # AlmaLinux/container-images Containerfiles/8/Containerfile.init
    "docker.io/almalinux/9-init": SYSTEMD,  # AlmaLinux/container-images Containerfiles/9/Containerfile.init
    "docker.io/geerlingguy/docker-ubuntu2204-ansible": SYSTEMD,  # geerlingguy/docker-ubuntu2204-ansible Dockerfile
    "docker.io/phusion/baseimage": MY_INIT,  # phusion/baseimage-docker image/Dockerfile
    # Red Hat's "Building, running, and managing containers", 2.4: CMD is /sbin/init, which is systemd's.
    "registry.access.redhat.com/ubi8-init": SYSTEMD,
    "registry.access.redhat.com/ubi8/ubi-init": SYSTEMD,
    "registry.access.redhat.com/ubi9-init": SYSTEMD,
    "registry.access.redhat.com/ubi9/ubi-init": SYSTEMD,
}
"""Images whose CMD starts such a program and that have no ENTRYPOINT: arguments replace it."""
_COMMAND_FAMILIES = {
    "docker.io/jrei/systemd-": SYSTEMD,  # j8r/dockerfiles systemd/ubuntu/22.04.Dockerfile
    "docker.io/phusion/passenger-": MY_INIT,  # phusion/passenger-docker image/Dockerfile.base, on baseimage
}
"""Beginnings of names of such images."""
_ALL_FAMILIES = {**_FAMILIES, **_COMMAND_FAMILIES}
_BEGINNINGS = tuple(_ALL_FAMILIES)


def of_program(word: str) -> Optional[Init]:
    """Return what a program was made to be, by its name or its path."""
    return _BY_PATH.get(word) or _BY_NAME.get(word.rpartition("/")[2])


def of_image(image: str, *, has_arguments: bool) -> Optional[Init]:
    """Return what a well-known image starts where the container gives no command.

    Args:
        image: with or without registry, tag and digest.
        has_arguments: whether the container may give arguments, which replace a CMD.
    """
    name = repository(image)
    if has_arguments:
        known = _ENTRY_POINTS.get(name)
        families = _FAMILIES
    else:
        known = _ENTRY_POINTS.get(name) or _COMMANDS.get(name)
        families = _ALL_FAMILIES
    if known or not name.startswith(_BEGINNINGS):
        return known
    return next((init for beginning, init in families.items() if name.startswith(beginning)), None)
