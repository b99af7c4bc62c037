"""What several objects of a stack come to together: pods that share their process namespace, and what is around them.

Small facts alone are kept, never an object or an analysis, so that a whole cluster's objects can be looked at.
"""

from collections.abc import Iterator

from pidshare_components.analysis import config_maps, network, stack_access
from pidshare_components.analysis.config_maps import ConfigMaps
from pidshare_components.analysis.network import Policies
from pidshare_components.analysis.result import Analysis
from pidshare_components.analysis.stack_access import Access
from pidshare_components.analysis.stack_pods import SharingPod, StackFinding, sharing_pod
from pidshare_components.analysis.tree import Path, Tree

__all__ = ["RULES", "Stack", "StackFinding"]

RULES = (*stack_access.RULES, *config_maps.RULES, *network.RULES)


class Stack:
    """The objects that are in view together. Add all of them, in any order, and then ask for findings."""

    def __init__(self) -> None:
        self._pods: list[SharingPod] = []
        self._access = Access()
        self._policies = Policies()
        self._config_maps = ConfigMaps()

    def add_pod(self, analysis: Analysis, origin: object) -> None:
        """Add a pod, or a workload that makes pods.

        Args:
            analysis: of it.
            origin: what findings about it are given with.
        """
        pod = sharing_pod(analysis.pod, origin)
        if pod is not None:
            self._pods.append(pod)
            self._config_maps.add_pod(pod, analysis)

    def add(self, tree: Tree, path: Path, origin: object) -> None:
        """Add any other object; nothing is kept of a kind that no rule looks at.

        Args:
            tree: the object; its leaves may be UNKNOWN.
            path: of the object in its document.
            origin: what findings about it are given with.

        Raises:
            SpecError: it is malformed. Paths begin at the top of the document.
        """
        self._access.add(tree, path, origin)
        self._policies.add(tree, path)
        self._config_maps.add(tree, path, origin)

    def findings(self) -> Iterator[StackFinding]:
        """Yield what the objects come to together: of bindings, of ConfigMaps, then of pods."""
        yield from self._access.for_everyone()
        yield from self._config_maps.findings()
        ways = self._access.access()
        for pod in self._pods:
            yield from ways.findings(pod)
            yield from self._policies.findings(pod)
