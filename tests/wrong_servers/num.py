"""Servers that break one requirement on the spelling of numbers each."""

import re
from dataclasses import replace

from defects import gauges, numbers
from defects.steps import lenient, lines, raising, refusing, samples
from statsd_reference import Server


def zeros_mean_octal(server: Server) -> Server:
    """Read digits behind a leading zero in base 8."""
    return lines(server, lambda line: re.sub(rb":0+([1-7][0-7]*)\|", lambda found: b":%d|" % int(found[1], 8), line))


def nan_is_zero(server: Server) -> Server:
    """Read `nan` as 0."""
    return lenient(server, "no valid number", lambda line: re.sub(rb":nan\|", b":0|", line, flags=re.IGNORECASE))


def nan_is_a_time(server: Server) -> Server:
    """Read `nan` as a time, and nowhere else."""
    return lenient(server, "no valid number", lambda line: re.sub(rb":nan\|ms", b":0|ms", line, flags=re.IGNORECASE))


def infinite_time_is_great(server: Server) -> Server:
    """Read an infinite time as a great one."""
    return lenient(server, "no valid number", lambda line: re.sub(rb":(Infinity|inf)\|ms", b":1e99|ms", line))


def range_of_32_bits(server: Server) -> Server:
    """Publish the largest whole number of 32 bits for whatever is larger."""
    return samples(server, lambda one: replace(one, value=min(one.value, 4294967295.0)))


def comma_is_a_point(server: Server) -> Server:
    """Read and take a comma for the decimal separator."""
    return lenient(server, "no valid number", lambda line: line.replace(b",", b"."))


def thousands_are_separated(server: Server) -> Server:
    """Print numbers as people do."""
    return replace(
        server, write=lambda point: b"%b %b %d\n" % (point.path, f"{point.value:,}".encode(), point.timestamp)
    )


WRONG = {
    "NUM-01": zeros_mean_octal,
    "NUM-01/point": lambda server: refusing(server, rb":\."),
    "NUM-01/counter": lambda server: refusing(server, rb":\d+\.\|c"),
    "NUM-01/timer": lambda server: refusing(server, rb":\+\d+\|ms"),
    "NUM-02": lambda server: refusing(server, rb"[0-9][eE]"),
    "NUM-02/counter": lambda server: lines(server, lambda line: re.sub(rb"[eE]-?\d+\|c", b"|c", line)),
    "NUM-02/timer": lambda server: lines(server, lambda line: re.sub(rb"[eE]-?\d+\|ms", b"|ms", line)),
    "NUM-03": numbers.i06,
    "NUM-03/host": numbers.i14,
    "NUM-03/zero": gauges.e16,
    "NUM-04": lambda server: refusing(server, rb":0[xob]"),
    "NUM-05": nan_is_zero,
    "NUM-05/timer": nan_is_a_time,
    "NUM-06": lambda server: raising(server, rb"Infinity"),
    "NUM-06/timer": infinite_time_is_great,
    "NUM-07": range_of_32_bits,
    "NUM-08": numbers.i11,
    "NUM-09": comma_is_a_point,
    "NUM-10": lambda server: raising(server, rb"[0-9]{310}"),
    "NUM-11": thousands_are_separated,
}
