"""What reaches the components from another language, given as the engine gives it on the wire.

Pulumi's own host loses what the tests here are named after; `tests/engine/test_package.py` has the engine itself.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.provider.server import ProviderServicer
from pulumi.runtime import rpc

import pidshare_components
from dev.paths import ROOT
from pidshare_components import ArgumentsError, SharedProcessPod, host
from pidshare_components.host import COMPONENTS, PACKAGE, PackageHost, version
from pidshare_components.inputs import Model, plain_tree
from tests.doors import as_camel_case
from tests.mocks import Run, Secret, deploy
from tests.rules import RULES, Rule
from tests.rules.parts import app

Tree = dict[str, Any]
HOST = PackageHost()
NAME = pidshare_components.__name__


def from_the_wire(inputs: Tree) -> Callable[[], Any]:
    """Return what decodes inputs as the SDK's server does."""
    struct = json_format.ParseDict(inputs, struct_pb2.Struct())
    return lambda: ProviderServicer._construct_inputs(struct, {})


def constructed(inputs: Tree, component: str = "SharedProcessPod", *, preview: bool = False) -> Run:
    """Construct a component from inputs on the wire, as the SDK's server does."""
    raised: list[Exception] = []

    async def program() -> None:
        try:
            result = HOST.construct("web", f"{PACKAGE}:index:{component}", await from_the_wire(inputs)())
            await pulumi.Output.from_input(result.urn).future()
        except pulumi.InputPropertiesError as error:
            raised.append(error)

    run = deploy(program, preview=preview)  # type: ignore[arg-type]  # the SDK awaits what a program returns
    run.error = next(iter(raised), run.error)
    return run


def output(value: object, *, secret: bool = False) -> Tree:
    """Return an Output as the engine writes one."""
    return {rpc._special_sig_key: rpc._special_output_value_sig, "value": value, "secret": secret, "dependencies": []}


def unknown() -> Tree:
    """Return an Output that a preview does not know, as the engine writes one."""
    return {rpc._special_sig_key: rpc._special_output_value_sig, "secret": False, "dependencies": []}


def pod(**fields: object) -> Tree:
    return {"containers": [app()], **fields}


def spec(run: Run) -> Tree:
    assert run.error is None
    found: Tree = run.one("Pod").inputs["spec"]
    return found


def refusal(run: Run) -> str:
    """Return the message of a refusal, which leaves nothing registered."""
    assert isinstance(run.error, pulumi.InputPropertiesError)
    assert [item.type for item in run.registrations if item.type.startswith("kubernetes:")] == []
    return run.error.message


def in_python(arguments: Tree) -> Run:
    """Run a program in Python that gives the same arguments."""

    def program() -> None:
        SharedProcessPod("web", arguments)

    return deploy(program)


def seen(monkeypatch: pytest.MonkeyPatch, inputs: Tree) -> Tree:
    """Return the arguments that the component's constructor gets, with its Outputs resolved."""
    got: list[Any] = []

    def constructor(_self: object, _name: str, args: object, _opts: object) -> None:
        got.append(args)
        raise pulumi.RunError("seen")

    async def program() -> None:
        with pytest.raises(pulumi.InputPropertiesError, match="seen"):
            HOST.construct("web", f"{PACKAGE}:index:SharedProcessPod", await from_the_wire(inputs)())
        got.append(await pulumi.Output.from_input(plain_tree(got.pop())).future())

    constructor.__annotations__ = SharedProcessPod.__init__.__annotations__
    monkeypatch.setattr(SharedProcessPod, "__init__", constructor)
    assert deploy(program).error is None  # type: ignore[arg-type]
    return dict(got[0])


# --- Nothing is lost --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "given", [output({"profile": "restricted"}, secret=True), unknown()], ids=["secret", "unknown"]
)
def test_an_object_that_is_one_output_is_refused_where_it_would_be_emptied(given: Tree) -> None:
    assert "debug: cannot be an Output; write it out" in refusal(constructed(pod(debug=given), preview=True))


