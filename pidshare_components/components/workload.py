"""What all components have in common: judging their pods, their company, and their outputs."""

import hashlib
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Optional

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from pidshare_components.analysis.result import Analysis
from pidshare_components.analysis.rule import Severity
from pidshare_components.args.access import AttachAccess, NetworkAccess
from pidshare_components.args.kinds import PodNames
from pidshare_components.args.pod_rules import POD_LABEL
from pidshare_components.args.template import PodTemplateArgs, checked_when_resolved
from pidshare_components.inputs import camel_case
from pidshare_components.judgement import Judgement, described, level, matrix
from pidshare_components.manifests.access import binding_subjects, role_rules
from pidshare_components.manifests.commands import commands, shell_of
from pidshare_components.manifests.merge import kubernetes_tree
from pidshare_components.manifests.network import network_policy_spec
from pidshare_components.manifests.pod import pod_annotations, pod_spec

_LABEL_NAME_LENGTH = 46  # with a hyphen and 16 hexadecimal digits: the 63 characters that a label value may have

_OUTPUTS = ("namespace", "service_account_name", "commands", "exposure", "pod_security", "findings")

Object = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """The object that a component made its pods by.

    Attributes:
        metadata: its metadata.
        pod_names: names of its pods as far as they are known, an Output of them, or None.
    """

    metadata: Any
    pod_names: Any


