"""Examinations of targets: each found or started, watched, given the cases, and stopped for certain at the end.

Read `settings`, `subject` and `examining`; `sinks` and `passing` say where output is caught.
"""

from statsd_conformance.session.examining import Examination, examine
from statsd_conformance.session.passing import only_passes
from statsd_conformance.session.probing import find_profile, probe_target
from statsd_conformance.session.settings import Settings, TargetError
from statsd_conformance.session.silence import unless_silent
from statsd_conformance.session.subject import Subject, running

__all__ = [
    "Examination",
    "Settings",
    "Subject",
    "TargetError",
    "examine",
    "find_profile",
    "only_passes",
    "probe_target",
    "running",
    "unless_silent",
]
