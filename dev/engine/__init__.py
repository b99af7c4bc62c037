"""The Pulumi engine: the one on PATH, else Pulumi's own release, else one compiled from the Go module registry.

What had to be downloaded or compiled is kept in the cache; the user's own installation and home are not touched.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from dev.engine import registry, release
from dev.engine.cache import keep, kept, numbers, version_of
from dev.engine.errors import EngineError, output_of
from dev.paths import cache_dir, locked
from dev.progress import say, step

__all__ = ["Engine", "EngineError", "engine", "official_kubernetes_plugin"]

_OLDEST = (3, 200, 0)
"""The engine is released together with the SDK; pyproject.toml names the same oldest one."""

_LANGUAGE_HOST = "pulumi-language-python"
_KUBERNETES_PLUGIN = "pulumi-resource-kubernetes"
_PLUGIN_SECONDS = 600.0


@dataclass(frozen=True)
class Engine:
    """A Pulumi engine that works.

    Attributes:
        pulumi: the executable.
        origin: where it comes from, for people.
        language_host: whether the language host of Python is beside the executable or on PATH.
        path: folders to put in front of PATH, so that the engine finds what came with it.
    """

    pulumi: Path
    origin: str
    language_host: bool
    path: tuple[Path, ...]


def engine() -> Engine:
    """Find the engine, or bring it: some minutes of compilation at worst, the first time.

    Raises:
        EngineError: there is none, and it can neither be downloaded nor compiled.
    """
    return _on_path() or _cached_or_new()


def official_kubernetes_plugin(engine: Engine, home: Path) -> bool:
    """Tell whether the engine has the official Kubernetes plugin, which is downloaded if it can be.

    Args:
        engine: that is to use it, with `home` as its PULUMI_HOME.
        home: where a downloaded plugin is kept.
    """
    if shutil.which(_KUBERNETES_PLUGIN, path=_search_path(*engine.path)):
        return True
    # The engine takes the very version that the SDK asks for, and no other.
    version = importlib.metadata.version("pulumi-kubernetes")
    plugin = home / "plugins" / f"resource-kubernetes-v{version}"
    if _whole(plugin):
        return True
    if not release.available(registry.version()):
        return False
    home.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    install: list[str | Path] = [engine.pulumi, "plugin", "install", "resource", "kubernetes", version, "--exact"]
    try:
        with step(f"downloading Pulumi's Kubernetes plugin {version}"):
            # Not in a project's folder: the plugins that one names are none of ours.
            output_of(install, environment=environment, cwd=home, seconds=_PLUGIN_SECONDS)
    except EngineError:
        return False
    return _whole(plugin)


def _on_path() -> Engine | None:
    found = shutil.which("pulumi")
    if found is None:
        return None
    try:
        version = version_of(Path(found))
    except EngineError as error:
        say(f"not using {found}: {error}")
        return None
    if numbers(version) < _OLDEST:
        say(f"not using {found}: its version is {version or 'unknown'}, older than v{'.'.join(map(str, _OLDEST))}")
        return None
    pulumi = Path(found).absolute()
    return Engine(pulumi, "on PATH", _has_language_host(pulumi), ())


def _cached_or_new() -> Engine:
    version = registry.version()
    home = cache_dir() / "engine"
    released, compiled = home / release.name(version), home / registry.name()
    with locked(home):
        if kept(released, version):
            return _released(released)
        if kept(compiled, version):
            return _compiled(compiled)
        try:
            keep(released, version, lambda folder: release.download_into(folder, version))
        except EngineError as error:
            say(f"Pulumi's own release cannot be had here ({error}): compiling the engine instead")
        else:
            return _released(released)
        _require_go()
        with step(f"compiling Pulumi {version} (some minutes the first time)"):
            keep(compiled, version, registry.compile_into)
        return _compiled(compiled)


def _released(folder: Path) -> Engine:
    pulumi = folder / "pulumi"
    return Engine(pulumi, "Pulumi's own release", _has_language_host(pulumi), (folder,))


def _compiled(folder: Path) -> Engine:
    pulumi = folder / "pulumi"
    return Engine(pulumi, "built from the Go module registry", _has_language_host(pulumi), (folder,))


def _has_language_host(pulumi: Path) -> bool:
    return shutil.which(_LANGUAGE_HOST, path=_search_path(pulumi.resolve().parent)) is not None


def _search_path(*folders: Path) -> str:
    return os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath)])


def _whole(plugin: Path) -> bool:
    """Tell whether a plugin is there and its download came to an end."""
    return (plugin / _KUBERNETES_PLUGIN).exists() and not plugin.with_name(f"{plugin.name}.partial").exists()


def _require_go() -> None:
    if shutil.which("go") is None:
        raise EngineError(
            "there is no Pulumi engine, and no Go to compile it with: "
            "install Pulumi (https://www.pulumi.com/docs/install/), or Go 1.21 or newer"
        )
