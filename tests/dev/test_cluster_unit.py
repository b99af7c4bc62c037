"""What of the throw-away cluster can be decided without one: identities, archives, choices, errors, and kind's part."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import subprocess
import sys
import tarfile
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from dev import cluster
from dev.cluster import cgroups, health, kubernetes_programs, network, onenode
from dev.cluster.errors import ClusterError, output_of
from dev.cluster.oci import Directory, File, Image, Link, Tree, write_archive
from dev.cluster.state import Cluster, Process, run_dir, write_text
from dev.paths import ROOT


@pytest.fixture(autouse=True)
def _own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory at the front of PATH for programs that play docker, kind or kubectl."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return directory


def play(directory: Path, name: str, script: str) -> None:
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


# Processes


def test_a_process_is_itself_until_it_is_dead() -> None:
    with subprocess.Popen(["sleep", "600"]) as child:
        process = Process.of(child.pid)
        assert process.alive()
        child.kill()
        child.wait()
    assert not process.alive()


def test_a_zombie_is_dead() -> None:
    with subprocess.Popen(["true"]) as child:
        process = Process.of(child.pid)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not process.alive()


@pytest.mark.parametrize("change", [{"start_time": 1}, {"boot_id": "of another day"}])
def test_another_process_with_the_same_id_is_not_it(change: dict[str, int | str]) -> None:
    me = Process.of(os.getpid())
    assert me.alive()
    assert not replace(me, **change).alive()  # type: ignore[arg-type]


def test_a_program_name_with_brackets_and_blanks_does_not_confuse(tmp_path: Path) -> None:
    program = tmp_path / "a) Z 1 (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "600"]) as child:
        try:
            assert Process.of(child.pid).alive()
        finally:
            child.kill()


# Names and the command line


@pytest.mark.parametrize("name", ["", "Demo", "../demo", "-demo", "demo-", "a" * 21, "a_b", "a\n"])
def test_a_bad_name_is_refused_before_anything_happens(name: str) -> None:
    for action in (cluster.up, cluster.down, cluster.running):
        with pytest.raises(ClusterError, match="cluster name"):
            action(name)


def test_the_command_line_says_in_one_line_what_is_wrong_with_a_name() -> None:
    command = [sys.executable, "-m", "dev.cluster", "up", "No_Name"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: cluster name 'No_Name'")
    assert done.stderr.count("\n") == 1


def test_status_and_down_of_a_cluster_that_never_was() -> None:
    for action, status in (("status", 1), ("down", 0)):
        command = [sys.executable, "-m", "dev.cluster", action, "never"]
        assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == status


def test_without_root_it_says_what_else_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(
        ClusterError, match=r"needs root on Linux: .* install Docker and kind, or use a cluster"
    ) as raised:
        onenode.up("x")
    assert "\n" not in str(raised.value)


def test_a_missing_tool_is_named(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(programs))
    for tool in ("apt-get", "dpkg-deb", "gcc", "ip", "ldd", "mount", "openssl", "setsid", "unshare"):
        play(programs, tool, "exit 1")
    with pytest.raises(ClusterError, match=r"needs go: install"):
        onenode.up("x")


# Programs


def test_a_failed_program_is_reported_with_its_last_lines_only() -> None:
    with pytest.raises(ClusterError) as raised:
        output_of(["sh", "-c", "seq 100 >&2; exit 3"])
    assert str(raised.value).startswith("sh failed with status 3")
    assert str(raised.value).endswith("\n99\n100")
    assert "\n50\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("client", "usable"),
    [
        ("v1.32.9", False),
        ("v1.33.0-dispatcher", True),
        ("v1.34.2", True),
        ("v1.35.1", True),
        ("v1.36.0", False),
        ("", False),
    ],
)
def test_kubectl_on_path_is_used_within_the_version_skew(programs: Path, client: str, usable: bool) -> None:
    play(programs, "kubectl", f"echo Client Version: {client}")
    assert kubernetes_programs.kubectl_on_path("v1.34.2") == (programs / "kubectl" if usable else None)


# Network and cgroups


def test_a_pod_subnet_avoids_routes_but_not_wide_ones(programs: Path) -> None:
    routes = [{"dst": "default"}, {"dst": "10.0.0.0/8"}, {"dst": "10.244.0.0/23"}, {"dst": "10.244.2.7"}]
    play(programs, "ip", f"echo '{json.dumps(routes)}'")
    name, subnet = network.choose()
    number = int(name.removeprefix("pidshare-"))
    assert subnet == IPv4Network(f"10.244.{number}.0/24")
    assert number >= 3
    assert not Path("/sys/class/net", name).exists()


def test_no_free_subnet_is_an_error(programs: Path) -> None:
    play(programs, "ip", """echo '[{"dst": "10.244.0.0/16"}]'""")
    with pytest.raises(ClusterError, match=r"no /24 of 10\.244\.0\.0/16 is free"):
        network.choose()


def test_free_ports_differ() -> None:
    assert len(set(network.free_ports(50))) == 50


def test_cgroup_version_2_gets_the_controllers_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu\n")
    monkeypatch.setattr(cgroups, "_UNIFIED", tmp_path)
    cgroups.create("pidshare-7")
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory"
    assert (tmp_path / "pidshare-7").is_dir()


# Images


TREE: Tree = {
    "bin/sh": File(b"#!", 0o755),
    "bin/ls": Link("sh"),
    "var/data": Directory(0o700, owner=101),
}


def test_an_archive_is_the_same_bytes_every_time(tmp_path: Path) -> None:
    backwards = dict(reversed(list(TREE.items())))
    write_archive([Image("docker.io/library/a:1", TREE)], tmp_path / "one")
    write_archive([Image("docker.io/library/a:1", backwards)], tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_an_image_is_named_by_tag_and_by_the_digest_of_its_manifest(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    digests = write_archive([Image("localhost:5000/a:1", TREE, {"Cmd": ["sh"]})], path)
    with tarfile.open(path) as archive:
        files = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        blobs = {name: file.read() for name, file in files.items() if file}
    for name, blob in blobs.items():
        if name.startswith("blobs/"):
            assert name == f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}"
    manifests = json.loads(blobs["index.json"])["manifests"]
    digest = digests["localhost:5000/a:1"]
    assert [each["annotations"]["io.containerd.image.name"] for each in manifests] == [
        "localhost:5000/a:1",
        f"localhost:5000/a@{digest}",
    ]
    assert {each["digest"] for each in manifests} == {digest}
    manifest = json.loads(blobs[f"blobs/{digest.replace(':', '/')}"])
    layer = blobs[f"blobs/{manifest['layers'][0]['digest'].replace(':', '/')}"]
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        members = {member.name: member for member in tar}
    assert list(members) == ["bin", "bin/ls", "bin/sh", "var", "var/data"]
    assert (members["bin/ls"].linkname, members["bin/sh"].mode) == ("sh", 0o755)
    assert (members["var/data"].uid, members["var/data"].mode) == (101, 0o700)
    assert {member.mtime for member in members.values()} == {0}


# Health


def fake_cluster(kubectl: Path, kubeconfig: Path) -> Cluster:
    return Cluster(name="x", kubeconfig=kubeconfig, context="x", kubectl=kubectl, kind="one-node")


def test_a_cluster_that_is_not_ready_in_time_names_the_condition_and_the_log(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(programs, "kubectl", """case "$*" in *readyz*) echo ok;; *) echo False;; esac""")
    monkeypatch.setattr(health, "_READY_SECONDS", 0.0)
    with pytest.raises(ClusterError, match=r"(?s)the node is not ready after 0 s.*log of kubelet:\nkubelet said so"):
        health.wait(fake_cluster(programs / "kubectl", tmp_path / "k"), lambda: None, lambda name: f"{name} said so")


def test_a_cluster_that_ended_is_not_waited_for(programs: Path, tmp_path: Path) -> None:
    play(programs, "kubectl", "exit 1")
    with pytest.raises(ClusterError, match="did not start: etcd ended"):
        health.wait(fake_cluster(programs / "kubectl", tmp_path / "k"), lambda: "etcd ended", str)


# Digests


def test_an_image_digest_is_that_of_the_very_repository(programs: Path, tmp_path: Path) -> None:
    names = [["docker.io/library/a@sha256:1", "docker.io/library/a:1"], ["docker.io/b@sha256:2", "docker.io/b:1"]]
    nodes = {"items": [{"status": {"images": [{"names": each} for each in names]}}]}
    play(programs, "kubectl", f"echo '{json.dumps(nodes)}'")
    it = fake_cluster(programs / "kubectl", tmp_path / "k")
    assert cluster.image_digest(it, "docker.io/b:1") == "docker.io/b@sha256:2"
    with pytest.raises(ClusterError, match=r"does not have the image docker\.io/c:1"):
        cluster.image_digest(it, "docker.io/c:1")


# kind, played by a script that remembers its clusters in a file


@pytest.fixture
def kind(programs: Path, tmp_path: Path) -> Path:
    """A kind that works, and the file in which it writes what it was called with."""
    calls = tmp_path / "calls"
    play(programs, "docker", "exit 0")
    play(programs, "kubectl", """echo '{"serverVersion": {"gitVersion": "v1.34.0"}, "clientVersion": "v1.34.0"}'""")
    play(
        programs,
        "kind",
        f"""echo "$*" >> {calls}
