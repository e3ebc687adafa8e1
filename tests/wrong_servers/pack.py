"""Servers that break one requirement on several values in a line each."""

import re
from dataclasses import replace

from defects import numbers
from defects.steps import lines, refused, refusing
from statsd_reference import BadLine, Kind, Outcome, Sample, Server


def first_sample_only(server: Server) -> Server:
    """Read the first sample of a line."""
    return replace(server, parse=lambda line: server.parse(line)[:1])


def one_type(server: Server) -> Server:
    """Read every sample of a line as one of its first type."""

    def retyped(line: bytes) -> bytes:
        first = re.search(rb"\|(\w+)", line)
        return re.sub(rb"\|\w+", first[0], line) if first else line

    return lines(server, retyped)


def first_rate_for_all(server: Server) -> Server:
    """Scale every sample of a line by the first rate of it."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        outcomes = server.parse(line)
        rate = next((one.rate for one in outcomes if isinstance(one, Sample)), 1.0)
        return tuple(replace(one, rate=rate) if isinstance(one, Sample) else one for one in outcomes)

    return replace(server, parse=parse)


def bad_sample_refuses_the_line(server: Server) -> Server:
    """Refuse a line in which one sample is bad."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        return (BadLine(line, "a bad sample"),) if refused(server, line) else server.parse(line)

    return replace(server, parse=parse)


def bad_sample_ends_the_line(server: Server) -> Server:
    """Read no further in a line than to its first bad sample."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        outcomes = server.parse(line)
        end = next((place for place, one in enumerate(outcomes, start=1) if isinstance(one, BadLine)), len(outcomes))
        return outcomes[:end]

    return replace(server, parse=parse)


def rate_is_of_the_last_value(server: Server) -> Server:
    """Scale the last of packed values alone."""
    return lines(server, lambda line: re.sub(rb":([^:|]+)\|c\|@", rb"|c:\1|c|@", line))


def members_are_packed(server: Server) -> Server:
    """Read the parts of a member as members."""
    return lines(server, lambda line: re.sub(rb":1:2:3\|s", b":1|s:2|s:3|s", line))


def first_value_only(server: Server) -> Server:
    """Read the first of packed values, up to the colon behind it."""
    return lines(server, lambda line: re.sub(rb":([^:|]+)(:[^:|]+)+\|(?=c|g|ms)", rb":\1|", line))


def last_colon_ends_the_name(server: Server) -> Server:
    """Take all before the last colon in front of the first bar for the name."""

    def renamed(line: bytes) -> bytes:
        name, colon, _ = line.partition(b"|")[0].rpartition(b":")
        return name.replace(b":", b"_") + line[len(name) :] if colon else line

    return lines(server, renamed)


def packed_times_are_one_event(server: Server) -> Server:
    """Count a line of packed times as one event."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        outcomes = server.parse(line)
        return tuple(
            replace(one, rate=one.rate * len(outcomes)) if isinstance(one, Sample) and one.kind is Kind.TIMER else one
            for one in outcomes
        )

    return replace(server, parse=parse)


WRONG = {
    "PACK-01": first_sample_only,
    "PACK-02": one_type,
    "PACK-03": first_rate_for_all,
    "PACK-04": bad_sample_refuses_the_line,
    "PACK-04/behind": bad_sample_ends_the_line,
    "PACK-05": first_value_only,
    "PACK-05/rate": rate_is_of_the_last_value,
    "PACK-05/set": members_are_packed,
    "PACK-06": numbers.i06,
    "PACK-06/name": last_colon_ends_the_name,
    "PACK-07": lambda server: refusing(server, rb"::|:\|"),
    "PACK-08": packed_times_are_one_event,
}
