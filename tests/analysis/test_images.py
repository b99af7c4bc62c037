"""Image references, the table of well-known images, and the real programs and kernel that its words rest on."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pidshare_components.analysis import known_images
from pidshare_components.analysis.images import Ids, ImageFacts, Main, Worker, keeps_credentials, repository, tag
from pidshare_components.analysis.known_images import known_image

DIGEST = "@sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("image", "name", "its_tag"),
    [
        ("nginx", "docker.io/library/nginx", ""),
        ("nginx:1.29", "docker.io/library/nginx", "1.29"),
        (f"nginx:1.29{DIGEST}", "docker.io/library/nginx", "1.29"),
        (f"nginx{DIGEST}", "docker.io/library/nginx", ""),
        ("library/nginx", "docker.io/library/nginx", ""),
        ("docker.io/nginx", "docker.io/library/nginx", ""),
        ("index.docker.io/nginx:a", "docker.io/library/nginx", "a"),
        ("index.docker.io/bitnami/redis", "docker.io/bitnami/redis", ""),
        ("bitnami/redis:7", "docker.io/bitnami/redis", "7"),
        ("a/b/c", "docker.io/a/b/c", ""),
        ("localhost/a", "localhost/a", ""),
        ("localhost:5000/a/b:v1", "localhost:5000/a/b", "v1"),
        ("registry:5000/a", "registry:5000/a", ""),
        ("Registry/a:1", "Registry/a", "1"),
        ("[::1]:5000/a:1", "[::1]:5000/a", "1"),
        ("quay.io/prometheus/prometheus:v3.0.0", "quay.io/prometheus/prometheus", "v3.0.0"),
        ("localhost:5000", "docker.io/library/localhost", "5000"),
    ],
)
def test_a_reference_is_taken_apart(image: str, name: str, its_tag: str) -> None:
    assert (repository(image), tag(image)) == (name, its_tag)


WORDS = st.from_regex(r"[a-z0-9]{1,8}([._-][a-z0-9]{1,8}){0,2}", fullmatch=True)
HOSTS = st.sampled_from(["docker.io", "quay.io", "localhost", "localhost:5000", "Upper", "[::1]:80", "10.0.0.1:5000"])
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@given(HOSTS, st.lists(WORDS, min_size=2, max_size=4), TAGS | st.just(""), st.sampled_from(["", DIGEST]))
def test_what_a_reference_is_made_of_comes_back(host: str, path: list[str], its_tag: str, digest: str) -> None:
    name = "/".join([host, *path])
    image = f"{name}:{its_tag}{digest}" if its_tag else f"{name}{digest}"
    assert (repository(image), tag(image)) == (name, its_tag)


ANYTHING = st.text(st.characters(exclude_categories=())) | st.text("aA0.:/@-", max_size=12)


@given(ANYTHING, TAGS)
@example("", "v")
@example("/", "v")
@example("a:b:c", "v")
@example("redis:" + "9" * 5000, "v")
def test_no_string_is_too_odd_and_a_repository_stays_what_it_is(image: str, its_tag: str) -> None:
    name = repository(image)
    assert repository(name) == name
    assert tag(name) == ""
    assert (repository(f"{name}:{its_tag}"), tag(f"{name}:{its_tag}")) == (name, its_tag)
    known_image(image)
    assert keeps_credentials(image) is keeps_credentials(f"/bin/{image}")


ENTRIES = {**known_images._IMAGES, "gcr.io/distroless/static-debian12": known_images._DISTROLESS_TAGS}


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_is_found_by_its_own_tags_and_says_where_it_stands(name: str) -> None:
    assert repository(name) == name
    variants = ENTRIES[name]
    assert [bool(variant.tags) for variant in variants] == [True] * (len(variants) - 1) + [False]
    for facts, tags, since in variants:
        version = ".".join(map(str, since)) or "1"
        assert known_image(f"{name}:{version}-{tags}{DIGEST}") is facts
        assert re.match(r"[\w.-]+/[\w.-]+(: [\w./-]|#[0-9]+$)", facts.source)
        # pause alone names its group, and has no accounts.
        assert not facts.user or facts.primary_group(facts.user.uid) == facts.user.gid or "pause" in name
        assert facts.main_ids is None or facts.main_ids in facts.accounts
        assert all(worker.ids in facts.accounts for worker in facts.workers or ())
        assert hash(facts) == hash(known_image(f"{name}:{version}-{tags}"))


def facts_of(image: str) -> ImageFacts:
    facts = known_image(image)
    assert facts is not None
    return facts


@pytest.mark.parametrize(
    ("image", "user", "main_ids"),
    [
        ("redis", Ids(0, 0), Ids(999, 999)),
        ("redis:8.2-bookworm", Ids(0, 0), Ids(999, 999)),
        ("redis:8.2-alpine3.22", Ids(0, 0), Ids(999, 1000)),
        ("postgres:17", Ids(0, 0), Ids(999, 999)),
        ("public.ecr.aws/docker/library/postgres:17-alpine", Ids(0, 0), Ids(70, 70)),
        ("mysql:8.4", Ids(0, 0), Ids(999, 999)),
        ("mariadb:11.8", Ids(0, 0), Ids(999, 999)),
        ("mariadb:11.8-ubi", Ids(999, 999), Ids(999, 999)),
        ("mongo:8", Ids(0, 0), Ids(999, 999)),
        ("rabbitmq:4-management", Ids(0, 0), Ids(999, 999)),
        ("rabbitmq:4-management-alpine", Ids(0, 0), Ids(100, 101)),
        ("nginxinc/nginx-unprivileged:1.29-alpine", Ids(101, 101), None),
        ("haproxy:3.2-alpine", Ids(99, 99), None),
        ("memcached:1.6-alpine", Ids(11211, 11211), None),
        ("grafana/grafana:12.0.0", Ids(472, 0), None),
        ("curlimages/curl", Ids(100, 101), None),
        ("prom/prometheus:v3.5.0", Ids(65534, 65534), None),
        ("quay.io/prometheus/node-exporter:v1.9.1-distroless", Ids(65532, 65532), None),
        ("quay.io/prometheus/blackbox-exporter:v0.27.0", Ids(0, 0), None),
        ("gcr.io/distroless/python3-debian12", Ids(0, 0), None),
        ("gcr.io/distroless/static-debian12:debug-nonroot", Ids(65532, 65532), None),
        ("registry.k8s.io/pause:3.10", Ids(65535, 65535), None),
        ("k8s.gcr.io/pause:3.6", Ids(65535, 65535), None),
        ("registry.k8s.io/ingress-nginx/controller:v1.13.0", Ids(101, 82), None),
        ("bitnami/postgresql:17", Ids(1001, 0), None),
        ("mirror.gcr.io/library/busybox:1.37", Ids(0, 0), None),
        ("envoyproxy/envoy:distroless-v1.35.1", None, None),
        ("hashicorp/vault:1.20-ubi", None, None),
    ],
)
def test_an_image_and_its_tag_say_who_it_runs_as(image: str, user: Optional[Ids], main_ids: Optional[Ids]) -> None:
    facts = facts_of(image)
    assert (facts.user, facts.main_ids) == (user, main_ids)
    assert (facts.main is Main.BECOMES) == (main_ids is not None)


@pytest.mark.parametrize(
    ("image", "workers"),
    [
        ("nginx:1.29-alpine-slim", (Worker(Ids(101, 101), dumpable=True),)),
        ("httpd:2.4", (Worker(Ids(33, 33), dumpable=False),)),
        ("httpd:2.4-alpine", (Worker(Ids(82, 82), dumpable=False),)),
        ("hashicorp/vault:1.20", (Worker(Ids(100, 1000), dumpable=None),)),
        ("redis", ()),
        ("busybox", ()),
        ("haproxy", None),
        ("bitnami/nginx", None),
    ],
)
def test_an_image_says_what_its_children_run_as(image: str, workers: Optional[tuple[Worker, ...]]) -> None:
    assert facts_of(image).workers == workers


@pytest.mark.parametrize(
    "image",
    [
        "example.com/nginx",
        "nginx/nginx-ingress",
        "localhost:5000/library/nginx",
        "nginx:1.16",
        "registry.k8s.io/pause:3.4.1",
        "coredns/coredns:1.10.1",
        "grafana/grafana:7.2.1",
        "prom/prometheus:v1.8.2",
        # Any variant may be behind a digest, and any version.
        f"redis{DIGEST}",
        f"nginx{DIGEST}",
        "",
    ],
)
def test_what_the_table_does_not_cover_is_not_known(image: str) -> None:
    assert known_image(image) is None


@pytest.mark.parametrize(
    "image",
    ["nginx:1", "nginx:1.17", "nginx:1.17.0-alpine", "nginx:stable", "grafana/grafana:7", "prom/prometheus:main"],
)
def test_a_tag_without_all_parts_of_a_version_is_its_newest(image: str) -> None:
    assert known_image(image)


def test_a_digest_alone_is_enough_where_all_variants_and_versions_are_alike() -> None:
    assert known_image(f"debian{DIGEST}") is facts_of("debian")
    assert known_image(f"redis:8-alpine{DIGEST}") is facts_of("redis:alpine")


@pytest.mark.parametrize(
    ("image", "uid", "gid"),
    [
        ("debian", 33, 33),
        ("debian", 65534, 65534),
        ("debian", 1000, 0),
        ("debian", 100, None),
        ("node", 1000, 1000),
        ("node", 1001, 0),
        ("ubuntu", 1000, None),
        ("ubuntu", 1001, 0),
        ("nginx", 101, 101),
        ("postgres:17-alpine", 70, 70),
        ("postgres:17", 70, None),
        ("gcr.io/distroless/static", 101, 0),
        ("gcr.io/distroless/static", 65532, 65532),
        # Without an account the group of USER 65535:65535 is not the uid's.
        ("registry.k8s.io/pause:3.10", 65535, 0),
        ("mysql", 999, 999),
        ("mysql", 1000, None),
        ("mysql", 0, 0),
        ("bitnami/redis", 1001, 0),
    ],
)
def test_a_uid_without_a_group_gets_its_account_s_or_zero(image: str, uid: int, gid: Optional[int]) -> None:
    assert facts_of(image).primary_group(uid) == gid


@pytest.mark.parametrize(
    ("image", "args", "holds"),
    [
        ("redis", None, True),
        ("redis", [], True),
        ("redis", ["redis-server", "--appendonly", "yes"], True),
        ("redis", ["--appendonly", "yes"], True),
        ("redis", ["/etc/redis.conf"], True),
        ("redis", ["sh"], False),
        ("mariadb", ["mysqld"], True),
        ("mongo", ["mongos", "--configdb"], True),
        ("busybox", ["sleep", "1"], False),
        ("nginx", ["nginx-debug"], True),
        ("httpd", ["sh"], False),
        ("registry.k8s.io/coredns/coredns:v1.12.0", ["-conf", "/etc/coredns/Corefile"], True),
    ],
)
def test_other_args_may_start_something_else(image: str, args: Optional[list[str]], holds: bool) -> None:
    assert facts_of(image).holds_with(args) is holds


@pytest.mark.parametrize(
    ("image", "capabilities"),
    [
        ("caddy:2.10", ("NET_BIND_SERVICE",)),
        ("registry.k8s.io/coredns/coredns:v1.12.0", ("NET_BIND_SERVICE",)),
        ("registry.k8s.io/ingress-nginx/controller:v1.13.0", ("NET_BIND_SERVICE",)),
        ("caddy:2.10-builder", ()),
        ("nginx", ()),
    ],
)
def test_a_program_s_file_may_carry_capabilities(image: str, capabilities: tuple[str, ...]) -> None:
    assert facts_of(image).file_capabilities == capabilities


def test_the_environment_can_keep_redis_from_dropping_root() -> None:
    assert facts_of("redis").changed_by == facts_of("redis:8-alpine").changed_by == ("SKIP_DROP_PRIVS",)


def test_what_is_not_said_is_not_known() -> None:
    facts = ImageFacts(user=Ids(5, 6))
    assert (facts.main, facts.workers, facts.primary_group(5), facts.primary_group(0)) == (Main.UNKNOWN, None, None, 0)


@pytest.mark.parametrize(("main", "ids"), [(Main.BECOMES, None), (Main.KEEPS, Ids(1, 1)), (Main.UNKNOWN, Ids(1, 1))])
def test_ids_of_the_main_process_belong_to_a_change_of_them(main: Main, ids: Optional[Ids]) -> None:
    with pytest.raises(ValueError, match="main_ids"):
        ImageFacts(main=main, main_ids=ids)


CREDENTIALS = re.compile(r"^(?:Uid|Gid|Groups|Cap\w+|NoNewPrivs):.*$", re.MULTILINE)


@contextmanager
def running(*command: str) -> Iterator[int]:
    """Start a program with an open standard input, give it time for what it does at first, and give its process id."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        try:
            time.sleep(0.3)
            assert process.poll() is None
            yield process.pid
        finally:
            process.kill()


