"""Single values: what each kind of them may be, judged beside definitions of their own and the real API server."""

import asyncio
import contextlib
import string
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pulumi
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pulumi.provider.experimental.util import camel_case as pulumi_camel_case

from pidshare_components import (
    ArgumentsError,
    Container,
    ContainerPort,
    EnvVar,
    ExecAction,
    NetworkPeer,
    Probe,
    ResourceRequirements,
    SharedProcessPodArgs,
    VolumeMount,
    inputs,
)
from pidshare_components.args.template import checked_when_resolved
from tests.apiserver import accepted, pod
from tests.mocks import deploy
from tests.strategies import (
    anything,
    near_dns_labels,
    near_dns_subdomains,
    near_label_keys,
    near_label_values,
    near_port_names,
    near_quantities,
    samples,
)

LOWER = set(string.ascii_lowercase + string.digits)
ANY_CASE = set(string.ascii_letters + string.digits)

Tree = dict[str, Any]


def container(**fields: object) -> list[Tree]:
    return [{"name": "app", "image": "nginx", **fields}]


# Where a value of each kind may stand.
PLACES: "dict[str, Callable[[str], Tree]]" = {
    "container name": lambda value: {"containers": [{"name": value, "image": "nginx"}]},
    "pod name": lambda value: {"containers": container(), "name": value},
    "label value": lambda value: {"containers": container(), "labels": {"app": value}},
    "label key": lambda value: {"containers": container(), "labels": {value: "x"}},
    "port name": lambda value: {"containers": container(ports=[{"container_port": 80, "name": value}])},
    "variable name": lambda value: {"containers": container(env=[{"name": value}])},
    "quantity": lambda value: {"containers": container(resources={"limits": {"memory": value}})},
    "image": lambda value: {"containers": [{"name": "app", "image": value}]},
    "network": lambda value: {"containers": container(), "network": {"ingress": [{"peers": [{"cidr": value}]}]}},
    "mount path": lambda value: {
        "containers": container(volume_mounts=[{"name": "data", "mount_path": value}]),
        "volumes": [{"name": "data", "empty_dir": {}}],
    },
}


def takes(kind: str, value: str) -> bool:
    try:
        SharedProcessPodArgs.model_validate(PLACES[kind](value))
    except ArgumentsError:
        return False
    return True


def is_label(value: str, limit: int = 63) -> bool:
    """RFC 1123, in other words than a regular expression."""
    return (
        0 < len(value) <= limit
        and set(value) <= LOWER | {"-"}
        and not value.startswith("-")
        and not value.endswith("-")
    )


def is_subdomain(value: str) -> bool:
    return len(value) <= 253 and all(is_label(part, 253) for part in value.split("."))


def is_qualified(value: str) -> bool:
    return 0 < len(value) <= 63 and set(value) <= ANY_CASE | set("-_.") and {value[0], value[-1]} <= ANY_CASE


@given(near_dns_labels)
@example("a" * 63)
@example("a" * 64)
def test_dns_label(value: str) -> None:
    assert takes("container name", value) == is_label(value)


@given(near_dns_subdomains)
@example("a" * 253)
@example("a" * 254)
def test_dns_subdomain(value: str) -> None:
    assert takes("pod name", value) == is_subdomain(value)


@given(near_label_values)
@example("a" * 63)
@example("a" * 64)
def test_label_value(value: str) -> None:
    assert takes("label value", value) == (value == "" or is_qualified(value))


@given(near_label_keys)
@example("a" * 253 + "/a")
@example("a" * 254 + "/a")
@example("a/" + "a" * 63)
@example("a/" + "a" * 64)
def test_label_key(value: str) -> None:
    prefix, slash, name = value.partition("/")
    good = is_subdomain(prefix) and is_qualified(name) if slash else is_qualified(value)
    assert takes("label key", value) == good


@given(near_port_names)
@example("a" * 15)
@example("a" * 16)
@example("a--b")
@example("80")
def test_port_name(value: str) -> None:
    good = is_label(value, 15) and "--" not in value and bool(set(value) - set(string.digits + "-"))
    assert takes("port name", value) == good


@given(st.ip_addresses(), st.integers(0, 130))
def test_a_network_is_one_whose_host_bits_are_zero(address: IPv4Address | IPv6Address, prefix: int) -> None:
    bits = address.max_prefixlen - prefix
    good = bits >= 0 and int(address) % 2**bits == 0
    assert takes("network", f"{address}/{prefix}") == good


@pytest.mark.parametrize(
    "value", ["", "10.0.0.0", "10.0.0.0/", "10.0.0.0/255.0.0.0", "10.0.0.0/0.255.255.255", "fe80::%1/64", "10.0.0/8"]
)
def test_no_network(value: str) -> None:
    assert not takes("network", value)


