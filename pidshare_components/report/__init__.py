"""What is known of pods and what violates rules, as text for people, for programs, and for a review.

No value of a secret is in a report: the analysis has none to give. The names are read when they are first used: a
command prints one report, and starts faster without the others.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from pidshare_components.report.entry import Entry
    from pidshare_components.report.json_tree import as_json, pod_as_json
    from pidshare_components.report.markdown import as_markdown
    from pidshare_components.report.outcome import Found, Outcome, Place
    from pidshare_components.report.pages import read_page
    from pidshare_components.report.sarif import as_sarif
    from pidshare_components.report.text import as_text
    from pidshare_components.report.violations_json import violations_as_json
    from pidshare_components.report.violations_text import violations_as_text

_MODULES = {
    "Entry": "entry",
    "Found": "outcome",
    "Outcome": "outcome",
    "Place": "outcome",
    "as_json": "json_tree",
    "as_markdown": "markdown",
    "as_sarif": "sarif",
    "as_text": "text",
    "pod_as_json": "json_tree",
    "read_page": "pages",
    "violations_as_json": "violations_json",
    "violations_as_text": "violations_text",
}
"""Where each name is."""

__all__ = [
    "Entry",
    "Found",
    "Outcome",
    "Place",
    "as_json",
    "as_markdown",
    "as_sarif",
    "as_text",
    "pod_as_json",
    "read_page",
    "violations_as_json",
    "violations_as_text",
]

if not typing.TYPE_CHECKING:  # a type checker would take every name for one that is there

    def __getattr__(name: str) -> object:
        """Read the module of a name."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
