"""What the engine asks of a resource plugin, done on a cluster."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from importlib.metadata import version

from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2

from dev.kubernetes_plugin.cluster import (
    FORBIDDEN,
    NOT_FOUND,
    Cluster,
    ClusterError,
    UnknownKindError,
    UnreachableError,
)
from dev.kubernetes_plugin.diff import changes, refreshed, text_of
from dev.kubernetes_plugin.engine import EngineLog, InitFailedError
from dev.kubernetes_plugin.naming import (
    annotation,
    autonamed,
    generated_name,
    id_of,
    identity_of,
    is_autonamed,
    metadata_of,
    parsed_id,
)
from dev.kubernetes_plugin.readiness import readiness_of
from dev.kubernetes_plugin.triggers import triggers_of
from dev.kubernetes_plugin.values import Object, Secrecy, checked, has_unknown, plain, received, sent, without_secrets
from dev.kubernetes_plugin.waiting import NotReadyError, Wait

_DEFAULT_SECONDS = 600.0
_PATCH_FORCE = "pulumi.com/patchForce"
_SKIP_AWAIT = "pulumi.com/skipAwait"
_TIMEOUT = "pulumi.com/timeoutSeconds"
_OPTIONS = ("kubeconfig", "context", "namespace", "enablePatchForce")
_IGNORED_OPTIONS = ("enableServerSideApply", "suppressDeprecationWarnings", "kubeClientSettings", "version")
_OF_THE_SERVER = ("creationTimestamp", "generation", "resourceVersion", "selfLink", "uid")

_Change = provider_pb2.CreateRequest | provider_pb2.UpdateRequest | provider_pb2.DeleteRequest
_Autonaming = provider_pb2.CheckRequest.AutonamingOptions


class KubernetesProvider:
    """One resource plugin: one cluster, as one user."""

    def __init__(self, log: EngineLog) -> None:
        self._log = log
        self._cluster: Cluster | None = None
        self._unreachable: ClusterError = UnreachableError("it was not configured")
        self._force = False
        self._cancelled = threading.Event()

    # The plugin

    def get_plugin_info(self, _request: Empty) -> plugin_pb2.PluginInfo:
        """Say which version this is: as of the SDK whose resources it serves, so that the engine takes it."""
        return plugin_pb2.PluginInfo(version=f"{version('pulumi-kubernetes')}+stand-in")

    def check_config(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Refuse the options of the official plugin that would not be heeded."""
        failures = [
            provider_pb2.CheckFailure(
                property=option,
                reason=f"this stand-in for the official plugin knows only {', '.join(_OPTIONS)}: use the official one",
            )
            for option in request.news.fields
            if option not in (*_OPTIONS, *_IGNORED_OPTIONS)
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def configure(self, request: provider_pb2.ConfigureRequest) -> provider_pb2.ConfigureResponse:
        """Find the cluster; one that cannot be reached is an error of what needs it, not of a preview."""
        options = plain(received(request.args))
        force = options.get("enablePatchForce", os.environ.get("PULUMI_K8S_ENABLE_PATCH_FORCE"))
        self._force = str(force).lower() == "true"
        try:
            self._cluster = Cluster.connect(options.get("kubeconfig"), options.get("context"), options.get("namespace"))
        except ClusterError as error:
            self._unreachable = error
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    def cancel(self, _request: Empty) -> Empty:
        """End what waits."""
        self._cancelled.set()
        return Empty()

    # One resource

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Return the inputs with what the program may leave out: apiVersion, kind, name and namespace."""
        secrecy = received(request.news)
        old, new = plain(received(request.olds)), plain(secrecy)
        api_version, kind = identity_of(request.type)
        new = {"apiVersion": api_version, "kind": kind, **new}
        if new["kind"] != kind:
            return _refused("kind", f"{request.type} is a resource that only the official plugin has")
        timeout = annotation(new, _TIMEOUT)
        if timeout is not None and not timeout.isdecimal():
            return _refused("metadata.annotations", f"{_TIMEOUT} is a whole number of seconds")
        metadata = metadata_of(new)
        if isinstance(new.get("metadata", {}), dict):
            if "generateName" in metadata:
                return _refused("metadata.generateName", "server-side apply needs a name: leave both out, or give one")
            if "name" not in metadata:
                if is_autonamed(old):
                    new = autonamed(new, old["metadata"]["name"])
                elif request.autonaming.mode == _Autonaming.DISABLE:
                    return _refused("metadata.name", "is needed where autonaming is disabled")
                else:
                    proposed = request.autonaming.proposed_name
                    new = autonamed(new, proposed or generated_name(request.name, request.randomSeed))
            new = self._with_namespace(new, old)
        return provider_pb2.CheckResponse(inputs=checked(new, secrecy))

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Compare the inputs, which a refresh has brought up to date."""
        old, new = plain(received(request.old_inputs)), plain(received(request.news))
        found = changes(old, new, triggers_of(new["apiVersion"], new["kind"]))
        kinds = provider_pb2.PropertyDiff.Kind
        replaces = [text_of(change.path) for change in found if change.replaces]
        same_place = all(metadata_of(old).get(key) == metadata_of(new).get(key) for key in ("name", "namespace"))
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
            replaces=replaces,
            # Two objects cannot have one name.
            deleteBeforeReplace=bool(replaces) and same_place and not is_autonamed(new),
            detailedDiff={
                text_of(change.path): provider_pb2.PropertyDiff(
                    kind=kinds.Value(change.kind.value + ("_REPLACE" if change.replaces else "")), inputDiff=True
                )
                for change in found
            },
            hasDetailedDiff=True,
        )

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Make an object and wait until it is ready."""
        secrecy = received(request.properties)
        inputs = plain(secrecy)
        if request.preview:
            return provider_pb2.CreateResponse(properties=self._preview(inputs, secrecy, uid=None))
        cluster = self._connected()
        item = self._asked(secrecy, lambda: self._created(cluster, inputs))
        live = self._ready(request, item, inputs, secrecy)
        return provider_pb2.CreateResponse(id=id_of(live), properties=sent(live, secrecy))

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Change an object and wait until it is ready again."""
        secrecy = received(request.news)
        inputs = plain(secrecy)
        uid = metadata_of(plain(received(request.olds))).get("uid")
        if request.preview:
            return provider_pb2.UpdateResponse(properties=self._preview(inputs, secrecy, uid=uid))
        cluster = self._connected()
        item = self._asked(secrecy, lambda: cluster.apply(_of(inputs, uid), dry_run=False, force=self._forced(inputs)))
        live = self._ready(request, item, inputs, secrecy)
        return provider_pb2.UpdateResponse(properties=sent(live, secrecy))

    def read(self, request: provider_pb2.ReadRequest) -> provider_pb2.ReadResponse:
        """Return an object as it is now, and inputs that say so; no id where there is none."""
        secrecy = received(request.inputs)
        inputs, state = plain(secrecy), plain(received(request.properties))
        try:
            live = self._connected().get(self._identified(request.id, request.type, state))
        except UnknownKindError:
            live = None
        if live is None:
            return provider_pb2.ReadResponse()
        inputs = refreshed(inputs, state, live) if inputs else _importable(live)
        state_sent, inputs_sent = sent(live, secrecy), sent(inputs, secrecy)
        readiness = readiness_of(live)
        if not readiness.ready and request.inputs.fields and not _skips_waiting(inputs):
            reasons = tuple(without_secrets(reason, secrecy) for reason in readiness.reasons)
            raise InitFailedError(request.id, state_sent, reasons, inputs_sent)
        return provider_pb2.ReadResponse(id=id_of(live), properties=state_sent, inputs=inputs_sent)

    def delete(self, request: provider_pb2.DeleteRequest) -> Empty:
        """Delete an object and wait until it is gone."""
        cluster = self._connected()
        item = self._identified(request.id, request.type, plain(received(request.properties)))
        try:
            cluster.delete(item)
            self._wait(request, item, {}).until_gone(cluster, item)
        except UnknownKindError:
            pass
        return Empty()

    # Parts

    def _connected(self) -> Cluster:
        if self._cluster is None:
            raise self._unreachable
        return self._cluster

    def _with_namespace(self, new: Object, old: Object) -> Object:
        metadata = metadata_of(new)
        if "namespace" in metadata:
            return new
        namespace = metadata_of(old).get("namespace")
        if self._cluster is not None:
            try:
                namespace = self._cluster.namespace if self._cluster.is_namespaced(new) else None
            except UnknownKindError:
                namespace = self._cluster.namespace
            except UnreachableError as error:
                self._cluster, self._unreachable = None, error
        return {**new, "metadata": {**metadata, "namespace": namespace}} if namespace else new

    def _identified(self, resource_id: str, resource_type: str, state: Object) -> Object:
        api_version, kind = identity_of(resource_type)
        namespace, name = parsed_id(resource_id)
        item: Object = {
            "apiVersion": state.get("apiVersion", api_version),
            "kind": state.get("kind", kind),
            "metadata": {"name": name, "annotations": metadata_of(state).get("annotations", {})},
        }
        if namespace:
            item["metadata"]["namespace"] = namespace
            return item
        return self._with_namespace(item, {})

    def _preview(self, inputs: Object, secrecy: Secrecy, *, uid: str | None) -> Struct:
        """Return what the API server would make of the inputs, or the inputs where it cannot be asked."""
        unchanged = sent(inputs, secrecy)
        if has_unknown(inputs) or self._cluster is None:
            return unchanged
        try:
            if uid is None and self._cluster.get(inputs) is not None:
                # Perhaps the object that is going to be replaced.
                return unchanged
            force = uid is None or self._forced(inputs)
            live = self._asked(secrecy, lambda: self._connected().apply(_of(inputs, uid), dry_run=True, force=force))
        except (UnknownKindError, UnreachableError):
            return unchanged
        except ClusterError as error:
            # The namespace, or the permission, may be there by then.
            if error.status in (NOT_FOUND, FORBIDDEN):
                return unchanged
            raise
        return sent({key: value for key, value in live.items() if key != "status"}, secrecy)

    def _created(self, cluster: Cluster, inputs: Object) -> Object:
        if cluster.get(inputs) is not None:
            raise ClusterError(f"{inputs['kind']} {id_of(inputs)!r} already exists: give another name, or import it")
        try:
            return cluster.apply(inputs, dry_run=False, force=False)
        except UnreachableError as error:
            if not error.perhaps_done:
                raise
            # Recorded, because it may be there. The next update makes it so, or a destroy makes it gone.
            raise NotReadyError(inputs, (str(error),)) from None

    def _ready(self, request: _Change, item: Object, inputs: Object, secrecy: Secrecy) -> Object:
        if _skips_waiting(inputs):
            return item
        try:
            return self._wait(request, inputs, secrecy).until_ready(self._connected(), item)
        except NotReadyError as error:
            raise _init_failed(error, secrecy) from None

    def _wait(self, request: _Change, inputs: Object, secrecy: Secrecy) -> Wait:
        seconds = request.timeout or float(annotation(inputs, _TIMEOUT) or _DEFAULT_SECONDS)
        return Wait(
            seconds, self._cancelled, lambda text: self._log.status(request.urn, without_secrets(text, secrecy))
        )

    def _forced(self, inputs: Object) -> bool:
        return self._force or annotation(inputs, _PATCH_FORCE) == "true"

    @staticmethod
    def _asked(secrecy: Secrecy, request: Callable[[], Object]) -> Object:
        """Return the answer of the API server; its errors name no secret, and say what can be done."""
        try:
            return request()
        except NotReadyError as error:
            raise _init_failed(error, secrecy) from None
        except UnreachableError:
            raise
        except ClusterError as error:
            raise ClusterError(without_secrets(str(error), secrecy) + _hint(error), error.status) from None


