"""The words of docs/other-languages.md are true: its code is that of the examples, its messages are what is printed."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
import yaml

from dev.engine import Engine
from dev.paths import ROOT
from pidshare_components.host import COMPONENTS, PACKAGE
from tests.pages import Block, blocks
from tests.test_host import constructed, pod, refusal

PAGE = (ROOT / "docs" / "other-languages.md").read_text(encoding="utf-8")
EXAMPLES = {"yaml": "yaml/Pulumi.yaml", "typescript": "typescript/index.ts", "go": "go/main.go"}
CODE = [block for block in blocks(PAGE) if block.language in EXAMPLES]


@pytest.mark.parametrize("block", CODE, ids=[block.language for block in CODE])
def test_the_code_is_that_of_an_example(block: Block) -> None:
    example = (ROOT / "examples" / EXAMPLES[block.language]).read_text(encoding="utf-8")
    for piece in block.text.strip("\n").split("\n\n"):
        assert f"{piece}\n" in example


def test_every_language_is_shown() -> None:
    assert {block.language for block in CODE} == EXAMPLES.keys()


def test_the_message_is_the_one_that_is_printed() -> None:
    (shown,) = (block.text for block in blocks(PAGE) if block.language == "text")
    container = {"name": "app", "image": "nginx", "ports": [{"containerPort": 0}]}
    message = refusal(constructed(pod(containers=[container], terminationGracePeriodSeconds=-1)))
    assert shown == f"{PACKAGE}:index:SharedProcessPod resource 'web' has a problem: {message}\n"


def test_every_example_is_a_project_that_names_this_package() -> None:
    for language in EXAMPLES:
        folder = ROOT / "examples" / language
        settings = yaml.safe_load((folder / "Pulumi.yaml").read_text(encoding="utf-8"))
        assert (folder / settings["packages"][PACKAGE]).resolve() == ROOT
    package, project = (
        yaml.safe_load((ROOT / name).read_text(encoding="utf-8")) for name in ("PulumiPlugin.yaml", "Pulumi.yaml")
    )
    # `pulumi install` at the root reads the package's, `pulumi up` the project's.
    assert package == {"runtime": project["runtime"]}
    # Else `pulumi up` at the root would start the package.
    assert "main" in project


def test_every_component_that_is_named_is_offered() -> None:
    named = set(re.findall(r"SharedProcess\w+", PAGE))
    assert named <= {component.__name__ for component in COMPONENTS}


@pytest.mark.engine
def test_the_engine_knows_every_command(pulumi_engine: Engine) -> None:
    commands = re.findall(r"^pulumi .*$", PAGE, re.MULTILINE) + re.findall(r"`(pulumi [a-z -]+)`", PAGE)
    assert commands
    for command in commands:
        words = [word for word in shlex.split(command)[1:] if word.islower() and "@" not in word]
        help_text = subprocess.run(
            [pulumi_engine.pulumi, *words, "--help"], capture_output=True, text=True, check=True
        ).stdout
        assert f"pulumi {' '.join(words)} " in help_text
