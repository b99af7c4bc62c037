"""Reloaders: what is refused, and what just is not."""

import asyncio
import re
from typing import Any

import pulumi
import pytest

from pidshare_components import ArgumentsError, Reloader, SharedProcessPodArgs, SharedProcessStatefulSetArgs, Signal
from tests.rules.parts import app, args, problems

Tree = dict[str, Any]

USER = {"run_as_user": 101, "run_as_group": 101}
WATCHES = {"watch": ["/etc/web"]}
PRIVILEGED = {"run_as_user": 0, "run_as_group": 0, "privileged": True}


def web(name: str = "web", *, context: Tree = USER, **mount: object) -> Tree:
    mounts = [{"name": "conf", "mount_path": "/etc/web", **mount}]
    return app(name, security_context=context, volume_mounts=mounts)


def reloaded(*reloaders: Tree, target: "Tree | None" = None, volume: "Tree | None" = None, **fields: object) -> Tree:
    volumes = [{"name": "conf", **(volume or {"config_map": {"name": "conf"}})}]
    return args(target or web(), **{"volumes": volumes, "reloaders": list(reloaders), **fields})


BAD = {
    "of a container that is not there": (
        reloaded({**WATCHES, "target": "app"}),
        {"reloaders[0].target": "no container or sidecar is named 'app'; write one of web"},
    ),
    "of an init container, which has ended by then": (
        reloaded({**WATCHES, "target": "first"}, init_containers=[web("first")]),
        {"reloaders[0].target": "named 'first'"},
    ),
    "as a user that nobody named": (
        reloaded(WATCHES, target=web(context={})),
        {"containers[0].security_context.run_as_user": "the reloader takes it over; write the id"},
    ),
    "that looks inside as a group that nobody named": (
        reloaded({**WATCHES, "executable": "/bin/web"}, target=web(context={"run_as_user": 101})),
        {"containers[0].security_context.run_as_group": "the reloader takes it over; write the id"},
    ),
    "of a file in the target's own file system": (
        reloaded({"watch": ["/etc/web/app.conf", "/etc/website"]}),
        {"reloaders[0].watch[1]": "in no volume that 'web' mounts.*; write a path in one of its volume_mounts"},
    ),
    "of a part of a ConfigMap, which is never updated": (
        reloaded(WATCHES, target=web(sub_path="app.conf")),
        {"reloaders[0].watch[0]": "sub_path: the kubelet never updates such a mount; mount the whole volume"},
    ),
    "of a folder in which a part of a Secret is mounted": (
        reloaded({"watch": ["/etc/web"]}, target=web(sub_path="x"), volume={"secret": {"secret_name": "a"}}),
        {"reloaders[0].watch[0]": "sub_path"},
    ),
    "of a mount by variables of the target": (
        reloaded(WATCHES, target=web(sub_path_expr="$(POD_NAME)"), volume={"empty_dir": {}}),
        {"reloaders[0].watch[0]": "sub_path_expr has variables of another container; write sub_path"},
    ),
    "that looks into a target with more capabilities than can be taken over": (
        reloaded({**WATCHES, "pid_file": "/run/web.pid"}, target=web(context=PRIVILEGED)),
        {"reloaders[0].pid_file": "needs a look into 'web', which takes all its capabilities; leave it out"},
    ),
    "with the name of another": (
        reloaded(WATCHES, WATCHES),
        {"reloaders[1].name": "the container name 'reloader' is used twice"},
    ),
    "with the name of a container": (
        reloaded({**WATCHES, "name": "web"}),
        {"reloaders[0].name": "the container name 'web' is used twice"},
    ),
    "whose volume is there already": (
        reloaded(WATCHES, volumes=[{"name": name, "empty_dir": {}} for name in ("conf", "reloader-state")]),
        {"volumes[1].name": "'reloader-state' is what a reloader calls its own; write another"},
    ),
    "whose volume is one of the overrides": (
        reloaded(WATCHES, spec_overrides={"volumes": [{"name": "reloader-state", "emptyDir": {}}]}),
        {"spec_overrides.volumes[0].name": "'reloader-state' is what a reloader calls its own; write another"},
    ),
    "of a mount that holds the sidecar's own volume": (
        reloaded({"watch": ["/run/web"]}, target=web(mount_path="/run/")),
        {"reloaders[0].watch[0]": "is in /run/, where the sidecar has a volume of its own.*; mount the volume"},
    ),
    "of a mount that is the sidecar's own volume": (
        reloaded({"watch": ["/run/pidshare-reloader/a"]}, target=web(mount_path="/run/pidshare-reloader")),
        {"reloaders[0].watch[0]": "a volume of its own"},
    ),
    "of a mount that hides the sidecar's shell": (
        reloaded({"watch": ["/bin/web"]}, target=web(mount_path="/bin")),
        {"reloaders[0].watch[0]": "is in /bin, whose mount would hide the sidecar's own programs.*; mount the volume"},
    ),
    "of a mount that hides everything": (
        reloaded(WATCHES, target=web(mount_path="/")),
        {"reloaders[0].watch[0]": "is in /, whose mount would hide the sidecar's own programs"},
    ),
    "with more requested than allowed": (
        reloaded({**WATCHES, "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "2"}}}),
        {"reloaders[0].resources.requests.cpu": "more than the limit"},
    ),
    "of nothing": (reloaded({"watch": []}), {"reloaders[0].watch": "at least 1"}),
    "of a relative path": (reloaded({"watch": ["web.conf"]}), {"reloaders[0].watch": "not an absolute path"}),
    "of a path that would be two": (reloaded({"watch": ["/etc/web/a\n/b"]}), {"reloaders[0].watch": "line end"}),
    "by a name instead of a path": (
        reloaded({**WATCHES, "executable": "nginx", "pid_file": "nginx.pid"}),
        {f"reloaders[0].{field}": "not an absolute path" for field in ("executable", "pid_file")},
    ),
    "with no time for a proof": (
        reloaded({**WATCHES, "patience_seconds": 1, "interval_seconds": 0}),
        {"reloaders[0].interval_seconds": "1", "reloaders[0].patience_seconds": "2"},
    ),
    "with an empty proof": (reloaded({**WATCHES, "proof": []}), {"reloaders[0].proof": "at least 1"}),
    "with a long name": (reloaded({**WATCHES, "name": "a" * 58}), {"reloaders[0].name": "57 characters; shorten it"}),
    "with a name that is none": (reloaded({**WATCHES, "name": "A"}), {"reloaders[0].name": "DNS label"}),
}


@pytest.mark.parametrize(("tree", "expected"), BAD.values(), ids=BAD)
def test_a_reloader_is_refused(tree: Tree, expected: dict[str, str]) -> None:
    found = problems(tree)
    assert list(found) == list(expected)
    for path, reason in expected.items():
        assert re.search(reason, found[path]), found[path]


@pytest.mark.parametrize("signal", ["KILL", "STOP", "TERM", "SIGHUP", "1"])
def test_only_signals_to_reload_at_can_be_sent(signal: str) -> None:
    (why,) = problems(reloaded({**WATCHES, "signal": signal})).values()
    assert "'HUP', 'USR1' or 'USR2'" in why


GOOD = {
    "of the first container": reloaded(WATCHES),
    "of a sidecar": reloaded({**WATCHES, "target": "side"}, target=app(), sidecars=[web("side")]),
    "without a group, as it only signals": reloaded(WATCHES, target=web(context={"run_as_user": 101})),
    "of a privileged target, as it only signals": reloaded(WATCHES, target=web(context=PRIVILEGED)),
    "of a folder of a writable volume": reloaded(WATCHES, target=web(sub_path="x"), volume={"empty_dir": {}}),
    "of the user that the pod has": reloaded(WATCHES, target=web(context={}), security_context=USER),
    "of a folder beside the sidecar's own": reloaded(
        {"watch": ["/run/web", "/binary"]},
        target=app(
            "web",
            security_context=USER,
            volume_mounts=[{"name": "conf", "mount_path": path} for path in ("/run/web", "/binary", "/run/pidshare")],
        ),
    ),
    "beside a mount of the whole /run that it does not watch": reloaded(
        WATCHES,
        target=app(
            "web",
            security_context=USER,
            volume_mounts=[{"name": "conf", "mount_path": path} for path in ("/run", "/etc/web")],
        ),
    ),
    "beside another one": reloaded(WATCHES, {**WATCHES, "name": "second"}),
}


@pytest.mark.parametrize("tree", GOOD.values(), ids=GOOD)
def test_a_reloader_is_accepted(tree: Tree) -> None:
    SharedProcessPodArgs.model_validate(tree)


def test_a_claim_may_not_be_called_like_the_volume_of_a_reloader() -> None:
    claim = {"name": "reloader-state", "access_modes": ["ReadWriteOnce"], "storage": "1Gi"}
    tree = reloaded(WATCHES, volume_claim_templates=[claim], service_name="web")
    with pytest.raises(ArgumentsError, match=r"volume_claim_templates\[0\]\.name: 'reloader-state' is what a reloader"):
        SharedProcessStatefulSetArgs.model_validate(tree)


def test_ids_may_resolve_later() -> None:
    async def build() -> None:
        context = {"run_as_user": pulumi.Output.from_input(101)}
        SharedProcessPodArgs.model_validate(reloaded(WATCHES, target=web(context=context)))

    asyncio.run(build())


def test_classes_say_the_same_as_mappings() -> None:
    (made,) = (
        SharedProcessPodArgs.model_validate(
            reloaded({"watch": ["/etc/web"], "pidFile": "/run/web.pid", "signal": "USR1"})
        ).reloaders
        or ()
    )
    assert made == Reloader.model_validate(Reloader(watch=["/etc/web"], pid_file="/run/web.pid", signal=Signal.USR1))
