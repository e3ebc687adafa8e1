"""The reference StatsD aggregator: the protocol as four pure steps, and a daemon around them."""

from statsd_reference.model import BadLine, Flush, Kind, Outcome, Point, Reading, Sample, Window
from statsd_reference.options import OptionError, Options, read_options
from statsd_reference.server import REFERENCE, Server, make_server

__all__ = [
    "REFERENCE",
    "BadLine",
    "Flush",
    "Kind",
    "OptionError",
    "Options",
    "Outcome",
    "Point",
    "Reading",
    "Sample",
    "Server",
    "Window",
    "make_server",
    "read_options",
]
