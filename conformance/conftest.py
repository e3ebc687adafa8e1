"""The hooks of the suite, for a checkout."""

from statsd_conformance.plugin import *  # noqa: F403  # hooks are found by name in this module
