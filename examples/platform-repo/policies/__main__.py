"""The platform's policy pack. Levels and exemptions are in rules.json, for `pidshare check` too."""

from pulumi_policy import EnforcementLevel, PolicyPack

from pidshare_components.policy import policies

PolicyPack(
    "platform",
    policies(
        # Holds also for who forgets rules.json, which can make it stricter or looser.
        enforcement_levels={"no-network-policy": EnforcementLevel.MANDATORY},
        docs_url="https://docs.example.com/pidshare/rules",
    ),
)
