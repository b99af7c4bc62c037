"""What a pod's security settings mean where its containers share a process namespace."""

from collections.abc import Iterator, Sequence

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.capabilities import names_of
from pidshare_components.analysis.exposure import Pair
from pidshare_components.analysis.facts import PAUSE, Container, Pod
from pidshare_components.analysis.kernel import Action, Answer
from pidshare_components.analysis.naming import listed
from pidshare_components.analysis.rule import Finding, Rule, Severity
from pidshare_components.analysis.tree import Path, child

HOST_PID = Rule(
    "host-pid",
    Severity.HIGH,
    "The containers are in the process namespace of the node",
    "With hostPID every process of the node is visible, and within reach of a privileged container.",
)
HOST_PID_AND_SHARED = Rule(
    "host-pid-and-shared",
    Severity.HIGH,
    "Two process namespaces are asked for at once",
    "The API server refuses a pod with both (Kubernetes, validation of PodSpec).",
)
PRIVILEGED = Rule(
    "privileged-container",
    Severity.HIGH,
    "A privileged container shares the process namespace",
    "A privileged container that runs as root has every capability, and so reads, traces and signals every process.",
)
SYS_PTRACE = Rule(
    "sys-ptrace",
    Severity.MEDIUM,
    "A container has SYS_PTRACE",
    "SYS_PTRACE passes every ptrace access check: the environment, files and memory of every process of the namespace "
    "(ptrace(2), capabilities(7)). Signals need KILL or the same user instead (kill(2)).",
)
INERT_CAPABILITY = Rule(
    "inert-capability",
    Severity.MEDIUM,
    "A capability is added to a container that does not run as root",
    "Kubernetes sets no ambient capabilities, so a process that does not start as root has none of the added ones "
    "(capabilities(7), kubernetes/kubernetes#56374).",
)
SIGNALS_PAUSE = Rule(
    "signals-pause",
    Severity.MEDIUM,
    "The user of the sandbox is that of the containers",
    "A pod-level runAsUser is the user of the sandbox too. PID 1 ends on SIGTERM and SIGINT, and the kubelet then "
    "starts every container of the pod anew.",
)
SWITCHES_USER = Rule(
    "switches-user",
    Severity.LOW,
    "A container can become the user of another one",
    "SETUID and SETGID, which root has by default, let a process change to another process's user and group and then "
    "pass the ptrace access check as that user (setuid(2), ptrace(2)).",
)
GROUP_WITHOUT_USER = Rule(
    "group-without-user",
    Severity.HIGH,
    "The pod has runAsGroup without runAsUser",
    "Both are settings of the sandbox too, and containerd refuses to make one with a group and no user.",
)
ROOT_REFUSED = Rule(
    "root-refused",
    Severity.HIGH,
    "A container must not run as root, and would",
    "With runAsNonRoot the kubelet refuses to start a container as user 0 (Kubernetes, SecurityContext).",
)
RULES = (
    HOST_PID,
    HOST_PID_AND_SHARED,
    PRIVILEGED,
    SYS_PTRACE,
    INERT_CAPABILITY,
    SIGNALS_PAUSE,
    SWITCHES_USER,
    GROUP_WITHOUT_USER,
    ROOT_REFUSED,
)


def findings(pod: Pod, pairs: Sequence[Pair]) -> Iterator[Finding]:
    """Yield what the settings of a pod in a shared process namespace mean."""
    yield from _namespace(pod)
    yield from _sandbox(pod, pairs)
    for container in pod.containers:
        yield from _powers(container, [pair for pair in pairs if pair.source is container])
        yield from _start(pod, container)
    yield from _switching(pod, pairs)


def _found(rule: Rule, path: Path, message: str, fix: str) -> Finding:
    return Finding(rule, rule.severity, path, message, fix)


def _namespace(pod: Pod) -> Iterator[Finding]:
    if pod.spec.get("hostPID") is not True:
        return
    if pod.spec.get("shareProcessNamespace") is True:
        message = "hostPID and shareProcessNamespace are both true, which Kubernetes refuses"
        yield _found(HOST_PID_AND_SHARED, ("hostPID",), message, "leave hostPID out")
    else:
        message = "every container sees the processes of the node, with their command lines"
        yield _found(HOST_PID, ("hostPID",), message, "leave it out; to see the other containers share their namespace")


def _sandbox(pod: Pod, pairs: Sequence[Pair]) -> Iterator[Finding]:
    context = pod.spec.get("securityContext")
    user, group = child(context, "runAsUser"), child(context, "runAsGroup")
    if group is not None and user is None and pod.node.runtime is capabilities.Runtime.CONTAINERD:
        message = "containerd makes no sandbox with a group and without a user, so no container starts"
        yield _found(GROUP_WITHOUT_USER, ("securityContext", "runAsGroup"), message, "write runAsUser beside it")
    reached = [
        pair.source.name
        for pair in pairs
        if pair.target.name == PAUSE and pair.answer(Action.SIGNAL) is Answer.YES and pair.source.uid == pair.target.uid
    ]
    if user is not None and user != 0 and reached:
        names = " and ".join(f"'{name}'" for name in dict.fromkeys(reached))
        message = f"the sandbox runs as user {user} too, so {names} can end the whole pod with `kill 1`"
        fix = "write runAsUser on the containers instead of the pod"
        yield _found(SIGNALS_PAUSE, ("securityContext", "runAsUser"), message, fix)


