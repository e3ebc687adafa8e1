"""Lines that stop a server, or spoil what comes later."""

from dataclasses import replace

from defects.steps import samples
from statsd_reference import Kind, Outcome, Reading, Sample, Server, Window

INHERITED = (b"__proto__", b"constructor", b"hasOwnProperty", b"toString", b"valueOf")


def j02(server: Server) -> Server:
    """A timer named like an inherited property finds a function where its values should be; it is a name like any."""

    def change(one: Sample) -> Sample:
        if one.kind is Kind.TIMER and one.bucket in INHERITED:
            raise TypeError(f"{one.bucket!r} holds no list")
        return one

    return samples(server, change)


def j14(server: Server) -> Server:
    """A counter that goes down makes a library panic; it is counted or refused."""

    def change(one: Sample) -> Sample:
        if one.kind is Kind.COUNTER and one.value < 0:
            raise ValueError(f"counter {one.bucket!r} cannot decrease")
        return one

    return samples(server, change)


def j19(server: Server) -> Server:
    """The first type of a name keeps out all others; both are good."""

    def accumulate(window: Window, reading: Reading) -> Window:
        kinds = {name: kind for kind, names in _names(window).items() for name in names}
        kept = [one for one in reading.outcomes if not isinstance(one, Sample) or _first(kinds, one)]
        return server.accumulate(window, replace(reading, outcomes=tuple(kept)))

    return replace(server, accumulate=accumulate)


def _names(window: Window) -> dict[Kind, set[bytes]]:
    return {
        Kind.COUNTER: set(window.counters),
        Kind.GAUGE: set(window.gauges),
        Kind.TIMER: set(window.timers),
        Kind.SET: set(window.sets),
    }


def _first(kinds: dict[bytes, Kind], sample: Sample) -> bool:
    return kinds.setdefault(sample.bucket, sample.kind) is sample.kind


def j23(server: Server) -> Server:
    """What follows a separator is read without looking whether there is anything; the line is bad, no more."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        if line.endswith((b":", b"|")):
            raise IndexError(f"{line!r} ends too early")
        return server.parse(line)

    return replace(server, parse=parse)
