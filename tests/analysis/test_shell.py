"""Which programs a command line runs: tables, and a real shell that is asked which words it hands over."""

import shlex
import subprocess
import sys
from typing import Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidshare_components.analysis.quoting import SOMETHING
from pidshare_components.analysis.shell import commands, expand, program
from pidshare_components.analysis.tree import UNKNOWN


def run_by(script: str) -> list[tuple[str, ...]]:
    """Return the words of what a script runs."""
    return [line.words for line in commands(["sh", "-c", script])[1:] if line.words]


KILL = ("kill", "1")


@pytest.mark.parametrize(
    ("argv", "last"),
    [
        (["kill", "1"], KILL),
        (["/bin/sh", "-c", "kill 1"], KILL),
        (["sh", "-ec", "kill 1"], KILL),
        (["bash", "-eu", "-o", "pipefail", "-c", "kill 1"], KILL),
        (["bash", "-euxo", "pipefail", "-c", "kill 1"], KILL),
        (["bash", "-o", "pipefail", "-ec", "kill 1", "name", "argument"], KILL),
        (["bash", "--norc", "--rcfile", "/etc/x", "-lc", "kill 1"], KILL),
        (["dash", "+e", "-c", "--", "kill 1"], KILL),
        (["ash", "-c", "sh -c 'bash -c \"kill 1\"'"], KILL),
        (["/bin/busybox", "sh", "-c", "kill 1"], KILL),
        (["exec", "-a", "name", "kill", "1"], KILL),
        (["env", "-i", "-u", "A", "B=c", "--unset", "D", "kill", "1"], KILL),
        (["env", "--", "A=b", "kill", "1"], KILL),
        (["nohup", "nice", "-n", "5", "ionice", "-c2", "-n", "7", "kill", "1"], KILL),
        (["nice", "-5", "kill", "1"], KILL),
        (["timeout", "-k", "5", "-s", "KILL", "10", "kill", "1"], KILL),
        (["timeout", "--signal=KILL", "--kill-after", "5", "10", "kill", "1"], KILL),
        (["setsid", "-w", "su-exec", "app:app", "kill", "1"], KILL),
        (["gosu", "app", "setpriv", "--reuid=1000", "--regid", "1000", "--clear-groups", "kill", "1"], KILL),
        (["chroot", "--userspec=1:1", "/host", "kill", "1"], KILL),
        (["sudo", "-E", "-u", "root", "A=b", "kill", "1"], KILL),
        (["tini", "-g", "-p", "SIGTERM", "--", "dumb-init", "-c", "-r", "15:3", "catatonit", "--", "kill", "1"], KILL),
        (["stdbuf", "-oL", "time", "-p", "command", "kill", "1"], KILL),
        (["flock", "-w", "5", "/lock", "kill", "1"], KILL),
        (["flock", "/lock", "-c", "kill 1"], KILL),
        (["su", "-s", "/bin/sh", "app", "-c", "exec kill 1"], KILL),
        (["runuser", "-u", "app", "--", "kill", "1"], KILL),
        (["nsenter", "-t", "7", "-m", "--", "kill", "1"], KILL),
        (["sh", "-c", "eval 'kill' 1"], KILL),
        (["sh", "-c", "trap 'kill 1' EXIT"], KILL),
        (["sh", "-c", "trap -- 'kill 1' EXIT"], KILL),
        (["sh", "-c", "ls | xargs -n 1 -I{} kill -9"], ("kill", "-9", SOMETHING)),
    ],
)
def test_a_program_is_found_behind_shells_and_wrappers(argv: list[str], last: tuple[str, ...]) -> None:
    found = commands(argv)
    assert found[0].words == tuple(argv)
    assert found[-1].words == last


