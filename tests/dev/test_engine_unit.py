"""Which engine is used, and what is left behind; pulumi, go and curl are played by scripts."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dev.engine import Engine, EngineError, engine, official_kubernetes_plugin, registry
from dev.paths import ROOT

VERSION = registry.version()
NO_NETWORK = "echo 'curl: (6) Could not resolve host' >&2; exit 6"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/pidshare/engine"


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one directory of PATH: nothing of this machine is found but what the scripts themselves need."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("cat", "chmod", "cp", "env", "mkdir", "sleep"):
        (directory / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(directory))
    play(directory, "curl", NO_NETWORK)
    return directory


def play(directory: Path, name: str, script: str) -> Path:
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def play_go(programs: Path, *, version: str = "", before: str = "") -> Path:
    """Play a compiler whose pulumi says the version it was stamped with; return the file with a line for each run.

    Args:
        programs: where the compiler is to be.
        version: what pulumi says instead.
        before: commands that the compiler runs first.
    """
    runs = programs.parent / "go-runs"
    play(
        programs,
        "go",
        f"""echo "$PWD $*" >> {runs}
{before}
for argument; do
  case "$argument" in "-s -w -X "*/version.Version=*) stamp=${{argument##*=}};; esac
done
while [ "$1" != -o ]; do shift; done
echo '#!/bin/sh' > "$2"
echo echo {version or "$stamp"} >> "$2"
chmod +x $2""",
    )
    return runs


@pytest.fixture
def release(programs: Path) -> Callable[..., Path]:
    """A function that plays the host of Pulumi's releases, and returns its folder."""

    def serve(*, listed: str | None = None, platform: str = "linux-x64") -> Path:
        folder = programs.parent / "host"
        content = folder / "pulumi"
        content.mkdir(parents=True)
        for name in ("pulumi", "pulumi-language-python", "pulumi-language-python-exec"):
            play(content, name, f"echo {VERSION}")
        archive = folder / f"pulumi-{VERSION}-{platform}.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(content, "pulumi")
        digest = listed or hashlib.sha256(archive.read_bytes()).hexdigest()
        (folder / f"pulumi-{VERSION[1:]}-checksums.txt").write_text(
            f"{'0' * 64}  pulumi-{VERSION}-windows-x64.zip\n{digest}  {archive.name}\n"
        )
        play(
            programs,
            "curl",
            f"""for url; do :; done
while [ $# -gt 1 ]; do [ "$1" = --output ] && out=$2; shift; done
case "$url" in https://get.pulumi.com/releases/sdk/*) ;; *) exit 22;; esac
if [ "$out" ]; then cp "{folder}/${{url##*/}}" "$out"; else cat "{folder}/${{url##*/}}"; fi""",
        )
        return folder

    return serve


@pytest.fixture
def linux_x64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


def names(directory: Path) -> list[str]:
    return [entry.name for entry in directory.iterdir()]


# Which one


@pytest.mark.parametrize("version", ["v3.200.0", "3.272.1", "v4.0.0", "v3.273.0-alpha.x1b2c3"])
def test_a_recent_engine_on_path_is_used_and_nothing_is_brought(programs: Path, cache: Path, version: str) -> None:
    pulumi = play(programs, "pulumi", f"echo {version}")
    assert engine() == Engine(pulumi, "on PATH", language_host=False, path=())
    assert not cache.exists()


def test_asking_for_the_version_leaves_the_users_pulumi_home_alone(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("PULUMI_HOME", str(home))
    play(programs, "pulumi", 'mkdir "$PULUMI_HOME/logs" && echo v3.272.0')
    assert engine().origin == "on PATH"
    assert names(home) == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo v3.199.9", r"its version is v3\.199\.9, older than v3\.200\.0"),
        ("echo v2.300.0", r"its version is v2\.300\.0, older than"),
        ("true", "its version is unknown"),
        ("echo no such thing >&2; exit 3", "no such thing"),
    ],
)
def test_an_engine_on_path_that_will_not_do_is_passed_over_with_a_line(
    programs: Path, capfd: pytest.CaptureFixture[str], script: str, reason: str
) -> None:
    pulumi = play(programs, "pulumi", script)
    play_go(programs)
    assert engine().origin == "built from the Go module registry"
    assert re.search(rf"^not using {re.escape(str(pulumi))}: {reason}.*$", capfd.readouterr().err, re.MULTILINE)


def test_the_language_host_is_found_beside_the_executable_behind_a_link(programs: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    installed.mkdir()
    (programs / "pulumi").symlink_to(play(installed, "pulumi", "echo v3.272.0"))
    assert not engine().language_host
    play(installed, "pulumi-language-python", "")
    assert engine().language_host


def test_the_language_host_is_found_on_path(programs: Path) -> None:
    play_go(programs)
    assert not engine().language_host
    play(programs, "pulumi-language-python", "")
    assert engine().language_host


@pytest.mark.usefixtures("linux_x64")
def test_the_release_is_unpacked_with_its_language_host_and_kept(
    programs: Path, cache: Path, release: Callable[..., Path]
) -> None:
    release()
    found = engine()
    assert found == Engine(found.pulumi, "Pulumi's own release", language_host=True, path=(found.pulumi.parent,))
    assert found.pulumi.is_relative_to(cache)
    assert subprocess.run([found.pulumi], capture_output=True, text=True, check=True).stdout == f"{VERSION}\n"
    play(programs, "curl", NO_NETWORK)
    assert engine() == found
    assert names(cache) == [found.pulumi.parent.name]


@pytest.mark.usefixtures("linux_x64")
@pytest.mark.parametrize("fault", ["checksum", "not listed", "truncated"])
def test_a_release_that_is_not_as_listed_is_not_used(
    programs: Path, cache: Path, release: Callable[..., Path], capfd: pytest.CaptureFixture[str], fault: str
) -> None:
    host = release(listed="f" * 64 if fault == "checksum" else None)
    if fault == "not listed":
        (host / f"pulumi-{VERSION[1:]}-checksums.txt").write_text("")
    if fault == "truncated":
        archive = host / f"pulumi-{VERSION}-linux-x64.tar.gz"
        archive.write_bytes(archive.read_bytes()[:-20])
    play_go(programs)
    found = engine()
    assert found.origin == "built from the Go module registry"
    assert re.search(
        r"^Pulumi's own release cannot be had here \(.+\): compiling", capfd.readouterr().err, re.MULTILINE
    )
    assert names(cache) == [found.pulumi.parent.name]


@pytest.mark.parametrize(
    ("system", "machine", "archive"),
    [
        ("Linux", "x86_64", "linux-x64"),
        ("Linux", "aarch64", "linux-arm64"),
        ("Darwin", "x86_64", "darwin-x64"),
        ("Darwin", "arm64", "darwin-arm64"),
    ],
)
def test_the_release_is_the_one_for_this_machine(
    release: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, system: str, machine: str, archive: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    release(platform=archive)
    assert engine().origin == "Pulumi's own release"


def test_a_machine_that_pulumi_has_no_release_for_compiles(
    programs: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    play_go(programs)
    assert engine().origin == "built from the Go module registry"
    assert "no release for" in capfd.readouterr().err


# Compiling


def test_the_compiled_engine_is_kept(programs: Path, cache: Path) -> None:
    runs = play_go(programs)
    found = engine()
    assert found == Engine(
        found.pulumi, "built from the Go module registry", language_host=False, path=(found.pulumi.parent,)
    )
    assert found.pulumi.is_relative_to(cache)
    assert engine() == found
    assert len(runs.read_text().splitlines()) == 1


@pytest.mark.parametrize("damage", ["", "#!/bin/sh\necho v3.1.0\n", f"#!/bin/sh\necho {VERSION} \n"])
def test_a_changed_engine_in_the_cache_is_compiled_again(programs: Path, damage: str) -> None:
    runs = play_go(programs)
    found = engine()
    good = found.pulumi.read_text()
    found.pulumi.write_text(damage)
    assert engine() == found
    assert found.pulumi.read_text() == good
    assert len(runs.read_text().splitlines()) == 2


def test_an_engine_in_the_cache_that_no_longer_runs_is_compiled_again(programs: Path) -> None:
    runs = play_go(programs)
    engine().pulumi.chmod(0o644)
    engine()
    assert len(runs.read_text().splitlines()) == 2


def test_another_module_is_compiled_and_replaces_the_engine_of_the_one_before(
    programs: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = play_go(programs)
    before = engine()
    module = tmp_path / "module"
    shutil.copytree(ROOT / "dev/engine/module", module)
    with (module / "go.sum").open("a") as file:
        file.write("\n")
    monkeypatch.setattr(registry, "_MODULE", module)
    after = engine()
    assert after.pulumi != before.pulumi
    assert names(cache) == [after.pulumi.parent.name]
    assert runs.read_text().splitlines()[1].startswith(f"{module} build ")


def test_a_failed_compilation_says_why_and_leaves_nothing(programs: Path, cache: Path) -> None:
    play_go(programs, before="echo verifying module: checksum mismatch >&2; exit 1")
    with pytest.raises(
        EngineError, match=rf"^Pulumi {VERSION} cannot be compiled:\nverifying module: checksum mismatch$"
    ):
        engine()
    assert names(cache) == []


def test_an_engine_of_a_version_that_the_module_does_not_name_is_not_kept(programs: Path, cache: Path) -> None:
    play_go(programs, version="v3.1.0")
    with pytest.raises(EngineError, match=rf"should be Pulumi {re.escape(VERSION)} says it is 'v3\.1\.0'"):
        engine()
    assert names(cache) == []


def test_without_go_it_says_what_to_install(programs: Path, cache: Path) -> None:
    (programs / "curl").unlink()
    with pytest.raises(EngineError, match=r"^there is no Pulumi engine.* install Pulumi \(https:.*\), or Go 1\.21"):
        engine()
    assert names(cache) == []


def test_no_setting_of_pulumi_reaches_the_compiler(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "pul-0123")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "secret")
    monkeypatch.setenv("GOPROXY", "https://proxy.example")
    play_go(programs, before=f"env > {tmp_path}/environment")
    engine()
    environment = (tmp_path / "environment").read_text().splitlines()
    assert "GOPROXY=https://proxy.example" in environment
    assert not [line for line in environment if line.startswith("PULUMI_")]


def test_an_interrupt_ends_the_compiler_and_its_children_and_leaves_nothing(
    programs: Path, cache: Path, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    play_go(programs, before=f"sleep 600 & echo $$ $! > {pids}; wait")
    with subprocess.Popen(
        [sys.executable, "-c", "from dev.engine import engine; engine()"], cwd=ROOT, stderr=subprocess.PIPE
    ) as process:
        wait_for(lambda: pids.exists() and pids.read_text().endswith("\n"))
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode != 0
    wait_for(lambda: not any(Path("/proc", pid).exists() for pid in pids.read_text().split()))
    assert names(cache) == []


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.02)


# The Kubernetes plugin


@pytest.fixture
def pulumi(programs: Path) -> Engine:
    """An engine that installs what it is told to."""
    play(
        programs,
        "pulumi",
        f"""echo "$*" >> {programs.parent}/pulumi-runs
if [ "$*" = version ]; then echo {VERSION}; exit; fi
[ "$*" = "plugin install resource kubernetes $5 --exact" ] || exit 1
folder=$PULUMI_HOME/plugins/resource-kubernetes-v$5
mkdir -p $folder
echo > $folder/pulumi-resource-kubernetes""",
    )
    return engine()


def test_the_plugin_on_path_or_beside_the_engine_is_taken(programs: Path, tmp_path: Path, pulumi: Engine) -> None:
    home = tmp_path / "home"
    assert not official_kubernetes_plugin(pulumi, home)
    beside = tmp_path / "beside"
    beside.mkdir()
    play(beside, "pulumi-resource-kubernetes", "")
    assert official_kubernetes_plugin(replace(pulumi, path=(beside,)), home)
    play(programs, "pulumi-resource-kubernetes", "")
    assert official_kubernetes_plugin(pulumi, home)
    assert not home.exists()


def test_the_plugin_of_the_sdks_very_version_is_downloaded_once(
    tmp_path: Path, pulumi: Engine, release: Callable[..., Path]
) -> None:
    release()
    home = tmp_path / "home"
    other = home / "plugins/resource-kubernetes-v4.0.0"
    other.mkdir(parents=True)
    (other / "pulumi-resource-kubernetes").touch()
    assert official_kubernetes_plugin(pulumi, home)
    assert official_kubernetes_plugin(pulumi, home)
    version = importlib.metadata.version("pulumi-kubernetes")
    runs = (tmp_path / "pulumi-runs").read_text().splitlines()
    assert [line for line in runs if line != "version"] == [f"plugin install resource kubernetes {version} --exact"]


def test_a_plugin_whose_download_was_cut_off_is_not_taken(tmp_path: Path, pulumi: Engine) -> None:
    home = tmp_path / "home"
    plugin = home / f"plugins/resource-kubernetes-v{importlib.metadata.version('pulumi-kubernetes')}"
    plugin.mkdir(parents=True)
    (plugin / "pulumi-resource-kubernetes").touch()
    assert official_kubernetes_plugin(pulumi, home)
    plugin.with_name(f"{plugin.name}.partial").touch()
    assert not official_kubernetes_plugin(pulumi, home)


def test_a_plugin_that_cannot_be_downloaded_is_no_error(
    programs: Path, tmp_path: Path, pulumi: Engine, release: Callable[..., Path]
) -> None:
    release()
    play(programs, "pulumi", "exit 1")
    assert not official_kubernetes_plugin(pulumi, tmp_path / "home")
