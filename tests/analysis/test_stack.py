"""What several objects come to together: what holds of all rules."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pidshare_components.analysis.objects import pods_in
from pidshare_components.analysis.result import analyse
from pidshare_components.analysis.selectors import Selector
from pidshare_components.analysis.stack import RULES, Stack
from pidshare_components.analysis.tree import Path, SpecError, Tree, format_path
from pidshare_components.analysis.ways import Way
from tests.analysis.access_strategies import labels, roles, selectors
from tests.analysis.stack_trees import (
    APP,
    ATTACH,
    EVERYONE,
    FROM,
    OTHER_USER,
    PASSWORD,
    SECRET,
    TEAM,
    TRACER,
    binding,
    certain,
    config_map,
    env,
    env_from,
    mounted,
    pod,
    policy,
    projected,
    role,
    stack_of,
    volume,
    workload,
)
from tests.analysis.unknowns import contradicts, with_unknowns


def test_the_rules_have_names_of_their_own() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES) == 4


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (policy("app=web"), "items[1].spec.podSelector: must be a mapping"),
        ({"kind": "NetworkPolicy", "spec": []}, "items[1].spec: must be a mapping"),
        (config_map({"PORT": 80}), "items[1].data.PORT: must be text; write it in quotes"),
        ({"kind": "Role", "rules": "all"}, "items[1].rules: must be a list"),
        ({"kind": "RoleBinding", "roleRef": []}, "items[1].roleRef: must be a mapping"),
        ({"kind": "ConfigMap", "metadata": {"name": 1}}, "items[1].metadata.name: must be text"),
    ],
)
def test_what_is_malformed_is_refused_at_its_place_in_the_document(tree: Tree, said: str) -> None:
    with pytest.raises(SpecError) as raised:
        Stack().add(tree, ("items", 1), None)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (pod(own={"version": 1}), "metadata.labels.version: must be text; write it in quotes"),
        (pod({**APP, "stdin": "true"}), "spec.containers[0].stdin: must be true or false"),
        (pod({**APP, "tty": 1}), "spec.containers[0].tty: must be true or false"),
        (pod(env(key=7)), "env[0].valueFrom.configMapKeyRef.key: must be text"),
        (pod(volumes=volume(items={})), "spec.volumes[0].configMap.items: must be a list"),
        (pod(volumes=volume(items=[{"key": "a", "path": 7}])), "configMap.items[0].path: must be text"),
        (pod(volumes=projected(name=[])), "projected.sources[0].configMap.name: must be text"),
    ],
)
def test_a_pod_is_refused_where_it_has_another_type_than_these_rules_read(tree: Tree, said: str) -> None:
    with pytest.raises(SpecError) as raised:
        stack_of(tree)
    assert said in str(raised.value)


def test_paths_begin_at_the_top_of_the_document_and_origins_come_back() -> None:
    stack = Stack()
    items = {"kind": "List", "items": [SECRET, workload("Deployment"), pod(env(), TRACER)]}
    for origin, each in zip("ab", pods_in(items), strict=True):
        stack.add_pod(analyse(each), origin)
    stack.add(SECRET, ("items", 0), "c")
    stack.add(binding(EVERYONE, to="edit", role_kind="ClusterRole"), (), "d")
    told = {(each.origin, each.finding.rule.id, format_path(each.finding.path)) for each in stack.findings()}
    assert told == {
        ("a", "attach-access", "items[1].metadata.name"),
        ("a", "no-network-policy", "items[1].spec.template.metadata.labels"),
        ("b", "attach-access", "items[2].metadata.name"),
        ("b", "no-network-policy", "items[2].metadata.labels"),
        ("c", "secret-in-config-map", "items[0].data.DB_PASSWORD"),
        ("d", "attach-for-everyone", "subjects[0]"),
    }


namespaces = st.sampled_from(["", "here", "there"])


@st.composite
def stacks(draw: st.DrawFn) -> list[Tree]:
    """Return pods, and objects that have to do with them or not."""
    volumes = draw(st.sampled_from([volume(), projected(), volume(items=[{"key": "DB_PASSWORD", "path": "a"}])]))
    users = st.sampled_from([env(), env_from(), mounted(), mounted(subPath="DB_PASSWORD"), APP])
    readers = st.sampled_from([TRACER, OTHER_USER, {**TRACER, "envFrom": [FROM]}])
    trees = [
        pod(draw(users), draw(readers), name=name, namespace=draw(namespaces), own=draw(labels), volumes=volumes)
        for name in ("web", "db")
    ]
    directions = st.fixed_dictionaries(
        {}, optional={"policyTypes": st.sampled_from([["Egress"], ["Ingress", "Egress"]]), "egress": st.just([{}])}
    )
    trees += [policy(draw(selectors), draw(namespaces), draw(directions)) for _ in range(draw(st.integers(0, 2)))]
    for index in range(draw(st.integers(0, 2))):
        name, namespace = f"way-{index}", draw(namespaces)
        own = draw(roles())
        metadata = {"name": name, "namespace": namespace}
        added = {f"rbac.authorization.k8s.io/aggregate-to-{draw(st.sampled_from(['view', 'edit', 'none']))}": "true"}
        trees.append({**own, "metadata": {**metadata, "labels": added}})
        whom = draw(st.sampled_from([TEAM, EVERYONE]))
        to = draw(st.sampled_from([(own["kind"], name), ("ClusterRole", "view")]))
        trees.append(binding(whom, to=to[1], role_kind=to[0], namespace=draw(namespaces)))
    return [*trees, config_map(PASSWORD, namespace=draw(namespaces))]


_OPEN = frozenset(
    (
        *("namespace", "labels", "shareProcessNamespace", "hostNetwork", "key", "items", "defaultMode", "subPath"),
        *("podSelector", "matchLabels", "matchExpressions", "operator", "values", "apiGroups", "resources", "verbs"),
        *("resourceNames", "policyTypes", "egress"),
    )
)


def may_be_unknown(path: Path) -> bool:
    """Return whether a value may be unknown: what tells things apart is always known here."""
    steps = [step for step in path if isinstance(step, str)]
    own_name = steps[-1:] == ["name"] and steps[-2:-1] in (
        ["metadata"],
        ["roleRef"],
        ["configMapRef"],
        ["configMapKeyRef"],
    )
    return bool(steps) and (steps[-1] in _OPEN or own_name or steps[-2:-1] == ["labels"])


def by_object(trees: list[Tree]) -> dict[Any, bool]:
    return {
        (each.finding.rule.id, each.origin, each.finding.path): each.finding.certain
        for each in stack_of(*trees).findings()
    }


@settings(max_examples=300)
@given(stacks(), st.data())
def test_what_is_certain_stays_so_whatever_the_unknown_values_are(trees: list[Tree], data: st.DataObject) -> None:
    unknown = with_unknowns(data, trees, may_be_unknown)
    assert contradicts(by_object(unknown), by_object(trees)) == []


@given(stacks(), st.randoms(use_true_random=False))
def test_the_order_in_which_objects_are_added_decides_nothing(trees: list[Tree], random: Any) -> None:  # noqa: ANN401 - Random
    indices = list(range(len(trees)))
    random.shuffle(indices)
    shuffled = by_object([trees[index] for index in indices])
    assert {(rule, indices[origin], path): each for (rule, origin, path), each in shuffled.items()} == by_object(trees)


class Watched(dict[str, Any]):
    """A tree that can be seen to be gone."""


def test_nothing_is_kept_of_an_object_but_facts() -> None:
    stack = Stack()
    trees = [Watched(ATTACH), Watched(binding(TEAM)), Watched(policy({"matchLabels": {"app": "web"}})), Watched(SECRET)]
    whole = pod(env(), TRACER, own={"app": "web"})
    spec = Watched(whole["spec"])
    (found_pod,) = pods_in({**whole, "spec": spec})
    analysis = analyse(found_pod)
    gone = [weakref.ref(each) for each in (*trees, spec, analysis)]
    stack.add_pod(analysis, None)
    for tree in trees:
        stack.add(tree, (), None)
    del trees, tree, whole, spec, found_pod, analysis
    gc.collect()
    assert [ref() for ref in gone] == [None] * len(gone)
    assert {each.finding.rule.id for each in stack.findings()} == {"attach-access", "secret-in-config-map"}


def by_labels(index: int, shared: Tree) -> Tree:
    return {"matchLabels": {**shared, "app": f"app-{index}"}}


def by_values(index: int, shared: Tree) -> Tree:
    values = [f"app-{index}", f"old-{index}"]
    return {"matchLabels": shared, "matchExpressions": [{"key": "app", "operator": "In", "values": values}]}


def by_key(index: int, shared: Tree) -> Tree:
    return {"matchLabels": shared, "matchExpressions": [{"key": f"app-{index}", "operator": "Exists"}]}


@pytest.mark.parametrize("selector", [by_labels, by_values, by_key])
@pytest.mark.parametrize("shared", [{}, {"team": "a"}])
def test_a_pod_is_compared_with_few_policies_and_bindings(
    monkeypatch: pytest.MonkeyPatch, shared: Tree, selector: Callable[[int, Tree], Tree]
) -> None:
    count, calls = 60, Counter[str]()
    for owner, name in ((Selector, "selects"), (Way, "into")):
        judge = getattr(owner, name)

        def counted(*arguments: object, name: str = name, judge: Any = judge) -> object:  # noqa: ANN401 - a method
            calls[name] += 1
            return judge(*arguments)

        monkeypatch.setattr(owner, name, counted)
    trees: list[Tree] = []
    for index in range(count):
        own = {**shared, "app": f"app-{index}", f"app-{index}": ""}
        name = f"way-{index}"
        trees += [
            pod(name=f"app-{index}", own=own),
            policy(selector(index, shared)),
            role("attach", name=name, resourceNames=[f"app-{index}"]),
            binding(TEAM, to=name),
        ]
    assert certain("attach-access", *trees) == [True] * count
    assert certain("no-network-policy", *trees) == []
    assert max(calls.values()) < 10 * count