@pytest.mark.parametrize(
    "argv",
    [
        ["sh", "kill", "1"],  # a file of that name
        ["sh", "-e", "kill", "-c"],
        ["command", "-v", "kill"],
        ["taskset", "-p", "kill"],
        ["unshare", "--pid", "--fork", "kill", "1"],  # in a namespace of its own
        ["env"],
        ["timeout", "kill"],
        ["echo", "kill", "1"],
        [],
    ],
)
def test_what_only_looks_like_a_program_that_is_run_is_none(argv: list[str]) -> None:
    assert [line.words[0] for line in commands(argv) if line.words] == argv[:1]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("a; b && c || d | e |& f & g\nh", [("a",), ("b",), ("c",), ("d",), ("e",), ("f",), ("g",), ("h",)]),
        ("(a; (b)) && { c; }", [("a",), ("b",), ("c",)]),
        ("if a; then b; elif ! c; then d; else e; fi; f", [("a",), ("b",), ("c",), ("d",), ("e",), ("f",)]),
        ("while a; do b; done; until c; do d; done < file", [("a",), ("b",), ("c",), ("d",)]),
        ("for x in if do; do a; done; for y\ndo b; done", [("a",), ("b",)]),
        ("for ((i=0; i<3; i++)); do a; done", [("a",)]),
        ("case $x in a|'b') c;; (esac) d ;& *) e ;; esac; f", [("c",), ("d",), ("e",), ("f",)]),
        ("$(case x in x) a;; esac; b)", [("a",), ("b",), (SOMETHING,)]),
        ("f() { a; }; function g { b; }; h () (c)", [("a",), ("b",), ("c",)]),
        ("echo if then; then a", [("echo", "if", "then"), ("a",)]),
        ("'if' a", [("if", "a")]),
        ("a b#c # d\ne", [("a", "b#c"), ("e",)]),
        ("a\\\n b \\\n  c", [("a", "b", "c")]),
        ('a \'b c\' "d e" f\\ g "h\\"i" \'j\'"k"l', [("a", "b c", "d e", "f g", 'h"i', "jkl")]),
        ('a "\\x" \'\\x\' \\x "b\\\nc"', [("a", "\\x", "\\x", "x", "bc")]),
        ("a '' \"\"", [("a", "", "")]),
        (r"a $'b\n\x41\101\'c' $", [("a", "b\nAA'c", "$")]),
        ('a $b ${c} x$1 "$@y" ${d:-}', [("a", *[SOMETHING] * 2, f"x{SOMETHING}", f"{SOMETHING}y", SOMETHING)]),
        ("a $(b c) `d`", [("b", "c"), ("d",), ("a", SOMETHING, SOMETHING)]),
        ('a "$(b "$(c)")" `d \\`e\\``', [("c",), ("b", SOMETHING), ("e",), ("d", SOMETHING), ("a", *[SOMETHING] * 2)]),
        ('a ${x:-$(b)} "${y:-it\'s}"', [("b",), ("a", SOMETHING, SOMETHING)]),
        ("a $((1 << 2)) $(( ($(b)) + 1 )); ((c<<2)); d", [("b",), ("a", SOMETHING, SOMETHING), ("d",)]),
        ("[[ $x && ( a > 1 ) ]] && b", [("[[", SOMETHING, "a", "1", "]]"), ("b",)]),
        ("a=(b c) d <(e) >(f)", [("e",), ("f",), ("d", SOMETHING, SOMETHING)]),
        ("A=b C+=d e F=g", [("e", "F=g")]),
        ("a >b 2>&1 <c >>d &>e >|f 3<>g h", [("a", "h")]),
        ("a <<X; b\nc $(d)\nX\ne", [("a",), ("b",), ("d",), ("e",)]),
        ("a <<'X' 2<<-Y\nc $(d)\nX\n\tg\n\tY\ne", [("a",), ("e",)]),
        ("sh <<X && b\nc\nX\nd", [("sh",), ("c",), ("b",), ("d",)]),
        ("cat <<X\nkill 1", [("cat",)]),
        ("sh -s <<< 'a b'", [("sh", "-s"), ("a", "b")]),
        ("sudo bash <<X\na\nX", [("sudo", "bash"), ("bash",), ("a",)]),
    ],
)
def test_the_commands_of_a_script(script: str, words: list[tuple[str, ...]]) -> None:
    assert run_by(script) == words


@pytest.mark.parametrize("rest", ["'b", '"b', "`b", "$(b", "${b", "$((1", "b)", "b (", "<(b", "case x", "[[ a", "a=("])
def test_what_comes_before_a_mistake_is_read(rest: str) -> None:
    assert run_by(f"kill 1\na {rest}")[0] == KILL


@pytest.mark.parametrize(
    ("script", "others"),
    [
        ("a > /proc/1/fd/1 2>&1", ("/proc/1/fd/1", "1")),
        ("A=/proc/1/environ b", ("A=/proc/1/environ",)),
        ("> file", ("file",)),
        ("for x in /a /b; do :; done", ("x", "in", "/a", "/b")),
        ("case /a in b) ;; esac", ("/a",)),
    ],
)
def test_words_that_are_no_arguments_are_kept_apart(script: str, others: tuple[str, ...]) -> None:
    assert commands(["sh", "-c", script])[1].others == others


