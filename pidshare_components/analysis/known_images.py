"""The facts of well-known images, each with its source: what is not in the table, or only in part, is unknown."""

import re
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple, Optional

from pidshare_components.analysis.images import Ids, ImageFacts, Main, Worker, repository_and_tag

_CACHED = 1024


class _Variant(NamedTuple):
    """Facts for the tags of a repository that contain a word.

    Attributes:
        facts: the facts.
        tags: the word; empty: all other tags.
        since: the first version that they hold for; empty: all.
    """

    facts: ImageFacts
    tags: str = ""
    since: tuple[int, ...] = ()


class _Base(NamedTuple):
    """The accounts of what an image is built on."""

    accounts: tuple[Ids, ...]
    no_account_from: Optional[int]

    def plus(self, ids: Ids) -> "_Base":
        return self if ids in self.accounts else self._replace(accounts=(*self.accounts, ids))


_ROOT, _NOBODY, _NONROOT, _WWW_DATA = Ids(0, 0), Ids(65534, 65534), Ids(65532, 65532), Ids(33, 33)
# Common to Debian (base-passwd: passwd.master), Alpine (alpinelinux/aports: main/alpine-baselayout/passwd) and busybox.
_LINUX = _Base((_ROOT, Ids(1, 1), Ids(2, 2), _NOBODY), 1000)
_DEBIAN = _LINUX.plus(_WWW_DATA)
# From 23.04 on it has an account with uid 1000.
_UBUNTU = _DEBIAN._replace(no_account_from=1001)
# GoogleContainerTools/distroless: base/testdata/base.yaml.
_DISTROLESS = _Base((_ROOT, _NOBODY, _NONROOT), 0)
_SCRATCH, _UNKNOWN = _Base((), 0), _Base((), None)


def _stays(  # noqa: PLR0913 - the facts that differ
    source: str,
    base: _Base = _LINUX,
    user: Ids = _ROOT,
    *,
    programs: Optional[tuple[str, ...]] = None,
    workers: Optional[tuple[Worker, ...]] = (),
    gains: tuple[str, ...] = (),
) -> ImageFacts:
    """Return the facts of an image whose main process stays what it is started as."""
    return ImageFacts(
        user, *base, Main.KEEPS, workers=workers, programs=programs, file_capabilities=gains, source=source
    )


def _drops(source: str, base: _Base, ids: Ids, programs: tuple[str, ...], user: Ids = _ROOT) -> ImageFacts:
    """Return the facts of an image whose entry point starts itself again with gosu, su-exec or setpriv."""
    base = base.plus(ids)
    return ImageFacts(user, *base, Main.BECOMES, ids, workers=(), programs=programs, source=source)


def _unless_root(facts: ImageFacts) -> ImageFacts:
    """Return facts without what a start as root does."""
    return replace(facts, main=Main.UNKNOWN, workers=None)


def _all(facts: ImageFacts, *since: int) -> tuple[_Variant, ...]:
    return (_Variant(facts, since=since),)


def _alpine(alpine: ImageFacts, others: ImageFacts) -> tuple[_Variant, ...]:
    return _Variant(alpine, "alpine"), _Variant(others)


def _shell(source: str, base: _Base = _LINUX) -> tuple[_Variant, ...]:
    """Return the facts of an image that starts a shell or an interpreter, or else what the container says."""
    return _all(_stays(source, base, programs=()))


def _nginx(source: str, user: Ids) -> tuple[_Variant, ...]:
    """Return the facts of nginx, whose workers make themselves dumpable (src/os/unix/ngx_process_cycle.c)."""
    ids = Ids(101, 101)
    facts = _stays(source, _LINUX.plus(ids), user, programs=("nginx*",), workers=(Worker(ids, dumpable=True),))
    return _all(facts, 1, 17)


