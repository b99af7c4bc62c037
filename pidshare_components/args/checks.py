"""The rules that only more than one field shows, all of them."""

from typing import Any

from pidshare_components.args import analysis_rules, container_rules, pod_rules
from pidshare_components.args.tree import Problems, snake_case


def mistakes(given: Any) -> Problems:  # noqa: ANN401 - whatever was given as arguments
    """Yield the mistakes that the arguments of a pod show as a whole.

    Args:
        given: the arguments as a plain tree, see `plain_tree`; camelCase keys are understood.
    """
    if not isinstance(given, dict):
        return
    args = snake_case(given)
    for rule in (*container_rules.RULES, *pod_rules.RULES, *analysis_rules.RULES):
        yield from rule(args)