class SharedProcessWorkload(pulumi.ComponentResource):
    """Pods whose containers share one process namespace, and the access to them: what all kinds do alike."""

    namespace: pulumi.Output[str]
    """Namespace of all objects."""
    service_account_name: pulumi.Output[Optional[str]]
    """Name of the service account that may attach; none without `attach`."""
    commands: pulumi.Output[dict[str, str]]
    """Commands to paste. `attach` opens the shell; in it `ps` lists the processes, and with the number of one as PID
    `signal` makes it reload and `root` lists its files. Where the names of pods are not known before, `pods` lists
    them, and `attach` takes one of them. Empty without a container that has stdin and a terminal."""
    exposure: pulumi.Output[list[dict[str, str]]]
    """Who can act on whom: for each ordered pair (`from`, `on`) the answer for `see`, `environ`, `root`, `signal` and
    `ptrace`, each `yes`, `no` or `unknown`. `on` may be the worker processes of a container, or `/pause`."""
    pod_security: pulumi.Output[str]
    """Strictest level of the Pod Security Standards that the pods surely meet."""
    findings: pulumi.Output[list[dict[str, str]]]
    """What the analysis found, the most severe first: `rule`, `severity`, `path`, `message` and `fix`, and for those
    that `on_finding` accepts `accepted`, the reason."""

    _args_class: ClassVar["type[PodTemplateArgs]"]
    _own_outputs: ClassVar["tuple[str, ...]"]
    """Names of the outputs that only this kind has."""

    def __init__(self, token: str, name: str, args: Any, opts: Optional[pulumi.ResourceOptions]) -> None:  # noqa: ANN401
        """Check the arguments and register the object that makes the pods, and its company.

        Args:
            token: Pulumi's type of the component; each kind gives its own.
            name: Pulumi's name of the component; the names of its children begin with it.
            args: what to deploy. A mapping of its fields does as well.
            opts: Pulumi's resource options.

        Raises:
            ArgumentsError: with every mistake in the arguments, before anything is registered.
            FindingsError: with every finding that `on_finding` does not accept, before anything is registered. What
                hinges on an Output is judged when it resolves, and fails the deployment then.
        """
        if not isinstance(args, self._args_class):  # else it was checked when it was built
            args = self._args_class.model_validate(args)
        self._spec = pod_spec(args)
        judgement = Judgement(args, self._spec)
        first = judgement.now()
        judgement.require(first, final=judgement.is_final)
        super().__init__(token, name, None, opts)
        self._name = name
        self._args: Any = args
        judged = self._judge(judgement, first)
        checks = [check for check in (checked_when_resolved(args), judged) if check is not None]
        gate: Any = pulumi.Output.all(*checks).apply(lambda _: [], run_with_unknowns=True) if checks else None
        self._opts = pulumi.ResourceOptions(parent=self, depends_on=gate)
        # Plain dicts, not the provider's typed arguments: making those costs more than all the rest.
        self._metadata: Any = kubernetes_tree({"namespace": args.namespace})
        label_value: pulumi.Output[str] = pulumi.Output.from_input(self._label_value())
        self._label = {POD_LABEL: label_value}

        self._network_policy: Optional[NetworkPolicy] = None
        if args.network is not None:
            self._network_policy = self._register_network_policy(args.network)
        made = self._register()
        self.namespace = made.metadata.namespace
        self._service_account: Optional[ServiceAccount] = None
        self._role: Optional[Role] = None
        self._role_binding: Optional[RoleBinding] = None
        if args.attach is not None:
            self._register_access(args.attach, made)
        else:
            self.service_account_name = pulumi.Output.from_input(None)
        self.commands = self._commands(made)
        outputs = {output: getattr(self, output) for output in (*self._own_outputs, *_OUTPUTS)}
        if judgement.is_final:
            # As plain values: an Output has to be awaited.
            outputs |= {"exposure": matrix(first), "pod_security": level(first), "findings": judgement.rows(first)}
        self.register_outputs({camel_case(output): value for output, value in outputs.items()})

    @property
    def service_account(self) -> Optional[ServiceAccount]:
        """The ServiceAccount that may attach; None without `attach`."""
        return self._service_account

    @property
    def role(self) -> Optional[Role]:
        """The Role for attaching; None without `attach`."""
        return self._role

    @property
    def role_binding(self) -> Optional[RoleBinding]:
        """The RoleBinding for attaching; None without `attach`."""
        return self._role_binding

    @property
    def network_policy(self) -> Optional[NetworkPolicy]:
        """The NetworkPolicy; None without `network`."""
        return self._network_policy

    @abstractmethod
    def _register(self) -> Made:
        """Register the object that makes the pods, and what it cannot be without."""

    def _object_metadata(self, annotations: Optional[Mapping[str, Any]]) -> Object:
        """Return the metadata of the object that makes the pods."""
        given = kubernetes_tree({"name": self._args.name, "annotations": dict(annotations or {}) or None})
        return {**self._metadata, **given, "labels": {**(self._args.labels or {}), **self._label}}

    def _template(self) -> Object:
        """Return the template of the pods."""
        annotations = kubernetes_tree({"annotations": pod_annotations(self._args) or None})
        metadata = {**annotations, "labels": {**(self._args.labels or {}), **self._label}}
        return {"metadata": metadata, "spec": self._spec}

    def _object_opts(self, *replaced: str) -> pulumi.ResourceOptions:
        """Return the options of the object that makes the pods.

        Args:
            replaced: paths that the API server refuses to change, and the provider does not replace for.
        """
        opts = pulumi.ResourceOptions(
            replace_on_changes=list(replaced),
            # Two objects cannot have one name. The provider says so only for replacements of its own making.
            delete_before_replace=True if self._args.name is not None else None,
            # No moment without the policy.
            depends_on=self._network_policy,
        )
        merged: pulumi.ResourceOptions = pulumi.ResourceOptions.merge(self._opts, opts)
        return merged

    def _judge(self, judgement: Judgement, first: Analysis) -> "Optional[pulumi.Output[list[Any]]]":
        """Log and put out what the analysis says.

        Returns:
            An output of an empty list, to be waited for before anything is registered; None where no value is an
            Output.
        """

        def log(analysis: Analysis) -> Analysis:
            for finding in analysis.findings:
                if judgement.accepted(finding) is None:
                    write = pulumi.log.info if finding.severity is Severity.LOW else pulumi.log.warn
                    write(described(finding), resource=self)
            return analysis

        async def later() -> Analysis:
            analysis, final = await judgement.later()
            judgement.require(log(analysis), final=final)
            return analysis

        whole: pulumi.Output[Analysis] = pulumi.Output.from_input(log(first) if judgement.is_final else later())
        self.exposure = whole.apply(matrix)
        self.pod_security = whole.apply(level)
        self.findings = whole.apply(judgement.rows)
        return None if judgement.is_final else whole.apply(lambda _: [])

    async def _label_value(self) -> str:
        """Return a label value that no other pod of this backend has: the URN, the same in every preview and update.

        Awaited, because an `apply` would make the children depend on this component, whose part they are.
        """
        urn = str(await self.urn.future())
        readable = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in self._name)
        digest = hashlib.sha256(urn.encode()).hexdigest()[:16]
        return f"{readable[:_LABEL_NAME_LENGTH].strip('-')}-{digest}".strip("-")

    def _register_network_policy(self, access: NetworkAccess) -> NetworkPolicy:
        spec: Any = network_policy_spec(access, self._label)
        policy: NetworkPolicy = NetworkPolicy(self._name, metadata=self._metadata, spec=spec, opts=self._opts)
        return policy

    def _register_access(self, access: AttachAccess, made: Made) -> None:
        name, opts = f"{self._name}-attach", self._opts
        account = ServiceAccount(name, metadata=self._metadata, opts=opts)
        self.service_account_name = account.metadata.name
        rules: Any = role_rules(access, self._args.kind, made.metadata.name, made.pod_names)
        role = Role(name, metadata=self._metadata, rules=rules, opts=opts)
        role_ref: Any = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata.name}
        subjects: Any = binding_subjects(access, self.service_account_name, account.metadata.namespace)
        self._role_binding = RoleBinding(name, metadata=self._metadata, role_ref=role_ref, subjects=subjects, opts=opts)
        self._service_account, self._role = account, role

    def _commands(self, made: Made) -> "pulumi.Output[dict[str, str]]":
        shell = shell_of(self._args)
        if shell is None:
            return pulumi.Output.from_input({})
        kind = self._args.kind
        name, namespace, label = made.metadata.name, made.metadata.namespace, self._label[POD_LABEL]

        def written(name: str, namespace: str, value: str = "") -> "dict[str, str]":
            return commands(kind, name=name, namespace=namespace, selector=f"{POD_LABEL}={value}", shell=shell)

        # Nested, because `Output.all` costs several times as much.
        if kind.pod_names is not PodNames.GENERATED:
            return _typed(name.apply(lambda n: namespace.apply(lambda ns: written(n, ns))))
        return _typed(
            name.apply(lambda n: namespace.apply(lambda ns: label.apply(lambda value: written(n, ns, value))))
        )


def _typed(output: Any) -> "pulumi.Output[dict[str, str]]":  # noqa: ANN401 - the provider's classes are not read
    result: pulumi.Output[dict[str, str]] = output
    return result
