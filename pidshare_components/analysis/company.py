"""Which containers of a pod run beside others."""

from pidshare_components.analysis.facts import Container, ContainerKind, Pod, Sharing
from pidshare_components.analysis.kernel import Answer
from pidshare_components.analysis.objects import CONTAINER_LISTS
from pidshare_components.analysis.tree import UNKNOWN

_STAYS = {ContainerKind.INIT: Answer.NO, ContainerKind.UNKNOWN: Answer.UNKNOWN}


def stays(container: Container) -> Answer:
    """Return whether a container runs beside others: an init container ends before they start."""
    return _STAYS.get(container.kind, Answer.YES)


def has_company(pod: Pod) -> Answer:
    """Return whether two containers of a pod run at the same time, or it is in the process namespace of its node."""
    if pod.sharing is Sharing.NODE:
        return Answer.YES
    staying = [stays(container) for container in pod.containers]
    if staying.count(Answer.YES) > 1:
        return Answer.YES
    lists = [pod.spec.get(key) for key in CONTAINER_LISTS]
    is_open = UNKNOWN in (*lists, pod.spec.get("hostPID")) or Answer.UNKNOWN in staying
    return Answer.UNKNOWN if is_open or any(UNKNOWN in containers for containers in lists if containers) else Answer.NO
