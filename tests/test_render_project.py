"""Programs in folders: how they are found, with which configuration they run, and that the process is as before."""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path

import pytest

from pidshare_components.render import RenderError, render

PROJECT = "name: app\nruntime: python\n"
SHOW_CONFIG = """
    import json
    import pulumi
    from pulumi_kubernetes.core.v1 import ConfigMap

    config = pulumi.Config()
    ConfigMap("seen", data={key: config.get(key) for key in config.require_object("keys")})
"""
CIPHER = "v1:abc:ciphertext"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    return tmp_path


def program(folder: Path, source: str) -> Path:
    file = folder / "__main__.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = source.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    file.write_text("\n".join(line[indent:] for line in lines) + "\n")
    return file


def refusal(folder: Path, stack: str | None = None, *, allow_unknown: bool = False) -> str:
    with pytest.raises(RenderError) as caught:
        render(folder, stack, allow_unknown=allow_unknown)
    return str(caught.value)


def seen(folder: Path, config: str, *keys: str, declared: str = "", stack: str | None = None) -> dict[str, object]:
    program(folder, SHOW_CONFIG)
    (folder / "Pulumi.yaml").write_text(PROJECT + declared)
    (folder / f"Pulumi.{stack or 'dev'}.yaml").write_text(f"config:\n  app:keys: {json.dumps(list(keys))}\n{config}")
    (manifest,) = render(folder, stack)
    data: dict[str, object] = manifest.object.get("data", {})
    return data


# Finding it


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nope") == f"{tmp_path}/nope: no such folder; give the folder of a Pulumi program"


def test_a_folder_without_a_project(tmp_path: Path) -> None:
    assert refusal(tmp_path).startswith(f"{tmp_path}: no Pulumi.yaml here")


@pytest.mark.parametrize(
    ("project", "message"),
    [
        ("runtime: python", "Pulumi.yaml: 'name' is missing"),
        ("name: app\nruntime: nodejs", "Pulumi.yaml: the runtime is 'nodejs'; only Python programs can be rendered"),
        ("name: [", "Pulumi.yaml:1: not valid YAML"),
        ("- name: app", "Pulumi.yaml: not a mapping"),
        (PROJECT + "main: nowhere", "nowhere does not exist; correct 'main' or write the program"),
        (PROJECT + "config: 3", "Pulumi.yaml: 'config' is not a mapping"),
    ],
)
def test_a_project_that_is_not_one(folder: Path, project: str, message: str) -> None:
    program(folder, "pass")
    (folder / "Pulumi.yaml").write_text(project)
    assert message in refusal(folder)
    (folder / "Pulumi.yaml").write_bytes(b"\xff")
    assert "not UTF-8 text" in refusal(folder)


def test_a_folder_that_a_project_further_up_names(folder: Path) -> None:
    (folder / "Pulumi.yaml").write_text(PROJECT + "main: stacks/web\n")
    program(folder / "stacks" / "web", "from pulumi_kubernetes.core.v1 import Namespace; Namespace('a')")
    assert [item.name for item in render(folder / "stacks" / "web")] == ["a"]
    assert [item.name for item in render(folder)] == ["a"]
    (folder / "stacks" / "other").mkdir()
    assert "none further up whose 'main' is this folder" in refusal(folder / "stacks" / "other")


# Configuration


def test_a_stack_that_is_not_there(folder: Path) -> None:
    program(folder, "pass")
    assert render(folder, "any") == [], "a stack without configuration has no file"
    for stack in ("dev", "prod"):
        (folder / f"Pulumi.{stack}.yaml").write_text("")
    assert refusal(folder, "nope") == (
        f"{folder}: there is no stack 'nope' (no Pulumi.nope.yaml); choose --stack from dev, prod"
    )


def test_the_configuration_is_what_pulumi_hands_to_programs(folder: Path) -> None:
    config = "  app:text: 0x10\n  app:flag: yes\n  app:number: 1.50\n  app:day: 2030-01-31\n  app:list: [yes, 2]\n"
    assert seen(folder, config, "text", "flag", "number", "day", "list", "absent") == {
        "text": "0x10",
        "flag": "yes",
        "number": "1.50",
        "day": "2030-01-31",
        "list": '["yes",2]',
    }


