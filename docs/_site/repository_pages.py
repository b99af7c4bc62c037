"""Fits pages that are read in the repository too into the site, when it is built.

A page that includes a file from outside of `docs` has its text. Links to such a file lead to the page that includes it;
of other files of the repository a page says where they are.
"""

import os
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

DOCS = Path(__file__).resolve().parents[1]
REPOSITORY = DOCS.parent

INCLUDE = re.compile(r"^```\{include\} (\S+)\n```$", re.MULTILINE)
LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?![a-z]+:)(?P<target>[^)#\s]+)(?P<heading>#[^)\s]*)?\)")

RULES = "rules/README"
# `pidshare explain` and the readers of a repository have no use for a directive.
ALL_RULES = """

```{toctree}
:hidden:
:glob:

*
```
"""


def _outside() -> dict[Path, Path]:
    """Return the pages that include a file from outside of `docs`, by that file."""
    found = {}
    for page in DOCS.glob("*.md"):
        for path in INCLUDE.findall(page.read_text(encoding="utf-8")):
            file = (DOCS / path).resolve()
            found[file] = page
            if file.name == "README.md" and file.parent != REPOSITORY:
                found[file.parent] = page
    return found


def _linked(text: str, origin: Path, page: Path) -> str:
    """Return the text of a file as it has to be on a page.

    Args:
        text: the text.
        origin: folder that the links in it are relative to.
        page: the page.
    """
    outside = _outside()

    def link(match: re.Match[str]) -> str:
        target = (origin / match["target"]).resolve()
        target = outside.get(target, target)
        if not target.exists():
            return match[0]  # the generator says so
        if not target.is_relative_to(DOCS):
            path = f"`{target.relative_to(REPOSITORY)}`"
            return path if match["text"].strip("`") in path else f"{match['text']} ({path})"
        return f"[{match['text']}]({os.path.relpath(target, page.parent)}{match['heading'] or ''})"

    return LINK.sub(link, text)


def _fit(app: Sphinx, name: str, source: list[str]) -> None:
    page = DOCS / f"{name}.md"
    if not page.is_file():
        return

    def included(match: re.Match[str]) -> str:
        file = (DOCS / match[1]).resolve()
        app.env.note_dependency(file)
        return _linked(file.read_text(encoding="utf-8"), file.parent, page)

    text, includes = INCLUDE.subn(included, source[0])
    source[0] = text if includes else _linked(text, page.parent, page)
    if name == RULES:
        source[0] += ALL_RULES


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register what is done to each page."""
    app.connect("source-read", _fit)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
