"""The grammar of shell scripts, as far as it takes to tell their simple commands.

Sources: POSIX' Shell Command Language (2.9 and 2.10), and for what it lacks the manual of bash. A script that no shell
would accept is read up to the mistake. Reading takes time in proportion to the script, whatever is in it.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field

from pidshare_components.analysis.quoting import ASSIGNMENT, IN_DOCUMENT, Unreadable, Words

_TOKEN = re.compile(
    r"(?:[ \t]|\\\n)*"
    r"(?:(?P<comment>\#[^\n]*)"
    r"|(?P<case>;;&?|;&)"
    r"|(?P<end>\n|;|&&|\|\||\|&?|&(?!>))"
    r"|(?P<open>\()|(?P<close>\))"
    r"|(?P<document>[0-9]*<<-?(?!<))"
    r"|(?P<redirect>[0-9]*(?:<<<|<>|<&|<(?!\()|>>|>&|>\||>(?!\())|&>>?))?"
)
_RESERVED = frozenset(("if", "then", "elif", "else", "fi", "while", "until", "do", "done", "{", "}", "!", "coproc"))


@dataclass
class Simple:
    """A simple command of the grammar.

    Attributes:
        words: the program and its arguments.
        others: assignments, targets of redirections, what a loop runs over.
        documents: texts of its here-documents and here-strings.
    """

    words: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)


def simple_commands(text: str, depth: int = 0) -> list[Simple]:
    """Return the simple commands of a script, those in its substitutions before the command that has them.

    Args:
        text: the script; `SOMETHING` may stand in it for what is not known.
        depth: how deep in others it is.
    """
    return _Reader(text, depth).read()


@dataclass
class _State:
    """Where in a list of commands the reader is.

    Attributes:
        simple: the command that is being read.
        data: whether its words are no program and arguments.
        inside: the unfinished `case` and `(`.
    """

    simple: Simple = field(default_factory=Simple)
    data: bool = False
    inside: list[str] = field(default_factory=list)


class _Reader(Words):
    """Reads a script once from its beginning to its end, and collects the simple commands in it."""

    def __init__(self, text: str, depth: int) -> None:
        super().__init__(text, depth)
        self._found: list[Simple] = []
        self._waiting: list[tuple[str, bool, bool, Simple]] = []

    def read(self) -> list[Simple]:
        """Return the commands of the whole script, or of what of it can be read."""
        with suppress(Unreadable):
            self.commands("")
        return self._found

    def script(self, text: str) -> None:
        """Read the commands of a script in this one."""
        self._found += simple_commands(text, self._depth)

    def commands(self, end: str) -> None:
        """Read commands up to the parenthesis that ends them, or to the end of the script."""
        self.deeper()
        state = _State()
        while self._step(state, end):
            pass
        self._depth -= 1

    def _step(self, state: _State, end: str) -> bool:
        """Read an operator or a word, and return whether there may be more."""
        match = _TOKEN.match(self._text, self._at)
        kind = match.lastgroup if match else None
        mark = match[kind] if match and kind else ""
        self._at = match.end() if match else self._at
        if kind == "close" or (kind is None and self._at >= len(self._text)):
            return self._closed(state, end, mark)
        if kind is None:
            self._take_word(state)
        elif kind in ("end", "case"):
            self._finish(state)
            if mark == "\n":
                self._documents()
            elif kind == "case" and state.inside and state.inside[-1] == "case":
                self._patterns(state.inside)
        elif kind == "open":
            self._opened(state)
        elif kind != "comment":
            self._redirection(kind, mark, state.simple)
        return True

    def _finish(self, state: _State) -> None:
        simple = state.simple
        if simple.words or simple.others or simple.documents:
            self._found.append(simple)
        state.simple, state.data = Simple(), False

    def _closed(self, state: _State, end: str, mark: str) -> bool:
        """Finish a subshell, or this list of commands; return whether there may be more."""
        self._finish(state)
        while mark and state.inside and state.inside[-1] != "(":
            state.inside.pop()
        if mark and state.inside:
            state.inside.pop()
            return True
        if mark != end:
            raise Unreadable
        return False

    def _opened(self, state: _State) -> None:
        """Read what follows an opening parenthesis: a subshell, arithmetic, or the empty ones of a function."""
        if state.simple.words:
            # A function's name came before, and its body is a command like any other.
            self.skip()
            if not self.comes(")"):
                raise Unreadable
            state.simple.words.clear()
        elif self.comes("("):
            self.arithmetic()
        else:
            state.inside.append("(")

    def _take_word(self, state: _State) -> None:
        assignment = ASSIGNMENT.match(self._text, self._at)
        simple = state.simple
        word, plain = self.word()
        if state.data or (assignment and not simple.words):
            simple.others.append(word)
        elif simple.words or simple.others or not plain:
            simple.words.append(word)
        elif word == "case":
            self._case(state.inside)
        elif word == "esac":
            if state.inside and state.inside[-1] == "case":
                state.inside.pop()
        elif word in ("for", "select"):
            state.data = True
        elif word == "function":
            self.skip()
            self.word()
        elif word == "[[":
            self._condition(simple)
        elif word not in _RESERVED:
            simple.words.append(word)

    def _case(self, inside: list[str]) -> None:
        self.skip()
        self._found.append(Simple(others=[self.word()[0]]))
        self.skip()
        if self.word()[0] != "in":
            raise Unreadable
        inside.append("case")
        self._patterns(inside)

    def _patterns(self, inside: list[str]) -> None:
        """Read the patterns of a case up to their parenthesis, or the end of all cases."""
        self.skip()
        first = not self.comes("(")
        while True:
            self.skip()
            if self.comes(")"):
                return
            if not self.comes("|"):
                word, plain = self.word()
                if first and plain and word == "esac":
                    inside.pop()
                    return
            first = False

    def _condition(self, simple: Simple) -> None:
        """Read bash's `[[ … ]]`, in which operators are words."""
        simple.words.append("[[")
        while simple.words[-1] != "]]":
            self.skip()
            if not any(self.comes(operator) for operator in "<>&|()"):
                simple.words.append(self.word()[0])

    def _redirection(self, kind: str, mark: str, simple: Simple) -> None:
        self.skip_blanks()
        word, plain = self.word()
        if kind == "document":
            self._waiting.append((word, mark.endswith("-"), plain, simple))
        elif mark.endswith("<<<"):
            simple.documents.append(word)
        else:
            simple.others.append(word)

    def _documents(self) -> None:
        """Read the here-documents whose first line comes now."""
        for end, indented, plain, simple in self._waiting:
            lines = []
            while self._at < len(self._text):
                line = self.line()
                line = line.lstrip("\t") if indented else line
                if line == end:
                    break
                lines.append(f"{line}\n")
            body = "".join(lines)
            if plain:
                reader = _Reader(body, self._depth)
                with suppress(Unreadable):
                    body = reader.quoted(IN_DOCUMENT, "")
                self._found += reader._found
            simple.documents.append(body)
        self._waiting.clear()
