"""Where a program is, and with which configuration it runs: `Pulumi.yaml` and `Pulumi.<stack>.yaml`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import yaml
from pulumi.runtime.rpc import UNKNOWN

from pidshare_components.render.errors import RenderError
from pidshare_components.render.yamltext import Loader

DEFAULT_STACK = "dev"
_PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml")


@dataclass(frozen=True)
class Program:
    """A Pulumi program and what it runs with.

    Attributes:
        entry: the file to run.
        project: name of the project.
        root: the folder of `Pulumi.yaml`.
        stack: name of the stack.
        config: configuration by full key (`project:key`), objects as JSON, as Pulumi hands it to programs.
        encrypted_keys: keys whose values are encrypted in the stack's file; what cannot be read is unknown.
    """

    entry: Path
    project: str
    root: Path
    stack: str
    config: Mapping[str, str] = field(default_factory=dict)
    encrypted_keys: frozenset[str] = frozenset()


def find_program(stack_dir: Path, stack: Optional[str] = None) -> Program:
    """Read the project and the stack's configuration of a folder.

    Args:
        stack_dir: a folder with a `Pulumi.yaml`, or one that `main` of a `Pulumi.yaml` further up names.
        stack: name of the stack; `dev` if None.

    Raises:
        RenderError: no such folder, project or stack, or a file that is not what Pulumi expects.
    """
    stack_dir = stack_dir.resolve()
    if not stack_dir.is_dir():
        raise RenderError(f"{stack_dir}: no such folder; give the folder of a Pulumi program")
    project_file, project = _find_project(stack_dir)
    name = project.get("name")
    if not isinstance(name, str) or not name:
        raise RenderError(f"{project_file}: 'name' is missing; give the project a name")
    runtime = project.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    if language != "python":
        raise RenderError(f"{project_file}: the runtime is {language!r}; only Python programs can be rendered")
    entry = _entry(project_file, project)
    stack, stack_file = _find_stack(project_file, project, stack)
    settings = {**_defaults(project_file, project, name), **_settings(stack_file, name)}
    missing = sorted(key for key, value in settings.items() if value is None)
    if missing:
        raise RenderError(
            f"{stack_file}: no value for {', '.join(missing)}, which {project_file.name} declares; set it"
        )
    known = {key: value for key, value in settings.items() if value is not None}
    return Program(
        entry=entry,
        project=name,
        root=project_file.parent,
        stack=stack,
        config={key: value.text for key, value in known.items()},
        encrypted_keys=frozenset(key for key, value in known.items() if value.encrypted),
    )


@dataclass(frozen=True)
class _Setting:
    text: str
    encrypted: bool = False


def _find_project(stack_dir: Path) -> tuple[Path, dict[str, Any]]:
    for folder in (stack_dir, *stack_dir.parents):
        for file in (folder / name for name in _PROJECT_FILES):
            if not file.is_file():
                continue
            project = _mapping(file)
            if folder == stack_dir or _entry(file, project).parent == stack_dir:
                return file, project
    raise RenderError(f"{stack_dir}: no Pulumi.yaml here, and none further up whose 'main' is this folder")


def _entry(project_file: Path, project: Mapping[str, Any]) -> Path:
    main = (project_file.parent / str(project.get("main") or ".")).resolve()
    entry = main / "__main__.py" if main.is_dir() else main
    if not entry.is_file():
        raise RenderError(f"{project_file}: its program {entry} does not exist; correct 'main' or write the program")
    return entry


def _find_stack(project_file: Path, project: Mapping[str, Any], stack: Optional[str]) -> tuple[str, Path]:
    folder = project_file.parent / str(project.get("stackConfigDir") or ".")
    files = {
        file.name.removeprefix("Pulumi.").removesuffix(file.suffix): file
        for file in sorted(folder.glob("Pulumi.*.y*ml"))
        if file.suffix in (".yaml", ".yml")
    }
    wanted = stack or DEFAULT_STACK
    if wanted in files:
        return wanted, files[wanted]
    if files:
        known = ", ".join(files)
        raise RenderError(
            f"{folder}: there is no stack '{wanted}' (no Pulumi.{wanted}.yaml); choose --stack from {known}"
        )
    return wanted, folder / f"Pulumi.{wanted}.yaml"  # a stack without configuration has no file


def _defaults(project_file: Path, project: Mapping[str, Any], name: str) -> dict[str, Optional[_Setting]]:
    """Return what `config` of the project declares; None for a key without a default."""
    declared = project.get("config") or {}
    if not isinstance(declared, dict):
        raise RenderError(f"{project_file}: 'config' is not a mapping; write keys with their types or values")
    defaults: dict[str, Optional[_Setting]] = {}
    for key, declaration in declared.items():
        if not isinstance(declaration, dict):
            defaults[_full_key(key, name)] = _Setting(_text(declaration))
            continue
        value = declaration.get("default", declaration.get("value"))
        defaults[_full_key(key, name)] = None if value is None else _Setting(_text(value))
    return defaults


def _settings(stack_file: Path, name: str) -> dict[str, _Setting]:
    if not stack_file.is_file():
        return {}
    values = _mapping(stack_file).get("config") or {}
    if not isinstance(values, dict):
        raise RenderError(f"{stack_file}: 'config' is not a mapping; write keys with values")
    # Pulumi reads a plain value as the text that it is written with, and only objects by YAML's types.
    texts = yaml.load(stack_file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)["config"]  # noqa: S506 - only text
    return {
        _full_key(key, name): _setting(value, texts.get(key)) for key, value in values.items() if isinstance(key, str)
    }


def _setting(value: Any, text: Any) -> _Setting:  # noqa: ANN401 - YAML
    if not isinstance(value, (dict, list)):
        return _Setting(text if isinstance(text, str) else "")
    readable = _without_secure(value)
    return _Setting(_text(readable), encrypted=readable != value)


def _without_secure(value: Any) -> Any:  # noqa: ANN401 - YAML
    """Return a value with unknowns where something is encrypted."""
    if isinstance(value, dict):
        if set(value) == {"secure"} and isinstance(value["secure"], str):
            return UNKNOWN
        return {key: _without_secure(item) for key, item in value.items()}
    return [_without_secure(item) for item in value] if isinstance(value, list) else value


def _text(value: Any) -> str:  # noqa: ANN401 - YAML
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), default=str)


def _full_key(key: Any, project: str) -> str:  # noqa: ANN401 - YAML
    return str(key) if ":" in str(key) else f"{project}:{key}"


def _mapping(file: Path) -> dict[str, Any]:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=Loader) or {}  # noqa: S506 - a SafeLoader
    except OSError as problem:
        raise RenderError(f"{file}: cannot be read ({problem.strerror}); make it readable") from None
    except UnicodeDecodeError:
        raise RenderError(f"{file}: not UTF-8 text; save it as UTF-8") from None
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise RenderError(f"{file}:{line}: not valid YAML ({problem.problem}); correct it") from None
    if not isinstance(content, dict):
        raise RenderError(f"{file}: not a mapping; write keys with values")
    return content
