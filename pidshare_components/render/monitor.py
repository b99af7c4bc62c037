"""The engine's side of a program's run: answers what is certain, calls the rest unknown, and keeps the objects."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NoReturn

from google.protobuf import struct_pb2
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.rpc import UNKNOWN

from pidshare_components.render import kinds
from pidshare_components.render.errors import RenderError
from pidshare_components.render.manifest import Manifest
from pidshare_components.render.order import apply_order
from pidshare_components.render.values import (
    PRINTED,
    Placeholders,
    Reader,
    add_unknowns,
    format_path,
    hide_data,
    is_given,
    mapping,
)

_HINT = "--allow-unknown goes on without it"
_NAME_LIMIT = 63  # of a DNS label, which every kind takes as a name
_IDENTITY = {"metadata", "metadata.name", "metadata.namespace"}


class Monitor(MockMonitor):
    """Takes the registrations of one program.

    The SDK's own monitor for tests answers all calls; this one replaces the answers about resources.

    Args:
        config: the program's configuration by full key; `kubernetes:namespace` counts.
        allow_unknown: put a placeholder where a value is known only after deployment.
        show_secrets: keep secret values instead of placeholders.
        placeholders: what stands for the others.
    """

    def __init__(
        self,
        config: Mapping[str, str],
        *,
        allow_unknown: bool,
        show_secrets: bool,
        placeholders: Placeholders = PRINTED,
    ) -> None:
        super().__init__(_Unused())
        self._default_namespace = config.get("kubernetes:namespace", "default")
        self._allow_unknown = allow_unknown
        self._show_secrets = show_secrets
        self._placeholders = placeholders
        self._provider_namespaces: dict[str, str] = {}
        self._dependencies: dict[str, list[str]] = {}
        self._manifests: dict[str, Manifest] = {}
        self._problems: list[str] = []

    # --- what the SDK calls ---

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Return the URN that the engine would give: unlike the mock's, labels made from it are the real ones."""
        stack, project = super().make_urn("", type_, name).split("::")[:2]
        parent_type = parent.split("::")[2] if parent else ""
        if parent_type and parent_type != "pulumi:pulumi:Stack":
            type_ = f"{parent_type}${type_}"
        return f"{stack}::{project}::{type_}::{name}"

    def RegisterResource(  # noqa: N802 - the name of the call
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Keep a Kubernetes object and answer with it; answer nothing certain about other resources."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if urn in self._dependencies:
            raise RenderError(f"{_title(request)}: registered twice; give the second one another name")
        self._dependencies[urn] = list(request.dependencies)
        if request.type == "pulumi:providers:kubernetes":
            self._provider_namespaces[urn] = request.object.fields["namespace"].string_value
        elif request.remote or (request.custom and request.type.startswith("kubernetes:")):
            return self._register_object(urn, request)
        return resource_pb2.RegisterResourceResponse(urn=urn)

    def ReadResource(  # noqa: N802 - the name of the call
        self, request: resource_pb2.ReadResourceRequest
    ) -> resource_pb2.ReadResourceResponse:
        """Answer that of what is there already nothing is known but its id."""
        urn = self.make_urn(request.parent, request.type, request.name)
        return resource_pb2.ReadResourceResponse(urn=urn, id=request.id)

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        """Refuse a function, whose result only its provider knows."""
        if self._allow_unknown:
            return resource_pb2.ResourceInvokeResponse(unknown=True)
        raise RenderError(f"the function {request.tok} is answered by its provider, which does not run here; {_HINT}")

    def Call(self, request: resource_pb2.ResourceCallRequest) -> NoReturn:  # noqa: N802 - the name of the call
        """Refuse a method of a remote component."""
        raise RenderError(f"the method {request.tok} is answered by its provider, which does not run here")

    # --- Kubernetes objects ---

    def _register_object(
        self, urn: str, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        fields = request.object.fields
        api_version, kind = fields["apiVersion"].string_value, fields["kind"].string_value
        if not api_version or not kind or request.type.endswith("Patch"):
            self._not_known(f"{_title(request)}: only its provider knows which objects it stands for")
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if kind.endswith("List") and "items" in fields:
            self._problems.append(f"{_title(request)}: a list of objects; make each of its items a resource")
            return resource_pb2.RegisterResourceResponse(urn=urn)
        object_id = self._place(request, api_version, kind)
        self._keep(urn, request)
        _complete(request.object, kind)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=object_id, object=request.object)

    def _place(self, request: resource_pb2.RegisterResourceRequest, api_version: str, kind: str) -> str:
        """Give the object the name and the namespace it lacks, and return its id, empty when unknown."""
        metadata = _metadata(request.object)
        if metadata is None:
            return ""
        if not is_given(metadata, "name"):
            prefix = metadata["generateName"].string_value
            metadata["name"].string_value = prefix + _dns_label(request.name, kind)
        metadata.pop("generateName", None)
        if not is_given(metadata, "namespace"):
            metadata.pop("namespace", None)
            if kinds.is_namespaced(api_version, kind):
                provider = request.provider.rpartition("::")[0]
                namespace = self._provider_namespaces.get(provider) or self._default_namespace
                metadata["namespace"].string_value = namespace
        parts = [metadata[key].string_value for key in ("namespace", "name") if key in metadata]
        return "/".join(parts) if all(parts) and UNKNOWN not in "".join(parts) else ""

    def _keep(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> None:
        reader = Reader(self._show_secrets, self._placeholders)
        tree = reader.read_struct(request.object)
        for path, what in reader.not_values:
            self._problems.append(f"{_title(request)}: {format_path(path)} holds {what}; give a value, or use apply")
        unknown = [format_path(path) for path in reader.unknown]
        for place in unknown:
            self._not_known(f"{_title(request)}: {place} is known only after deployment{_sources(request, place)}")
        hidden = {format_path(path) for path in reader.hidden}
        if tree["kind"] == "Secret" and not self._show_secrets:
            hidden |= hide_data(tree)
        if not isinstance(tree.get("metadata"), dict):
            tree["metadata"] = {"name": _dns_label(request.name, tree["kind"])}
        self._manifests[urn] = Manifest(
            resource=_title(request),
            called=request.name,
            object=tree,
            hidden=tuple(sorted(hidden)),
            unknown=tuple(unknown),
        )

    def _not_known(self, line: str) -> None:
        if not self._allow_unknown:
            self._problems.append(f"{line}; {_HINT}")

    def manifests(self) -> list[Manifest]:
        """Return the objects in the order to apply them, which depends on what the program says, not on when it did.

        Raises:
            RenderError: with all problems, one line each: values that are not known or cannot be in an object,
                resources that cannot be rendered, objects of one name.
        """
        problems = [*self._problems, *self._shared_names()]
        if problems:
            raise RenderError("\n".join(sorted(problems)))
        priority = {
            urn: (kinds.apply_rank(item.kind), item.namespace, item.name) for urn, item in self._manifests.items()
        }
        return [self._manifests[urn] for urn in apply_order(self._dependencies, priority)]

    def _shared_names(self) -> list[str]:
        by_identity = defaultdict(list)
        for item in self._manifests.values():
            if _IDENTITY.isdisjoint((*item.unknown, *item.hidden)):
                group = kinds.group(str(item.object["apiVersion"]))
                by_identity[group, item.kind, item.namespace, item.name].append(item.resource)
        return [
            f"{' and '.join(sorted(resources))} are both {kind} {f'{namespace}/{name}' if namespace else name}; "
            "give one of them another name"
            for (_, kind, namespace, name), resources in by_identity.items()
            if len(resources) > 1
        ]


def _title(request: resource_pb2.RegisterResourceRequest) -> str:
    return f"{request.type} '{request.name}'"


def _sources(request: resource_pb2.RegisterResourceRequest, place: str) -> str:
    """Say which resources the top-level field of a place depends on."""
    key = re.split(r"[.\[]", place, maxsplit=1)[0]
    names = {
        f"{urn.split('::')[2].rpartition('$')[2]} '{urn.split('::')[3]}'"
        for urn in request.propertyDependencies[key].urns
    }
    return f" ({key} depends on {', '.join(sorted(names))})" if names else ""


def _metadata(struct: struct_pb2.Struct) -> Any:  # noqa: ANN401 - a protobuf map
    """Return the fields of an object's metadata, made if need be; None when they are unknown."""
    if not is_given(struct.fields, "metadata"):
        struct.fields["metadata"].struct_value.Clear()
    return mapping(struct.fields["metadata"])


def _dns_label(name: str, kind: str) -> str:
    """Return Pulumi's name as a DNS label, where the engine would append random characters to it."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_NAME_LIMIT].strip("-")
    return label or kind.lower()


def _complete(struct: struct_pb2.Struct, kind: str) -> None:
    """Turn an object as it was given into what the program gets back."""
    metadata = _metadata(struct)
    if metadata is not None:
        add_unknowns(metadata, kinds.FILLED_METADATA)
    spec = mapping(struct.fields["spec"]) if "spec" in struct.fields else None
    if spec is None:
        return
    add_unknowns(spec, kinds.FILLED_SPEC.get(kind, ()))
    if kind == "Service" and "ports" in spec:
        for port in map(mapping, spec["ports"].list_value.values):
            if port is not None:
                add_unknowns(port, kinds.FILLED_SERVICE_PORT)


class _Unused(Mocks):
    """The mock monitor's own source of answers, which nothing asks here."""

    def call(self, args: MockCallArgs) -> NoReturn:
        raise NotImplementedError(args.token)

    def new_resource(self, args: MockResourceArgs) -> NoReturn:
        raise NotImplementedError(args.name)