def test_an_item_of_a_list_that_is_an_output_is_refused_where_it_would_be_emptied() -> None:
    assert "containers[1]: cannot be an Output; write it out" in refusal(
        constructed({"containers": [app(), output(app("b"))]})
    )


def test_an_object_whose_fields_are_outputs_arrives() -> None:
    (variable,) = spec(constructed({"containers": [app(env=[{"name": "A", "value": output("b", secret=True)}])]}))[
        "containers"
    ][0]["env"]
    assert variable == {"name": "A", "value": Secret("b")}


def test_a_list_of_enums_arrives() -> None:
    claim = {"name": "data", "accessModes": ["ReadWriteOnce", "ReadOnlyMany"], "storage": "1Gi"}
    run = constructed(pod(volumeClaimTemplates=[claim]), "SharedProcessStatefulSet")
    (template,) = run.one("StatefulSet").inputs["spec"]["volumeClaimTemplates"]
    assert template["spec"]["accessModes"] == ["ReadWriteOnce", "ReadOnlyMany"]


def test_an_enum_arrives_and_one_with_no_such_value_is_refused() -> None:
    assert spec(constructed(pod(restartPolicy="OnFailure")))["restartPolicy"] == "OnFailure"
    assert "restart_policy: not one of the allowed values; " in refusal(constructed(pod(restartPolicy="Sometimes")))


def test_an_integer_that_is_secret_stays_one() -> None:
    run = constructed(pod(terminationGracePeriodSeconds=output(5, secret=True)))
    assert spec(run)["terminationGracePeriodSeconds"] == Secret(5)


def test_an_integer_that_is_unknown_stays_so_in_a_preview() -> None:
    run = constructed(pod(terminationGracePeriodSeconds=unknown()), preview=True)
    assert spec(run)["terminationGracePeriodSeconds"] == rpc.UNKNOWN


def test_integers_arrive_as_integers(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [{"containerPort": 8080}]
    args = seen(monkeypatch, {"containers": [app(ports=ports)], "specOverrides": {"a": [{"b": 1}], "c": 1.5}})
    assert type(args["containers"][0]["ports"][0]["container_port"]) is int
    assert type(args["spec_overrides"]["a"][0]["b"]) is int
    assert args["spec_overrides"]["c"] == 1.5


def test_integers_within_outputs_arrive_as_integers(monkeypatch: pytest.MonkeyPatch) -> None:
    args = seen(monkeypatch, pod(specOverrides={"a": output([1])}, terminationGracePeriodSeconds=output(5)))
    assert type(args["termination_grace_period_seconds"]) is int
    assert type(args["spec_overrides"]["a"][0]) is int


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"nmae": "web"}, "nmae: unknown field; "),
        ({"network": {"ingres": []}}, "network.ingres: unknown field; "),
        ({"volumes": [{"name": "a", "emptyDir": {"sizelimit": "1Gi"}}]}, "volumes[0].empty_dir.sizelimit: unknown "),
    ],
)
def test_an_unknown_key_is_refused_however_deep_it_is(given: Tree, line: str) -> None:
    assert line in refusal(constructed(pod(**given)))


def test_a_missing_key_is_refused_with_every_other_mistake() -> None:
    message = refusal(constructed({"containers": [{"name": "a"}], "dnsPolicy": "none"}))
    assert re.findall(r"^  (\S+): ", message, re.MULTILINE) == ["containers[0].image", "dns_policy"]


