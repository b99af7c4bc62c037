"""The pod network of a one-node cluster: a bridge of its own, no packet filter and no change of the machine's routing.

Pods reach each other and the node, nothing else: there is no masquerading and no kube-proxy.
"""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from ipaddress import IPv4Network, ip_network
from pathlib import Path

from dev.cluster.errors import ClusterError, output_of

PREFIX = 24
"""Length of the prefix of a cluster's pod subnet."""

_POOL = IPv4Network("10.244.0.0/16")


def choose() -> tuple[str, IPv4Network]:
    """Return the name of a bridge that this machine does not have, and a pod subnet that is free.

    Raises:
        ClusterError: every subnet is in use.
    """
    routes = _routes()
    for number, subnet in enumerate(_POOL.subnets(new_prefix=PREFIX)):
        bridge = f"pidshare-{number}"
        if not _exists(bridge) and not any(route.overlaps(subnet) for route in routes):
            return bridge, subnet
    raise ClusterError(f"no /{PREFIX} of {_POOL} is free for pods: routes of this machine cover them all")


def create_bridge(name: str, address: str) -> None:
    """Create a bridge that has the address; the pods of the cluster are connected to it."""
    output_of(["ip", "link", "add", name, "type", "bridge"])
    output_of(["ip", "address", "add", f"{address}/{PREFIX}", "dev", name])
    output_of(["ip", "link", "set", name, "up"])


def delete_bridge(name: str) -> None:
    """Delete a bridge, if it is there."""
    if _exists(name):
        output_of(["ip", "link", "delete", name])


def free_ports(count: int) -> list[int]:
    """Return TCP ports that nothing listens on, on any address."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def _exists(interface: str) -> bool:
    return Path("/sys/class/net", interface).exists()


def _routes() -> list[IPv4Network]:
    """Return what the pool could collide with; beside a wider route (a VPN's 10.0.0.0/8) ours is the more specific."""
    routes = json.loads(output_of(["ip", "-json", "-4", "route", "show"]))
    networks = [ip_network(route["dst"], strict=False) for route in routes if route["dst"] != "default"]
    return [each for each in networks if isinstance(each, IPv4Network) and each.prefixlen >= _POOL.prefixlen]
