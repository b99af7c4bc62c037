"""From the events of YAML's parser to a plain tree, as Kubernetes reads it: strictly, and without trust.

No recursion, and no value is made for a tag: whatever the text is, the outcome is a tree or a `Refused`.
"""

from dataclasses import dataclass, field
from typing import Any, Optional, Union

import yaml

from pidshare_components.analysis.tree import Path
from pidshare_components.documents.scalars import Scalar, as_key, resolve

DEPTH = 200
"""How deep a document may be nested. Kubernetes' own objects stay below 100."""
ALIASED = 100_000
"""How many values aliases may stand for in all. A few lines of them can stand for more than any memory holds."""

_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = {f"{_TAG}{name}" for name in ("bool", "float", "int", "null", "timestamp")}
_TEXT_TAGS = {"!", f"{_TAG}str", f"{_TAG}binary"}
_COLLECTION_TAGS = {"!", f"{_TAG}map", f"{_TAG}seq", f"{_TAG}omap", f"{_TAG}set"}
_MERGE = "<<"


class Refused(Exception):  # noqa: N818 - it is no failure of ours
    """A text that is no document of Kubernetes.

    Attributes:
        line: where, from 1; None where it is not known.
        path: from the top of the document to the mapping or list that is wrong.
        reason: what is wrong. It quotes no value.
        instead: what to write, as an imperative.
    """

    def __init__(self, line: Optional[int], path: Path, reason: str, instead: str) -> None:
        self.line, self.path, self.reason, self.instead = line, path, reason, instead
        super().__init__(reason)


@dataclass
class _Open:
    """A mapping or a list that has begun.

    Attributes:
        value: it, as far as it has been read.
        anchor: its name for aliases.
        step: key or index of it in what it is in.
        line: where it begins.
        key: of the value that comes next, in a mapping; None where a key comes next.
        merging: whether that key is a `<<` without quotes.
        merged: what such keys name.
        size: number of the values in it, and it.
    """

    value: Union[dict[str, Any], list[Any]]
    anchor: Optional[str]
    step: Union[str, int, None]
    line: int
    key: Optional[str] = None
    merging: bool = False
    merged: list[Any] = field(default_factory=list)
    size: int = 1


class Builder:
    """Builds one document from its events.

    Attributes:
        tree: the document, when it is complete.
        first_line: where it begins.
        lines: line of each value by the identity of what it is in and its key or index.
    """

    def __init__(self) -> None:
        self.tree: Any = None
        self.first_line = 1
        self.lines: dict[tuple[int, Union[str, int]], int] = {}
        self._stack: list[_Open] = []
        self._anchors: dict[str, Optional[tuple[Any, int]]] = {}
        self._aliased = 0
        self._line = 1

    def take(self, event: yaml.Event) -> None:
        """Take the next event.

        Raises:
            Refused: the document has something that Kubernetes does not read, or that nobody should.
        """
        self._line = line_of(event)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(str(event.anchor))

    def _refuse(self, reason: str, instead: str) -> Refused:
        steps = [frame.step for frame in self._stack]
        return Refused(self._line, tuple(step for step in steps if step is not None), reason, instead)

    # --- what comes ---

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        tag = event.tag
        value: Scalar = event.value
        if tag is None or tag in _PLAIN_TAGS:
            if event.implicit[0] or tag:
                value = resolve(event.value)
        elif tag not in _TEXT_TAGS:
            raise self._unknown_tag()
        merges = event.implicit[0] and event.value == _MERGE
        self._place(value, 1, event.anchor, merges=merges)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        if event.tag is not None and event.tag not in _COLLECTION_TAGS:
            raise self._unknown_tag()
        if len(self._stack) == DEPTH:
            raise self._refuse(f"is nested deeper than {DEPTH} levels", "write it flatter")
        self._expect_value()
        if event.anchor:
            self._anchors[event.anchor] = None  # known, but not complete: an alias in it would never end
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._stack.append(_Open({} if is_mapping else [], event.anchor, self._step(), self._line))

    def _end(self) -> None:
        done = self._stack.pop()
        if done.merged and isinstance(done.value, dict):
            done.value = self._with_merged(done)
        self._line = done.line
        self._place(done.value, done.size, done.anchor)

    def _alias(self, anchor: str) -> None:
        if anchor not in self._anchors:
            raise self._refuse("an alias names an anchor that is not there", "write the value, or anchor it before")
        known = self._anchors[anchor]
        if known is None:
            raise self._refuse("an alias stands inside of its own anchor, so it has no end", "write the value out")
        value, size = known
        self._aliased += size
        if self._aliased > ALIASED:
            raise self._refuse(f"its aliases stand for more than {ALIASED} values", "write the values out")
        self._place(value, size, None)

    def _unknown_tag(self) -> Refused:
        return self._refuse("has a tag that means nothing to Kubernetes", "write the value without a tag")

    # --- where it goes ---

    def _step(self) -> Union[str, int, None]:
        if not self._stack:
            return None
        top = self._stack[-1]
        return top.key if isinstance(top.value, dict) else len(top.value)

    def _expect_value(self) -> None:
        if self._stack and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None:
            raise self._refuse("a key is a mapping or a list", "write text as the key")

    def _place(self, value: Any, size: int, anchor: Optional[str], *, merges: bool = False) -> None:  # noqa: ANN401
        if anchor:
            self._anchors[anchor] = (value, size)
        if not self._stack:
            self.tree, self.first_line = value, self._line
            return
        top = self._stack[-1]
        top.size += size
        if isinstance(top.value, list):
            self._note(top.value, len(top.value))
            top.value.append(value)
        elif top.key is None:
            top.key, top.merging = (_MERGE, True) if merges else (self._key(top.value, value), False)
        else:
            if top.merging:
                top.merged += value if isinstance(value, list) else [value]
            else:
                self._note(top.value, top.key)
                top.value[top.key] = value
            top.key = None

    def _key(self, mapping: dict[str, Any], value: Any) -> str:  # noqa: ANN401 - any tree
        if isinstance(value, (dict, list)):
            raise self._refuse("a key is a mapping or a list", "write text as the key")
        key = as_key(value)
        if key is None:
            raise self._refuse("a key is empty", "write text as the key")
        if key in mapping:
            raise self._refuse(f"the key '{_shown(key)}' stands there twice", "take one of them out")
        return key

    def _with_merged(self, done: _Open) -> dict[str, Any]:
        """Return a mapping with what its `<<` names: what it says itself counts, then what comes first."""
        found: dict[str, Any] = {}
        for other in reversed(done.merged):
            if not isinstance(other, dict):
                raise self._refuse("'<<' takes a mapping, or a list of them", "write an alias of a mapping after it")
            found.update(other)
        own = done.value
        assert isinstance(own, dict)  # noqa: S101 - for the type checker
        found.update(own)
        for key in own:
            self.lines[id(found), key] = self.lines.pop((id(own), key))
        return found

    def _note(self, container: Any, step: Union[str, int]) -> None:  # noqa: ANN401 - any tree
        self.lines[id(container), step] = self._line


def line_of(event: yaml.Event) -> int:
    """Return the line in which an event begins, from 1."""
    return event.start_mark.line + 1 if event.start_mark else 1


_SHOWN = 63


def _shown(key: str) -> str:
    """Return a key as a message has it: not longer than any name of Kubernetes."""
    return key if len(key) <= _SHOWN else f"{key[:_SHOWN]}…"