case "$1 $2" in
"create cluster") echo "$4" >> {tmp_path}/known; echo > "$6"; test ! -e {tmp_path}/broken;;
"get clusters") cat {tmp_path}/known 2>/dev/null || true;;
"delete cluster") : > {tmp_path}/known;;
esac""",
    )
    return calls


@pytest.mark.usefixtures("kind")
def test_kind_is_used_where_docker_answers(tmp_path: Path) -> None:
    up = cluster.up("x")
    assert (up.kind, up.context) == ("kind", "kind-pidshare-x")
    assert up.kubeconfig.is_relative_to(tmp_path / "cache")
    assert cluster.running("x") == up
    assert cluster.up("x") == up
    cluster.down("x")
    assert cluster.running("x") is None
    assert not run_dir("x").exists()
    assert (tmp_path / "known").read_text() == ""


def test_kind_never_gets_the_users_kubeconfig(kind: Path) -> None:
    cluster.up("x")
    cluster.down("x")
    changing = [line for line in kind.read_text().splitlines() if line.split()[0] in ("create", "delete")]
    assert len(changing) == 2
    assert all(f"--kubeconfig {run_dir('x') / 'kubeconfig'}" in line for line in changing)


@pytest.mark.usefixtures("kind")
def test_a_kind_that_fails_is_taken_down_again(tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with pytest.raises(ClusterError, match="kind failed with status 1"):
        cluster.up("x")
    assert (tmp_path / "known").read_text() == ""
    assert not run_dir("x").exists()


@pytest.mark.usefixtures("kind")
def test_a_kind_cluster_is_not_forgotten_while_docker_is_stopped(programs: Path, tmp_path: Path) -> None:
    cluster.up("x")
    play(programs, "docker", "exit 1")
    with pytest.raises(ClusterError, match="start Docker to take it down"):
        cluster.down("x")
    play(programs, "docker", "exit 0")
    cluster.down("x")
    assert (tmp_path / "known").read_text() == ""
    assert not run_dir("x").exists()


def test_files_with_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    write_text(tmp_path / "kubeconfig", "secret")
    assert stat.S_IMODE((tmp_path / "kubeconfig").stat().st_mode) == 0o600
