"""The words of shell scripts: quotes, substitutions and expansions, read without working them out.

Sources: POSIX' Shell Command Language (2.2 and 2.6), and for `$'…'`, arrays and `<(…)` the manual of bash.
"""

import re
from abc import ABC, abstractmethod

SOMETHING = "\0"
"""What stands for the unknown in a word: no argument of a program can have this character."""

NESTED = 12
"""How deep substitutions, and scripts in scripts, are followed: deeper ones are left unread."""

_BLANKS = re.compile(r"[ \t]*")
_LINE = re.compile(r"[^\n]*")
_SPACE = re.compile(r"(?:[ \t\n]|\\\n|\#[^\n]*)*")
_PLAIN = re.compile(r"""[^ \t\n'"\\$`;&|<>()]+""")
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(\[[^]\n]{0,64}\])?\+?=", re.ASCII)
_SPECIAL = "'\"\\$`"
_VARIABLE = re.compile(r"\w+|[$@*#?!-]", re.ASCII)
_BACKTICKS = re.compile(r"[^`\\]*(?:\\.[^`\\]*)*", re.DOTALL)
_IN_SINGLE_QUOTES = re.compile(r"[^']*")
_IN_QUOTES = re.compile(r'[^"\\$`]+')
IN_DOCUMENT = re.compile(r"[^\\$`]+")
_IN_BRACES = re.compile(r"""[^'"\\$`}]+""")
_IN_QUOTED_BRACES = re.compile(r'[^"\\$`}]+')
_IN_ARITHMETIC = re.compile(r"[^()\\$`]+")
_C_STRING = re.compile(r"[^'\\]*(?:\\.[^'\\]*)*", re.DOTALL)
_C_ESCAPE = re.compile(r"\\(?:([\\'\"?])|x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_C_LETTERS = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Unreadable(Exception):  # noqa: N818 - says what the script is
    """The script ends too early, is no script, or is nested too deep."""


class Words(ABC):
    """Reads words from a script, of which each character is read once."""

    def __init__(self, text: str, depth: int) -> None:
        self._text, self._at, self._depth = text, 0, depth

    @abstractmethod
    def commands(self, end: str) -> None:
        """Read the commands of a substitution, up to the mark that ends them."""

    @abstractmethod
    def script(self, text: str) -> None:
        """Read the commands of a script in this one."""

    def comes(self, text: str) -> bool:
        """Return whether a text comes next, and go behind it if so."""
        found = self._text.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def skip(self) -> None:
        """Go behind blanks, line breaks and comments."""
        self._next(_SPACE)

    def skip_blanks(self) -> None:
        """Go behind the blanks of a line."""
        self._next(_BLANKS)

    def line(self) -> str:
        """Return the rest of a line, and go behind its end."""
        text = self._next(_LINE)
        self.comes("\n")
        return text

    def deeper(self) -> None:
        """Note that a part has begun that can hold others of its kind.

        Raises:
            Unreadable: too many have.
        """
        self._depth += 1
        if self._depth > NESTED:
            raise Unreadable

    def word(self) -> tuple[str, bool]:
        """Return the next word without its quotes, and whether it has none.

        Raises:
            Unreadable: there is none, or it has no end.
        """
        start, parts, plain = self._at, list[str](), True
        while True:
            parts.append(self._next(_PLAIN))
            if self.comes("<(") or self.comes(">("):
                self.commands(")")
                parts.append(SOMETHING)
            elif self._text.startswith("(", self._at) and ASSIGNMENT.fullmatch(self._text, start, self._at):
                self._array()
                parts.append(SOMETHING)
            elif (mark := self._text[self._at : self._at + 1]) and mark in _SPECIAL:
                plain = plain and mark in "$`"
                self._at += 1
                parts.append(self._special(mark))
            else:
                break
        if self._at == start:
            raise Unreadable
        return "".join(parts), plain

    def _next(self, pattern: "re.Pattern[str]") -> str:
        """Return what a pattern matches here, which may be nothing, and go behind it."""
        match = pattern.match(self._text, self._at)
        if not match:
            return ""
        self._at = match.end()
        return match[0]

    def _array(self) -> None:
        self.comes("(")
        self.deeper()
        self.skip()
        while not self.comes(")"):
            self.word()
            self.skip()
        self._depth -= 1

    def _special(self, mark: str) -> str:
        """Return what a quote, a backslash or a substitution stands for, of which the first character is read."""
        if mark == "$":
            if self.comes("'"):
                return _C_ESCAPE.sub(_c_escape, self._up_to(_C_STRING, "'"))
            if not self.comes('"'):
                return self._dollar(_IN_BRACES)
        elif mark == "'":
            return self._up_to(_IN_SINGLE_QUOTES, "'")
        elif mark == "`":
            return self._backticks()
        elif mark == "\\":
            following = self._text[self._at : self._at + 1]
            self._at += 1
            return "" if following == "\n" else following or mark
        return self.quoted(_IN_QUOTES, '"')

    def _up_to(self, pattern: "re.Pattern[str]", end: str) -> str:
        text = self._next(pattern)
        if not self.comes(end):
            raise Unreadable
        return text

    def quoted(self, plain: "re.Pattern[str]", end: str) -> str:
        """Return the text up to a mark, or up to the end of the script, with what is unknown in it."""
        parts = []
        while self._at < len(self._text):
            parts.append(self._next(plain))
            mark = self._text[self._at : self._at + 1]
            self._at += 1
            if mark == end:
                return "".join(parts)
            if mark == "$":
                parts.append(self._dollar(_IN_BRACES if plain is _IN_BRACES else _IN_QUOTED_BRACES))
            elif mark == "\\":
                following = self._text[self._at : self._at + 1]
                self._at += 1
                if following != "\n":
                    parts.append(following if following in ("$", "`", "\\", end) else mark + following)
            elif mark:
                parts.append(self._special(mark))
        if end:
            raise Unreadable
        return "".join(parts)

    def _dollar(self, in_braces: "re.Pattern[str]") -> str:
        """Return what follows a dollar: unknown, or a dollar if nothing that it could mean follows."""
        if self.comes("(("):
            self.arithmetic()
        elif self.comes("("):
            self.commands(")")
        elif self.comes("{"):
            self.deeper()
            self.quoted(in_braces, "}")
            self._depth -= 1
        elif not self._next(_VARIABLE):
            return "$"
        return SOMETHING

    def arithmetic(self) -> None:
        """Read arithmetic up to the two parentheses that end it."""
        self.deeper()
        unclosed = 2
        while unclosed:
            self._next(_IN_ARITHMETIC)
            mark = self._text[self._at : self._at + 1]
            self._at += 1
            if not mark:
                raise Unreadable
            if mark in "()":
                unclosed += 1 if mark == "(" else -1
            else:
                self._special(mark)
        self._depth -= 1

    def _backticks(self) -> str:
        self.script(re.sub(r"\\([$`\\])", r"\1", self._up_to(_BACKTICKS, "`")))
        return SOMETHING


def _c_escape(match: "re.Match[str]") -> str:
    """Return what an escape in `$'…'` stands for."""
    same, sixteen, eight, letter = match.groups()
    if same:
        return str(same)
    if sixteen or eight:
        # Bytes of a longer character are not put together: no program's name has any.
        return chr(int(sixteen, 16) if sixteen else int(eight, 8) & 0xFF)
    return _C_LETTERS.get(letter, SOMETHING)