def test_objects_in_lists_in_lists_arrive_with_their_keys() -> None:
    peers = [{"cidr": "10.0.0.0/8", "exceptCidrs": ["10.0.0.0/24"]}]
    run = constructed(pod(network={"ingress": [{"peers": peers, "ports": [{"port": 80, "endPort": 90}]}]}))
    (rule,) = run.one("NetworkPolicy").inputs["spec"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/24"]}}]
    assert rule["ports"] == [{"port": 80, "endPort": 90}]


def test_an_object_in_the_spelling_of_kubernetes_arrives_as_it_is() -> None:
    overrides = {"schedulingGates": [{"name": "example.com/gate"}], "setHostnameAsFQDN": True, "priority": 5}
    assert overrides.items() <= spec(constructed(pod(specOverrides=overrides))).items()


# --- What a foreign program gets --------------------------------------------------------------------------------------
def test_lists_of_objects_arrive_with_the_keys_that_other_languages_look_for() -> None:
    # Keys of objects in lists are not respelled. None is an object with a schema, and each key is one word.
    run = constructed(pod(debug={"profile": "general"}))
    outputs = run.outputs["web"]
    assert outputs["exposure"]
    assert outputs["findings"]
    keys = {key for rows in ("exposure", "findings") for row in outputs[rows] for key in row}
    assert {key for key in keys if not re.fullmatch("[a-z]+", key)} == set()
    for component in json.loads(str(HOST.schema))["resources"].values():
        assert "#/types/" not in json.dumps(component["properties"])


def test_the_outputs_are_those_of_a_python_program() -> None:
    arguments = pod(attach={}, debug={"profile": "baseline"})
    python = in_python(arguments)
    package = constructed(arguments)
    assert package.outputs == python.outputs
    assert [(item.type, item.name, item.inputs) for item in package.registrations] == [
        (item.type, item.name, item.inputs) for item in python.registrations
    ]


# --- Errors -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_foreign_program_gets_the_message_that_a_python_program_gets(rule: Rule) -> None:
    with pytest.raises(ArgumentsError) as caught:
        SharedProcessPod("web", rule.bad)
    assert refusal(constructed(as_camel_case(rule.bad))) == str(caught.value)


@pytest.mark.parametrize(
    "later",
    [
        pod(restartPolicy="Never", terminationGracePeriodSeconds=output(-1)),
        pod(debug={"profile": "general"}, labels={"a": output("b")}, onFinding={"failFrom": "low"}),
    ],
    ids=["arguments", "findings"],
)
def test_what_is_refused_when_it_resolves_is_refused_with_the_message_of_python(later: Tree) -> None:
    async def program() -> None:
        SharedProcessPod("web", await from_the_wire(later)())

    assert refusal(constructed(later)) == str(deploy(program).error)  # type: ignore[arg-type]


def test_what_the_analysis_finds_is_refused_with_the_message_of_python() -> None:
    arguments = pod(debug={"profile": "general"}, onFinding={"failFrom": "low"})
    python = in_python(arguments)
    message = refusal(constructed(arguments))
    assert message == str(python.error)
    assert "not accepted" in message


def test_the_engine_gets_no_path_beside_which_it_would_print_the_refused_value() -> None:
    run = constructed({"containers": {"password": "canary"}})
    assert isinstance(run.error, pulumi.InputPropertiesError)
    assert run.error.errors == []
    assert "canary" not in run.error.message


def test_a_component_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    assert "SharedProcessPods is no component of pidshare-components; write one of " in refusal(
        constructed(pod(), "SharedProcessPods")
    )


# --- The package ------------------------------------------------------------------------------------------------------
def test_every_public_component_is_offered_and_takes_arguments_of_ours() -> None:
    public = {getattr(pidshare_components, name) for name in pidshare_components.__all__}
    assert set(COMPONENTS) == {item for item in public if issubclass(item, pulumi.ComponentResource)}
    for component in COMPONENTS:
        assert issubclass(inspect.get_annotations(component.__init__)["args"], Model)


def test_the_version_is_that_of_the_project() -> None:
    assert f'\nversion = "{version()}"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert HOST.version == version() == json.loads(str(HOST.schema))["version"]


@pytest.mark.parametrize(("project", "expected"), [(NAME, "9.9.9"), ("another", importlib.metadata.version(NAME))])
def test_a_project_beside_the_package_that_is_another_has_no_say(
    project: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "{project}"\nversion = "9.9.9"\n')
    monkeypatch.setattr(host, "__file__", str(tmp_path / NAME / "host.py"))
    assert version() == expected
