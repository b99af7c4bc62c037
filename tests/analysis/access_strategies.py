"""Hypothesis strategies: roles, bindings, label selectors and what they are about."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.strategies import Tree

POD_NAMES = ("web", "db", "other")
_DOORS = ["pods/attach", "pods/exec", "pods/ephemeralcontainers"]
# Written as one may think that they work, too.
_RESOURCES = ["pods", "pods/*", "*", "*/attach", "*/exec", "*/ephemeralcontainers", "*/*", "pods/log", "Pods/attach"]
_OF_NODES = ["nodes/proxy", "*/proxy", "*", "nodes", "nodes/*", "nodes/metrics", "pods/proxy"]
_VERBS = ["get", "create", "patch", "update", "*", "list", "GET"]


def _some(values: list[str], most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def _rules(resources: list[str]) -> st.SearchStrategy[Tree]:
    """Return rules of a Role that the API server takes."""
    return st.fixed_dictionaries(
        {
            "apiGroups": st.sampled_from([[""], [""], [""], ["*"], ["apps"], ["apps", ""]]),
            "resources": _some(resources, 3),
            "verbs": _some(_VERBS, 3),
        },
        optional={"resourceNames": st.sampled_from([[], ["web"], ["web", "db"], ["*"], ["web-*"]])},
    )


@st.composite
def roles(draw: st.DrawFn) -> Tree:
    """Return a Role or a ClusterRole, without metadata."""
    kind = draw(st.sampled_from(["Role", "ClusterRole"]))
    rules = _rules([*_DOORS, *_DOORS, *_RESOURCES, *_OF_NODES[:1]])
    return {"kind": kind, "rules": draw(st.lists(rules, min_size=1, max_size=3))}


@st.composite
def roles_for_nodes(draw: st.DrawFn) -> Tree:
    """Return a ClusterRole that has to do with nodes, without metadata."""
    return {"kind": "ClusterRole", "rules": draw(st.lists(_rules(_OF_NODES), min_size=1, max_size=2))}


_KEYS = ["app", "tier", "example.com/team"]
_VALUES = ["", "a", "b", "c"]
labels = st.dictionaries(st.sampled_from(_KEYS), st.sampled_from(_VALUES))
"""Labels, few enough to meet."""
_with_values = st.fixed_dictionaries(
    {
        "key": st.sampled_from(_KEYS),
        "operator": st.sampled_from(["In", "NotIn"]),
        "values": st.lists(st.sampled_from(_VALUES), min_size=1, max_size=3, unique=True),
    }
)
_without: st.SearchStrategy[Tree] = st.fixed_dictionaries(
    {"key": st.sampled_from(_KEYS), "operator": st.sampled_from(["Exists", "DoesNotExist"])},
    optional={"values": st.just([])},
)
selectors = st.fixed_dictionaries(
    {},
    optional={
        "matchLabels": st.dictionaries(st.sampled_from(_KEYS), st.sampled_from(_VALUES), max_size=2),
        "matchExpressions": st.lists(st.one_of(_with_values, _without), max_size=2),
    },
)
"""Label selectors that the API server takes."""
_some_operator = st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist", "in", "Equals", ""])
any_selectors = st.one_of(
    selectors,
    st.fixed_dictionaries(
        {
            "matchExpressions": st.lists(
                st.fixed_dictionaries(
                    {"key": st.sampled_from(_KEYS), "operator": _some_operator},
                    optional={"values": st.lists(st.sampled_from(_VALUES), max_size=2, unique=True)},
                ),
                min_size=1,
                max_size=2,
            )
        }
    ),
)
"""Label selectors that it takes, and such that it refuses."""
