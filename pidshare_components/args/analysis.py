"""What the analysis is told beside the pod itself, and what becomes of its findings."""

from collections.abc import Sequence
from typing import Optional

from pydantic import Field, field_validator

from pidshare_components.analysis.capabilities import Runtime
from pidshare_components.analysis.node import SecurityModule
from pidshare_components.analysis.rule import Severity
from pidshare_components.inputs import LARGEST_ID, Model, whole_number


class ImageFacts(Model):
    """Facts about an image that a pod's spec does not hold. Well-known images need none."""

    image: str
    """The image as containers name it, or its repository."""
    user: Optional[int] = Field(default=None, ge=0, le=LARGEST_ID)
    """User id that it runs as (its USER). Default: not known."""
    group: Optional[int] = Field(default=None, ge=0, le=LARGEST_ID)
    """Group id of that user's account in the image's /etc/passwd, else 0: Kubernetes takes no group from USER. Default:
    not known."""
    keeps_user: Optional[bool] = None
    """Whether the main process stays what it is started as. Default: not known, or false where `main_user` is given."""
    main_user: Optional[int] = Field(default=None, ge=0, le=LARGEST_ID)
    """User id that the main process changes to when it is started as root."""
    main_group: Optional[int] = Field(default=None, ge=0, le=LARGEST_ID)
    """Group id that it changes to with it."""
    worker_user: Optional[int] = Field(default=None, ge=0, le=LARGEST_ID)
    """User id of the processes that it starts as another user when it is started as root."""
    worker_group: Optional[int] = Field(default=None, ge=0, le=LARGEST_ID)
    """Group id of these."""
    dumpable: Optional[bool] = None
    """Whether processes that changed their user are dumpable, as they are once they start another program (prctl(2),
    PR_SET_DUMPABLE). Default: not known."""
    file_capabilities: Optional[Sequence[str]] = None
    """Capabilities that the file of its program carries, by the names of capabilities(7) without `CAP_`."""

    _whole = field_validator("user", "group", "main_user", "main_group", "worker_user", "worker_group", mode="before")(
        whole_number
    )


class NodeFacts(Model):
    """Facts about the nodes that a pod's spec does not hold, where they decide who can act on whom."""

    runtime: Optional[Runtime] = Runtime.CONTAINERD
    """Container runtime, for the capabilities that a container has by default. Default: containerd."""
    pause_user: Optional[int] = Field(default=None, ge=0, le=LARGEST_ID)
    """User id of the sandbox's image; Kubernetes' own has 65535. Default: not known."""
    pause_group: Optional[int] = Field(default=None, ge=0, le=LARGEST_ID)
    """Group id of the sandbox's image. Default: the same as `pause_user`."""
    security_module: Optional[SecurityModule] = None
    """Linux security module that confines containers. Default: not known, which counts only for containers whose
    security context names a profile or a label."""
    ptrace_scope: Optional[int] = Field(default=None, ge=0)
    """The sysctl kernel.yama.ptrace_scope, 0 to 3. Default: not known, but not 3."""
    kernel: Optional[str] = None
    """Version of the kernel, such as `6.12`. Default: not known."""

    _whole = field_validator("pause_user", "pause_group", "ptrace_scope", mode="before")(whole_number)


class AcceptedFinding(Model):
    """A rule whose findings are known and accepted."""

    rule: str
    """The rule's id."""
    reason: str
    """Why, for whoever reads it later."""


class OnFinding(Model):
    """What becomes of the findings of the analysis. They are logged and put out in any case."""

    fail_from: Optional[Severity] = None
    """Least severity of a finding that fails the deployment before anything is registered. Default: none does."""
    accept: Optional[Sequence[AcceptedFinding]] = None
    """Rules whose findings are accepted: they are not logged and fail nothing."""
