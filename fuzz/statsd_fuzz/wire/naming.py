"""What a finding is called: what broke, and what is special about the least that breaks it."""

import re
from typing import Final

from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.scenario import Scenario
from statsd_fuzz.wire.traits import traits_of

# Faults behind which a target has to be started again, and the word that says what of.
FATAL: Final = {"dies": "of", "falls-silent": "after", "memory-grows": "of", "burns-the-processor": "after"}
# A timer is one thing, whichever of its statistics shows that it is wrong, but for those that are computed apart.
_STATISTIC: Final = re.compile(r"\Atimer-(?!median-|std-)[a-z0-9_]+-(?=differs|missing|published|rounded)")


def is_fatal(fault: Fault) -> bool:
    """Tell whether a target that shows the fault has to be started again."""
    return fault.name in FATAL


def what_broke(fault: Fault) -> str:
    """Return what faults of one cause have in common.

    >>> what_broke(Fault("timer-mean-differs", "the flush has …"))
    'timer-differs'
    >>> what_broke(Fault("timer-std-differs", "the flush has …"))
    'timer-std-differs'
    """
    return _STATISTIC.sub("timer-", fault.name)


def name_of(fault: Fault, least: Scenario) -> str:
    """Return the name of a finding, by the least scenario that shows it: letters, digits and dashes.

    >>> name_of(Fault("dies", "its process has ended"), Scenario(((b"q000000000.a:1|c|@0",),)))
    'dies-of-a-rate-of-zero'
    """
    what = what_broke(fault)
    traits = traits_of(least)
    return f"{what}-{FATAL.get(what, 'with')}-{traits[0].words}" if traits else what