def _start(pod: Pod, container: Container) -> Iterator[Finding]:
    own = child(container.tree, "securityContext", "runAsNonRoot")
    never_root = child(pod.spec, "securityContext", "runAsNonRoot") if own is None else own
    if never_root is True and container.uid == 0:
        path: Path = (*container.path, "securityContext", "runAsUser")
        message = f"'{container.name}' never starts: it would run as user 0, and runAsNonRoot forbids it"
        yield _found(ROOT_REFUSED, path, message, "write another user, or runAsNonRoot: false")


def _powers(container: Container, pairs: Sequence[Pair]) -> Iterator[Finding]:
    context: Path = (*container.path, "securityContext")
    added = child(container.tree, "securityContext", "capabilities", "add")
    if container.is_never_root:
        if isinstance(added, list) and added and not container.confinement.privileged:
            yield from _inert(container, (*context, "capabilities", "add"), added)
    elif container.confinement.privileged:
        fix = "take privileged away, and add the one capability that it needs"
        yield from _reach(PRIVILEGED, (*context, "privileged"), container, pairs, f"is privileged: it {{can}}; {fix}")
    elif container.least & capabilities.SYS_PTRACE:
        fix = "leave SYS_PTRACE out: signals need none, and a process of the same user and group is readable without"
        yield from _reach(SYS_PTRACE, (*context, "capabilities", "add"), container, pairs, f"{{can}}; {fix}")


def _inert(container: Container, path: Path, added: list[object]) -> Iterator[Finding]:
    """Yield the added capabilities of a container that never starts as root, unless its program's file gives them."""
    program = None if container.no_new_privs is True else container.program
    of_file = program.file_capabilities if program else capabilities.NONE
    known = [name.upper() for name in added if isinstance(name, str)]
    inert = [name for name in known if not capabilities.bit(name) & of_file]
    if not inert and len(known) == len(added):
        return
    message, fix = f"the capabilities added to '{container.name}' do nothing", "leave them out"
    if of_file and (len(inert) < len(added) or "ALL" in inert):
        which, fix = _some(inert, of_file)
        message = f"of the capabilities added to '{container.name}', {which} nothing"
    message += ": it does not start as root"
    if of_file:
        message += f", and its program's file gives {listed(names_of(of_file))} alone"
    # One that is not known may be the file's.
    certain = container.no_new_privs is True or (program is not None and bool(inert or not of_file))
    fix += ", or run it as user 0"
    yield Finding(INERT_CAPABILITY, INERT_CAPABILITY.severity, path, message, fix, certain)


def _some(inert: Sequence[str], of_file: int) -> tuple[str, str]:
    """Return which capabilities do nothing, as a clause, and what to write.

    Those of the file have to stay: without one of them in the bounding set the kernel may refuse to start the program.
    """
    if "ALL" in inert or not inert:
        kept = listed(names_of(of_file))
        return f"all but {kept} do", f"add {kept} alone"
    return f"{listed(inert)} {'do' if len(inert) > 1 else 'does'}", f"leave {listed(inert)} out"


_VERBS = {Action.ENVIRON: "read the environment", Action.ROOT: "reach the files", Action.PTRACE: "trace the processes"}


def _reach(rule: Rule, path: Path, container: Container, pairs: Sequence[Pair], template: str) -> Iterator[Finding]:
    """Yield what a container's powers come to: as the pairs say, and nothing where they say no."""
    answers = {action: {pair.answer(action) for pair in pairs} for action in _VERBS}
    for sure, word in ((Answer.YES, "can"), (Answer.UNKNOWN, "may be able to")):
        verbs = [verb for action, verb in _VERBS.items() if sure in answers[action]]
        if verbs:
            can = f"{word} {', '.join(verbs[:-1])}{' and ' if len(verbs) > 1 else ''}{verbs[-1]} of other containers"
            message, _, fix = template.format(can=can).partition("; ")
            certain = sure is Answer.YES
            yield Finding(rule, rule.severity, path, f"'{container.name}' {message}", fix, certain)
            return


def _switching(pod: Pod, pairs: Sequence[Pair]) -> Iterator[Finding]:
    for source in pod.containers:
        reached = [pair.target.name for pair in pairs if pair.source is source and pair.switching and pair.target.path]
        if reached:
            names = " and ".join(f"'{name}'" for name in reached)
            powers = " and ".join(names_of(source.least & capabilities.CHANGES_USER))
            message = f"'{source.name}' has {powers}: it can take on the user and group of {names}, and read it then"
            fix = "drop SETUID and SETGID, or ALL, unless its program changes its user"
            yield _found(SWITCHES_USER, (*source.path, "securityContext", "capabilities", "drop"), message, fix)