def credentials(pid: int) -> tuple[list[str], int]:
    """Return a process's ids and capabilities, and who its /proc files belong to: root if it is not dumpable."""
    status = Path(f"/proc/{pid}/status").read_text()
    return CREDENTIALS.findall(status), Path(f"/proc/{pid}/environ").stat().st_uid


WAITS = [
    *([shell] for shell in ("sh", "bash", "dash")),
    *([tool] for tool in ("cat", "head", "tail", "tee", "yes")),
    ["sleep", "60"],
]


@pytest.mark.parametrize("command", WAITS, ids=lambda command: command[0])
def test_a_program_that_keeps_its_credentials_does(command: list[str]) -> None:
    assert keeps_credentials(command[0])
    assert keeps_credentials(f"/usr/bin/{command[0]}")
    with running(sys.executable, "-c", "input()") as neutral, running(*command) as pid:
        assert credentials(pid) == credentials(neutral)


@pytest.mark.parametrize("program", ["/pause", "pause", "ash", "/bin/sh", "/bin/true", "false", "echo", "printf"])
def test_a_program_is_known_by_its_name_wherever_it_is(program: str) -> None:
    assert keeps_credentials(program)


@pytest.mark.parametrize("program", ["nginx", "gosu", "setpriv", "env", "zsh", "su", "python3", "", "sh/x", "SH"])
def test_a_program_that_may_not_keep_them_is_not_said_to(program: str) -> None:
    assert not keeps_credentials(program)


DROPS = "import ctypes, os; os.setgroups([]); os.setgid(65533); os.setuid(65534); "
PR_SET_DUMPABLE = 4


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to take other ids")
@pytest.mark.parametrize(
    ("then", "owner"),
    [
        # memcached, httpd.
        ("input()", 0),
        # nginx.
        (f"ctypes.CDLL(None).prctl({PR_SET_DUMPABLE}, 1, 0, 0, 0); input()", 65534),
        # gosu, su-exec, setpriv.
        ("os.execvp('cat', ['cat'])", 65534),
    ],
)
def test_a_process_that_took_other_ids_is_dumpable_after_a_new_program_or_when_it_asks(then: str, owner: int) -> None:
    ids = ["Uid:\t" + "\t".join(["65534"] * 4), "Gid:\t" + "\t".join(["65533"] * 4)]
    with running(sys.executable, "-c", DROPS + then) as pid:
        for _ in range(100):
            shown, owned_by = credentials(pid)
            if (shown[:2], owned_by) == (ids, owner):
                break
            time.sleep(0.1)
    assert (shown[:2], owned_by) == (ids, owner)