def test_objects_of_every_kind_of_yaml_become_json(folder: Path) -> None:
    config = "  app:a: {day: !!timestamp 2030-01-31, 1: ~, text: ä}\n"
    assert seen(folder, config, "a") == {"a": '{"day":"2030-01-31","1":null,"text":"\\u00e4"}'}


def test_a_folder_for_the_stacks(folder: Path) -> None:
    (folder / "config").mkdir()
    (folder / "config" / "Pulumi.prod.yaml").write_text("config:\n  kubernetes:namespace: team\n")
    (folder / "Pulumi.yaml").write_text(PROJECT + "stackConfigDir: config\n")
    program(folder, "from pulumi_kubernetes.core.v1 import ConfigMap; ConfigMap('a')")
    assert [item.namespace for item in render(folder, "prod")] == ["team"]
    assert f"{folder}/config: there is no stack 'dev'" in refusal(folder)


def test_a_file_that_cannot_be_read(folder: Path) -> None:
    program(folder, "pass")
    (folder / "Pulumi.dev.yaml").symlink_to("/proc/self/mem")  # a file that nobody can read from its beginning
    assert "Pulumi.dev.yaml: cannot be read (Input/output error)" in refusal(folder)


def test_each_stack_has_its_own(folder: Path) -> None:
    assert seen(folder, "  app:a: one\n", "a", stack="one") == {"a": "one"}
    assert seen(folder, "  app:a: two\n", "a", stack="two") == {"a": "two"}


def test_the_project_declares_defaults(folder: Path) -> None:
    declared = "config:\n  a: {type: integer, default: 3}\n  b: plain\n  app:c: {value: {x: 1}}\n  d: {default: x}\n"
    assert seen(folder, "  app:d: own\n", "a", "b", "c", "d", declared=declared) == {
        "a": "3",
        "b": "plain",
        "c": '{"x":1}',
        "d": "own",
    }


def test_a_declared_key_without_a_value(folder: Path) -> None:
    program(folder, "pass")
    (folder / "Pulumi.yaml").write_text(PROJECT + "config:\n  size: {type: integer}\n")
    assert "no value for app:size, which Pulumi.yaml declares" in refusal(folder)


def test_the_namespace_of_the_kubernetes_provider(folder: Path) -> None:
    program(folder, "from pulumi_kubernetes.core.v1 import ConfigMap; ConfigMap('a')")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  kubernetes:namespace: team\n")
    assert [item.namespace for item in render(folder)] == ["team"]


def test_encrypted_configuration_is_refused_by_name_and_unknown_when_allowed(folder: Path) -> None:
    source = """
        import pulumi
        from pulumi_kubernetes.core.v1 import ConfigMap

        config = pulumi.Config()
        ConfigMap("open", data={"a": config.require("open")})
        if config.get_bool("use"):
            parts = config.require_object("parts")
            data = {"whole": config.require_secret("password"), "text": f"pw={config.require('password')}"}
            data["upper"] = config.require_secret("password").apply(str.upper)
            ConfigMap("closed", data={**data, "part": parts["password"], "user": parts["user"]})
    """
    program(folder, source)
    secure = f"  app:password: {{secure: {CIPHER}}}\n  app:parts: {{user: me, password: {{secure: {CIPHER}}}}}\n"
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n  app:open: x\n{secure}")
    assert [item.name for item in render(folder)] == ["open"], "what is not asked for does no harm"
    (folder / "Pulumi.dev.yaml").write_text(f"config:\n  app:open: x\n  app:use: true\n{secure}")
    message = refusal(folder)
    assert message.startswith("the configuration 'app:parts' is encrypted, and only Pulumi can decrypt it")
    assert CIPHER not in message
    (closed, _) = render(folder, allow_unknown=True)
    assert closed.object["data"] == {**dict.fromkeys(("part", "text", "upper", "whole"), "<unknown>"), "user": "me"}


