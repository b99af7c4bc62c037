"""What the Kubernetes plugin does when things go wrong, with an API server that goes wrong on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import provider_pb2

from dev.kubernetes_plugin.cluster import ClusterError
from dev.kubernetes_plugin.engine import EngineLog, InitFailedError
from dev.kubernetes_plugin.provider import KubernetesProvider

Tree = dict[str, Any]

POD: Tree = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "team"}, "spec": {"a": "b"}}
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
STARTING = {"phase": "Pending"}


class ApiServer(ThreadingHTTPServer):
    """As much of an API server as one pod needs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pod: Tree | None = None
        self.status: Tree = READY
        self.lost_answers: dict[str, int] = {}
        """How many of the next requests of each method are carried out and not answered."""
        self.refusal: str | None = None
        self.manager: str | None = None
        """Who has set fields since, and loses them only by force."""
        self.asked = threading.Event()
        """Is set when somebody asks for the pod."""

    def apply(self, item: Tree, *, dry_run: bool = False) -> Tree:
        made = {**item, "metadata": {**item["metadata"], "uid": self.uid}, "status": self.status}
        self.pod = self.pod if dry_run else made
        return made

    @property
    def uid(self) -> str:
        return self.pod["metadata"]["uid"] if self.pod else "1"


class Handler(BaseHTTPRequestHandler):
    server: ApiServer

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path == "/api/v1/namespaces/team/pods/web":
            self.server.asked.set()
            self._answer(self.server.pod)
        elif path == "/api/v1":
            self._answer(
                {
                    "kind": "APIResourceList",
                    "resources": [{"name": "pods", "kind": "Pod", "namespaced": True, "verbs": []}],
                }
            )
        else:
            self._answer({"kind": "APIGroupList", "groups": []})

    def do_PATCH(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        item = json.loads(body)
        expected = item["metadata"].get("uid")
        if self.server.refusal:
            self._send(422, {"message": f"{self.server.refusal}: {body}"})
        elif self.server.manager and "force=true" not in self.path.lower():
            self._send(
                409, {"message": f'Apply failed with 1 conflict: conflict with "{self.server.manager}": .spec.a'}
            )
        elif expected and not (self.server.pod and self.server.uid == expected):
            self._send(409, {"message": "uid mismatch"})
        else:
            self._answer(self.server.apply(item, dry_run="dryRun=All" in self.path))

    def do_DELETE(self) -> None:
        pod, self.server.pod = self.server.pod, None
        self._answer(pod)

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, content: Tree | None) -> None:
        left = self.server.lost_answers.get(self.command, 0)
        if left and "pods" in self.path:
            self.server.lost_answers[self.command] = left - 1
            self.close_connection = True
            return
        self._send(200 if content else 404, content or {"message": "not found"})

    def _send(self, status: int, content: Tree) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer() as api_server:
        threading.Thread(target=api_server.serve_forever, args=[0.01], daemon=True).start()
        yield api_server
        api_server.shutdown()


@pytest.fixture
def provider(server: ApiServer) -> KubernetesProvider:
    made = KubernetesProvider(EngineLog("127.0.0.1:1"))
    kubeconfig = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "u", "user": {}}],
    }
    made.configure(provider_pb2.ConfigureRequest(args=struct({"kubeconfig": json.dumps(kubeconfig)})))
    return made


def struct(tree: Tree) -> Struct:
    made = Struct()
    made.update(tree)
    return made


def create(provider: KubernetesProvider, **request: Any) -> provider_pb2.CreateResponse:  # noqa: ANN401
    return provider.create(provider_pb2.CreateRequest(**{"properties": struct(POD)} | request))


def delete(provider: KubernetesProvider, **request: Any) -> None:  # noqa: ANN401
    provider.delete(provider_pb2.DeleteRequest(id="team/web", type="kubernetes:core/v1:Pod", **request))


def test_a_creation_whose_answer_is_lost_is_remembered_and_made_good(
    server: ApiServer, provider: KubernetesProvider
) -> None:
    server.lost_answers["PATCH"] = 1
    with pytest.raises(InitFailedError) as raised:
        create(provider)
    remembered = raised.value.detail
    assert remembered.id == "team/web"
    again = provider_pb2.UpdateRequest(id="team/web", olds=remembered.properties, news=struct(POD))
    assert provider.update(again).properties["metadata"]["uid"] == "1"


def test_a_creation_whose_answer_is_lost_can_be_destroyed(server: ApiServer, provider: KubernetesProvider) -> None:
    server.lost_answers["PATCH"] = 1
    with pytest.raises(InitFailedError) as raised:
        create(provider)
    delete(provider, properties=raised.value.detail.properties)
    assert server.pod is None


def test_a_creation_that_was_refused_is_not_remembered(server: ApiServer, provider: KubernetesProvider) -> None:
    server.refusal = "no"
    with pytest.raises(ClusterError, match="no"):
        create(provider)


def test_somebody_elses_object_is_not_taken(server: ApiServer, provider: KubernetesProvider) -> None:
    server.apply({**POD, "spec": {"theirs": "1"}})
    with pytest.raises(ClusterError, match="already exists"):
        create(provider)
    assert server.pod
    assert server.pod["spec"] == {"theirs": "1"}


