"""The pages of the rules, as docs/rules has them: `rules` in the package is that folder."""

from importlib import resources

from pidshare_components.analysis.rule import Rule


def read_page(rule: Rule) -> str:
    """Return the page of a rule, in Markdown."""
    file = resources.files("pidshare_components") / "rules" / f"{rule.id}.md"
    return file.read_text(encoding="utf-8")
