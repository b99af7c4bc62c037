"""docs/kinds.md: its program runs, and its table names the fields that the kinds have."""

import re

import pidshare_components
from dev.paths import ROOT
from tests.mocks import deploy
from tests.pages import blocks

PAGE = (ROOT / "docs/kinds.md").read_text(encoding="utf-8")


def test_its_program_deploys_what_it_says() -> None:
    (block,) = (block for block in blocks(PAGE) if block.language == "python")
    run = deploy(lambda: exec(compile(block.text, "docs/kinds.md", "exec"), {}))  # noqa: S102 - the page's own program
    assert run.error is None
    assert run.one("Deployment").inputs["spec"]["replicas"] == 3
    pod = run.one("Job").inputs["spec"]["template"]["spec"]
    assert [item["name"] for item in pod["initContainers"]] == ["proxy", "shell"]


def test_each_component_has_a_row_with_fields_that_it_has() -> None:
    rows = re.findall(r"^\| `(SharedProcess\w+)` \| (.*?) \|", PAGE, re.MULTILINE)
    components = {name for name in pidshare_components.__all__ if re.fullmatch(r"SharedProcess\w+(?<!Args)", name)}
    assert {name for name, _ in rows} == components
    for name, fields in rows:
        known = getattr(pidshare_components, f"{name}Args").model_fields
        assert set(re.findall(r"`(\w+)`", fields)) <= set(known), name
