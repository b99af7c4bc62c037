"""The rules that only more than one field shows, all of them."""

from typing import Any

from pidshare_components.args import (
    analysis_rules,
    container_rules,
    kind_rules,
    log_handler_rules,
    pod_rules,
    reloader_rules,
)
from pidshare_components.args.kinds import Kind
from pidshare_components.args.tree import Problems, snake_case


def mistakes(given: Any, kind: Kind) -> Problems:  # noqa: ANN401 - whatever was given as arguments
    """Yield the mistakes that the arguments of a component show as a whole.

    Args:
        given: the arguments as a plain tree, see `plain_tree`; camelCase keys are understood.
        kind: of the object that makes the pods.
    """
    if not isinstance(given, dict):
        return
    args = snake_case(given)
    helper_rules = (*log_handler_rules.RULES, *reloader_rules.RULES)
    for rule in (*container_rules.RULES, *pod_rules.RULES, *helper_rules, *analysis_rules.RULES):
        yield from rule(args)
    for rule_of_kind in kind_rules.RULES:
        yield from rule_of_kind(args, kind)