@pytest.mark.parametrize(
    "value",
    [
        "nginx",
        "nginx:1.29",
        "library/nginx",
        "a/b/c/d:e",
        "a__b/c--d.e_f:G.H-i_J",
        "localhost/app",
        "localhost:5000/app",
        "registry:5000/app",
        "Registry.Example.com/app",
        "192.168.0.1:5000/app",
        "[2001:db8::1]:5000/app",
        "app@sha256:" + "0" * 64,
        "registry.example.com/app:1@sha256:" + "f" * 64,
        "a" * 255,
        "a" * 255 + ":" + "t" * 128,
    ],
)
def test_image_reference(value: str) -> None:
    assert takes("image", value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " nginx",
        "nginx\n",
        "Nginx",
        "registry.example.com/Team/app",
        "https://registry.example.com/app",
        "nginx:",
        "nginx:1.29:2",
        "nginx:-a",
        "nginx:" + "t" * 129,
        "/nginx",
        "nginx/",
        "a//b",
        "a___b",
        "a..b",
        "a-",
        "app@sha256:abc",
        "app@sha256:" + "0" * 32,
        "app@sha256:" + "0" * 63,
        "app@sha256:" + "G" * 64,
        "app@" + "0" * 64,
        "-registry.example.com/app",
        "..:5000/app",
        "registry:port/app",
        "a" * 256,
    ],
)
def test_no_image_reference(value: str) -> None:
    assert not takes("image", value)


@pytest.mark.parametrize(
    ("name", "camel"),
    [
        ("run_as_user", "runAsUser"),
        ("name", "name"),
        ("host_ip", "hostIp"),
        ("a_1b", "a1b"),
        ("se_linux_options", "seLinuxOptions"),
    ],
)
def test_camel_case_is_that_of_pulumi(name: str, camel: str) -> None:
    assert inputs.camel_case(name) == pulumi_camel_case(name) == camel


# Values of other languages come over a wire that has only floats; YAML has infinity and NaN.


@pytest.mark.parametrize("port", [80, 80.0])
def test_a_whole_float_is_a_whole_number(port: float) -> None:
    checked = ContainerPort.model_validate({"container_port": port})
    assert checked.container_port == 80
    assert type(checked.container_port) is int


@pytest.mark.parametrize("port", [80, 80.0])
def test_a_port_of_a_probe_is_a_whole_number_too(port: float) -> None:
    checked = Probe.model_validate({"tcp_socket": {"port": port}})
    assert checked.tcp_socket is not None
    assert type(checked.tcp_socket.port) is int


@pytest.mark.parametrize(("given_", "kept"), [(2, "2"), (2.0, "2"), (0.5, "0.5"), ("500m", "500m")])
def test_a_number_is_a_quantity(given_: object, kept: str) -> None:
    checked = ResourceRequirements.model_validate({"limits": {"cpu": given_}})
    assert checked.limits == {"cpu": kept}


WRONG = [True, "80", 80.5, 0, 65536, -1, None, [], {}, float("inf"), float("nan")]


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("field", ["ports", "tcp_socket", "grpc"])
def test_what_is_no_port_is_refused_with_a_reason(field: str, value: object) -> None:
    places: dict[str, dict[str, Any]] = {
        "ports": {"ports": [{"container_port": value}]},
        "tcp_socket": {"liveness_probe": {"tcp_socket": {"port": value}}},
        "grpc": {"liveness_probe": {"grpc": {"port": value}}},
    }
    with pytest.raises(ArgumentsError) as caught:
        SharedProcessPodArgs.model_validate({"containers": [{"name": "app", "image": "nginx", **places[field]}]})
    (problem,) = caught.value.problems
    assert problem.reason
    assert problem.instead


@pytest.mark.parametrize("value", [True, float("inf"), float("nan"), -1, [], "", "1 Gi", "1K", "1.2.3"])
def test_what_is_no_quantity_is_refused_with_a_reason(value: object) -> None:
    container = {"name": "app", "image": "nginx", "resources": {"limits": {"cpu": value}}}
    with pytest.raises(ArgumentsError) as caught:
        SharedProcessPodArgs.model_validate({"containers": [container]})
    (problem,) = caught.value.problems
    assert problem.path == ("containers", 0, "resources", "limits", "cpu")
    assert problem.reason
    assert problem.instead


@pytest.mark.parametrize("value", ["data", "", "/data:ro"])
def test_a_mount_path_is_absolute_and_has_no_colon(value: str) -> None:
    assert not takes("mount path", value)


