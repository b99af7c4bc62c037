"""The component: registers what `manifests` built as its children, and its outputs."""

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Optional, Union

import pulumi
from pulumi_kubernetes.core.v1 import Pod, ServiceAccount
from pulumi_kubernetes.networking.v1 import NetworkPolicy
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

from pidshare_components.analysis.result import Analysis
from pidshare_components.analysis.rule import Severity
from pidshare_components.args.access import AttachAccess, NetworkAccess
from pidshare_components.args.pod import SharedProcessPodArgs, checked_when_resolved
from pidshare_components.args.pod_rules import POD_LABEL
from pidshare_components.judgement import Judgement, described, matrix
from pidshare_components.manifests.access import binding_subjects, role_rules
from pidshare_components.manifests.merge import kubernetes_tree
from pidshare_components.manifests.network import network_policy_spec
from pidshare_components.manifests.pod import pod_annotations, pod_spec

_LABEL_NAME_LENGTH = 46  # with a hyphen and 16 hexadecimal digits: the 63 characters that a label value may have

if TYPE_CHECKING:
    Given = Union[SharedProcessPodArgs, Mapping[str, Any]]
else:
    # The schema for other languages is inferred from the annotation; a mapping has no fields to infer.
    Given = SharedProcessPodArgs


class SharedProcessPod(pulumi.ComponentResource):
    """A pod whose containers share one process namespace, and the access to it.

    Optional company of the pod: a debug sidecar, the RBAC objects for attaching to it, and a NetworkPolicy.
    """

    pod_name: pulumi.Output[str]
    """Name of the pod."""
    namespace: pulumi.Output[str]
    """Namespace of the pod."""
    service_account_name: pulumi.Output[Optional[str]]
    """Name of the service account that may attach to the pod; none without `attach`."""
    commands: pulumi.Output[dict[str, str]]
    """Commands to paste. `attach` opens the shell; in it `ps` lists the processes, and with the number of one as PID
    `signal` makes it reload and `root` lists its files. Empty without a container that has stdin and a terminal."""
    exposure: pulumi.Output[list[dict[str, str]]]
    """Who can act on whom: for each ordered pair (`from`, `on`) the answer for `see`, `environ`, `root`, `signal` and
    `ptrace`, each `yes`, `no` or `unknown`. `on` may be the worker processes of a container, or `/pause`."""
    pod_security: pulumi.Output[str]
    """Strictest level of the Pod Security Standards that the pod surely meets."""
    findings: pulumi.Output[list[dict[str, str]]]
    """What the analysis found, the most severe first: `rule`, `severity`, `path`, `message` and `fix`, and for those
    that `on_finding` accepts `accepted`, the reason."""

    def __init__(
        self,
        name: str,
        args: Given,
        opts: Optional[pulumi.ResourceOptions] = None,
    ) -> None:
        """Check the arguments and register the pod and its company.

        Args:
            name: Pulumi's name of the component; the names of its children begin with it.
            args: what to deploy. A mapping of its fields does as well.
            opts: Pulumi's resource options.

        Raises:
            ArgumentsError: with every mistake in the arguments, before anything is registered.
            FindingsError: with every finding that `on_finding` does not accept, before anything is registered. What
                hinges on an Output is judged when it resolves, and fails the deployment then.
        """
        if not isinstance(args, SharedProcessPodArgs):  # else it was checked when it was built
            args = SharedProcessPodArgs.model_validate(args)
        self._spec = pod_spec(args)
        judgement = Judgement(args, self._spec)
        first = judgement.now()
        judgement.require(first, final=judgement.is_final)
        super().__init__("pidshare-components:index:SharedProcessPod", name, None, opts)
        self._name = name
        self._args = args
        judged = self._judge(judgement, first)
        checks = [check for check in (checked_when_resolved(args), judged) if check is not None]
        gate: Any = pulumi.Output.all(*checks).apply(lambda _: [], run_with_unknowns=True) if checks else None
        self._opts = pulumi.ResourceOptions(parent=self, depends_on=gate)
        # Plain dicts, not the provider's typed arguments: making those costs more than all the rest.
        self._metadata: Any = kubernetes_tree({"namespace": args.namespace})
        label_value: pulumi.Output[str] = pulumi.Output.from_input(self._label_value())
        label = {POD_LABEL: label_value}

        self._network_policy: Optional[NetworkPolicy] = None
        if args.network is not None:
            self._network_policy = self._register_network_policy(args.network, label)
        self._pod = self._register_pod(label)
        self.pod_name = self._pod.metadata.name
        self.namespace = self._pod.metadata.namespace
        self._service_account: Optional[ServiceAccount] = None
        self._role: Optional[Role] = None
        self._role_binding: Optional[RoleBinding] = None
        if args.attach is not None:
            self._register_access(args.attach)
        else:
            self.service_account_name = pulumi.Output.from_input(None)

        self.commands = self.pod_name.apply(
            lambda pod: self.namespace.apply(lambda namespace: _commands(args, namespace=namespace, pod=pod))
        )
        self.register_outputs(
            {
                "podName": self.pod_name,
                "namespace": self.namespace,
                "serviceAccountName": self.service_account_name,
                "commands": self.commands,
                "exposure": self.exposure,
                "podSecurity": self.pod_security,
                "findings": self.findings,
            }
        )

    @property
    def pod(self) -> Pod:
        """The Pod."""
        return self._pod

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
        self.pod_security = whole.apply(lambda analysis: analysis.pod_security.level.value)
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

    def _register_network_policy(self, access: NetworkAccess, label: dict[str, Any]) -> NetworkPolicy:
        spec: Any = network_policy_spec(access, label)
        policy: NetworkPolicy = NetworkPolicy(self._name, metadata=self._metadata, spec=spec, opts=self._opts)
        return policy

    def _register_pod(self, label: dict[str, Any]) -> Pod:
        args = self._args
        spec: Any = self._spec
        metadata: Any = {
            **self._metadata,
            **kubernetes_tree({"name": args.name, "annotations": pod_annotations(args) or None}),
            "labels": {**(args.labels or {}), **label},
        }
        opts = pulumi.ResourceOptions(
            # The API server refuses to change nearly every field of a pod's spec, but the provider replaces for a
            # list of them that lacks envFrom, startupProbe, hostUsers and others.
            replace_on_changes=["spec"],
            # Two pods cannot have one name. The provider says so only for replacements of its own making.
            delete_before_replace=True if args.name is not None else None,
            # No moment without the policy.
            depends_on=self._network_policy,
        )
        pod: Pod = Pod(self._name, metadata=metadata, spec=spec, opts=pulumi.ResourceOptions.merge(self._opts, opts))
        return pod

    def _register_access(self, access: AttachAccess) -> None:
        name, opts = f"{self._name}-attach", self._opts
        account = ServiceAccount(name, metadata=self._metadata, opts=opts)
        self.service_account_name = account.metadata.name
        rules: Any = role_rules(access, self.pod_name)
        role = Role(name, metadata=self._metadata, rules=rules, opts=opts)
        role_ref: Any = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata.name}
        subjects: Any = binding_subjects(access, self.service_account_name, account.metadata.namespace)
        self._role_binding = RoleBinding(name, metadata=self._metadata, role_ref=role_ref, subjects=subjects, opts=opts)
        self._service_account, self._role = account, role


def _commands(args: SharedProcessPodArgs, *, namespace: str, pod: str) -> dict[str, str]:
    if args.debug is not None:
        shell = args.debug.name
    else:
        shell = next((item.name for item in args.containers if item.stdin is True and item.tty is True), None)
    if shell is None:
        return {}
    return {
        "attach": f"kubectl attach --namespace {namespace} --stdin --tty {pod} --container {shell}",
        "ps": "ps ax",
        "signal": "kill -HUP PID",
        "root": "ls /proc/PID/root/",
    }
