"""The sidecar of a log handler, and the debug shell in a target's root file system, as Kubernetes objects."""

import asyncio
from typing import Any

import pulumi
import pytest

from dev.paths import ROOT as CHECKOUT
from pidshare_components import SharedProcessPodArgs
from pidshare_components.analysis.shell import expand
from pidshare_components.manifests.pod import pod_spec
from pidshare_components.manifests.scripts import inline, literal
from tests.rules.parts import app, args
from tests.shellcheck import complaints

Tree = dict[str, Any]

LOG = "/var/log/web/access.log"
ROTATION = {"max_bytes": 1000, "keep": 2, "signal": "HUP", "patience_seconds": 5}


def sidecar(handler: Tree, *, context: "Tree | None" = None, pod: "Tree | None" = None, **mount: object) -> Tree:
    """Return the sidecar of a log handler beside a container with the security context."""
    mounts = [{"name": "root", "mount_path": "/"}, {"name": "log", "mount_path": "/var/log/web", **mount}]
    own = {"run_as_user": 101, "run_as_group": 102} if context is None else context
    web = app("web", security_context=own, volume_mounts=mounts)
    volumes: list[Tree] = [{"name": name, "empty_dir": {}} for name in ("log", "root")]
    tree = args(web, volumes=volumes, log_handlers=[{"path": LOG, **handler}])
    if pod:
        tree["security_context"] = pod
    (made,) = pod_spec(SharedProcessPodArgs.model_validate(tree))["initContainers"]
    return dict(made)


def variables(container: Tree) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in container["env"]}


