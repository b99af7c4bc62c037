"""The smallest change of a pod's spec that turns an answer of the matrix round, or makes an unknown one known."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Optional

from pidshare_components.analysis import capabilities
from pidshare_components.analysis.capabilities import names_of
from pidshare_components.analysis.change import Change, changed
from pidshare_components.analysis.exposure import NODE, Pair, judge_pair
from pidshare_components.analysis.facts import Container, Pod, Sharing
from pidshare_components.analysis.kernel import Action, Answer, Ground
from pidshare_components.analysis.spec import PodReader
from pidshare_components.analysis.tree import UNKNOWN, Path, child, format_path, mapping
from pidshare_components.analysis.wording import held, ids_of, name_of, open_ids

_DEFAULT_PROFILE = {"type": "RuntimeDefault"}
_TELL = {
    Ground.YAMA: "tell the node's kernel.yama.ptrace_scope",
    Ground.CAP_PERFMON: "tell the version of the node's kernel",
    Ground.SECURITY_MODULE: "tell which security module the node has",
    Ground.NAMESPACE_UNKNOWN: "look again after the deployment",
}


def making_known(pair: Pair, ground: Ground) -> Change:
    """Return what makes an unknown answer known.

    Args:
        pair: the pair.
        ground: what the answer hinges on.
    """
    if ground in _TELL:
        return Change(_TELL[ground], ())
    if ground is Ground.SECCOMP and pair.source.confinement.seccomp is None:
        return Change(_TELL[Ground.NAMESPACE_UNKNOWN], ())
    if ground is Ground.SECCOMP:
        profile: Path = (*pair.source.path, "securityContext", "seccompProfile")
        return Change(
            f"confine {name_of(pair.source)} by the runtime's default profile", ((profile, _DEFAULT_PROFILE),)
        )
    open_id = next(open_ids(pair), None)
    if open_id:
        return Change(open_id.fix, ())
    target = pair.target
    if target.program is None and target.uid != 0 and target.no_new_privs is not True:
        path: Path = (*target.path, "securityContext", "allowPrivilegeEscalation")
        return Change(f"write {format_path(path)}: false", ((path, False),))
    return Change(f"tell in the image facts of {target.image or target.name} what its main process does", ())


def turning(pod: Pod, pair: Pair, action: Action) -> Optional[Change]:
    """Return the first change that turns a yes or no round: they are tried with the smallest first."""
    wanted = Answer.NO if pair.answer(action) is Answer.YES else Answer.YES
    for change in _candidates(pod, pair, action, wanted):
        if _answer_after(pod, pair, action, change) is wanted:
            return change
    return None


def _answer_after(pod: Pod, pair: Pair, action: Action, change: Change) -> Answer:
    reader = PodReader(replace(pod.object, spec=changed(pod.spec, change)), pod.node, pod.image_facts)
    source, target = _after(reader, pair.source), _after(reader, pair.target)
    return judge_pair(reader.setting(), source, target).answer(action)


def _after(reader: PodReader, before: Container) -> Container:
    """Return what a change makes of a container, of its worker processes, or of the sandbox."""
    if not before.path:
        return before if before.name == NODE else reader.pause()
    key, index = before.path
    container = reader.container(str(key), int(index))
    if before.name == container.name:
        return container
    # Worker processes have ids of their own as long as they are started as root.
    return container._replace(name=before.name, program=before.program)


def _candidates(pod: Pod, pair: Pair, action: Action, wanted: Answer) -> Iterator[Change]:
    if wanted is Answer.NO:
        yield from _refusing(pod, pair, action)
        key = "hostPID" if pod.sharing is Sharing.NODE else "shareProcessNamespace"
        yield Change(f"do without {key}", (((key,), None),))
    elif pair.cells[action].ground is Ground.OTHER_NAMESPACE:
        share = Change("share the process namespace", ((("shareProcessNamespace",), True),))
        yield share
        for change in _allowing(pair, action):
            yield Change(f"{share.text}, and {change.text}", share.edits + change.edits)
    else:
        yield from _allowing(pair, action)


def _allowing(pair: Pair, action: Action) -> Iterator[Change]:
    source, target = pair.source, pair.target
    uid, gid = (int(value) if value.isdigit() else None for value in ids_of(target))
    as_user = () if uid is None else (_run_as(source, "User", uid),)
    as_group = () if gid is None else (_run_as(source, "Group", gid),)
    if as_group and source.uid == uid:
        yield Change(f"run {name_of(source)} in group {gid}", as_group)
    if as_user and action is Action.SIGNAL:
        yield Change(f"run {name_of(source)} as user {uid}", as_user)
    if as_user and as_group:
        yield Change(f"run {name_of(source)} as {uid}:{gid}", as_user + as_group)
    power = "KILL" if action is Action.SIGNAL else "SYS_PTRACE"
    for names in ([power], ["DAC_READ_SEARCH"], [power, "DAC_READ_SEARCH"]) if _lists_are_known(source) else ():
        granted = (_granting(source, names),)
        yield Change(f"add {' and '.join(names)} to {name_of(source)}", granted)
        root = (_run_as(source, "User", 0), *granted)
        yield Change(f"run {name_of(source)} as root with {' and '.join(names)}", root)


def _refusing(pod: Pod, pair: Pair, action: Action) -> Iterator[Change]:
    source, target = pair.source, pair.target
    privileged: Path = (*source.path, "securityContext", "privileged")
    if source.confinement.privileged:
        yield Change(f"take the privileges of {name_of(source)} away", ((privileged, None),))
    if _lists_are_known(source):
        yield from _without(source, action)
    user = _nobody(pod)
    own = _run_as(source, "User", user)
    yield Change(f"run {name_of(source)} as another user", (own,))
    if source.confinement.privileged:
        yield Change(f"run {name_of(source)} as another user, without privileges", (own, (privileged, None)))
    if target.path:
        yield Change(f"run {name_of(target)} as another user", (_run_as(target, "User", user),))


def _without(source: Container, action: Action) -> Iterator[Change]:
    """Yield what takes capabilities away."""
    name = "KILL" if action is Action.SIGNAL else "SYS_PTRACE"
    sets = [held(source) & capabilities.bit(name)]
    if action is Action.ENVIRON:
        sets += [held(source) & capabilities.PERFMON, held(source) & capabilities.READS_ANY_FILE]
    for names in map(names_of, filter(None, sets)):
        yield Change(f"take {' and '.join(names)} from {name_of(source)}", (_denying(source, names),))
    if action is not Action.SIGNAL and source.uid == 0:
        path: Path = (*source.path, "securityContext", "capabilities")
        yield Change(f"drop ALL capabilities of {name_of(source)}", ((path, {"drop": ["ALL"]}),))


def _run_as(container: Container, which: str, value: int) -> tuple[Path, int]:
    return (*container.path, "securityContext", f"runAs{which}"), value


def _nobody(pod: Pod) -> int:
    """Return a user that no container runs as."""
    taken = {container.uid for container in (*pod.containers, pod.pause)}
    return next(uid for uid in range(10001, 10002 + len(taken)) if uid not in taken)


def _granting(container: Container, names: list[str]) -> tuple[Path, dict[str, list[str]]]:
    add, drop = _lists(container)
    kept = [name for name in drop if name.upper() not in names]
    return _capabilities(container, [*add, *(name for name in names if name not in add)], kept)


def _denying(container: Container, names: list[str]) -> tuple[Path, dict[str, list[str]]]:
    add, drop = _lists(container)
    default = names_of(container.least & capabilities.bits(names))
    return _capabilities(container, [name for name in add if name.upper() not in names], [*drop, *default])


def _lists_are_known(container: Container) -> bool:
    """Return whether its lists of capabilities can be changed: what is not known yet cannot."""
    given = mapping(mapping(container.tree.get("securityContext")).get("capabilities"))
    lists = (given.get("add"), given.get("drop"))
    return all(names is None or (isinstance(names, list) and UNKNOWN not in names) for names in lists)


def _lists(container: Container) -> tuple[list[str], list[str]]:
    given = child(container.tree, "securityContext", "capabilities")
    add, drop = child(given, "add"), child(given, "drop")
    return list(add or ()), list(drop or ())


def _capabilities(container: Container, add: list[str], drop: list[str]) -> tuple[Path, dict[str, list[str]]]:
    both = {"add": add, "drop": drop}
    return (*container.path, "securityContext", "capabilities"), {key: value for key, value in both.items() if value}
