"""Log handlers and shells in a target's root file system: what is refused, and what just is not."""

import asyncio
import re
from typing import Any

import pulumi
import pytest

from pidshare_components import LogHandler, LogRotation, SharedProcessPodArgs
from tests.rules.parts import app, args, problems

Tree = dict[str, Any]

USER = {"run_as_user": 101, "run_as_group": 101}
LOG = "/var/log/web/access.log"
ROTATES = {"path": LOG, "rotation": {"max_bytes": 1000}}
SHIPS = {"path": LOG}


def web(name: str = "web", *, context: Tree = USER, **mount: object) -> Tree:
    mounts = [{"name": "log", "mount_path": "/var/log/web", **mount}]
    return app(name, security_context=context, volume_mounts=mounts)


def logged(*handlers: Tree, target: "Tree | None" = None, volume: "Tree | None" = None, **fields: object) -> Tree:
    volumes = [{"name": "log", **(volume or {"empty_dir": {}})}]
    return args(target or web(), volumes=volumes, log_handlers=list(handlers), **fields)


BAD = {
    "of a container that is not there": (
        logged({**SHIPS, "target": "app"}),
        {"log_handlers[0].target": "no container or sidecar is named 'app'; write one of web"},
    ),
    "of an init container, which has ended by then": (
        logged({**SHIPS, "target": "first"}, init_containers=[web("first")]),
        {"log_handlers[0].target": "named 'first'"},
    ),
    "with nothing to do": (
        logged({**SHIPS, "ship": False}),
        {"log_handlers[0]": "neither rotates nor ships the log; write rotation, or leave ship out"},
    ),
    "that looks for a process without a use for it": (
        logged({**SHIPS, "executable": "/bin/a", "pid_file": "/run/a.pid", "any_user": True}),
        {f"log_handlers[0].{field}": "rotation only" for field in ("executable", "pid_file", "any_user")},
    ),
    "as a user that nobody named": (
        logged(SHIPS, target=web(context={})),
        {
            "containers[0].security_context.run_as_user": "the log handler takes it over; write the id",
            "containers[0].security_context.run_as_group": "the log handler takes it over; write the id",
        },
    ),
    "of a log in the target's own file system": (
        logged({**SHIPS, "path": "/var/log/website/access.log"}),
        {"log_handlers[0].path": "in no volume that 'web' mounts.*; mount a volume there"},
    ),
    "of a file that is mounted by itself": (
        logged(SHIPS, target=web(mount_path=LOG, sub_path="access.log")),
        {"log_handlers[0].path": "is the mount itself, which cannot be moved; mount the folder"},
    ),
    "of a log that is mounted by variables of the target": (
        logged(SHIPS, target=web(sub_path_expr="$(POD_NAME)")),
        {"log_handlers[0].path": "sub_path_expr has variables of another container; write sub_path"},
    ),
    "of a log that the target cannot write": (
        logged(SHIPS, target=web(read_only=True)),
        {"log_handlers[0].path": "read-only; write the path of a log in a writable volume"},
    ),
    "of a log in a volume that nobody can write": (
        logged(SHIPS, volume={"config_map": {"name": "settings"}}),
        {"log_handlers[0].path": "read-only"},
    ),
    "of a log in a claim that is read-only": (
        logged(SHIPS, volume={"persistent_volume_claim": {"claim_name": "logs", "read_only": True}}),
        {"log_handlers[0].path": "read-only"},
    ),
    "with capabilities that do nothing": (
        logged({**ROTATES, "any_user": True}),
        {"log_handlers[0].any_user": "only root gets, but 'web' does not run as root; leave it out"},
    ),
    "of a target with more capabilities than can be taken over": (
        logged(ROTATES, target=web(context={"run_as_user": 0, "run_as_group": 0, "privileged": True})),
        {"log_handlers[0].any_user": "needs all its capabilities, or SYS_PTRACE; write true"},
    ),
    "of a log that another one rotates": (
        logged({**ROTATES, "target": "web"}, {**ROTATES, "name": "second"}),
        {"log_handlers[1].path": "rotated twice; write one log handler for it"},
    ),
    "of a log that another one rotates by another spelling": (
        logged(ROTATES, {**ROTATES, "path": "/var/log//web/access.log", "name": "second"}),
        {"log_handlers[1].path": "rotated twice"},
    ),
    "of a log that another one rotates for another container, which has it elsewhere": (
        logged(
            ROTATES,
            {**ROTATES, "path": "/logs/access.log", "target": "helper", "name": "second"},
            target=web(sub_path="web"),
            sidecars=[web("helper", mount_path="/logs", sub_path="./web/")],
        ),
        {"log_handlers[1].path": "rotated twice"},
    ),
    "of an old log of another one": (
        logged(ROTATES, {**ROTATES, "path": f"{LOG}.4", "name": "second"}),
        {"log_handlers[1].path": r"shares a file with log_handlers\[0\].*; rename one of the logs"},
    ),
    "whose old logs another one rotates": (
        logged({**ROTATES, "path": f"{LOG}.1"}, {**ROTATES, "name": "second"}),
        {"log_handlers[1].path": "shares a file with"},
    ),
    "of a log in a mount that hides the sidecar's shell": (
        logged({**SHIPS, "path": "/bin/access.log"}, target=web(mount_path="/bin")),
        {"log_handlers[0].path": "is in /bin, whose mount would hide the sidecar's own programs.*; mount the volume"},
    ),
    "with the name of another": (
        logged(ROTATES, SHIPS),
        {"log_handlers[1].name": "the container name 'log-handler' is used twice"},
    ),
    "that asks for more than its limit": (
        logged({**SHIPS, "resources": {"requests": {"memory": "2Mi"}, "limits": {"memory": "1Mi"}}}),
        {"log_handlers[0].resources.requests.memory": "more than the limit"},
    ),
    "of values that are none": (
        logged(
            {
                "path": "access.log",
                "pid_file": "../nginx.pid",
                "name": "Log",
                "interval_seconds": 0,
                "rotation": {"max_bytes": "1000", "keep": 0, "signal": "KILL"},
            }
        ),
        {
            "log_handlers[0].path": "not an absolute path",
            "log_handlers[0].pid_file": "not an absolute path",
            "log_handlers[0].name": "not a DNS label",
            "log_handlers[0].interval_seconds": "too small",
            "log_handlers[0].rotation.max_bytes": "must be a whole number",
            "log_handlers[0].rotation.keep": "too small",
            "log_handlers[0].rotation.signal": "not one of the allowed values; write 'HUP', 'USR1' or 'USR2'",
        },
    ),
}
GOOD = {
    "of a sidecar": logged({**SHIPS, "target": "helper"}, sidecars=[web("helper")]),
    "of ids that the pod has": logged(SHIPS, target=web(context={}), security_context=USER),
    "of a part of a volume": logged(ROTATES, target=web(sub_path="web")),
    "of a claim": logged(ROTATES, volume={"persistent_volume_claim": {"claim_name": "logs"}}),
    "that does both": logged({**ROTATES, "ship": True, "executable": "/usr/sbin/nginx"}),
    "of one log, one each": logged({**ROTATES, "ship": False}, {**SHIPS, "name": "shipper"}),
    "of a log that is called almost like an old one": logged(
        ROTATES,
        *({**ROTATES, "path": f"{LOG}.{end}", "name": name} for end, name in (("5", "b"), ("01", "c"), ("1.gz", "d"))),
    ),
    "of a log of the same name in another part of the volume": logged(
        ROTATES,
        {**ROTATES, "target": "helper", "name": "second"},
        target=web(sub_path="a"),
        sidecars=[web("helper", sub_path="b")],
    ),
    "of root whose workers are not": logged(
        {**ROTATES, "any_user": True}, target=web(context={"run_as_user": 0, "run_as_group": 0})
    ),
    "of a privileged target, only to ship": logged(
        SHIPS, target=web(context={"run_as_user": 0, "run_as_group": 0, "privileged": True})
    ),
}


