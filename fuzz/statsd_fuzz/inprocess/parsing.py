"""What is wrong with how a parser reads one input."""

from collections.abc import Callable, Iterator, Sequence
from math import isclose
from typing import Final

from statsd_fuzz.comparing import shown
from statsd_fuzz.fault import Fault
from statsd_fuzz.inprocess.parsed import Parsed, Unread, samples_of
from statsd_fuzz.inprocess.raised import Raised, raising, result_of
from statsd_fuzz.inprocess.subject import Subject
from statsd_fuzz.plain import plain_part

_TOLERANCE: Final = 1e-9
_KINDS: Final = {"c": "counter", "g": "gauge", "ms": "timer", "s": "set"}


def parsing_faults(subject: Subject, call: Callable[[bytes], object], datagrams: Sequence[bytes]) -> Iterator[Fault]:
    """Yield what is wrong, up to the first exception."""
    for datagram in datagrams:
        result = result_of(subject, call, datagram)
        odd = plain_part([[datagram]]).odd[0][0]
        if isinstance(result, Raised):
            if not (result.refused and odd):
                yield raising(result.error, f"the call with {shown(datagram)}")
                return
        elif subject.reads_samples and not odd:
            yield from _samples(datagram, result)


def _samples(datagram: bytes, result: object) -> Iterator[Fault]:
    wanted = [_parsed(line) for line in datagram.split(b"\n") if line]
    try:
        got = samples_of(result)
    except Unread as reason:
        yield Fault(
            "samples-unreadable", f"{shown(datagram)} gives something {reason}, which says no name, value and type"
        )
        return
    if len(got) != len(wanted):
        yield Fault("samples-of-another-number", f"{shown(datagram)} is {len(wanted)} samples, and gives {len(got)}")
        return
    for one, other in zip(wanted, got, strict=True):
        if part := _difference(one, other):
            name = f"{part}-of-{_KINDS[one.kind]}-differs"
            yield Fault(name, f"{shown(datagram)} gives {other}, required is {one}")
            return


def _parsed(line: bytes) -> Parsed:
    """Return what a plain line says."""
    name, _, rest = line.partition(b":")
    value, kind, *rate = rest.split(b"|")
    number: float | bytes = value if kind == b"s" else float(value)
    return Parsed(name, number, kind.decode(), float(rate[0][1:]) if rate else None)


def _difference(one: Parsed, other: Parsed) -> str:
    """Return which part of a sample differs from what it has to be, empty for none."""
    if one.name != other.name:
        return "name"
    if one.kind != other.kind:
        return "type"
    return "" if _alike(one, other) else "value"


def _alike(one: Parsed, other: Parsed) -> bool:
    if isinstance(one.value, bytes) or isinstance(other.value, bytes):
        return one.value == other.value
    # Some scale as they read.
    return any(isclose(value, other.value, rel_tol=_TOLERANCE) for value in (one.value, one.value / (one.rate or 1)))
