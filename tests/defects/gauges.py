"""Gauges that lose their level or take a wrong one."""

from dataclasses import replace

from defects.steps import lenient, samples
from statsd_reference import Kind, Outcome, Sample, Server


def _signed(server: Server, signed: bool) -> Server:
    return samples(server, lambda one: replace(one, signed=signed) if one.kind is Kind.GAUGE else one)


def e06(server: Server) -> Server:
    """A signed value sets the gauge; it changes it by that much."""
    return _signed(server, signed=False)


def e07(server: Server) -> Server:
    """Of several values in one datagram the first stays, being as new as the others; the last has to."""
    seen: set[bytes] = set()

    def split(datagram: bytes) -> list[bytes]:
        seen.clear()
        return server.split(datagram)

    def change(one: Sample) -> Outcome | None:
        if one.kind is not Kind.GAUGE:
            return one
        if one.bucket in seen:
            return None
        seen.add(one.bucket)
        return one

    return replace(samples(server, change), split=split)


def e09(server: Server) -> Server:
    """Values of a gauge are summed; the last one replaces the others."""
    return _signed(server, signed=True)


def e13(server: Server) -> Server:
    """Gauges are whole numbers; they keep their fractions."""
    return samples(server, lambda one: replace(one, value=float(int(one.value))) if one.kind is Kind.GAUGE else one)


def e16(server: Server) -> Server:
    """A value that is no number sets a gauge to 0; the line is refused and the level stays."""

    def zeroed(line: bytes) -> bytes:
        name, _, rest = line.partition(b":")
        return name + b":0|g" if rest.partition(b"|")[2].startswith(b"g") else line

    return lenient(server, "no valid number", zeroed)


def e20(server: Server) -> Server:
    """Names that differ in case alone are one; they are two."""
    return samples(server, lambda one: replace(one, bucket=one.bucket.lower()))
