"""The sidecar of a reloader as a Kubernetes object: what it may, what it mounts, and what the analysis says of it."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pulumi
import pytest

from pidshare_components import SharedProcessPodArgs
from pidshare_components.check import Checker
from pidshare_components.manifests.pod import pod_spec
from pidshare_components.manifests.scripts import inline
from tests.rules.parts import app, args

Tree = dict[str, Any]

USER = {"run_as_user": 101, "run_as_group": 102}
CONF = {"name": "conf", "mount_path": "/etc/web"}
VOLUMES: list[Tree] = [
    {"name": "conf", "config_map": {"name": "web"}},
    {"name": "certs", "secret": {"secret_name": "web"}},
    {"name": "data", "empty_dir": {}},
]


def spec_of(*mounts: Tree, context: "Tree | None" = None, **reloader: object) -> Tree:
    """Return the spec of a pod whose reloader is for the container `web`."""
    own = USER if context is None else context
    web = app("web", image="nginx:1.29", security_context=own, volume_mounts=[*(mounts or (CONF,))])
    tree = args(web, volumes=VOLUMES, reloaders=[{"watch": ["/etc/web"], **reloader}])
    return pod_spec(SharedProcessPodArgs.model_validate(tree))


def sidecar(*mounts: Tree, context: "Tree | None" = None, **reloader: object) -> Tree:
    (made,) = spec_of(*mounts, context=context, **reloader)["initContainers"]
    return dict(made)


def test_it_is_a_native_sidecar_with_the_target_s_user_and_volume_and_nothing_else() -> None:
    spec = spec_of(resources={"limits": {"memory": "16Mi"}}, image_pull_policy="Always")
    (made,) = spec["initContainers"]
    variables = {variable["name"]: variable["value"] for variable in made.pop("env")}
    assert variables == {
        "TARGET": "web",
        "WATCH": "/etc/web",
        "SIGNAL": "HUP",
        "INTERVAL": "2",
        "PATIENCE": "10",
        "STATE": "/run/pidshare-reloader",
    }
    assert made.pop("command") == ["sh", "-c", inline("process.sh", "reloader.sh"), "reloader"]
    assert set(made.pop("readinessProbe")) == {"exec", "periodSeconds", "timeoutSeconds", "failureThreshold"}
    assert made == {
        "name": "reloader",
        "image": "busybox:1.37",
        "imagePullPolicy": "Always",
        "restartPolicy": "Always",
        "resources": {"limits": {"memory": "16Mi"}},
        "volumeMounts": [
            {"name": "conf", "mountPath": "/etc/web", "readOnly": True},
            {"name": "reloader-state", "mountPath": "/run/pidshare-reloader"},
        ],
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
    assert spec["volumes"][-1] == {"name": "reloader-state", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}


def test_what_it_is_told_comes_to_the_script_as_it_is() -> None:
    made = sidecar(
        {"name": "conf", "mount_path": "/etc/$(A)"},
        watch=["/etc/$(A)/a b", "/etc/$(A)"],
        signal="USR2",
        executable="/bin/$$",
        proof=["test", "$(A)"],
        interval_seconds=3,
        patience_seconds=4,
        name="reload-web",
    )
    variables = {variable["name"]: variable["value"] for variable in made["env"]}
    assert variables["WATCH"] == "/etc/$$(A)/a b\n/etc/$$(A)"
    assert variables["EXECUTABLE"] == "/bin/$$$"
    assert (variables["SIGNAL"], variables["INTERVAL"], variables["PATIENCE"]) == ("USR2", "3", "4")
    assert made["command"][3:] == ["reloader", "test", "$$(A)"]
    assert made["volumeMounts"][-1]["name"] == "reload-web-state"


def test_every_volume_of_a_watched_folder_is_mounted_once_and_read_only() -> None:
    inner = {"name": "certs", "mount_path": "/etc/web/certs"}
    other = {"name": "data", "mount_path": "/data", "sub_path": "web", "read_only": False}
    unwatched = {"name": "data", "mount_path": "/var/web"}
    made = sidecar(CONF, inner, other, unwatched, watch=["/etc/web", "/etc/web/certs", "/data/x"])
    assert made["volumeMounts"][:-1] == [
        {"name": "conf", "mountPath": "/etc/web", "readOnly": True},
        {"name": "certs", "mountPath": "/etc/web/certs", "readOnly": True},
        {"name": "data", "mountPath": "/data", "subPath": "web", "readOnly": True},
    ]


@pytest.mark.parametrize("looks_inside", [False, True])
def test_of_a_root_target_it_has_capabilities_only_to_look_inside(looks_inside: bool) -> None:
    added = {"add": ["NET_ADMIN"], "drop": ["CHOWN"]}
    context = {"run_as_user": 0, "run_as_group": 0, "capabilities": added}
    more = {"pid_file": "/run/web.pid"} if looks_inside else {}
    made = sidecar(context=context, **more)["securityContext"]
    assert made["capabilities"] == (added if looks_inside else {"drop": ["ALL"]})
    assert "runAsNonRoot" not in made
    assert made["allowPrivilegeEscalation"] is False


def test_an_id_that_resolves_later_is_handed_on() -> None:
    async def build() -> None:
        user = pulumi.Output.from_input(101)
        made = sidecar(context={"run_as_user": user, "run_as_group": 102})
        assert made["securityContext"]["runAsUser"] is user

    asyncio.run(build())


def test_reloaders_start_behind_the_sidecars() -> None:
    web = app("web", security_context=USER, volume_mounts=[CONF])
    reloaders = [{"watch": ["/etc/web"], "name": name} for name in ("a", "b")]
    tree = args(web, volumes=VOLUMES, reloaders=reloaders, sidecars=[app("s")], init_containers=[app("i")])
    spec = pod_spec(SharedProcessPodArgs.model_validate(tree))
    assert [each["name"] for each in spec["initContainers"]] == ["s", "a", "b", "i"]


@pytest.mark.parametrize(
    ("written", "ready"),
    [(lambda now: now + 5, True), (lambda now: now - 5, False), (lambda _: "", False), (None, False)],
    ids=["in time", "too late", "empty", "missing"],
)
def test_it_is_ready_while_the_script_vouches_for_it(tmp_path: Path, written: Any, ready: bool) -> None:  # noqa: ANN401
    (shell, option, script) = sidecar()["readinessProbe"]["exec"]["command"]
    now = int(float(Path("/proc/uptime").read_text(encoding="ascii").split()[0]))
    if written:
        (tmp_path / "ready").write_text(f"{written(now)}\n", encoding="ascii")
    own = script.replace("/run/pidshare-reloader", str(tmp_path))
    done = subprocess.run([shell, option, own], capture_output=True, check=False)
    assert (done.returncode == 0) is ready


def test_the_rules_find_nothing_wrong_with_it() -> None:
    spec = spec_of(context={**USER, "run_as_non_root": True, "capabilities": {"drop": ["ALL"]}}, executable="/bin/web")
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}
    assert [each for each in Checker().check(pod) if "reloader" in str(each)] == []