def test_a_refusal_that_quotes_a_secret_is_told_without_it(server: ApiServer, provider: KubernetesProvider) -> None:
    server.refusal = "cannot be"
    hidden = PropertyValue("hunter2", is_secret=True)
    inputs = PropertyValue.unmarshal_map(struct(POD)) | {"spec": PropertyValue({"password": hidden})}
    with pytest.raises(ClusterError, match=r"cannot be.*\[secret\]") as raised:
        create(provider, properties=PropertyValue.marshal_map(inputs))
    assert "hunter2" not in str(raised.value)


def test_a_preview_asks_the_api_server_and_changes_nothing(server: ApiServer, provider: KubernetesProvider) -> None:
    properties = create(provider, preview=True).properties
    assert properties["metadata"]["uid"]
    assert "status" not in properties
    assert server.pod is None


def test_what_was_deleted_by_somebody_else_is_not_made_anew(server: ApiServer, provider: KubernetesProvider) -> None:
    state = server.apply(POD)
    server.pod = None
    with pytest.raises(ClusterError, match="pulumi refresh"):
        provider.update(provider_pb2.UpdateRequest(id="team/web", olds=struct(state), news=struct(POD)))
    assert server.pod is None


@pytest.mark.parametrize("preview", [True, False])
def test_what_was_changed_by_hand_is_changed_back(
    server: ApiServer, provider: KubernetesProvider, preview: bool
) -> None:
    state = server.apply(POD)
    server.manager = "kubectl-edit"
    request = provider_pb2.UpdateRequest(id="team/web", olds=struct(state), news=struct(POD), preview=preview)
    assert provider.update(request).properties["spec"]["a"] == "b"


def test_what_another_program_has_changed_is_changed_back_only_by_force(
    server: ApiServer, provider: KubernetesProvider
) -> None:
    state = server.apply(POD)
    server.manager = "controller"
    request = provider_pb2.UpdateRequest(id="team/web", olds=struct(state), news=struct(POD))
    with pytest.raises(ClusterError, match="patchForce"):
        provider.update(request)
    annotations = {"pulumi.com/patchForce": "true"}
    request.news.update({"metadata": {**POD["metadata"], "annotations": annotations}})
    assert provider.update(request).properties["spec"]["a"] == "b"


def test_answers_that_are_lost_while_it_waits_are_waited_for(server: ApiServer, provider: KubernetesProvider) -> None:
    server.status = STARTING

    def become_ready() -> None:
        server.asked.wait()
        server.asked.clear()
        server.asked.wait()
        server.lost_answers["GET"] = 2
        server.status = READY
        server.apply(POD)

    threading.Thread(target=become_ready, daemon=True).start()
    assert create(provider).id == "team/web"
    assert server.lost_answers["GET"] == 0


def test_what_does_not_become_ready_is_remembered(server: ApiServer, provider: KubernetesProvider) -> None:
    server.status = STARTING
    with pytest.raises(InitFailedError, match="were over") as raised:
        create(provider, timeout=0.1)
    assert raised.value.detail.properties["metadata"]["uid"] == "1"


def test_skip_await_waits_for_nothing(server: ApiServer, provider: KubernetesProvider) -> None:
    server.status = STARTING
    annotations = {"pulumi.com/skipAwait": "true"}
    item = {**POD, "metadata": {**POD["metadata"], "annotations": annotations}}
    assert create(provider, properties=struct(item)).properties["status"]["phase"] == "Pending"


def test_cancel_ends_a_wait(server: ApiServer, provider: KubernetesProvider) -> None:
    server.status = STARTING

    def cancel() -> None:
        server.asked.wait()
        provider.cancel(Empty())

    threading.Thread(target=cancel, daemon=True).start()
    with pytest.raises(InitFailedError, match="interrupted"):
        create(provider)


def test_what_is_deleted_while_it_starts_is_not_remembered(server: ApiServer, provider: KubernetesProvider) -> None:
    server.status = STARTING

    def somebody_else() -> None:
        server.asked.wait()
        server.asked.clear()
        server.asked.wait()
        server.pod = None

    threading.Thread(target=somebody_else, daemon=True).start()
    with pytest.raises(ClusterError, match="deleted by somebody else"):
        create(provider)


def test_what_is_gone_is_deleted(provider: KubernetesProvider) -> None:
    delete(provider)


def test_a_kind_that_is_gone_is_deleted_with_all_its_objects(provider: KubernetesProvider) -> None:
    provider.delete(provider_pb2.DeleteRequest(id="team/web", type="kubernetes:example.com/v1:Thing"))
    assert not provider.read(provider_pb2.ReadRequest(id="team/web", type="kubernetes:example.com/v1:Thing")).id


def test_a_refresh_says_what_is_not_ready(server: ApiServer, provider: KubernetesProvider) -> None:
    created = create(provider)
    server.status = STARTING
    server.apply({**POD, "spec": {"a": "changed"}})
    request = provider_pb2.ReadRequest(
        id="team/web", type="kubernetes:core/v1:Pod", properties=created.properties, inputs=struct(POD)
    )
    with pytest.raises(InitFailedError) as raised:
        provider.read(request)
    assert raised.value.detail.inputs["spec"]["a"] == "changed"


def test_an_import_takes_what_a_program_can_say(server: ApiServer, provider: KubernetesProvider) -> None:
    server.apply(POD)
    read = provider.read(provider_pb2.ReadRequest(id="team/web", type="kubernetes:core/v1:Pod"))
    assert read.inputs == struct(POD)
    assert read.properties["metadata"]["uid"] == "1"
