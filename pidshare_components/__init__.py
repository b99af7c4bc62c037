"""A Pulumi component for Kubernetes pods whose containers share one process namespace.

The public names are read when they are first used: what only analyses manifests does without Pulumi.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from pidshare_components.analysis.capabilities import Runtime
    from pidshare_components.analysis.node import SecurityModule
    from pidshare_components.analysis.rule import Severity
    from pidshare_components.args.access import (
        AttachAccess,
        NetworkAccess,
        NetworkPeer,
        NetworkPort,
        NetworkRule,
        Subject,
        SubjectKind,
    )
    from pidshare_components.args.analysis import AcceptedFinding, ImageFacts, NodeFacts, OnFinding
    from pidshare_components.args.containers import (
        ConfigMapEnvSource,
        ConfigMapKeySelector,
        Container,
        ContainerPort,
        EnvFromSource,
        EnvVar,
        EnvVarSource,
        ExecAction,
        GRPCAction,
        HTTPGetAction,
        HTTPHeader,
        ImagePullPolicy,
        Lifecycle,
        LifecycleHandler,
        LocalObjectReference,
        MountPropagation,
        ObjectFieldSelector,
        Probe,
        Protocol,
        ResourceFieldSelector,
        ResourceRequirements,
        SecretEnvSource,
        SecretKeySelector,
        SleepAction,
        TCPSocketAction,
        TerminationMessagePolicy,
        VolumeDevice,
        VolumeMount,
    )
    from pidshare_components.args.debug import DebugProfile, DebugShell
    from pidshare_components.args.jobs import (
        CompletionMode,
        ConcurrencyPolicy,
        SharedProcessCronJobArgs,
        SharedProcessJobArgs,
    )
    from pidshare_components.args.kinds import RestartPolicy
    from pidshare_components.args.log_handler import LogHandler, LogRotation
    from pidshare_components.args.pod import SharedProcessPodArgs
    from pidshare_components.args.reloader import Reloader
    from pidshare_components.args.scheduling import (
        DNSPolicy,
        HostAlias,
        LabelSelector,
        LabelSelectorOperator,
        LabelSelectorRequirement,
        NodeInclusionPolicy,
        PodDNSConfig,
        PodDNSConfigOption,
        TaintEffect,
        Toleration,
        TolerationOperator,
        TopologySpreadConstraint,
        UnsatisfiableConstraintAction,
    )
    from pidshare_components.args.security import (
        AppArmorProfile,
        Capabilities,
        FSGroupChangePolicy,
        PodSecurityContext,
        ProcMount,
        ProfileType,
        SeccompProfile,
        SecurityContext,
        SELinuxOptions,
        SupplementalGroupsPolicy,
        Sysctl,
    )
    from pidshare_components.args.signals import Signal
    from pidshare_components.args.volumes import (
        ConfigMapProjection,
        ConfigMapVolumeSource,
        DownwardAPIProjection,
        DownwardAPIVolumeFile,
        DownwardAPIVolumeSource,
        EmptyDirVolumeSource,
        HostPathVolumeSource,
        KeyToPath,
        PersistentVolumeClaimVolumeSource,
        ProjectedVolumeSource,
        SecretProjection,
        SecretVolumeSource,
        ServiceAccountTokenProjection,
        Volume,
        VolumeProjection,
    )
    from pidshare_components.args.workloads import (
        ClaimRetentionPolicy,
        DaemonSetUpdateStrategy,
        DeploymentStrategy,
        DeploymentStrategyType,
        PodManagementPolicy,
        RetentionPolicy,
        RollingUpdate,
        RollingUpdateStatefulSet,
        SharedProcessDaemonSetArgs,
        SharedProcessDeploymentArgs,
        SharedProcessStatefulSetArgs,
        StatefulSetUpdateStrategy,
        UpdateStrategyType,
        VolumeAccessMode,
        VolumeClaimTemplate,
        VolumeMode,
    )
    from pidshare_components.components.jobs import SharedProcessCronJob, SharedProcessJob
    from pidshare_components.components.pod import SharedProcessPod
    from pidshare_components.components.workloads import (
        SharedProcessDaemonSet,
        SharedProcessDeployment,
        SharedProcessStatefulSet,
    )
    from pidshare_components.errors import ArgumentsError, Problem
    from pidshare_components.judgement import FindingsError

_NAMES = {
    "analysis.capabilities": "Runtime",
    "analysis.node": "SecurityModule",
    "analysis.rule": "Severity",
    "args.access": "AttachAccess NetworkAccess NetworkPeer NetworkPort NetworkRule Subject SubjectKind",
    "args.analysis": "AcceptedFinding ImageFacts NodeFacts OnFinding",
    "args.containers": """
        ConfigMapEnvSource ConfigMapKeySelector Container ContainerPort EnvFromSource EnvVar EnvVarSource ExecAction
        GRPCAction HTTPGetAction HTTPHeader ImagePullPolicy Lifecycle LifecycleHandler LocalObjectReference
        MountPropagation ObjectFieldSelector Probe Protocol ResourceFieldSelector ResourceRequirements
        SecretEnvSource SecretKeySelector SleepAction TCPSocketAction TerminationMessagePolicy VolumeDevice
        VolumeMount
    """,
    "args.debug": "DebugProfile DebugShell",
    "args.jobs": "CompletionMode ConcurrencyPolicy SharedProcessCronJobArgs SharedProcessJobArgs",
    "args.kinds": "RestartPolicy",
    "args.log_handler": "LogHandler LogRotation",
    "args.pod": "SharedProcessPodArgs",
    "args.reloader": "Reloader",
    "args.scheduling": """
        DNSPolicy HostAlias LabelSelector LabelSelectorOperator LabelSelectorRequirement NodeInclusionPolicy
        PodDNSConfig PodDNSConfigOption TaintEffect Toleration TolerationOperator TopologySpreadConstraint
        UnsatisfiableConstraintAction
    """,
    "args.security": """
        AppArmorProfile Capabilities FSGroupChangePolicy PodSecurityContext ProcMount ProfileType SELinuxOptions
        SeccompProfile SecurityContext SupplementalGroupsPolicy Sysctl
    """,
    "args.signals": "Signal",
    "args.volumes": """
        ConfigMapProjection ConfigMapVolumeSource DownwardAPIProjection DownwardAPIVolumeFile
        DownwardAPIVolumeSource EmptyDirVolumeSource HostPathVolumeSource KeyToPath
        PersistentVolumeClaimVolumeSource ProjectedVolumeSource SecretProjection SecretVolumeSource
        ServiceAccountTokenProjection Volume VolumeProjection
    """,
    "args.workloads": """
        ClaimRetentionPolicy DaemonSetUpdateStrategy DeploymentStrategy DeploymentStrategyType PodManagementPolicy
        RetentionPolicy RollingUpdate RollingUpdateStatefulSet SharedProcessDaemonSetArgs
        SharedProcessDeploymentArgs SharedProcessStatefulSetArgs StatefulSetUpdateStrategy UpdateStrategyType
        VolumeAccessMode VolumeClaimTemplate VolumeMode
    """,
    "components.jobs": "SharedProcessCronJob SharedProcessJob",
    "components.pod": "SharedProcessPod",
    "components.workloads": "SharedProcessDaemonSet SharedProcessDeployment SharedProcessStatefulSet",
    "errors": "ArgumentsError Problem",
    "judgement": "FindingsError",
}
"""Where each public name is, by module."""

__all__ = [
    "AcceptedFinding",
    "AppArmorProfile",
    "ArgumentsError",
    "AttachAccess",
    "Capabilities",
    "ClaimRetentionPolicy",
    "CompletionMode",
    "ConcurrencyPolicy",
    "ConfigMapEnvSource",
    "ConfigMapKeySelector",
    "ConfigMapProjection",
    "ConfigMapVolumeSource",
    "Container",
    "ContainerPort",
    "DNSPolicy",
    "DaemonSetUpdateStrategy",
    "DebugProfile",
    "DebugShell",
    "DeploymentStrategy",
    "DeploymentStrategyType",
    "DownwardAPIProjection",
    "DownwardAPIVolumeFile",
    "DownwardAPIVolumeSource",
    "EmptyDirVolumeSource",
    "EnvFromSource",
    "EnvVar",
    "EnvVarSource",
    "ExecAction",
    "FSGroupChangePolicy",
    "FindingsError",
    "GRPCAction",
    "HTTPGetAction",
    "HTTPHeader",
    "HostAlias",
    "HostPathVolumeSource",
    "ImageFacts",
    "ImagePullPolicy",
    "KeyToPath",
    "LabelSelector",
    "LabelSelectorOperator",
    "LabelSelectorRequirement",
    "Lifecycle",
    "LifecycleHandler",
    "LocalObjectReference",
    "LogHandler",
    "LogRotation",
    "MountPropagation",
    "NetworkAccess",
    "NetworkPeer",
    "NetworkPort",
    "NetworkRule",
    "NodeFacts",
    "NodeInclusionPolicy",
    "ObjectFieldSelector",
    "OnFinding",
    "PersistentVolumeClaimVolumeSource",
    "PodDNSConfig",
    "PodDNSConfigOption",
    "PodManagementPolicy",
    "PodSecurityContext",
    "Probe",
    "Problem",
    "ProcMount",
    "ProfileType",
    "ProjectedVolumeSource",
    "Protocol",
    "Reloader",
    "ResourceFieldSelector",
    "ResourceRequirements",
    "RestartPolicy",
    "RetentionPolicy",
    "RollingUpdate",
    "RollingUpdateStatefulSet",
    "Runtime",
    "SELinuxOptions",
    "SeccompProfile",
    "SecretEnvSource",
    "SecretKeySelector",
    "SecretProjection",
    "SecretVolumeSource",
    "SecurityContext",
    "SecurityModule",
    "ServiceAccountTokenProjection",
    "Severity",
    "SharedProcessCronJob",
    "SharedProcessCronJobArgs",
    "SharedProcessDaemonSet",
    "SharedProcessDaemonSetArgs",
    "SharedProcessDeployment",
    "SharedProcessDeploymentArgs",
    "SharedProcessJob",
    "SharedProcessJobArgs",
    "SharedProcessPod",
    "SharedProcessPodArgs",
    "SharedProcessStatefulSet",
    "SharedProcessStatefulSetArgs",
    "Signal",
    "SleepAction",
    "StatefulSetUpdateStrategy",
    "Subject",
    "SubjectKind",
    "SupplementalGroupsPolicy",
    "Sysctl",
    "TCPSocketAction",
    "TaintEffect",
    "TerminationMessagePolicy",
    "Toleration",
    "TolerationOperator",
    "TopologySpreadConstraint",
    "UnsatisfiableConstraintAction",
    "UpdateStrategyType",
    "Volume",
    "VolumeAccessMode",
    "VolumeClaimTemplate",
    "VolumeDevice",
    "VolumeMode",
    "VolumeMount",
    "VolumeProjection",
]

if not typing.TYPE_CHECKING:  # a type checker would take every name for one that is there

    def __getattr__(name: str) -> object:
        """Read the module of a public name."""
        for module, names in ((module, words.split()) for module, words in _NAMES.items()):
            if name in names:
                found = importlib.import_module(f"{__name__}.{module}")
                globals().update({known: getattr(found, known) for known in names})
                return globals()[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """Return the public names, read or not."""
        return sorted({*globals(), *__all__})
