"""The documentation site: what `make docs` builds with Sphinx."""

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
# The library need not be installed, and the site's own extension is none of it.
sys.path[:0] = [str(FOLDER.parent), str(FOLDER / "_site")]

project = "pidshare_components"
author = "the authors of pidshare_components"
extensions = ["myst_parser", "sphinx.ext.autodoc", "public_names", "repository_pages"]
exclude_patterns = ["_site"]
nitpicky = True
# No other project's index is at hand when the site is built.
_OTHERS = "collections|enum|pathlib|pulumi|pulumi_kubernetes|pulumi_policy|pydantic|typing"
nitpick_ignore_regex = [
    ("py:.*", rf"({_OTHERS})\b.*"),
    (
        "py:.*",
        r"pidshare_components\.analysis\.node\.Node|RenderError|pidshare_components\.render\.values\.Placeholders",
    ),
]

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
default_role = "code"
# Dashes alone: what is quoted is code more often than not.
smartquotes_action = "D"
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "pidshare components"
html_copy_source = False
html_domain_indices = False
html_show_sphinx = False
html_show_copyright = False
