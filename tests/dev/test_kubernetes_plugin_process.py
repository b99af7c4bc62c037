"""The Kubernetes plugin as the engine starts it, where there is no cluster."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from dev.kubernetes_plugin import install

NO_ENGINE = "127.0.0.1:1"
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "team"}, "spec": {"containers": []}}


def struct(tree: dict[str, Any]) -> Struct:
    made = Struct()
    made.update(tree)
    return made


@contextmanager
def plugin(folder: Path, **options: str) -> Iterator[ResourceProviderStub]:
    """Start the plugin, configured with an API server that is not there, and return its methods."""
    nowhere = folder / "kubeconfig"
    nowhere.write_text(
        "{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}], "
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}], users: [{name: u, user: {}}]}"
    )
    with subprocess.Popen(
        [install(folder / "bin"), NO_ENGINE], stdout=subprocess.PIPE, text=True, cwd=folder
    ) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub = ResourceProviderStub(channel)
                stub.Configure(provider_pb2.ConfigureRequest(args=struct({"kubeconfig": str(nowhere)} | options)))
                yield stub
        finally:
            process.kill()


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ResourceProviderStub]:
    with plugin(tmp_path_factory.mktemp("plugin")) as methods:
        yield methods


def check(stub: ResourceProviderStub, inputs: dict[str, Any], **request: object) -> provider_pb2.CheckResponse:
    return stub.Check(
        provider_pb2.CheckRequest(
            **{"type": "kubernetes:core/v1:Pod", "name": "web", "randomSeed": b"1", "news": struct(inputs)} | request
        )
    )


def test_the_plugin_ends_with_the_engine_that_started_it(tmp_path: Path) -> None:
    engine = (
        "import subprocess, sys; plugin = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE); "
        "plugin.stdout.readline(); print(plugin.pid, flush=True)"
    )
    arguments = [sys.executable, "-c", engine, install(tmp_path), NO_ENGINE]
    plugin_id = int(subprocess.run(arguments, stdout=subprocess.PIPE, check=True).stdout)
    with suppress(ProcessLookupError):
        for _ in range(600):
            os.kill(plugin_id, 0)
            time.sleep(0.1)
        os.kill(plugin_id, signal.SIGKILL)
        pytest.fail("the plugin lives on")


def test_the_plugin_ends_when_the_engine_interrupts_it(tmp_path: Path) -> None:
    with subprocess.Popen([install(tmp_path), NO_ENGINE], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            # The engine would kill it only after 5 s, in each of its commands.
            process.wait(timeout=60)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGINT


def test_an_object_gets_identity_and_name(stub: ResourceProviderStub) -> None:
    inputs = check(stub, {"metadata": {"labels": {"a": "b"}}}).inputs
    assert (inputs["apiVersion"], inputs["kind"]) == ("v1", "Pod")
    assert inputs["metadata"]["name"].startswith("web-")
    assert inputs["metadata"]["labels"]["a"] == "b"
    assert check(stub, {}).inputs["metadata"]["name"] == inputs["metadata"]["name"]
    assert check(stub, {}, randomSeed=b"2").inputs["metadata"]["name"] != inputs["metadata"]["name"]


def test_an_update_keeps_the_name_that_was_made(stub: ResourceProviderStub) -> None:
    olds = check(stub, {}).inputs
    assert check(stub, {}, olds=olds, randomSeed=b"2").inputs["metadata"]["name"] == olds["metadata"]["name"]


def test_a_name_that_was_given_is_not_kept_when_it_is_taken_away(stub: ResourceProviderStub) -> None:
    assert check(stub, {}, olds=struct(POD)).inputs["metadata"]["name"] != "web"


def test_the_engine_may_propose_or_forbid_names(stub: ResourceProviderStub) -> None:
    options = provider_pb2.CheckRequest.AutonamingOptions
    proposed = options(proposed_name="of-the-engine", mode=options.ENFORCE)
    assert check(stub, {}, autonaming=proposed).inputs["metadata"]["name"] == "of-the-engine"
    (failure,) = check(stub, {}, autonaming=options(mode=options.DISABLE)).failures
    assert failure.property == "metadata.name"


@pytest.mark.parametrize(
    ("inputs", "resource_type", "where"),
    [
        ({"metadata": {"generateName": "web-"}}, "kubernetes:core/v1:Pod", "metadata.generateName"),
        ({"kind": "Pod"}, "kubernetes:core/v1:PodPatch", "kind"),
        (
            {"metadata": {"annotations": {"pulumi.com/timeoutSeconds": "soon"}}},
            "kubernetes:core/v1:Pod",
            "metadata.annotations",
        ),
    ],
)
def test_what_cannot_be_done_is_refused(
    stub: ResourceProviderStub, inputs: dict[str, Any], resource_type: str, where: str
) -> None:
    (failure,) = check(stub, inputs, type=resource_type).failures
    assert failure.property == where


def test_options_that_would_not_be_heeded_are_refused(stub: ResourceProviderStub) -> None:
    request = provider_pb2.CheckRequest(news=struct({"context": "c", "renderYamlToDirectory": "d"}))
    (failure,) = stub.CheckConfig(request).failures
    assert failure.property == "renderYamlToDirectory"


@pytest.mark.parametrize(
    ("metadata", "delete_first"), [({}, True), ({"annotations": {"pulumi.com/autonamed": "true"}}, False)]
)
def test_a_name_that_was_given_is_free_before_it_is_used_again(
    stub: ResourceProviderStub,
    metadata: dict[str, Any],
    delete_first: bool,
) -> None:
    old = {**POD, "metadata": {**POD["metadata"], **metadata}}
    new = {**old, "spec": {"containers": [], "hostname": "other"}}
    diff = stub.Diff(provider_pb2.DiffRequest(old_inputs=struct(old), news=struct(new)))
    assert list(diff.replaces) == ["spec.hostname"]
    assert diff.detailedDiff["spec.hostname"].kind == provider_pb2.PropertyDiff.ADD_REPLACE
    assert diff.deleteBeforeReplace is delete_first


def test_a_preview_needs_no_cluster(stub: ResourceProviderStub) -> None:
    answer = stub.Create(provider_pb2.CreateRequest(properties=struct(POD), preview=True))
    assert answer.properties == struct(POD)


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("Create", provider_pb2.CreateRequest(properties=struct(POD))),
        ("Update", provider_pb2.UpdateRequest(olds=struct(POD), news=struct(POD))),
        ("Read", provider_pb2.ReadRequest(id="team/web", type="kubernetes:core/v1:Pod")),
        ("Delete", provider_pb2.DeleteRequest(id="team/web", type="kubernetes:core/v1:Pod")),
    ],
)
def test_whatever_needs_the_cluster_says_that_it_is_not_there(
    stub: ResourceProviderStub, method: str, request_: Message
) -> None:
    with pytest.raises(grpc.RpcError, match="configured Kubernetes cluster is unreachable"):
        getattr(stub, method)(request_)


def test_a_context_that_is_not_there_is_told(tmp_path: Path) -> None:
    with plugin(tmp_path, context="none") as methods, pytest.raises(grpc.RpcError, match="kubeconfig cannot be used"):
        methods.Create(provider_pb2.CreateRequest(properties=struct(POD)))


def test_a_kubeconfig_that_is_not_there_is_told(tmp_path: Path) -> None:
    with (
        plugin(tmp_path, kubeconfig="none") as methods,
        pytest.raises(grpc.RpcError, match="kubeconfig cannot be used"),
    ):
        methods.Create(provider_pb2.CreateRequest(properties=struct(POD)))


def test_cancel_is_answered(stub: ResourceProviderStub) -> None:
    assert stub.Cancel(Empty()) == Empty()