def _httpd(source: str, ids: Ids) -> ImageFacts:
    """Return the facts of httpd: dumpable only with CoreDumpDirectory (modules/arch/unix/mod_unixd.c)."""
    return _stays(source, _LINUX.plus(ids), programs=("httpd-foreground",), workers=(Worker(ids, dumpable=False),))


def _redis(system: str, ids: Ids) -> ImageFacts:
    """Return the facts of redis. From 8.0.2 on it keeps SYS_RESOURCE, if the container has it."""
    source = f"redis/docker-library-redis: {system}/Dockerfile, debian/docker-entrypoint.sh"
    facts = _drops(source, _LINUX, ids, ("redis-server", "*.conf", "-*"))
    return replace(facts, changed_by=("SKIP_DROP_PRIVS",))


def _mariadb(directory: str, base: _Base, user: Ids) -> ImageFacts:
    source = f"MariaDB/mariadb-docker: {directory}"
    return _drops(source, base, Ids(999, 999), ("mariadbd", "mysqld", "-*"), user)


def _prometheus(project: str, user: Ids, *since: int) -> tuple[_Variant, ...]:
    """Return the facts of a Prometheus project's image, which is built on its own busybox or on distroless."""
    distroless = _stays(f"prometheus/{project}: Dockerfile.distroless", _DISTROLESS, _NONROOT)
    busybox = _stays(f"prometheus/{project}: Dockerfile", _LINUX, user)
    return _Variant(distroless, "distroless"), _Variant(busybox, since=since)


def _bitnami(directory: str, base: _Base = _DEBIAN) -> tuple[_Variant, ...]:
    """Return the facts of a Bitnami image: USER 1001, without an account. Started as root, its scripts may drop it."""
    return _all(_unless_root(_stays(f"bitnami/containers: bitnami/{directory}/debian-12", base, Ids(1001, 0))))


def _distroless(user: Ids) -> ImageFacts:
    return _unless_root(_stays("GoogleContainerTools/distroless: static/static.bzl", _DISTROLESS, user))


