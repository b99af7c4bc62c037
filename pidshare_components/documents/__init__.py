"""Kubernetes' documents from files, folders and standard input, read as Kubernetes reads them, and their pods analysed.

Nothing here trusts its input: every text is a tree or a `Problem` with file, document, line and path, and a broken
document spoils no other.
"""

from pidshare_components.analysis.result import Premises
from pidshare_components.documents.facts import collect_facts, read_facts
from pidshare_components.documents.parse import Document, read
from pidshare_components.documents.pods import analyses
from pidshare_components.documents.problem import Problem
from pidshare_components.documents.sources import documents, is_stack_dir

__all__ = [
    "Document",
    "Premises",
    "Problem",
    "analyses",
    "collect_facts",
    "documents",
    "is_stack_dir",
    "read",
    "read_facts",
]
