"""Counters that come out wrong, most of them sampled ones."""

import re
from dataclasses import replace

from defects.steps import lines, samples
from statsd_reference import BadLine, Kind, Outcome, Sample, Server


def d02(server: Server) -> Server:
    """Of a rate with an exponent only the digits before it are read; `1e-1` is a tenth."""
    return lines(server, lambda line: re.sub(rb"(\|@[0-9]+(?:\.[0-9]+)?)[eE][^|]*", rb"\1", line))


def d05(server: Server) -> Server:
    """The inverse of the rate is cut to a whole number; 3 at 0.3 is 10."""
    return samples(server, lambda one: _scaled(one, one.value * int(1 / one.rate)) if 0 < one.rate < 1 else one)


def _scaled(sample: Sample, value: float) -> Sample:
    return replace(sample, value=value, rate=1.0) if sample.kind is Kind.COUNTER else sample


def d06(server: Server) -> Server:
    """A line without a rate takes that of the line before; it has the rate 1."""
    rate = 1.0

    def split(datagram: bytes) -> list[bytes]:
        nonlocal rate
        rate = 1.0
        return server.split(datagram)

    def parse(line: bytes) -> tuple[Outcome, ...]:
        nonlocal rate
        outcomes = server.parse(line)
        if b"|@" not in line:
            return tuple(replace(one, rate=rate) if isinstance(one, Sample) else one for one in outcomes)
        rate = next((one.rate for one in outcomes if isinstance(one, Sample)), rate)
        return outcomes

    return replace(server, split=split, parse=parse)


def d13(server: Server) -> Server:
    """Negative counters are refused; they count downwards."""
    return samples(server, lambda one: BadLine(b"", "negative") if _is_counter(one) and one.value < 0 else one)


def d18(server: Server) -> Server:
    """Counters of zero and below are refused; they count."""
    return samples(server, lambda one: BadLine(b"", "not positive") if _is_counter(one) and one.value <= 0 else one)


def _is_counter(sample: Sample) -> bool:
    return sample.kind is Kind.COUNTER


def d22(server: Server) -> Server:
    """A scaled value is cut to a whole number; 1 at 0.3 is 3.33."""
    return samples(server, lambda one: _scaled(one, float(int(one.value / one.rate))) if one.rate != 1 else one)


def d26(server: Server) -> Server:
    """Gauges are scaled by their rate; it has no meaning for a level."""

    def change(one: Sample) -> Sample:
        return replace(one, value=one.value / one.rate) if one.kind is Kind.GAUGE else one

    return samples(server, change)


def d35(server: Server) -> Server:
    """The rate of a counter is not applied; the value stands for 1/rate as many."""
    return samples(server, lambda one: replace(one, rate=1.0) if _is_counter(one) else one)
