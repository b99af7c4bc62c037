"""What programs in YAML, TypeScript and Go need on machines that cannot have Pulumi's own language hosts.

The host of YAML and the generators of SDKs are Pulumi's own, compiled from the Go module registry; Node packages come
from npm. The hosts of TypeScript, Go and Python, which no registry has, are stand-ins: `hosts`.
"""

from dev.languages.sdk import generate_go_sdk, generate_node_sdk
from dev.languages.tools import Tools, tools

__all__ = ["Tools", "generate_go_sdk", "generate_node_sdk", "tools"]
