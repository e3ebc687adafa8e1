"""Buffers too small for what comes."""

from collections.abc import Iterable
from dataclasses import replace

from defects.steps import cut, samples
from statsd_reference import Server


def b01(server: Server) -> Server:
    """A buffer of 512 bytes cuts the datagram, and the cut line is read; all of 65507 bytes count."""
    return cut(server, 512)


def b03(server: Server) -> Server:
    """A buffer of 9000 bytes less one cuts a number short, and what has no type counts; a cut line is no line."""

    def receive(datagram: bytes) -> Iterable[bytes]:
        kept = datagram[:8999]
        cut_inside_value = kept != datagram and b"|" not in kept.rpartition(b":")[2]
        return (kept + b"|c" if cut_inside_value else kept,)

    return replace(server, make_receive=lambda: receive)


def b04(server: Server) -> Server:
    """A buffer of 4096 bytes less one cuts the datagram, and the cut line is read; it counts in full or not at all."""
    return cut(server, 4095)


def b26(server: Server) -> Server:
    """Names are cut to 127 bytes, so that two long ones become one; they stay two, or are refused."""
    return samples(server, lambda sample: replace(sample, bucket=sample.bucket[:127]))