@pytest.mark.parametrize(("tree", "lines"), BAD.values(), ids=BAD)
def test_a_log_handler_that_cannot_work_is_refused(tree: Tree, lines: dict[str, str]) -> None:
    found = problems(tree)
    assert found.keys() == lines.keys()
    for path, words in lines.items():
        assert re.search(words, found[path])


@pytest.mark.parametrize("tree", GOOD.values(), ids=GOOD)
def test_a_log_handler_that_can_work_is_not(tree: Tree) -> None:
    SharedProcessPodArgs.model_validate(tree)


def test_a_mount_that_is_not_known_yet_holds_no_log() -> None:
    async def build() -> None:
        target = web(mount_path=pulumi.Output.from_input("/var/log/web"))
        assert "its mount_path written out" in problems(logged(SHIPS, target=target))["log_handlers[0].path"]

    asyncio.run(build())


def test_ids_that_are_known_later_are_enough() -> None:
    async def build() -> None:
        later = {key: pulumi.Output.from_input(value) for key, value in USER.items()}
        SharedProcessPodArgs.model_validate(logged({**ROTATES, "any_user": True}, target=web(context=later)))

    asyncio.run(build())


def test_classes_do_as_well_as_mappings() -> None:
    handler = LogHandler(path=LOG, rotation=LogRotation(max_bytes=1000))
    by_classes = SharedProcessPodArgs.model_validate({**logged(), "log_handlers": [handler]})
    assert by_classes == SharedProcessPodArgs.model_validate(logged(ROTATES))


# --- a debug shell in the target's root file system ---


def debugged(profile: str, context: Tree) -> Tree:
    return args(app(security_context=context), debug={"target_root": True, "profile": profile})


@pytest.mark.parametrize(
    ("context", "what"),
    [
        ({"run_as_user": 101}, "does not run as root;"),
        ({"run_as_user": 101, "run_as_group": 102}, "does not run as root and does not have root's group;"),
        ({"run_as_user": 0, "run_as_group": 102}, "does not have root's group;"),
        ({"privileged": True}, "has more capabilities;"),
        ({"capabilities": {"add": ["NET_ADMIN"]}}, "has more capabilities;"),
    ],
)
def test_a_profile_that_surely_cannot_look_inside_is_refused(context: Tree, what: str) -> None:
    (line,) = problems(debugged("baseline", context)).values()
    assert line.startswith(f"baseline cannot look into 'app', which {what}")
    SharedProcessPodArgs.model_validate(debugged("general", context))
    SharedProcessPodArgs.model_validate(debugged("same-uid", {"run_as_user": 0, "run_as_group": 0, **context}))


@pytest.mark.parametrize("context", [{}, {"run_as_user": 0}, {"capabilities": {"add": ["CHOWN"], "drop": ["ALL"]}}])
def test_baseline_looks_into_what_is_root_as_it_is(context: Tree) -> None:
    SharedProcessPodArgs.model_validate(debugged("baseline", context))