_COREDNS = _all(_stays("coredns/coredns: Dockerfile", _DISTROLESS, _NONROOT, gains=("NET_BIND_SERVICE",)), 1, 11)
_CURL_USER, _GRAFANA, _HAPROXY_USER, _MEMCACHE = Ids(100, 101), Ids(472, 0), Ids(99, 99), Ids(11211, 11211)
_CURL = _unless_root(_stays("curl/curl-container: create_appliance_image.sh", _LINUX.plus(_CURL_USER), _CURL_USER))
# The entry point's way of dropping root differs between versions, and ENVOY_UID decides. Some releases of distroless
# say USER 0, others 65532 (envoyproxy/envoy#40954).
_ENVOY = _unless_root(_stays("envoyproxy/envoy: distribution/docker/Dockerfile-envoy", _UBUNTU))
_ENVOY_DISTROLESS = replace(_ENVOY, user=None, accounts=_DISTROLESS.accounts, no_account_from=0)
_FLUENT_BIT = "fluent/fluent-bit: dockerfiles/Dockerfile"
# dumb-init stays root and starts vault, whose file gets the capability IPC_LOCK if the container has it.
_VAULT = _stays(
    "hashicorp/vault: Dockerfile, .release/docker/docker-entrypoint.sh; hashicorp/vault-helm: values.yaml",
    _LINUX.plus(Ids(100, 1000)),
    programs=("server", "agent", "proxy", "vault", "-*"),
    workers=(Worker(Ids(100, 1000), dumpable=None),),
)
# Its workers, if any, depend on its configuration.
_HAPROXY = _unless_root(_stays("docker-library/haproxy: 3.2", _LINUX.plus(_HAPROXY_USER), _HAPROXY_USER))
_INGRESS = _stays(
    "kubernetes/ingress-nginx: rootfs/Dockerfile, charts/ingress-nginx/values.yaml",
    _LINUX.plus(Ids(101, 82)),
    Ids(101, 82),
    programs=("/nginx-ingress-controller",),
    workers=None,
    gains=("NET_BIND_SERVICE",),
)
# As root it needs the option -u, and is not dumpable after it.
_MEMCACHED = _unless_root(_stays("docker-library/memcached: 1/debian, 1/alpine", _LINUX.plus(_MEMCACHE), _MEMCACHE))
_CADDY = _stays("caddyserver/caddy-docker: Dockerfile.tmpl", programs=("caddy",), gains=("NET_BIND_SERVICE",))
_CADDY_BUILDER = _stays("caddyserver/caddy-docker: 2.11/builder/Dockerfile", programs=())
_TRAEFIK = _stays("traefik/traefik-library-image: v3.5/alpine, v3.1/alpine", programs=("traefik", "-*"))
_PROMETHEUS = {
    "alertmanager": _prometheus("alertmanager", _NOBODY),
    "blackbox-exporter": _prometheus("blackbox_exporter", _ROOT),
    "node-exporter": _prometheus("node_exporter", _NOBODY, 0, 15),
    "prometheus": _prometheus("prometheus", _NOBODY, 2),
}
_BITNAMI = {
    "kubectl": _bitnami("kubectl/1.33"),
    "mariadb": _bitnami("mariadb/11.8"),
    "mongodb": _bitnami("mongodb/8.0"),
    "nginx": _bitnami("nginx/1.29"),
    "postgresql": _bitnami("postgresql/17", _DEBIAN.plus(Ids(26, 0))),
    "rabbitmq": _bitnami("rabbitmq/4.1"),
    "redis": _bitnami("redis/7.4"),
}
_OFFICIAL = {
    "alpine": _shell("alpinelinux/docker-alpine: x86_64/Dockerfile"),
    "busybox": _shell("docker-library/busybox: latest/glibc/Dockerfile"),
    "caddy": (_Variant(_CADDY_BUILDER, "builder"), _Variant(_CADDY, since=(2, 7))),
    "debian": _shell("debuerreotype/docker-debian-artifacts: bookworm/oci/blobs/image-config.json", _DEBIAN),
    "golang": _shell("docker-library/golang: 1.26/trixie, 1.26/alpine3.23"),
    "haproxy": _all(_HAPROXY, 2, 4),
    "httpd": _alpine(
        _httpd("docker-library/httpd: 2.4/alpine/Dockerfile", Ids(82, 82)),
        _httpd("docker-library/httpd: 2.4/Dockerfile", _WWW_DATA),
    ),
    "mariadb": (
        _Variant(_mariadb("11.8-ubi", _UNKNOWN, Ids(999, 999)), "ubi"),
        _Variant(_mariadb("11.8", _UBUNTU, _ROOT)),
    ),
    "memcached": _all(_MEMCACHED, 1, 6),
    "mongo": _all(_drops("docker-library/mongo: 8.0", _UBUNTU, Ids(999, 999), ("mongo*", "-*"))),
    "mysql": _all(_drops("docker-library/mysql: 8.4", _UNKNOWN, Ids(999, 999), ("mysqld", "-*"))),
    "nginx": _nginx("nginx/docker-nginx: stable/debian, stable/alpine-slim", _ROOT),
    "node": _shell("nodejs/docker-node: 22/bookworm, 22/alpine3.23", _LINUX.plus(Ids(1000, 1000))),
    "postgres": _alpine(
        _drops("docker-library/postgres: 17/alpine3.22", _LINUX, Ids(70, 70), ("postgres", "-*")),
        _drops("docker-library/postgres: 17/trixie", _LINUX, Ids(999, 999), ("postgres", "-*")),
    ),
    "python": _shell("docker-library/python: 3.12/bookworm, 3.12/alpine3.23"),
    "rabbitmq": _alpine(
        _drops("docker-library/rabbitmq: 4.2/alpine", _LINUX, Ids(100, 101), ("rabbitmq-server",)),
        _drops("docker-library/rabbitmq: 4.2/ubuntu", _UBUNTU, Ids(999, 999), ("rabbitmq-server",)),
    ),
    "redis": _alpine(_redis("alpine", Ids(999, 1000)), _redis("debian", Ids(999, 999))),
    "traefik": _all(_TRAEFIK),
    "ubuntu": _shell("jupyterhub/repo2docker#1346", _UBUNTU),
}
_IMAGES: dict[str, tuple[_Variant, ...]] = {
    "docker.io/coredns/coredns": _COREDNS,
    "docker.io/curlimages/curl": _all(_CURL),
    "docker.io/envoyproxy/envoy": (_Variant(_ENVOY_DISTROLESS, "distroless"), _Variant(_ENVOY)),
    "docker.io/fluent/fluent-bit": (
        _Variant(_stays(_FLUENT_BIT, _DEBIAN, programs=()), "debug"),
        _Variant(_stays(_FLUENT_BIT, _DISTROLESS)),
    ),
    "docker.io/grafana/grafana": _all(_stays("grafana/grafana: Dockerfile", _UBUNTU.plus(_GRAFANA), _GRAFANA), 7, 3),
    "docker.io/hashicorp/vault": (_Variant(ImageFacts(source=_VAULT.source), "ubi"), _Variant(_VAULT)),
    "docker.io/nginxinc/nginx-unprivileged": _nginx("nginx/docker-nginx-unprivileged: stable/debian", Ids(101, 101)),
    "docker.io/nicolaka/netshoot": _shell("nicolaka/netshoot: Dockerfile"),
    "registry.k8s.io/coredns/coredns": _COREDNS,
    "registry.k8s.io/ingress-nginx/controller": _all(_INGRESS),
    "registry.k8s.io/pause": _all(_stays("kubernetes/kubernetes#97963", _SCRATCH, Ids(65535, 65535)), 3, 5),
    **{f"docker.io/library/{name}": variants for name, variants in _OFFICIAL.items()},
    **{f"docker.io/bitnami/{name}": variants for name, variants in _BITNAMI.items()},
    **{f"docker.io/prom/{name}": variants for name, variants in _PROMETHEUS.items()},
    **{f"quay.io/prometheus/{name}": variants for name, variants in _PROMETHEUS.items()},
}
_DISTROLESS_TAGS = (_Variant(_distroless(_NONROOT), "nonroot"), _Variant(_distroless(_ROOT)))
# Mirrors of the same images.
_MIRRORS = {"k8s.gcr.io/": "registry.k8s.io/", "mirror.gcr.io/": "docker.io/", "public.ecr.aws/docker/": "docker.io/"}