def test_a_rotation_is_a_native_sidecar_that_writes_where_the_target_does() -> None:
    made = sidecar({"rotation": ROTATION, "executable": "/bin/app", "pid_file": "/run/$(A).pid"}, sub_path="web")
    script = made["command"].pop()
    assert variables(made) == {
        "TARGET": "web",
        "EXECUTABLE": "/bin/app",
        "PID_FILE": "/run/$$(A).pid",
        "LOG_FILE": LOG,
        "INTERVAL": "1",
        "MAX_BYTES": "1000",
        "KEEP": "2",
        "PATIENCE": "5",
        "SIGNAL": "HUP",
    }
    del made["env"]
    assert made == {
        "name": "log-handler",
        "image": "busybox:1.37",
        "command": ["sh", "-c"],
        "restartPolicy": "Always",
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "log", "mountPath": "/var/log/web", "subPath": "web"}],
        "securityContext": {
            "runAsUser": 101,
            "runAsGroup": 102,
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    assert "find_process()" in script
    assert "rotate()" in script


def test_shipping_only_reads() -> None:
    made = sidecar({"name": "shipper", "image": "busybox:1.28", "interval_seconds": 3})
    assert variables(made) == {"TARGET": "web", "LOG_FILE": LOG, "INTERVAL": "3", "SHIP": "yes"}
    assert made["volumeMounts"] == [{"name": "log", "mountPath": "/var/log/web", "readOnly": True}]


@pytest.mark.parametrize(("given", "ships"), [({}, False), ({"ship": True}, True), ({"ship": False}, False)])
def test_a_rotation_ships_where_that_is_asked_for(given: Tree, ships: bool) -> None:
    assert ("SHIP" in variables(sidecar({"rotation": ROTATION, **given}))) is ships


ROOT = {"run_as_user": 0, "run_as_group": 0}
MORE = {"add": ["NET_ADMIN"], "drop": ["CHOWN"]}


@pytest.mark.parametrize(
    ("handler", "context", "pod", "capabilities"),
    [
        pytest.param({"rotation": ROTATION}, ROOT, {}, None, id="root has the runtime's, and so has the handler"),
        pytest.param({"rotation": ROTATION}, {**ROOT, "capabilities": MORE}, {}, MORE, id="to look inside takes all"),
        pytest.param({}, ROOT, {}, None, id="root reads what others own by the runtime's"),
        pytest.param({}, {**ROOT, "capabilities": MORE}, {}, MORE, id="to read a log takes the same"),
        pytest.param(
            {}, {**ROOT, "capabilities": {"add": ["SYS_ADMIN"]}}, {}, None, id="to read a log takes no SYS_ADMIN"
        ),
        pytest.param({}, {"run_as_user": 7, "run_as_group": 7}, {}, {"drop": ["ALL"]}, id="what is not root reads so"),
        pytest.param(
            {"rotation": ROTATION, "any_user": True},
            ROOT,
            {},
            {"drop": ["ALL"], "add": ["SYS_PTRACE", "DAC_OVERRIDE", "KILL"]},
            id="other users take three",
        ),
        pytest.param(
            {"rotation": ROTATION}, {"capabilities": {"drop": ["CHOWN"]}}, {"run_as_user": 7, "run_as_group": 7},
            {"drop": ["ALL"]},
            id="what is not root has none",
        ),
    ],
)  # fmt: skip
def test_it_has_the_capabilities_that_it_needs(handler: Tree, context: Tree, pod: Tree, capabilities: Any) -> None:  # noqa: ANN401
    made = sidecar(handler, context=context, pod=pod)
    assert made["securityContext"].get("capabilities") == capabilities


def test_ids_that_are_known_later_are_passed_on() -> None:
    async def build() -> None:
        user = pulumi.Output.from_input(101)
        context = sidecar({"rotation": ROTATION}, context={"run_as_user": user, "run_as_group": 1})["securityContext"]
        assert context["runAsUser"] is user
        # They may be root's: what then has to be the target's is the target's.
        assert "capabilities" not in context
        assert "runAsNonRoot" not in context

    asyncio.run(build())


def test_log_handlers_start_before_the_other_sidecars_to_end_after_them() -> None:
    user = {"run_as_user": 1, "run_as_group": 1}
    helper = app("helper", security_context=user, volume_mounts=[{"name": "log", "mount_path": "/log"}])
    handler = {"path": "/log/a", "target": "helper"}
    tree = args(
        app(),
        sidecars=[helper],
        init_containers=[app("first")],
        volumes=[{"name": "log", "empty_dir": {}}],
        log_handlers=[handler],
    )
    spec = pod_spec(SharedProcessPodArgs.model_validate(tree))
    assert [item["name"] for item in spec["initContainers"]] == ["log-handler", "helper", "first"]


def test_a_script_reaches_the_container_as_it_is() -> None:
    text = "a=$(b) c=$((1 + 2)) d=$$ e=$$( f=$$$ g=${h} i=$j $"
    assert expand(literal(text), {"b": "", "j": "", "h": ""}) == text
    assert "wait $!" in inline("log-handler.sh")


# --- a debug shell in the target's root file system ---


def shell(**fields: object) -> Tree:
    spec = pod_spec(SharedProcessPodArgs.model_validate(args(app("web"), debug={"target_root": True, **fields})))
    made: Tree = spec["containers"][-1]
    return made


def test_a_shell_in_the_root_file_system_of_its_target_is_interactive() -> None:
    made = shell()
    *start, script, name = made.pop("command")
    assert (start, name) == (["sh", "-c"], "target-root")
    assert "find_process()" in script
    assert made == {
        "name": "shell",
        "image": "busybox:1.37",
        "args": ["sh", "-i"],
        "env": [{"name": "TARGET", "value": "web"}],
        "stdin": True,
        "tty": True,
    }


def test_the_shell_may_be_another_one() -> None:
    assert shell(command=["bash", "-l"])["args"] == ["bash", "-l"]


def test_the_script_of_that_shell_is_clean() -> None:
    folder = CHECKOUT / "pidshare_components/scripts"
    assert complaints((folder / "process.sh").read_text() + (folder / "target-root.sh").read_text()) == ""
