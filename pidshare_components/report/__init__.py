"""What is known of pods, for people, for programs and for a review: text, JSON and Markdown.

No value of a secret is in a report: the analysis has none to give.
"""

from pidshare_components.report.entry import Entry, printable
from pidshare_components.report.json_tree import as_json, pod_as_json
from pidshare_components.report.markdown import as_markdown
from pidshare_components.report.text import as_text

__all__ = ["Entry", "as_json", "as_markdown", "as_text", "pod_as_json", "printable"]
