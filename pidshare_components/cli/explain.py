"""`pidshare explain`: the page of a rule, and the list of all rules."""

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pidshare_components.cli.output import BAD_INPUT, complain_of, print_out
from pidshare_components.cli.terminal import has_color

if TYPE_CHECKING:
    from pidshare_components.analysis.rule import Rule

_FENCE = "```"


def explain(
    rule: Annotated[Optional[str], typer.Argument(help="Id of a rule. (default: list all)", show_default=False)] = None,
) -> None:
    """Print what a rule finds, why that is bad, and what to write instead."""
    from pidshare_components.check import RULES  # noqa: PLC0415 - most commands need none
    from pidshare_components.report import read_page  # noqa: PLC0415 - most commands need none

    if rule is None:
        print_out("".join(f"{line}\n" for line in _listed(list(RULES.values()))))
        return
    if rule not in RULES:
        close = difflib.get_close_matches(rule, RULES, n=1)
        instead = f"did you mean {close[0]}?" if close else "pidshare explain lists them"
        complain_of(f"there is no rule '{rule}'; {instead}")
        raise typer.Exit(BAD_INPUT)
    text = read_page(RULES[rule])
    print_out("".join(_bold(text)) if has_color() else text)


def _listed(rules: "list[Rule]") -> Iterator[str]:
    from pidshare_components.check import default_level  # noqa: PLC0415 - most commands need none

    widest = max(len(rule.id) for rule in rules)
    for rule in rules:
        yield f"{rule.id:<{widest}}  {rule.severity.value:<6}  {default_level(rule).value:<9}  {rule.title}"


def _bold(text: str) -> Iterator[str]:
    """Yield the lines of Markdown with headings in bold; in code a line may begin as one does."""
    is_code = False
    for line in text.splitlines(keepends=True):
        is_code ^= line.startswith(_FENCE)
        is_heading = line.startswith("#") and not is_code
        yield f"\x1b[1m{line.rstrip()}\x1b[0m\n" if is_heading else line
