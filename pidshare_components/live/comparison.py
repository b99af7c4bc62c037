"""Compares what the analysis predicts of a live pod with what its containers can do."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Optional

from pidshare_components.analysis.capabilities import Runtime
from pidshare_components.analysis.images import ImageFacts
from pidshare_components.analysis.objects import pods_in
from pidshare_components.analysis.result import analyse
from pidshare_components.analysis.tree import SpecError
from pidshare_components.live.compare import compare_exposure, compare_identities, unpredicted
from pidshare_components.live.enter import Live, Visit, enter_all, is_interactive, look
from pidshare_components.live.errors import LiveError, NotEnteredError
from pidshare_components.live.facts import node_facts
from pidshare_components.live.kubectl import Kubectl
from pidshare_components.live.running import changes, runtime_of, states_of
from pidshare_components.live.verification import Step, Verification
from pidshare_components.live.walkthrough import Walk, walk_through


@dataclass(frozen=True)
class Wish:
    """What to verify, and how.

    Attributes:
        pod: name of the pod.
        attach: container to attach to instead of starting a process in it; None for none.
        target: container to walk to. Default: the first one that runs but that of the shell.
        reload: whether the walk sends SIGHUP.
        runtime: the container runtime. Default: as the pod's status says, else containerd.
        image_facts: as in `analyse`.
    """

    pod: str
    attach: Optional[str] = None
    target: Optional[str] = None
    reload: bool = False
    runtime: Optional[Runtime] = None
    image_facts: Mapping[str, ImageFacts] = field(default_factory=dict)


def verify(kubectl: Kubectl, wish: Wish, progress: Callable[[str], None] = lambda _: None) -> Verification:
    """Enter every container of a pod that can be entered, measure, and compare.

    Args:
        kubectl: for the pod's cluster and namespace.
        wish: what to verify.
        progress: told what is being done.

    Raises:
        LiveError: there is no such pod, no container can be entered, or the pod changed meanwhile.
    """
    progress(f"reading the pod {wish.pod}")
    tree = kubectl.pod(wish.pod)
    try:
        found = next(pods_in(tree))
        live = Live(wish.pod, analyse(found).pod, states_of(tree))
    except SpecError as error:
        raise LiveError(f"pod {wish.pod}: {error}") from None
    _check(live, wish)
    with ExitStack() as stack:
        visit = enter_all(kubectl, live, wish.attach, stack, progress)
        walk = tuple(_walk(live, visit, wish, progress))
    progress("looking whether the pod is what it was")
    changed = changes(live.states, states_of(kubectl.pod(wish.pod)))
    if changed and not any(step.failed for step in walk):
        raise LiveError(f"the pod changed while it was measured: {', '.join(changed)}; run this again")
    node = node_facts(visit.insides, wish.runtime or runtime_of(live.states) or Runtime.CONTAINERD)
    analysis = analyse(found, node, wish.image_facts)
    return Verification(
        context=kubectl.current_context(),
        namespace=str(found.namespace),
        pod=wish.pod,
        node=node,
        entries=tuple(visit.entries),
        identities=compare_identities(analysis, visit.insides),
        rows=compare_exposure(analysis, visit.insides, live.states),
        remarks=unpredicted(analysis, visit.insides),
        walk=walk,
    )


def _check(live: Live, wish: Wish) -> None:
    """Refuse what cannot be done before anything is."""
    names = [container.name for container in live.pod.containers]
    for wanted in (wish.attach, wish.target):
        if wanted and wanted not in names:
            raise LiveError(f"pod {live.name} has no container {wanted}; it has: {', '.join(names)}")
        if wanted and not live.runs(wanted):
            raise LiveError(f"container {wanted} of the pod {live.name} does not run")
    if wish.target and wish.target == wish.attach:
        raise LiveError(f"the walk goes from {wish.attach} to another container: name another target")
    if not any(map(live.runs, names)):
        raise LiveError(f"no container of the pod {live.name} runs")


def _walk(live: Live, visit: Visit, wish: Wish, progress: Callable[[str], None]) -> Iterator[Step]:
    """Walk through the pod, if it has two containers."""
    source, target = _ends(live, visit, wish)
    if not target:
        if wish.reload:
            yield Step("SIGHUP was not sent: the pod has no other container to send it to", failed=True)
        return
    progress(f"walking from {source} to {target}")
    inside = visit.insides[source]
    door = visit.doors[source]
    walk = Walk(door, source, target, lambda: look(door, live, source, by_attach=inside.by_attach).owners)
    try:
        yield from walk_through(walk, inside.owners, reload=wish.reload)
    except NotEnteredError as error:
        raise LiveError(f"the walk from {source} ended: {error}") from None


def _ends(live: Live, visit: Visit, wish: Wish) -> tuple[str, str]:
    """Return the containers that the walk goes from and to; "" if there is none to go to."""
    interactive = [container.name for container in live.pod.containers if is_interactive(container)]
    # A shell that somebody put there for this is the likeliest.
    entered = sorted(visit.insides, key=lambda name: (name != wish.attach, name not in interactive))
    source = next((name for name in entered if name != wish.target), entered[0])
    others = (container.name for container in live.pod.containers if live.runs(container.name))
    target = wish.target or next((name for name in others if name != source), "")
    return source, "" if target == source else target
