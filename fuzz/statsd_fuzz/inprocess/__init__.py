"""Fuzzing of anyone's Python aggregator or parser in this process, with the reference as the judge."""

from statsd_fuzz.fault import Fault
from statsd_fuzz.inprocess.judging import assert_sound, judge
from statsd_fuzz.inprocess.subject import Subject, subject_of
from statsd_fuzz.inprocess.target import PREFIX, PythonTarget, TargetError, load

__all__ = ["PREFIX", "Fault", "PythonTarget", "Subject", "TargetError", "assert_sound", "judge", "load", "subject_of"]
