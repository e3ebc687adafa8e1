from statsd_conformance.plugin import *  # noqa: F403  # the hooks of the suite, for a checkout