def test_a_script_is_told_from_other_words() -> None:
    assert [line.script for line in commands(["sh", "-c", "eval 'a b'", "eval"])] == ["eval 'a b'", "a b", ""]


@pytest.mark.parametrize(
    "argv", [[UNKNOWN, "-c", "kill 1"], ["sh", UNKNOWN, "kill 1"], ["sh", "-c", UNKNOWN], ["env", UNKNOWN, "kill", "1"]]
)
def test_an_unknown_word_is_no_guess(argv: list[object]) -> None:
    assert KILL not in [line.words for line in commands(argv)]


def test_an_unknown_word_is_one_word() -> None:
    assert commands(["kill", UNKNOWN, "1"])[0].words == ("kill", SOMETHING, "1")
    assert run_by(f"kill {SOMETHING}; a") == [("kill", SOMETHING), ("a",)]


words = st.text(st.characters(exclude_characters="\0"), max_size=6)


@given(st.lists(words, max_size=5))
@settings(deadline=None)
def test_quoted_words_come_back(arguments: list[str]) -> None:
    argv = ["program", *arguments]
    assert run_by(shlex.join(argv)) == [tuple(argv)]
    assert run_by(f"sh -c {shlex.quote(shlex.join(argv))}")[-1] == tuple(argv)


PIECES = [
    *"'\"\\`$(){}<>;&|#=!\n \t-[]*?~",
    *("$(", "${", "$((", "))", "<<E\n", "\nE\n", "<<-E", "<<<", "case ", " in ", "esac", "if ", "then ", "fi", "do "),
    *("for ", "done", "a", "1", "=(", "[[ ", " ]]", "sh -c ", "eval ", "trap ", "env ", "kill ", "$'", ";;", SOMETHING),
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=2)), max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_script_is_too_much(pieces: list[str]) -> None:
    for line in commands(["sh", "-c", "".join(pieces)]):
        assert all(isinstance(word, str) for word in (*line.words, *line.others))


