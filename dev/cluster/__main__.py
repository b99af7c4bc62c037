"""`python -m dev.cluster up|down|status NAME`."""

from __future__ import annotations

import argparse
import sys

from dev.cluster import Cluster, ClusterError, down, running, up


def main() -> int:
    """Run the command line and return its exit status: 1 when asked for a cluster that does not run, 2 on an error."""
    parser = argparse.ArgumentParser(prog="python -m dev.cluster", description="A throw-away Kubernetes cluster.")
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.add_argument("name", help="a short name; clusters of different names run side by side")
    arguments = parser.parse_args()
    try:
        return _run(arguments.action, arguments.name)
    except ClusterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: everything was taken down", file=sys.stderr)
        return 130


def _run(action: str, name: str) -> int:
    if action == "down":
        down(name)
        return 0
    cluster = up(name) if action == "up" else running(name)
    if cluster is None:
        print(f"cluster {name!r} does not run")
        return 1
    print(_description(cluster))
    return 0


def _description(cluster: Cluster) -> str:
    return (
        f"cluster {cluster.name!r} ({cluster.kind}) runs; to use it:\n"
        f"  {cluster.kubectl} --kubeconfig {cluster.kubeconfig} get pods --all-namespaces"
    )


if __name__ == "__main__":
    sys.exit(main())
