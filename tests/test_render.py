"""What programs render to, in this process: names, order, values that are unknown or secret, and what is refused."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest
import yaml
from pulumi_kubernetes.apiextensions.v1 import CustomResourceDefinition
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.batch.v1 import Job
from pulumi_kubernetes.core.v1 import (
    ConfigMap,
    Namespace,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
    Secret,
    Service,
    ServiceAccount,
)

from pidshare_components import Container, SharedProcessPod, SharedProcessPodArgs
from pidshare_components.render import Manifest, Placeholders, RenderError, render, render_program, to_yaml

CANARY = "hunter2-canary"

Program = Callable[[], object]


def run(program: Program, **options: bool) -> list[Manifest]:
    def main() -> None:
        program()

    return render_program(main, **options)


def names(program: Program) -> list[str]:
    return [f"{item.kind}/{item.name}" for item in run(program)]


def one(program: Program, **options: bool) -> Any:  # noqa: ANN401 - a Kubernetes object
    (manifest,) = run(program, **options)
    return manifest.object


def refusal(program: Program) -> str:
    with pytest.raises(RenderError) as caught:
        run(program)
    return str(caught.value)


def test_a_program_may_have_other_placeholders_than_people(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: app\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(
        "import pulumi\n"
        "from pulumi_kubernetes.core.v1 import ConfigMap, Pod\n"
        "later = ConfigMap('later').metadata.uid\n"
        "secret = pulumi.Output.secret\n"
        f"env = [{{'name': 'A', 'value': secret('{CANARY}')}}, {{'name': 'B', 'value': '<unknown>'}}]\n"
        "container = {'name': 'a', 'image': later, 'env': env, 'tty': secret(True)}\n"
        "Pod('p', spec={'containers': [container], 'securityContext': {'runAsUser': secret(4242)}})\n"
    )
    leaves = Placeholders(unknown=object(), secret_text=object(), secret=object())
    (pod,) = (item for item in render(tmp_path, allow_unknown=True, placeholders=leaves) if item.kind == "Pod")
    (container,) = pod.object["spec"]["containers"]
    assert container["image"] is leaves.unknown
    assert container["tty"] is pod.object["spec"]["securityContext"]["runAsUser"] is leaves.secret
    assert [variable["value"] for variable in container["env"]] == [leaves.secret_text, "<unknown>"]


class Foreign(pulumi.CustomResource):
    """A resource of another provider."""

    value: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("foreign:index:Thing", name, {"value": None}, opts)


def after(*resources: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(depends_on=list(resources))


# Names and namespaces


def test_an_object_without_a_name_gets_its_resources_name_as_a_dns_label() -> None:
    assert one(lambda: ConfigMap("My_settings.v2"))["metadata"] == {"name": "my-settings-v2", "namespace": "default"}
    assert one(lambda: ConfigMap("a" * 80))["metadata"]["name"] == "a" * 63
    assert one(lambda: ConfigMap("…"))["metadata"]["name"] == "configmap"


def test_a_given_name_and_namespace_stay() -> None:
    given = {"name": "Not.A-label", "namespace": "other"}
    assert one(lambda: ConfigMap("a", metadata=given))["metadata"] == given


def test_a_generated_name_becomes_a_fixed_one() -> None:
    assert one(lambda: ConfigMap("web", metadata={"generate_name": "app-"}))["metadata"]["name"] == "app-web"


def test_cluster_scoped_objects_have_no_namespace() -> None:
    assert one(lambda: PersistentVolume("disk", spec={}))["metadata"] == {"name": "disk"}
    custom = one(lambda: k8s.apiextensions.CustomResource("issuer", api_version="example.com/v1", kind="Issuer"))
    assert custom["metadata"] == {"name": "issuer"}


def test_the_providers_namespace_is_the_default() -> None:
    def program() -> None:
        provider = k8s.Provider("cluster", namespace="team")
        ConfigMap("a", opts=pulumi.ResourceOptions(provider=provider))
        ConfigMap("b")

    assert [(item.name, item.namespace) for item in run(program)] == [("b", "default"), ("a", "team")]


def test_two_objects_of_one_name_are_refused() -> None:
    def program() -> None:
        ConfigMap("a.b")
        ConfigMap("a-b")
        ConfigMap("other", metadata={"name": "a-b", "namespace": "elsewhere"})

    assert refusal(program) == (
        "kubernetes:core/v1:ConfigMap 'a-b' and kubernetes:core/v1:ConfigMap 'a.b' are both ConfigMap default/a-b; "
        "give one of them another name"
    )


def test_two_resources_of_one_name_are_refused_as_by_the_engine() -> None:
    assert "'a': registered twice" in refusal(lambda: [ConfigMap("a"), ConfigMap("a")])


# Order


def test_what_others_refer_to_comes_first() -> None:
    def program() -> None:
        k8s.apiextensions.CustomResource("thing", api_version="example.com/v1", kind="Thing")
        Deployment("web", spec={})
        Service("web")
        ConfigMap("settings")
        Secret("password")
        ServiceAccount("robot")
        CustomResourceDefinition("things", spec={})
        Namespace("team")

    assert names(program) == [
        "Namespace/team",
        "CustomResourceDefinition/things",
        "ServiceAccount/robot",
        "Secret/password",
        "ConfigMap/settings",
        "Service/web",
        "Deployment/web",
        "Thing/thing",
    ]


def test_a_dependency_of_the_program_goes_before_the_habit() -> None:
    def program() -> None:
        job = Job("migrate")
        ConfigMap("done", opts=after(job))

    assert names(program) == ["Job/migrate", "ConfigMap/done"]


def test_dependencies_count_through_outputs_components_and_foreign_resources() -> None:
    def program() -> None:
        job = Job("z-first")
        foreign = Foreign("between", after(job))
        second = Namespace("second", opts=after(foreign))
        component = pulumi.ComponentResource("test:index:Group", "group")
        Pod("third", metadata={"namespace": second.metadata.name}, opts=pulumi.ResourceOptions(parent=component))
        Namespace("fourth", opts=after(component))

    assert names(program) == ["Job/z-first", "Namespace/second", "Pod/third", "Namespace/fourth"]


def test_the_order_of_registration_and_of_keys_does_not_matter() -> None:
    def forwards() -> None:
        ConfigMap("a", data={"x": "1", "y": "2"})
        ConfigMap("b")

    def backwards() -> None:
        ConfigMap("b")
        ConfigMap("a", data={"y": "2", "x": "1"})

    assert to_yaml(run(forwards)) == to_yaml(run(backwards))


def test_rendering_twice_gives_the_same() -> None:
    def program() -> None:
        SharedProcessPod("web", SharedProcessPodArgs(containers=[Container(name="web", image="nginx")]))

    assert to_yaml(run(program)) == to_yaml(run(program))


# Values


def test_values_keep_their_types() -> None:
    spec = {"minReadySeconds": 3, "paused": True, "template": {"x": [0.5, None, "3", {}]}, "strategy": None}
    assert one(lambda: Deployment("web", spec=spec))["spec"] == {
        "minReadySeconds": 3,
        "paused": True,
        "template": {"x": [0.5, None, "3", {}]},
    }
    assert "minReadySeconds: 3\n" in to_yaml(run(lambda: Deployment("web", spec=spec)))


def test_typed_arguments_are_spelled_as_kubernetes_does() -> None:
    spec = k8s.core.v1.PodSpecArgs(
        host_pid=False, containers=[k8s.core.v1.ContainerArgs(name="web", image="nginx", stdin_once=True)]
    )
    assert one(lambda: Pod("web", spec=spec))["spec"] == {
        "containers": [{"name": "web", "image": "nginx", "stdinOnce": True}],
        "hostPID": False,
    }


def test_outputs_of_other_objects_are_known() -> None:
    def program() -> None:
        first = ConfigMap("first", metadata={"labels": {"app": "web"}})
        ConfigMap(
            "second",
            data={
                "name": first.metadata.name,
                "id": first.id,
                "label": first.metadata.labels["app"],
                "text": pulumi.Output.format("{0}/{1}", first.metadata.namespace, first.kind),
                "urn": first.urn,
            },
        )

    assert run(program)[1].object["data"] == {
        "name": "first",
        "id": "default/first",
        "label": "web",
        "text": "default/ConfigMap",
        "urn": "urn:pulumi:dev::project::kubernetes:core/v1:ConfigMap::first",
    }


def test_awaitables_and_resources_made_in_apply_are_rendered() -> None:
    async def later() -> str:
        await asyncio.sleep(0.01)
        return "later"

    async def program() -> None:
        await asyncio.sleep(0)
        first = ConfigMap("first", data={"a": later()})
        first.metadata.name.apply(lambda name: ConfigMap(f"{name}-child"))

    assert [item.name for item in render_program(program)] == ["first", "first-child"]


def test_transformations_are_applied_and_hooks_do_nothing() -> None:
    def labelled(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        return pulumi.ResourceTransformationResult({**args.props, "data": {"added": "x"}}, args.opts)

    def hook(_: pulumi.ResourceHookArgs) -> None:
        raise AssertionError

    def program() -> None:
        hooks = pulumi.ResourceHookBinding(before_create=[pulumi.ResourceHook("h", hook)])
        ConfigMap("a", opts=pulumi.ResourceOptions(transformations=[labelled], hooks=hooks))

    assert one(program)["data"] == {"added": "x"}


def test_a_program_sees_a_preview_of_its_project_and_stack() -> None:
    def program() -> None:
        where = (pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack(), pulumi.runtime.is_dry_run())
        ConfigMap("a", data={"where": str(where)})

    assert one(program)["data"]["where"] == "('organization', 'project', 'dev', True)"


# What only a deployment knows


def unknown_values() -> None:
    service = Service("web", spec={"ports": [{"port": 80}]})
    foreign = Foreign("thing")
    ConfigMap(
        "settings",
        data={
            "address": service.spec.cluster_ip,
            "balancer": service.status.load_balancer.ingress[0].ip,
            "version": service.metadata.resource_version,
            "known": service.metadata.name,
        },
    )
    Pod("app", spec={"containers": [{"name": "a", "image": pulumi.Output.format("app:{0}", foreign.value)}]})


def test_unknown_values_are_an_error_that_names_resource_field_and_source() -> None:
    source = "(data depends on kubernetes:core/v1:Service 'web'); --allow-unknown goes on without it"
    fields = [
        f"kubernetes:core/v1:ConfigMap 'settings': data.{key} is known only after deployment {source}"
        for key in ("address", "balancer", "version")
    ]
    image = (
        "kubernetes:core/v1:Pod 'app': spec.containers[0].image is known only after deployment "
        "(spec depends on foreign:index:Thing 'thing'); --allow-unknown goes on without it"
    )
    assert refusal(unknown_values) == "\n".join([*fields, image])


def test_unknown_values_get_placeholders_when_allowed() -> None:
    manifests = {item.name: item for item in run(unknown_values, allow_unknown=True)}
    settings = manifests["settings"]
    unknown = dict.fromkeys(("address", "balancer", "version"), "<unknown>")
    assert settings.object["data"] == {**unknown, "known": "web"}
    assert settings.unknown == ("data.address", "data.balancer", "data.version")
    assert settings.to_yaml().startswith(
        "# known only after deployment: data.address, data.balancer, data.version\napiVersion: v1\n"
    )
    assert manifests["app"].object["spec"]["containers"][0]["image"] == "<unknown>"


@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("spec.clusterIP", lambda: Service("s", spec={}).spec.cluster_ip),
        ("spec.ports[0].nodePort", lambda: Service("s", spec={"ports": [{"port": 80}]}).spec.ports[0].node_port),
        ("spec.storageClassName", lambda: PersistentVolumeClaim("p", spec={}).spec.storage_class_name),
        ("spec.nodeName", lambda: Pod("p", spec={"containers": []}).spec.node_name),
        ("spec", lambda: Pod("p").spec.node_name),
        ("secret spec", lambda: Service("s", spec=pulumi.Output.secret({"type": "NodePort"})).spec.cluster_ip),
        ("id", lambda: ConfigMap("c", metadata={"name": Foreign("f").value}).id.apply(str.upper)),
        ("secret id", lambda: ConfigMap("c", metadata={"name": pulumi.Output.secret("x")}).id),
        ("metadata.uid", lambda: ConfigMap("c").metadata.uid),
        ("status", lambda: Pod("p", spec={}).status.pod_ip),
    ],
)
def test_what_the_cluster_fills_in_is_unknown(field: str, make: Callable[[], Any]) -> None:
    program = lambda: ConfigMap("user", data={"value": make()})  # noqa: E731
    assert "ConfigMap 'user': data.value is known only after deployment" in refusal(program), field


def test_what_is_given_is_known_where_the_cluster_would_fill_it_in() -> None:
    def program() -> None:
        service = Service("web", spec={"clusterIP": "10.0.0.1", "ports": [{"port": 80, "nodePort": 30080}]})
        ConfigMap("a", data={"ip": service.spec.cluster_ip, "port": service.spec.ports[0].node_port.apply(str)})

    (settings,) = (item for item in run(program) if item.kind == "ConfigMap")
    assert settings.object["data"] == {"ip": "10.0.0.1", "port": "30080"}


def test_an_object_whose_name_is_unknown_is_rendered_when_allowed() -> None:
    def program() -> None:
        foreign = Foreign("thing")
        ConfigMap("a", metadata={"name": foreign.value})
        ConfigMap("b", metadata={"name": foreign.value})
        ConfigMap("c", metadata=foreign.value.apply(lambda name: {"name": name}))

    assert "ConfigMap 'a': metadata.name is known only after" in refusal(program)
    assert "ConfigMap 'c': metadata is known only after" in refusal(program)
    assert sorted(item.name for item in run(program, allow_unknown=True)) == ["<unknown>", "<unknown>", "c"]


def test_what_is_made_from_an_unknown_value_is_not_made() -> None:
    assert names(lambda: Foreign("a").value.apply(ConfigMap)) == []


def test_of_what_is_there_already_only_the_id_is_known() -> None:
    def program() -> None:
        found = Service.get("found", "kube-system/kube-dns")
        ConfigMap("a", data={"id": found.id})
        ConfigMap("b", data={"address": found.spec.cluster_ip})

    assert refusal(program).startswith("kubernetes:core/v1:ConfigMap 'b': data.address is known only after deployment")
    (first, _) = run(program, allow_unknown=True)
    assert first.object["data"] == {"id": "kube-system/kube-dns"}


def test_functions_of_providers_are_refused_by_name_or_unknown() -> None:
    def program() -> None:
        result = pulumi.runtime.invoke_output("foreign:index:lookup", {})
        ConfigMap("a", data={"found": result.apply(lambda value: value["x"])})

    assert "the function foreign:index:lookup is answered by its provider" in refusal(program)
    assert one(program, allow_unknown=True)["data"] == {"found": "<unknown>"}


@pytest.mark.parametrize(
    ("program", "resource"),
    [
        (lambda: k8s.helm.v3.Release("chart", chart="nginx"), "kubernetes:helm.sh/v3:Release 'chart'"),
        (lambda: k8s.core.v1.ConfigMapPatch("p", data={"a": "b"}), "kubernetes:core/v1:ConfigMapPatch 'p'"),
        (lambda: k8s.yaml.v2.ConfigFile("f", file="a.yaml"), "kubernetes:yaml/v2:ConfigFile 'f'"),
    ],
)
def test_resources_that_only_their_provider_can_turn_into_objects_are_refused(program: Program, resource: str) -> None:
    assert refusal(program) == (
        f"{resource}: only its provider knows which objects it stands for; --allow-unknown goes on without it"
    )
    assert run(program, allow_unknown=True) == []


def test_a_list_of_objects_is_refused() -> None:
    items = [{"metadata": {"name": "a"}, "stringData": {"password": CANARY}}]
    message = refusal(lambda: k8s.core.v1.SecretList("all", items=items))
    assert message == "kubernetes:core/v1:SecretList 'all': a list of objects; make each of its items a resource"


def test_transforms_of_the_engine_are_refused() -> None:
    opts = pulumi.ResourceOptions(transforms=[lambda _: None])
    assert "use 'transformations' instead" in refusal(lambda: ConfigMap("a", opts=opts))


# What cannot be in an object


def test_the_text_of_an_output_is_refused_with_its_place() -> None:
    def program() -> None:
        ConfigMap("b", data={"text": f"name: {ConfigMap('a').metadata.name}"})

    assert refusal(program) == (
        "kubernetes:core/v1:ConfigMap 'b': data.text holds the text of an Output; give a value, or use apply"
    )


def test_an_asset_is_refused_with_its_place() -> None:
    data = {"key.with/odd-letters": pulumi.StringAsset("x")}
    assert refusal(lambda: ConfigMap("a", data=data)) == (
        "kubernetes:core/v1:ConfigMap 'a': data[\"key.with/odd-letters\"] holds a Pulumi resource or asset; "
        "give a value, or use apply"
    )


def test_a_value_of_no_kind_is_refused_without_showing_it() -> None:
    class Odd:
        def __repr__(self) -> str:
            return CANARY

    message = refusal(lambda: ConfigMap("odd", data={"a": Odd()}))
    assert "'odd'" in message
    assert "ConfigMap" in message
    assert CANARY not in message


def test_a_value_of_no_kind_is_not_shown_either_while_the_program_goes_on() -> None:
    class Odd:
        def __repr__(self) -> str:
            return CANARY

    async def program() -> None:
        ConfigMap("odd", data={"a": Odd()})
        for _ in range(100):
            await asyncio.sleep(0)

    with pytest.raises(RenderError) as caught:
        render_program(program)
    assert "'odd'" in str(caught.value)
    assert CANARY not in str(caught.value)


def test_all_problems_are_in_one_report() -> None:
    def program() -> None:
        ConfigMap("b", data={"text": str(ConfigMap("a").metadata.name)})
        ConfigMap("c", data={"value": Foreign("x").value})
        ConfigMap("d", metadata={"name": "a"})

    lines = refusal(program).splitlines()
    assert len(lines) == 3
    assert lines == sorted(lines)


# Failing programs


def test_an_exception_is_told_with_its_place() -> None:
    def program() -> None:
        raise LookupError("no such thing")

    assert refusal(program).endswith("LookupError: no such thing")


def test_an_exception_in_apply_is_told() -> None:
    def fail(_: str) -> None:
        raise LookupError("too late")

    assert refusal(lambda: ConfigMap("a").metadata.name.apply(fail)).endswith("LookupError: too late")


def test_mistakes_in_the_arguments_are_told_as_they_are() -> None:
    given: Any = {"containers": [{"name": "No", "image": "nginx"}, {"name": "b", "image": "nginx", "imag": "x"}]}
    lines = refusal(lambda: SharedProcessPod("web", given)).splitlines()
    assert lines[0] == "2 mistakes in the arguments:"
    assert [line.partition(":")[0] for line in lines[1:]] == ["  containers[0].name", "  containers[1].imag"]


def test_mistakes_in_outputs_are_told_with_the_same_path() -> None:
    def program() -> None:
        image = ConfigMap("a", data={"image": "NOT AN IMAGE"}).data.apply(lambda data: data["image"])
        SharedProcessPod("web", SharedProcessPodArgs(containers=[Container(name="web", image=image)]))

    lines = refusal(program).splitlines()
    assert lines[0] == "1 mistake in the arguments:"
    assert lines[1].startswith("  containers[0].image: not an image reference")


def test_a_logged_error_fails_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    def program() -> None:
        pulumi.log.warn("careful")
        pulumi.log.debug("not of interest")
        pulumi.log.error("broken")

    assert refusal(program) == "broken"
    assert capsys.readouterr() == ("", "warning: careful\n")


def test_a_failed_program_leaves_nothing_for_the_next_one() -> None:
    refusal(lambda: [ConfigMap("a"), 1 / 0])
    assert names(lambda: ConfigMap("a")) == ["ConfigMap/a"]
    assert pulumi.runtime.get_root_resource() is None


# Secrets


def secrets() -> None:
    password = pulumi.Output.secret(CANARY)
    Secret("plain", string_data={"password": CANARY}, data={"key": base64.b64encode(CANARY.encode()).decode()})
    derived = Secret("base", string_data={"password": CANARY})
    ConfigMap("copy", data={"url": pulumi.Output.format("db://{0}@db", password), "open": "text"})
    ConfigMap("derived", data={"again": derived.string_data.apply(lambda data: data["password"])})
    Pod("app", spec=pulumi.Output.secret({"containers": [{"name": CANARY, "stdin": True, "args": [CANARY, 7]}]}))


def test_secret_values_are_hidden_wherever_they_are() -> None:
    text = to_yaml(run(secrets))
    assert CANARY not in text
    assert base64.b64encode(CANARY.encode()).decode() not in text
    items = {item.name: item for item in run(secrets)}
    assert items["plain"].object["stringData"] == {"password": "[secret]"}
    assert base64.b64decode(items["plain"].object["data"]["key"]) == b"[secret]"
    assert items["plain"].hidden == ("data.key", "stringData.password")
    assert items["copy"].object["data"] == {"url": "[secret]", "open": "text"}
    assert items["copy"].to_yaml().startswith("# secret: data.url\napiVersion: v1\n")
    assert items["derived"].object["data"] == {"again": "[secret]"}
    container = {"name": "[secret]", "stdin": "[secret]", "args": ["[secret]", "[secret]"]}
    assert items["app"].object["spec"]["containers"] == [container]


def test_secret_values_are_shown_when_asked_for() -> None:
    items = {item.name: item for item in run(secrets, show_secrets=True)}
    assert items["plain"].object["stringData"] == {"password": CANARY}
    assert items["copy"].object["data"]["url"] == f"db://{CANARY}@db"
    assert items["app"].object["spec"]["containers"] == [{"name": CANARY, "stdin": True, "args": [CANARY, 7]}]
    assert not any(item.hidden for item in items.values())
    assert "#" not in to_yaml(items.values())


def test_a_secret_name_or_namespace_is_the_objects_own() -> None:
    def program() -> None:
        ConfigMap("a", metadata={"name": pulumi.Output.secret("own"), "namespace": pulumi.Output.secret("team")})
        ConfigMap("b", metadata={"name": pulumi.Output.secret("own"), "namespace": "other"})

    assert [item.object["metadata"] for item in run(program)] == [
        {"name": "[secret]", "namespace": "[secret]"},
        {"name": "[secret]", "namespace": "other"},
    ]
    shown = {(item.namespace, item.name) for item in run(program, show_secrets=True)}
    assert shown == {("team", "own"), ("other", "own")}


def test_secret_metadata_gets_the_namespace_it_lacks() -> None:
    program = lambda: ConfigMap("a", metadata=pulumi.Output.secret({"name": "own"}))  # noqa: E731
    assert one(program)["metadata"] == {"name": "[secret]", "namespace": "[secret]"}
    assert one(program, show_secrets=True)["metadata"] == {"name": "own", "namespace": "default"}


def test_an_unknown_secret_is_unknown_and_not_in_the_clear() -> None:
    def program() -> None:
        Secret("a", string_data={"password": Foreign("f").value, "user": CANARY})

    (manifest,) = run(program, allow_unknown=True)
    assert manifest.unknown == ("stringData",)
    assert CANARY not in manifest.to_yaml()


def test_the_text_is_one_stream_of_documents() -> None:
    def program() -> None:
        ConfigMap("a", data={"file": "one\n---\ntwo\n"})
        ConfigMap("b")

    documents = list(yaml.safe_load_all(to_yaml(run(program))))
    assert documents == [item.object for item in run(program)]
