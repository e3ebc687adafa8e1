"""The linter: whether what an emitter sends is read right by every known aggregator."""

from statsd_conformance.lint.dialect import DIALECTS
from statsd_conformance.lint.finding import Finding
from statsd_conformance.lint.linter import Linter, lint
from statsd_conformance.lint.rule import RULES, Rule
from statsd_conformance.lint.settings import Settings, SettingsError

__all__ = ["DIALECTS", "RULES", "Finding", "Linter", "Rule", "Settings", "SettingsError", "lint"]
