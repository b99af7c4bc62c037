"""The rules as policies of Pulumi's policy-as-code: each one alone, or all of them, for a policy pack of anybody's.

Needs the extra `policy` (`pulumi-policy`).
"""

from pidshare_components.analysis.images import Ids
from pidshare_components.analysis.node import Node
from pidshare_components.policy.pack import policies, policy

__all__ = ["Ids", "Node", "policies", "policy"]