@given(st.lists(st.one_of(st.sampled_from(["-c", "-o", "--", "-", "+", "sh", "env", "su", "flock", "a=b"]), words)))
@settings(deadline=None)
def test_no_command_line_is_too_much(argv: list[str]) -> None:
    assert commands(argv)[0].words == tuple(argv)


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "( ",
            "(",
            "((",
            "$(",
            "${",
            "`",
            "\\",
            "\\`",
            '"',
            "'a'",
            '"$(',
            "<(",
            "a=(",
            "{ ",
            "a;",
            "a ",
            "a[ ",
            "f() ",
        ),
        *("<<a ", "cat <<a\n", "case a in b) ", "( case a in ", "if ", "[[ ", "$((", "eval ", "env ", "env 'a b' "),
        *("sh -c ", "trap ", "a #b\n", "`\\`", "( a ) ", "a=$(b) ", "${a:-", '"${a:-"', "$'\\x", "1", "A=", "xargs "),
    ],
)
@pytest.mark.timeout(120)  # a regular expression that goes back and forth over 100 kB takes longer
def test_reading_takes_steps_in_proportion_to_the_script(piece: str) -> None:
    def steps(length: int) -> int:
        """Return how many functions are called, Python's own among them."""
        argv = ["sh", "-c", piece * (length // len(piece)) + "\nkill 1"]
        count = 0

        def note(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(note)
        try:
            commands(argv)
        finally:
            sys.setprofile(None)
        return count

    # Four times as long takes four times as many; sixteen times if they were quadratic.
    assert steps(100_000) < 5 * steps(25_000) + 1000


SAFE = st.text("abcXYZ019_./:%+,@^-", min_size=1, max_size=5)
TEXTS = st.text(st.sampled_from("abz 019'\"\\$`;&|<>(){}#*?[]~!=\té"), max_size=5)


def in_double_quotes(text: str) -> str:
    return '"' + "".join(f"\\{sign}" if sign in '"\\$`' else sign for sign in text) + '"'


def escaped(text: str) -> str:
    return "".join(f"\\{sign}" for sign in text)


ARGUMENTS = st.lists(
    st.one_of(
        SAFE,
        TEXTS.map(shlex.quote),
        TEXTS.map(in_double_quotes),
        TEXTS.filter(bool).map(escaped),
        st.sampled_from(["\\\n", "a\\\nb"]).map(lambda break_: f"c{break_}d"),
    ),
    min_size=1,
    max_size=3,
).map("".join)
SIMPLE = st.builds(
    lambda before, arguments, after: " ".join([*before, "p", *arguments, *after]),
    st.lists(st.sampled_from(["A=b", "C='d e'", "2>&1", "E=$((1 << 2))"]), max_size=2),
    st.lists(ARGUMENTS, max_size=3),
    st.lists(st.sampled_from([">/dev/null", "2>&1", "</dev/null", "# p 'comment"]), max_size=1),
)


COMPOUNDS = [
    "{a}\n{b}",
    "if {a}\nthen {b}\nfi",
    "{{ {a}\n}} && ( {b}\n)",
    "( {a}\n) | {{ {b}\n}}",
    "case x in y|z) p no ;; (x) {a}\n;; esac\n{b}",
    "for x in 'a b'; do {a}\ndone",
    'p "$( {a}\n)" >/dev/null',
    "eval {quoted}",
    "( trap {quoted} EXIT\n)",
    ": <<'E' && p same line\np not 'this\nE\n{a}",
    "f() {{ {a}\n}}; f",
    "while {a}\nbreak; do p no; done",
    "! {{ {a}\n}} || {b}",
]


@st.composite
def scripts(draw: st.DrawFn, depth: int = 3) -> str:
    """Return a script in which each command but `p no` runs once."""
    if not depth or draw(st.booleans()):
        return draw(SIMPLE)
    first, second = draw(scripts(depth - 1)), draw(scripts(depth - 1))
    return draw(st.sampled_from(COMPOUNDS)).format(a=first, b=second, quoted=shlex.quote(first))


def asked(script: str) -> list[str]:
    """Return the arguments with which a shell calls `p` while it runs a script, `<` and `>` around each."""
    stub = "p() { printf '%s\\n' \"$(printf '<%s>' \"$@\")\" >&9; }"
    argv = ["sh", "-c", f"exec 9>&1 >/dev/null 2>&1\n{stub}\n{script}\nwait"]
    return sorted(subprocess.run(argv, capture_output=True, check=False, timeout=60).stdout.decode().splitlines())


@given(scripts())
@settings(max_examples=60, deadline=None)
def test_a_real_shell_runs_the_same_commands_with_the_same_words(script: str) -> None:
    read = [line.words[1:] for line in commands(["sh", "-c", script])[1:] if line.words[:1] == ("p",)]
    # What is not known here is nothing there: `p` writes nothing to where substitutions read.
    seen = ["".join(f"<{word}>" for word in words or ("",)).replace(SOMETHING, "") for words in read]
    assert sorted(words for words in seen if words != "<no>") == asked(script)


@pytest.mark.parametrize(
    ("word", "variables", "expanded"),
    [
        ("a$(B)c", {"B": "x"}, "axc"),
        ("$(B)$(C)", {"B": "x", "C": "y"}, "xy"),
        ("$$(B)", {"B": "x"}, "$(B)"),
        ("$$$(B)", {"B": "x"}, "$x"),
        ("kill $$", {}, "kill $"),
        ("$(hostname) $(B", {"B": "x"}, "$(hostname) $(B"),
        ("$B ${B} $", {"B": "x"}, "$B ${B} $"),
        ("$(B)", {"B": None}, SOMETHING),
        ("$(B)", {"B": "$(B)$$"}, "$(B)$$"),
    ],
)
def test_kubernetes_expands_its_own_references(word: str, variables: dict[str, Optional[str]], expanded: str) -> None:
    assert expand(word, variables) == expanded


def test_variables_of_variables_do_not_grow_without_end() -> None:
    value, variables = "x" * 1000, dict[str, Optional[str]]()
    for index in range(40):
        variables["A"] = value
        value = expand("$(A)$(A)", variables)
        assert len(value) < 3_000_000, index


@pytest.mark.parametrize(("word", "name"), [("/usr/bin/kill", "kill"), ("kill", "kill"), ("a/", ""), ("", "")])
def test_a_program_is_called_by_its_last_part(word: str, name: str) -> None:
    assert program(word) == name