@lru_cache(_CACHED)
def known_image(image: str) -> Optional[ImageFacts]:
    """Return what is known of an image.

    A tag tells the variant and the version; without one it is `latest`. A digest without a tag may be any of them.

    Args:
        image: a reference as in a pod's spec; anything else is no image that is known.

    Returns:
        Facts of the project's own image of that name; None where the image or this version of it is not known.
    """
    name, its_tag = repository_and_tag(image)
    for mirror, origin in _MIRRORS.items():
        if name.startswith(mirror):
            name = origin + name.removeprefix(mirror)
    variants = _DISTROLESS_TAGS if name.startswith("gcr.io/distroless/") else _IMAGES.get(name, ())
    if "@" in image and not its_tag:
        return variants[0].facts if len(variants) == 1 and not variants[0].since else None
    for facts, tags, since in variants:
        if tags in its_tag:
            return None if _is_older(its_tag, since) else facts
    return None


def _is_older(its_tag: str, since: tuple[int, ...]) -> bool:
    """Return whether a tag begins with a version that is older. One that leaves a part out is its newest."""
    found = re.match(r"v?([0-9]{1,9}(\.[0-9]{1,9})*)", its_tag)
    version = tuple(int(part) for part in found[1].split(".")) if found else since
    return version < since[: len(version)]