def test_a_path_of_the_node_may_have_a_colon() -> None:
    path = "/dev/disk/by-path/pci-0000:00:1f.2-ata-1"
    volume = {"name": "disk", "host_path": {"path": path, "type": "BlockDevice"}}
    SharedProcessPodArgs.model_validate({"containers": [{"name": "app", "image": "nginx"}], "volumes": [volume]})


# Absent, None and the default are the same; what is awaited becomes an Output.


def test_an_explicit_none_is_the_default() -> None:
    bare = {"name": "app", "image": "nginx"}
    every_none = {**dict.fromkeys(Container.model_fields), **bare}
    empty = {**dict.fromkeys(SharedProcessPodArgs.model_fields), "containers": [every_none]}
    assert SharedProcessPodArgs.model_validate(empty) == SharedProcessPodArgs.model_validate({"containers": [bare]})


async def later(value: Any) -> Any:  # noqa: ANN401 - any value
    await asyncio.sleep(0)
    return value


@pytest.mark.parametrize(
    ("place", "value", "bad", "path"),
    [
        (lambda value: {"image": value}, "nginx", "Nginx", "containers[0].image"),
        (lambda value: {"command": ["sh", value]}, "-l", 1, "containers[0].command[1]"),
        (lambda value: {"command": ("sh", value)}, "-l", 1, "containers[0].command[1]"),
        (lambda value: {"command": value}, ["sh"], "sh", "containers[0].command"),
        (lambda value: {"resources": {"limits": {"cpu": value}}}, "1", "much", "containers[0].resources.limits.cpu"),
    ],
    ids=["field", "list item", "tuple item", "list", "mapping item"],
)
def test_an_awaitable_is_judged_and_used_like_an_output(
    place: Callable[[Any], Any], value: object, bad: object, path: str
) -> None:
    seen: list[Any] = []

    def program(given_: object) -> None:
        args = SharedProcessPodArgs.model_validate(
            {"containers": [{"name": "app", "image": "nginx", **place(later(given_))}]}
        )
        check = checked_when_resolved(args)
        assert check is not None
        # The value is needed twice, for the check and for the object: a coroutine could be awaited once only.
        pulumi.Output.all(check, inputs.plain_tree(args.containers)).apply(lambda both: seen.append(both[1]))

    assert deploy(lambda: program(value)).error is None
    assert seen == [[{"name": "app", "image": "nginx", **inputs.plain_tree(place(value))}]]
    error = deploy(lambda: program(bad)).error
    assert isinstance(error, ArgumentsError)
    assert str(error).splitlines()[1].startswith(f"  {path}: ")


@pytest.mark.parametrize("model", [Container, ContainerPort, EnvVar, ExecAction, NetworkPeer, VolumeMount])
@given(tree=anything)
@settings(max_examples=20)
def test_a_part_alone_is_checked_by_model_validate(model: Any, tree: object) -> None:  # noqa: ANN401
    # Whatever is given: a part, or pydantic's error, never anything else.
    with contextlib.suppress(ValueError):
        model.model_validate(tree)


# The API server's own judgement.

CHECKED: "dict[str, tuple[st.SearchStrategy[str], Callable[[str], Tree]]]" = {
    "container name": (near_dns_labels, lambda value: pod(containers=[{"name": value, "image": "nginx"}])),
    "pod name": (near_dns_subdomains.filter(bool), lambda value: {**pod(), "metadata": {"name": value}}),
    "label value": (
        near_label_values,
        lambda value: {**pod(), "metadata": {"name": "app", "labels": {"app": value}}},
    ),
    "label key": (
        near_label_keys,
        lambda value: {**pod(), "metadata": {"name": "app", "labels": {value: "x"}}},
    ),
    "port name": (
        near_port_names.filter(bool),  # to the API server an empty name is none
        lambda value: pod(containers=container(ports=[{"containerPort": 80, "name": value}])),
    ),
    "quantity": (
        near_quantities.filter(lambda value: value.lstrip("+-.")[:1].isdigit()),  # to it `G`, `.` and `e6` are 0
        lambda value: pod(containers=container(resources={"limits": {"memory": value}})),
    ),
    "variable name": (
        st.text(max_size=4),
        lambda value: pod(containers=container(env=[{"name": value}])),
    ),
}


@pytest.mark.cluster
@pytest.mark.parametrize("kind", CHECKED)
def test_the_api_server_takes_what_we_take_and_nothing_else(
    kind: str, kubectl: Callable[..., str], namespace: str
) -> None:
    strategy, as_object = CHECKED[kind]
    values = samples(strategy, 200)
    theirs = accepted(kubectl, namespace, [as_object(value) for value in values])
    ours = [takes(kind, value) for value in values]
    assert [value for value, our, their in zip(values, ours, theirs, strict=True) if our != their] == []
    assert any(ours)
    assert not all(ours)
