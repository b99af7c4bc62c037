"""The rules with what is configured of them: one judgement for previews and for manifests.

Works without Pulumi and without YAML: objects come as plain trees, and so does the configuration.
"""

from pidshare_components.check.catalog import RULES, Level, default_level, page
from pidshare_components.check.checker import Checker
from pidshare_components.check.production import says_production
from pidshare_components.check.settings import (
    Configuration,
    Mistake,
    RuleSettings,
    SettingsError,
    read_configuration,
    read_settings,
)
from pidshare_components.check.violation import Subject, Violation

__all__ = [
    "RULES",
    "Checker",
    "Configuration",
    "Level",
    "Mistake",
    "RuleSettings",
    "SettingsError",
    "Subject",
    "Violation",
    "default_level",
    "page",
    "read_configuration",
    "read_settings",
    "says_production",
]
