"""The API server, through the `kubernetes` client: any kind that it knows, and no request without end."""

from __future__ import annotations

import json
import re
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import urllib3.exceptions
import yaml
from kubernetes import client
from kubernetes.config import ConfigException, kube_config
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ResourceNotFoundError

from dev.kubernetes_plugin.values import Object

FIELD_MANAGER = "pidshare-kubernetes-plugin"

_CONNECT_SECONDS = 5
_ANSWER_SECONDS = 15
_CONNECTIONS = 256
"""Kept open at most; the engine works on many resources at once."""

_NOT_SENT = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.SSLError,
)
FORBIDDEN, NOT_FOUND = 403, 404
_GATEWAY_TIMEOUT = 504

_Answer = TypeVar("_Answer")


class ClusterError(Exception):
    """The API server refused something; the message is its own."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.managers = re.findall(r'conflict with "([^"]+)"', message)
        """Who else has set fields that were to be set."""


class UnreachableError(ClusterError):
    """The API server does not answer."""

    def __init__(self, reason: object, *, perhaps_done: bool = False) -> None:
        super().__init__(f"configured Kubernetes cluster is unreachable: {reason}")
        self.perhaps_done = perhaps_done
        """Whether the request may have been carried out all the same."""


class UnknownKindError(ClusterError):
    """The API server has no such kind, for one because its CustomResourceDefinition is not there (yet)."""


class _BoundedClient(client.ApiClient):
    """A client whose requests end, those of the discovery included."""

    def call_api(
        self,
        method: str,
        url: str,
        header_params: object = None,
        body: object = None,
        post_params: object = None,
        _request_timeout: object = None,
    ) -> client.rest.RESTResponse:
        return super().call_api(method, url, header_params, body, post_params, (_CONNECT_SECONDS, _ANSWER_SECONDS))


class Cluster:
    """One API server, as one user."""

    def __init__(self, configuration: client.Configuration, namespace: str) -> None:
        self._client = _BoundedClient(configuration)
        self._dynamic: Any = None
        self._discovery = threading.Lock()
        self.namespace = namespace
        """The namespace of objects whose program names none."""

    @classmethod
    def connect(cls, kubeconfig: str | None, context: str | None, namespace: str | None) -> Cluster:
        """Return the cluster of a kubeconfig.

        Args:
            kubeconfig: the content or the path of one; None for that of KUBECONFIG or of the user.
            context: in it; None for the current one.
            namespace: of objects whose program names none; None for that of the context, else `default`.

        Raises:
            ClusterError: there is no such kubeconfig or context.
            UnreachableError: it does not answer.
        """
        configuration = client.Configuration()
        # A request that failed is not repeated by somebody who cannot know whether that is safe.
        configuration.retries = False
        configuration.connection_pool_maxsize = _CONNECTIONS
        try:
            own_namespace = _load(configuration, kubeconfig, context)
        except ConfigException as error:
            raise ClusterError(f"the kubeconfig cannot be used: {error}") from None
        cluster = cls(configuration, namespace or own_namespace or "default")
        cluster._asked(lambda: cluster._client.call_api("GET", f"{configuration.host}/version"))
        return cluster

    def is_namespaced(self, item: Object) -> bool:
        """Return whether the kind of an object lives in namespaces."""
        return bool(self._resource(item).namespaced)

    def get(self, item: Object) -> Object | None:
        """Return the object of this kind, namespace and name, None if there is none."""
        metadata = item["metadata"]
        return self._found(
            lambda: self._resource(item).get(
                name=metadata["name"], namespace=metadata.get("namespace"), serialize=False
            )
        )

    def apply(self, item: Object, *, dry_run: bool, force: bool) -> Object:
        """Make an object what is asked for, and return it.

        Fields that somebody has set by hand, with kubectl, are taken back, as the official plugin does.

        Args:
            item: with `metadata.uid`, only an object of that uid is changed, and none is made.
            dry_run: only say what it would become.
            force: take fields back from everybody.
        """
        try:
            return self._applied(item, dry_run=dry_run, force=force)
        except ClusterError as error:
            if not error.managers or not all(manager.startswith("kubectl") for manager in error.managers):
                raise
        return self._applied(item, dry_run=dry_run, force=True)

    def delete(self, item: Object) -> None:
        """Ask for the deletion of an object and of what it owns; one that is not there is deleted."""
        metadata = item["metadata"]
        self._found(
            lambda: self._resource(item).delete(
                name=metadata["name"],
                namespace=metadata.get("namespace"),
                propagation_policy="Foreground",
                serialize=False,
            )
        )

    def _resource(self, item: Object) -> Any:  # noqa: ANN401 - its methods are made at run time
        with self._discovery:
            if self._dynamic is None:
                # In a folder of its own, since the client's own choice is one for all users and clusters.
                with tempfile.TemporaryDirectory() as folder:
                    self._dynamic = self._asked(lambda: DynamicClient(self._client, f"{folder}/discovery"))  # type: ignore[no-untyped-call]
            try:
                return self._asked(
                    lambda: self._dynamic.resources.get(api_version=item["apiVersion"], kind=item["kind"])
                )
            except ResourceNotFoundError:
                what = f"{item['apiVersion']} {item['kind']}"
                raise UnknownKindError(
                    f"the API server has no {what}: is its CustomResourceDefinition there?"
                ) from None

    def _applied(self, item: Object, *, dry_run: bool, force: bool) -> Object:
        return self._object(
            lambda: self._resource(item).server_side_apply(
                body=item,
                name=item["metadata"]["name"],
                namespace=item["metadata"].get("namespace"),
                field_manager=FIELD_MANAGER,
                force_conflicts=force,
                dry_run="All" if dry_run else None,
                serialize=False,
            )
        )

    def _found(self, request: Callable[[], Any]) -> Object | None:
        try:
            return self._object(request)
        except ClusterError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def _object(self, request: Callable[[], Any]) -> Object:
        item: Object = json.loads(self._asked(request).data)
        # The API server's own books, of no use to anybody here.
        item.get("metadata", {}).pop("managedFields", None)
        return item

    def _asked(self, request: Callable[[], _Answer]) -> _Answer:
        try:
            return request()
        except client.ApiException as error:
            if not error.status:
                raise UnreachableError(error.reason) from None
            if error.status == _GATEWAY_TIMEOUT:
                raise UnreachableError(_message_of(error), perhaps_done=True) from None
            raise ClusterError(_message_of(error), error.status) from None
        except urllib3.exceptions.HTTPError as error:
            raise UnreachableError(error, perhaps_done=not isinstance(error, _NOT_SENT)) from None


def _message_of(error: client.ApiException) -> str:
    with suppress(ValueError, KeyError):
        return str(json.loads(error.body or "")["message"])
    return f"{error.status} {error.reason}"


def _load(configuration: client.Configuration, kubeconfig: str | None, context: str | None) -> str | None:
    """Fill a configuration from a kubeconfig, and return the namespace of the context."""
    library: Any = kube_config
    content = _mapping_in(kubeconfig)
    if content is None:
        path = Path(kubeconfig).expanduser() if kubeconfig else library.KUBE_CONFIG_DEFAULT_LOCATION
        content = library.KubeConfigMerger(str(path)).config
        if content is None:
            raise ConfigException(f"there is nothing in {path}")
    loader = library.KubeConfigLoader(content, active_context=context)
    loader.load_and_set(configuration)
    namespace: str | None = loader.current_context["context"].get("namespace")
    return namespace


def _mapping_in(text: str | None) -> Object | None:
    """Return a kubeconfig that is given as its content, None if it is a path."""
    with suppress(yaml.YAMLError):
        content = yaml.safe_load(text or "")
        if isinstance(content, dict):
            return content
    return None
