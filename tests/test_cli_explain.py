"""`pidshare explain`: the pages of docs/rules, from a checkout and from a wheel, and none of them slowly."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dev.paths import ROOT
from pidshare_components.check import RULES
from pidshare_components.cli.explain import _bold
from tests.test_cli import PIDSHARE

PAGES = ROOT / "docs" / "rules"


def explain(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*PIDSHARE, "explain", *arguments], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done


def test_a_page_is_printed_as_it_is() -> None:
    done = explain("literal-secret")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (PAGES / "literal-secret.md").read_text(encoding="utf-8")


def test_all_rules_are_listed() -> None:
    done = explain()
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)
    (line,) = (line for line in lines if line.startswith("sys-ptrace "))
    assert line.split(maxsplit=3) == ["sys-ptrace", "medium", "advisory", "A container has SYS_PTRACE"]


@pytest.mark.parametrize(
    ("rule", "instead"),
    [
        ("literal-secrets", "did you mean literal-secret?"),
        ("xyz", "pidshare explain lists them"),
        ("README", "pidshare explain lists them"),
        ("../exposure", "pidshare explain lists them"),
        ("Literal-Secret", "did you mean literal-secret?"),
    ],
)
def test_a_rule_that_is_none(rule: str, instead: str) -> None:
    done = explain(rule)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"pidshare: there is no rule '{rule}'; {instead}\n"


def on_a_terminal(rule: str, **environment: str) -> str:
    ours, theirs = pty.openpty()
    base = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM")}
    with subprocess.Popen([*PIDSHARE, "explain", rule], stdout=theirs, env={**base, **environment}) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:
            pass  # the other end is gone
        os.close(ours)
    assert process.returncode == 0
    return shown.decode().replace("\r\n", "\n")


def test_headings_are_bold_on_a_terminal_and_all_else_is_as_it_is() -> None:
    page = (PAGES / "needs-pid-1.md").read_text(encoding="utf-8")
    shown = on_a_terminal("needs-pid-1", TERM="xterm")
    assert shown.startswith("\x1b[1m# needs-pid-1\x1b[0m\n")
    assert shown.count("\x1b[1m") == 1 + page.count("\n## ")
    assert shown.replace("\x1b[1m", "").replace("\x1b[0m", "") == page
    assert on_a_terminal("needs-pid-1", TERM="xterm", NO_COLOR="1") == page


def test_a_comment_in_code_is_no_heading() -> None:
    text = "# a\n```yaml\n# b\n```\n## c\n"
    assert "".join(_bold(text)) == "\x1b[1m# a\x1b[0m\n```yaml\n# b\n```\n\x1b[1m## c\x1b[0m\n"


def test_pages_need_no_pulumi_and_no_yaml() -> None:
    program = """
import sys
sys.argv = ["pidshare", "explain", "host-pid"]
from pidshare_components.__main__ import main
try:
    main()
finally:
    print(sorted({"pulumi", "grpc", "google.protobuf", "yaml", "rich"} & sys.modules.keys()), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_a_wheel_has_every_page(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            _copied(tmp_path),
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            ".",
        ],
        check=True,
        cwd=tmp_path,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        found = {Path(name).stem: archive.read(name) for name in archive.namelist() if "/rules/" in name}
    assert (ROOT / "pidshare_components" / "rules").readlink() == Path("../docs/rules")
    assert found == {file.stem: file.read_bytes() for file in PAGES.glob("*.md")}
    # And it is found there, even without being unpacked.
    program = (
        "from pidshare_components.check import RULES; from pidshare_components.report import read_page; "
        "import pidshare_components; print(pidshare_components.__file__, *map(read_page, RULES.values()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(wheel)!r}); {program}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.startswith(str(wheel))
    assert all(f"# {rule}\n" in done.stdout for rule in RULES)


def _copied(folder: Path) -> Path:
    """Return a folder with what a wheel is made of: building writes beside its sources."""
    source = folder / "source"
    source.mkdir()
    for name in ("pidshare_components", "docs", "pyproject.toml", "README.md", "LICENSE"):
        (source / name).symlink_to(ROOT / name)
    return source
