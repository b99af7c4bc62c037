"""`python -m dev up [--context NAME]` and `python -m dev down`: what `make up` and `make down` run."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from pulumi import automation

from dev import cluster as own
from dev.cluster import Cluster, ClusterError
from dev.cluster.existing import existing
from dev.deployment import Deployment
from dev.engine import EngineError, engine
from dev.paths import ROOT, state_dir
from dev.progress import step
from dev.walkthrough import WalkThroughError, walk_through
from pidshare_components.live import AttachedShell, ShellError

# One of this checkout's own: another checkout may run its demo at the same time.
_CLUSTER = f"demo-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]}"
_STACK = "dev"
_FAILED, _INTERRUPTED, _TERMINATED = 1, 128 + signal.SIGINT, 128 + signal.SIGTERM
_AGAIN_SECONDS = 0.1
_CONTEXT = "context"
"""File in a deployment's folder: the user's context that it is in; empty for a cluster of its own."""


def main() -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m dev", description="Deploys stacks/nginx and walks through it.")
    commands = parser.add_subparsers(dest="command", required=True)
    up_parser = commands.add_parser("up", help="deploy, walk through, and leave it running")
    up_parser.add_argument("--context", default="", help="a context of your kubeconfig; without: a cluster of its own")
    commands.add_parser("down", help="take everything down that `up` brought up")
    arguments = parser.parse_args()

    signal.signal(signal.SIGTERM, _terminate)
    sys.unraisablehook = _interrupt_again
    try:
        if arguments.command == "up":
            _up(arguments.context)
        else:
            _down_all()
    except (ClusterError, EngineError, ShellError, WalkThroughError) as error:
        print(f"error: {error}", file=sys.stderr)
        return _FAILED
    except automation.CommandError:
        print("error: Pulumi failed; what it said stands above", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(_TERMINATED)


def _interrupt_again(dropped: sys.UnraisableHookArgs) -> None:
    """Repeat a Ctrl-C that came while Python ran hooks of its own, such as those of fork: there it drops exceptions."""
    if isinstance(dropped.exc_value, (KeyboardInterrupt, SystemExit)):
        again = signal.SIGINT if isinstance(dropped.exc_value, KeyboardInterrupt) else signal.SIGTERM
        threading.Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), again)).start()
    else:
        sys.__unraisablehook__(dropped)


def _up(context: str) -> None:
    pulumi_engine = engine()
    with ExitStack() as at_the_end:
        if context:
            cluster = at_the_end.enter_context(existing(context))
            at_the_end.enter_context(_taken_down_on_failure(context))
        else:
            at_the_end.enter_context(_taken_down_on_failure(context))
            if own.running(_CLUSTER) is None:
                # The state of a cluster that is gone, after a restart of the machine for instance.
                shutil.rmtree(_home(context), ignore_errors=True)
            cluster = own.up(_CLUSTER)
        home = _home(context)
        home.mkdir(parents=True, exist_ok=True)
        (home / _CONTEXT).write_text(context)
        outputs = _deploy(Deployment(home, pulumi_engine, cluster))
        _walk(cluster, outputs)
        _say_what_now(cluster, context, outputs)


def _deploy(deployment: Deployment) -> dict[str, str]:
    """Run `pulumi up` and return where the pod is and which container has the shell."""
    lacking = {
        "Pulumi's language host (the program runs inline)": not deployment.language_host,
        "Pulumi's Kubernetes plugin (the one of dev/ stands in)": not deployment.official_plugin,
    }
    if any(lacking.values()):
        _say(f"not to be had here: {', '.join(what for what, lacks in lacking.items() if lacks)}")
    _say(f"pulumi up of stacks/nginx, stack {_STACK}, on the cluster {deployment.cluster.name!r}:")
    stack = deployment.project(ROOT, _STACK)
    stack.up(on_output=_print, on_error=_print)
    outputs = {name: output.value for name, output in stack.outputs().items()}
    return {"namespace": outputs["namespace"], "pod": outputs["pod"], "attach": outputs["commands"]["attach"]}


def _walk(cluster: Cluster, outputs: dict[str, str]) -> None:
    _say("kubectl attach to the shell:")
    attach = outputs["attach"].split()[1:]
    with AttachedShell(cluster.command(*attach), transcript=_print) as shell:
        walk_through(shell, _say)


def _say_what_now(cluster: Cluster, context: str, outputs: dict[str, str]) -> None:
    # The kubeconfig of an existing cluster was a copy for this run; the user has the original.
    kubectl = f"kubectl --context {context}" if context else f"{cluster.kubectl} --kubeconfig {cluster.kubeconfig}"
    _say("It runs on. To attach by hand (Enter shows a prompt; exit ends the shell, and a new one starts):")
    print(outputs["attach"].replace("kubectl", kubectl, 1))
    _say("To take it all down:")
    print("make down")


@contextmanager
def _taken_down_on_failure(context: str) -> Iterator[None]:
    """Take down what was begun, but not what an earlier run brought up and left running."""
    was_up = (_home(context) / _CONTEXT).exists() and (bool(context) or own.running(_CLUSTER) is not None)
    try:
        yield
    except BaseException:
        if not was_up:
            _say("not finished; taking down what was begun")
            _down(context)
        raise


def _down_all() -> None:
    """Take everything down that can be; an own cluster also where no deployment was noted yet."""
    contexts = [file.read_text() for file in sorted(state_dir().glob(f"*/{_CONTEXT}"))]
    failures = [why for context in sorted({"", *contexts}) if (why := _failure_of_down(context))]
    if failures:
        raise ClusterError("not everything could be taken down:\n" + "\n".join(failures))


def _failure_of_down(context: str) -> str:
    try:
        _down(context)
    except (ClusterError, EngineError, automation.CommandError) as error:
        return f"{context or _CLUSTER}: {error}"
    return ""


def _down(context: str) -> None:
    """Take a deployment down and forget it. With a cluster of its own, the cluster takes all with it."""
    home = _home(context)
    if not context:
        own.down(_CLUSTER)
    elif home.exists():
        with existing(context) as cluster, step(f"pulumi destroy in the context {context!r}"):
            stack = Deployment(home, engine(), cluster).project(ROOT, _STACK)
            stack.destroy(on_output=_print, on_error=_print)
    shutil.rmtree(home, ignore_errors=True)


def _home(context: str) -> Path:
    return state_dir() / (hashlib.sha256(context.encode()).hexdigest()[:12] if context else _CLUSTER)


def _say(sentence: str) -> None:
    print(f"\n# {sentence}", flush=True)


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
