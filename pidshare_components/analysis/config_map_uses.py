"""Which containers of a pod take what from which ConfigMap, and which other ones can read it there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Optional

from pidshare_components.analysis.answers import all_of, any_of
from pidshare_components.analysis.exposure import Pair
from pidshare_components.analysis.facts import Container, Pod
from pidshare_components.analysis.holdings import Holding, HoldingKind, file_mode, may_read
from pidshare_components.analysis.kernel import Action, Answer
from pidshare_components.analysis.result import Analysis
from pidshare_components.analysis.tree import UNKNOWN, Path, child, objects

_Answers = Callable[[Pair], Answer]


class Keys(NamedTuple):
    """Keys of a ConfigMap.

    Attributes:
        known: these; None for all of them.
        more: whether there may be others.
        without: keys that are surely not among them.
        doubtful: beginnings of keys that something else may be in place of.
    """

    known: Optional[frozenset[str]]
    more: bool = False
    without: frozenset[str] = frozenset()
    doubtful: tuple[str, ...] = ()

    def has(self, key: str) -> Answer:
        """Return whether a key is among them."""
        if key in self.without:
            return Answer.NO
        if self.known is None or key in self.known:
            return Answer.UNKNOWN if key.startswith(self.doubtful) else Answer.YES
        return Answer.UNKNOWN if self.more else Answer.NO


_SOME = Keys(frozenset(), more=True)
_ANY = ("",)


class Reader(NamedTuple):
    """A container that can read what another one has taken, or may.

    Attributes:
        name: of the container.
        answer: whether it can.
        own: what it takes from the same ConfigMap itself.
    """

    name: str
    answer: Answer
    own: tuple[Keys, ...]

    def reads(self, key: str) -> Answer:
        """Return whether it reads a key that it has not itself."""
        has = any_of(*(keys.has(key) for keys in self.own))
        lacks = {Answer.YES: Answer.NO, Answer.NO: Answer.YES, Answer.UNKNOWN: Answer.UNKNOWN}[has]
        return all_of(self.answer, lacks)


class Use(NamedTuple):
    """What a container takes from a ConfigMap.

    Attributes:
        config_map: its name; UNKNOWN where it is not known.
        container: name of the container.
        keys: what it takes.
        is_file: whether it takes it as files, and not into its environment.
        readers: the other containers that can read it there, or may.
    """

    config_map: object
    container: str
    keys: Keys
    is_file: bool
    readers: tuple[Reader, ...]


class _Taken(NamedTuple):
    config_map: object
    keys: Keys
    holding: Optional[Holding]
    """None in the environment."""
    mode_known: bool = True


def uses(analysis: Analysis) -> Iterator[Use]:
    """Yield what the containers of a pod take from ConfigMaps to where others can read it, or may."""
    pod = analysis.pod
    volumes = {child(volume, "name"): volume for _, volume in objects(pod.spec, "volumes") if volume is not UNKNOWN}
    taken = {
        container.path: [*_variables(container), *_mounts(pod, container, volumes)] for container in pod.containers
    }
    for container in pod.containers:
        on = [pair for pair in analysis.pairs if pair.target.path == container.path] if taken[container.path] else []
        for each in taken[container.path]:
            readers = tuple(_readers(on, _reads(pod, each), each.config_map, taken))
            if readers:
                yield Use(each.config_map, container.name, each.keys, each.holding is not None, readers)


def _readers(
    pairs: Sequence[Pair], reads: _Answers, config_map: object, taken: Mapping[Path, Sequence[_Taken]]
) -> Iterator[Reader]:
    # Worker processes have the environment and the mounts of the main process.
    answers: dict[Path, tuple[str, Answer]] = {}
    for pair in pairs:
        _, before = answers.get(pair.source.path, ("", Answer.NO))
        answers[pair.source.path] = (pair.source.name, any_of(before, reads(pair)))
    for path, (name, answer) in answers.items():
        if answer is not Answer.NO:
            own = (_of(config_map, each) for each in taken[path])
            yield Reader(name, answer, tuple(keys for keys in own if keys is not None))


def _of(config_map: object, taken: _Taken) -> Optional[Keys]:
    """Return the keys that are taken of a ConfigMap; None if they are of another one."""
    if UNKNOWN in (config_map, taken.config_map):
        return _SOME
    return taken.keys if config_map == taken.config_map else None


def _reads(pod: Pod, taken: _Taken) -> _Answers:
    holding = taken.holding
    if holding is None:
        return lambda pair: pair.answer(Action.ENVIRON)
    # A mode that is not known may keep others out.
    most = Answer.YES if taken.mode_known else Answer.UNKNOWN
    return lambda pair: all_of(pair.answer(Action.ROOT), may_read(pod, pair.source, holding), most)


def _variables(container: Container) -> Iterator[_Taken]:
    """Yield what a container takes into its environment.

    Of variables of the same name the last one wins, one of `env` over all of `envFrom` (Kubernetes' API, Container).
    """
    variables = [variable for _, variable in objects(container.tree, "env")]
    names = [child(variable, "name") for variable in variables]
    for index, variable in enumerate(variables):
        source = child(variable, "valueFrom", "configMapKeyRef")
        later = names[index + 1 :]
        if source is not None and names[index] not in (name for name in later if name is not UNKNOWN):
            key = child(source, "key")
            keys = Keys(frozenset([key]), doubtful=_ANY if UNKNOWN in (names[index], *later) else ())
            yield _Taken(child(source, "name"), keys if isinstance(key, str) else _SOME, None)
    yield from _sets(container, names)


def _sets(container: Container, names: Sequence[object]) -> Iterator[_Taken]:
    """Yield the ConfigMaps that a container takes all keys of; variables of the given names win over theirs."""
    sources = [source for _, source in objects(container.tree, "envFrom")]
    prefixes = [_prefix(source) for source in sources]
    doubtful = _ANY if UNKNOWN in names or child(container.tree, "env") is UNKNOWN else ()
    for index, source in enumerate(sources):
        config_map, prefix = child(source, "configMapRef"), prefixes[index]
        if config_map is None:
            continue
        if prefix is None:
            keys = Keys(None, doubtful=_ANY if names or prefixes[index + 1 :] else doubtful)
        else:
            own = (name for name in names if isinstance(name, str) and name.startswith(prefix))
            others = (_in_place(prefix, later) for later in prefixes[index + 1 :])
            without = frozenset(name[len(prefix) :] for name in own)
            keys = Keys(None, without=without, doubtful=(*doubtful, *(each for each in others if each is not None)))
        yield _Taken(child(config_map, "name"), keys, None)


def _prefix(source: object) -> Optional[str]:
    """Return the prefix of a source of variables; None where it is not known."""
    prefix = child(source, "prefix")
    return None if prefix is UNKNOWN else prefix or ""


def _in_place(prefix: str, later: Optional[str]) -> Optional[str]:
    """Return how a key begins that a later source may have a variable of the same name for; None for no key."""
    if later is None or prefix.startswith(later):
        return ""
    return later[len(prefix) :] if later.startswith(prefix) else None


def _mounts(pod: Pod, container: Container, volumes: Mapping[Any, Any]) -> Iterator[_Taken]:
    for index, mount in objects(container.tree, "volumeMounts"):
        volume = volumes.get(child(mount, "name"))
        path: Path = (*container.path, "volumeMounts", index)
        for config_map, default in _sources(volume):
            for keys, given in _files(config_map, default, mount):
                name = child(config_map, "name")
                holding = Holding(HoldingKind.VOLUME, "", path, "", file_mode(pod, given))
                yield _Taken(name, keys, holding, given is not UNKNOWN)


def _sources(volume: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - of the tree
    """Yield the ConfigMaps in a volume, each with the mode of its files."""
    config_map, projected = child(volume, "configMap"), child(volume, "projected")
    if config_map is not None:
        yield config_map, child(config_map, "defaultMode")
    for _, source in objects(projected, "sources"):
        of_source = child(source, "configMap")
        if of_source is not None:
            yield of_source, child(projected, "defaultMode")


def _files(config_map: Any, default: Any, mount: Any) -> Iterator[tuple[Keys, Any]]:  # noqa: ANN401 - of the tree
    """Yield the keys that a mount has as files, with their modes as they are given."""
    sub_path, items = child(mount, "subPath"), child(config_map, "items")
    if items is UNKNOWN or sub_path is UNKNOWN or child(mount, "subPathExpr") is not None:
        yield _SOME, UNKNOWN
        return
    if not items:
        yield Keys(frozenset([sub_path]) if sub_path else None), default
    for _, item in objects(config_map, "items"):
        key, path, mode = child(item, "key"), child(item, "path"), child(item, "mode")
        if isinstance(key, str) and isinstance(path, str):
            is_there = not sub_path or path == sub_path or path.startswith(f"{sub_path}/")
            keys = Keys(frozenset([key]))
        else:
            is_there, keys = True, _SOME
        if is_there:
            yield keys, default if mode is None else mode