def test_a_secret_default_of_the_project_is_hidden(folder: Path) -> None:
    source = """
        import pulumi
        from pulumi_kubernetes.core.v1 import ConfigMap

        ConfigMap("a", data={"a": pulumi.Config().require_secret("password")})
    """
    program(folder, source)
    (folder / "Pulumi.yaml").write_text(PROJECT + "config:\n  password: {default: hunter2, secret: true}\n")
    (manifest,) = render(folder)
    assert manifest.object["data"] == {"a": "[secret]"}


def test_a_value_of_the_wrong_type_is_refused_without_showing_it(folder: Path) -> None:
    program(folder, "import pulumi; pulumi.Config().require_secret_int('pin')")
    (folder / "Pulumi.yaml").write_text(PROJECT + "config:\n  pin: {default: hunter2, secret: true}\n")
    assert refusal(folder) == "the configuration 'app:pin' is not a valid int; correct it"


# Running it


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\nraise LookupError('gone')", "{main}:2: LookupError: gone"),
        ("def (", "{main}:1: SyntaxError: "),
        ("import no_such_module", "{main}:1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("import sys; sys.exit('enough')", "{main}: the program ended itself: enough"),
        ("import pulumi; raise pulumi.RunError('two\\nlines')", "two\nlines"),
        ("import pulumi; pulumi.Config().require('size')", "Missing required configuration variable 'app:size'"),
    ],
)
def test_a_program_that_fails(folder: Path, source: str, message: str) -> None:
    main = program(folder, source)
    assert refusal(folder).startswith(message.format(main=main))


def test_a_failure_in_a_module_of_the_program_is_told_with_its_line(folder: Path) -> None:
    (folder / "helper.py").write_text("def fail():\n    raise LookupError('gone')\n")
    program(folder, "import helper; helper.fail()")
    assert refusal(folder) == f"{folder}/helper.py:2: LookupError: gone"


def test_a_program_that_ends_itself_in_peace(folder: Path) -> None:
    program(folder, "import sys\nfrom pulumi_kubernetes.core.v1 import Namespace\nNamespace('a'); sys.exit(0)")
    assert [item.name for item in render(folder)] == ["a"]


def test_a_program_runs_as_if_alone_and_the_process_is_as_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (folder / "helper.py").write_text("NAME = 'first'\n")
    source = """
        import gc, os, sys
        import helper
        import pulumi
        from pulumi_kubernetes.core.v1 import ConfigMap

        folder = os.path.dirname(__file__)
        assert (os.getcwd(), pulumi.get_root_directory(), sys.argv) == (folder, folder, [__file__])
        ConfigMap("a", data={"name": helper.NAME, "main": __name__, "collects": str(gc.isenabled())})
        os.environ["LEFT_BEHIND"] = "x"
        sys.path.append("/left/behind")
    """
    program(folder, source)
    before = (Path.cwd(), sys.path[:], sys.argv, dict(os.environ), sys.dont_write_bytecode, gc.isenabled())
    (manifest,) = render(folder, "other")
    assert manifest.object["data"] == {"name": "first", "main": "__main__", "collects": "False"}
    after = (Path.cwd(), sys.path[:], sys.argv, dict(os.environ), sys.dont_write_bytecode, gc.isenabled())
    assert after == before
    assert "helper" not in sys.modules
    assert sorted(path.name for path in folder.iterdir()) == ["Pulumi.yaml", "__main__.py", "helper.py"]
    (folder / "helper.py").write_text("NAME = 'second'\n")
    (manifest,) = render(folder, "other")
    assert manifest.object["data"]["name"] == "second"


def test_a_program_may_be_asynchronous(folder: Path) -> None:
    source = """
        import asyncio, threading
        import pulumi
        from pulumi_kubernetes.core.v1 import Namespace

        async def main():
            assert await asyncio.to_thread(threading.get_ident) != threading.get_ident()
            Namespace("a")

        pulumi.run(main)
    """
    program(folder, source)
    assert [item.name for item in render(folder)] == ["a"]
