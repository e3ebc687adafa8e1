"""Texts taken for numbers, and types for counters, that are none."""

import re

from defects.steps import lenient, lines
from statsd_reference import Server


def i06(server: Server) -> Server:
    """What follows the longest number in front is ignored; junk behind a number makes the line bad."""
    return lenient(server, "no ", lambda line: re.sub(rb":([+-]?[0-9]+(?:\.[0-9]+)?)[^|]*", rb":\1", line, count=1))


def i11(server: Server) -> Server:
    """Blanks alone are read as 0; they are no number."""
    return lenient(server, "no valid number", lambda line: re.sub(rb":\s*\|", b":0|", line, count=1))


def i12(server: Server) -> Server:
    """An unknown or empty type is a counter; the line is bad."""
    return lenient(server, "unknown type", lambda line: re.sub(rb"\A([^:]*:[^|]*)\|[^|]*", rb"\1|c", line))


def i14(server: Server) -> Server:
    """Whatever the host language takes for a number is one: `1_0`, `0x1p4`; the protocol has no such forms."""

    def read_by_host(line: bytes) -> bytes:
        name, _, rest = line.partition(b":")
        text, _, fields = rest.partition(b"|")
        for read in (float, float.fromhex):
            try:
                return b"%b:%b|%b" % (name, repr(read(text.decode("latin-1"))).encode(), fields)
            except ValueError:
                continue
        return line

    return lines(server, lambda line: read_by_host(line) if re.search(rb":[^|]*[_pP]", line) else line)
