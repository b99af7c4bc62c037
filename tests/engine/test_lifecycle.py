"""The component's life by the real engine, plugin and API server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.programs import Arguments, Component

pytestmark = pytest.mark.engine

Objects = Callable[[str], list[dict[str, Any]]]
Change = Callable[[Arguments], Arguments]
OURS = ("pods", "roles", "rolebindings", "networkpolicies")


def only(items: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(items) == 1, [item["metadata"]["name"] for item in items]
    return items[0]


def uid(items: list[dict[str, Any]]) -> str:
    return str(only(items)["metadata"]["uid"])


def test_up_then_preview_shows_no_change_and_destroy_leaves_nothing(component: Component, objects: Objects) -> None:
    assert component.up() == {"create": ["NetworkPolicy", "Pod", "Role", "RoleBinding", "ServiceAccount"]}
    pod = only(objects("pods"))
    assert pod["spec"]["shareProcessNamespace"] is True
    assert {condition["type"]: condition["status"] for condition in pod["status"]["conditions"]}["Ready"] == "True"

    assert component.preview() == {}
    assert component.up() == {}
    component.stack.refresh()
    assert component.preview() == {}

    component.stack.destroy()
    assert [objects(kind) for kind in OURS if objects(kind)] == []
    assert [account["metadata"]["name"] for account in objects("serviceaccounts")] == ["default"]
    assert component.resources() == []


def test_metadata_is_updated_in_place(component: Component, objects: Objects) -> None:
    component.up()
    before = uid(objects("pods"))
    component.arguments["labels"] = {"team": "web"}
    assert component.preview() == {"update": ["Pod"]}
    assert component.up() == {"update": ["Pod"]}
    assert uid(objects("pods")) == before
    assert only(objects("pods"))["metadata"]["labels"]["team"] == "web"


def test_network_and_access_change_without_the_pod(component: Component, objects: Objects) -> None:
    component.up()
    before = uid(objects("pods"))
    component.arguments["network"] = {"ingress": [{"ports": [{"port": 8080}]}]}
    component.arguments["attach"] = {"logs": True}
    assert component.up() == {"update": ["NetworkPolicy", "Role"]}
    assert uid(objects("pods")) == before
    assert only(objects("networkpolicies"))["spec"]["ingress"][0]["ports"][0]["port"] == 8080


def with_container(**change: object) -> Change:
    return lambda arguments: {"containers": [{**arguments["containers"][0], **change}]}


CHANGES_OF_THE_SPEC: dict[str, Change] = {
    "env": with_container(env=[{"name": "MODE", "value": "b"}]),
    "image": with_container(image="nginx", image_pull_policy="IfNotPresent", command=None),
    # The provider has no replacement for these of its own, and the API server refuses them on a live pod.
    "envFrom": with_container(env_from=[{"config_map_ref": {"name": "settings", "optional": True}}]),
    "startupProbe": with_container(startup_probe={"exec": {"command": ["true"]}}),
    "topologySpreadConstraints": lambda _: {
        "topology_spread_constraints": [
            {"max_skew": 1, "topology_key": "kubernetes.io/hostname", "when_unsatisfiable": "ScheduleAnyway"}
        ]
    },
    "sidecar": lambda _: {"sidecars": [{"name": "side", "image": "busybox:1.28", "command": ["sleep", "86400"]}]},
}


def test_every_change_of_the_spec_replaces_the_pod(component: Component, objects: Objects) -> None:
    component.up()
    for what, change in CHANGES_OF_THE_SPEC.items():
        before = uid(objects("pods"))
        component.arguments.update(change(component.arguments))
        # The new pod has a new name, and the Role is for pods by name.
        assert component.up() == {
            "create-replacement": ["Pod"],
            "delete-replaced": ["Pod"],
            "replace": ["Pod"],
            "update": ["Role"],
        }, what
        assert uid(objects("pods")) != before, what
        assert only(objects("roles"))["rules"][0]["resourceNames"] == [only(objects("pods"))["metadata"]["name"]]
        assert component.preview() == {}, what


def test_a_preview_announces_a_replacement(component: Component) -> None:
    component.up()
    component.arguments.update(CHANGES_OF_THE_SPEC["envFrom"](component.arguments))
    assert component.preview()["replace"] == ["Pod"]


def test_a_pod_with_a_given_name_is_deleted_before_its_replacement(component: Component, objects: Objects) -> None:
    component.arguments["name"] = "fixed"
    component.up()
    before = uid(objects("pods"))
    component.arguments["containers"][0]["env"] = [{"name": "MODE", "value": "b"}]
    component.up()
    assert only(objects("pods"))["metadata"]["name"] == "fixed"
    assert uid(objects("pods")) != before
    assert component.preview() == {}


def test_refresh_sees_what_was_changed_by_hand_and_up_mends_it(
    component: Component, objects: Objects, kubectl: Callable[..., str], namespace: str
) -> None:
    component.up()
    by_hand = f"--namespace={namespace}"
    policy = only(objects("networkpolicies"))["metadata"]["name"]
    kubectl("patch", "networkpolicy", policy, by_hand, "--patch", '{"spec":{"policyTypes":["Ingress"]}}')
    kubectl("delete", "pods", "--all", by_hand)
    component.stack.refresh()
    done = component.up()
    assert done["create"] == ["Pod"]
    assert "NetworkPolicy" in done["update"]
    assert sorted(only(objects("networkpolicies"))["spec"]["policyTypes"]) == ["Egress", "Ingress"]
    assert component.preview() == {}


def test_every_component_selects_its_own_pod(
    component: Component, objects: Objects, kubectl: Callable[..., str], namespace: str
) -> None:
    component.up()
    kubectl("run", "stranger", "--image=busybox:1.28", f"--namespace={namespace}", "--", "sleep", "86400")
    selector = only(objects("networkpolicies"))["spec"]["podSelector"]["matchLabels"]
    labels = ",".join(f"{key}={value}" for key, value in selector.items())
    selected = kubectl("get", "pods", f"--selector={labels}", "--output=name", f"--namespace={namespace}").split()
    mine = [pod["metadata"]["name"] for pod in objects("pods") if pod["metadata"]["name"] != "stranger"]
    assert selected == [f"pod/{name}" for name in mine]
    assert len(mine) == 1
