"""Right servers with a dialect that the reference does not have, for the cases of that dialect."""

import re

from defects.steps import lenient, lines
from statsd_reference import Server

_KEPT = 200


def dictionary(server: Server) -> Server:
    """Count each string of netdata's type `d` under the bucket; of more than 200 strings the others as `other`."""
    strings: dict[bytes, set[bytes]] = {}

    def counted(line: bytes) -> bytes:
        found = re.fullmatch(rb"([^:]+):([^:|]+)\|d", line)
        if not found:
            return line
        bucket, string = found.groups()
        kept = strings.setdefault(bucket, set())
        if len(kept) < _KEPT:
            kept.add(string)
        return b"%b.%b:1|c" % (bucket, string if string in kept else b"other")

    return lines(server, counted)


def typeless(server: Server) -> Server:
    """Read a value without a type as that of a meter; the reference with meters reads a bare name as one event."""
    return lenient(server, "no type", lambda line: line + b"|m")
