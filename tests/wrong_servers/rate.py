"""Servers that break one requirement on sample rates each."""

import re
import struct
from dataclasses import replace

from defects import counters, output
from defects.steps import lenient, lines, raising, refusing, samples
from statsd_reference import Kind, Sample, Server


def bad_rate_is_one(server: Server) -> Server:
    """Take a rate that cannot be read for none."""
    return lenient(server, "no valid sample rate", lambda line: line.partition(b"|@")[0])


def sign_of_a_rate_is_skipped(server: Server) -> Server:
    """Read a rate without its sign."""
    return lines(server, lambda line: line.replace(b"|@-", b"|@"))


def odd_rate_spoils(server: Server) -> Server:
    """Publish no bucket any more for which a rate in words was sent."""
    spoilt: set[bytes] = set()

    def parse_name(line: bytes) -> bytes:
        name = line.partition(b":")[0]
        if re.search(rb"\|@(nan|inf)", line):
            spoilt.add(name)
        return b"" if name in spoilt else line

    return lines(server, parse_name)


def a_copy_for_each_event(server: Server) -> Server:
    """Keep 1/rate copies of every sample, which ends where the memory ends."""

    def change(one: Sample) -> Sample:
        if 1 / one.rate > 1_000_000:
            raise MemoryError(f"{1 / one.rate:g} copies")
        return one

    return samples(server, change)


def rate_of_32_bits(server: Server) -> Server:
    """Hold the rate in a short float, and cut the scaled value to a whole number."""

    def change(one: Sample) -> Sample:
        if one.kind is not Kind.COUNTER or one.rate == 1:
            return one
        rate = struct.unpack("f", struct.pack("f", one.rate))[0]
        return replace(one, value=float(int(one.value / rate)), rate=1.0)

    return samples(server, change)


WRONG = {
    "RATE-01": counters.d35,
    "RATE-01/inverse": counters.d05,
    "RATE-01/next": counters.d06,
    "RATE-02": lambda server: refusing(server, rb"\|@1"),
    "RATE-03": lambda server: refusing(server, rb"\|@\."),
    "RATE-04": counters.d22,
    "RATE-05": output.c10,
    "RATE-05/accepted": lambda server: lines(server, lambda line: re.sub(rb"\|@[0.]+\Z", b"", line)),
    "RATE-06": lambda server: refusing(server, rb"\|@[2-9]"),
    "RATE-07": sign_of_a_rate_is_skipped,
    "RATE-08": bad_rate_is_one,
    "RATE-09": counters.d02,
    "RATE-10": lambda server: raising(server, rb"\|@[+ ]"),
    "RATE-10/spoilt": odd_rate_spoils,
    "RATE-11": bad_rate_is_one,
    "RATE-12": counters.d26,
    "RATE-12/refused": lambda server: refusing(server, rb"\|g\|@"),
    "RATE-13": lambda server: refusing(server, rb"\|s\|@"),
    "RATE-14": a_copy_for_each_event,
    "RATE-15": rate_of_32_bits,
}