def _init_failed(error: NotReadyError, secrecy: Secrecy) -> InitFailedError:
    reasons = tuple(without_secrets(reason, secrecy) for reason in error.reasons)
    return InitFailedError(id_of(error.item), sent(error.item, secrecy), reasons)


def _hint(error: ClusterError) -> str:
    if error.managers:
        return f' (somebody else has set these fields since; the annotation {_PATCH_FORCE}: "true" takes them back)'
    if "uid mismatch" in str(error) or "metadata.uid" in str(error):
        return " (it was deleted, or made anew, by somebody else: run `pulumi refresh`)"
    return ""


def _of(inputs: Object, uid: str | None) -> Object:
    return {**inputs, "metadata": {**inputs["metadata"], "uid": uid}} if uid else inputs


def _refused(path: str, reason: str) -> provider_pb2.CheckResponse:
    return provider_pb2.CheckResponse(failures=[provider_pb2.CheckFailure(property=path, reason=reason)])


def _importable(live: Object) -> Object:
    metadata = {key: value for key, value in live["metadata"].items() if key not in _OF_THE_SERVER}
    return {key: value for key, value in live.items() if key != "status"} | {"metadata": metadata}


def _skips_waiting(inputs: Object) -> bool:
    return annotation(inputs, _SKIP_AWAIT) == "true"
