"""Servers that break one requirement on names each."""

import re
from collections.abc import Callable
from dataclasses import replace

from defects import gauges, output
from defects.steps import Break, lines, points, refusing, samples
from statsd_reference import BadLine, Flush, Outcome, Point, Sample, Server, make_server
from statsd_reference.encode import make_points
from wrong_servers.pack import last_colon_ends_the_name


def sent_as(rename: Callable[[bytes], bytes]) -> Break:
    """Make a server that reads another name than the one sent."""

    def renamed(line: bytes) -> bytes:
        name, colon, rest = line.partition(b":")
        return rename(name) + colon + rest

    return lambda server: lines(server, renamed)


def kept_as(rename: Callable[[bytes], bytes]) -> Break:
    """Make a server that changes names when they have been cleaned."""
    return lambda server: samples(server, lambda one: replace(one, bucket=rename(one.bucket)))


def cleaned_at_the_flush(server: Server) -> Server:
    """Keep names raw until they are published."""
    return make_server(replace(server.options, key_name_sanitize=False))


def cleaned_at_once(server: Server) -> Server:
    """Clean names on arrival, whatever the options say."""
    return make_server(replace(server.options, key_name_sanitize=True))


def never_cleaned(server: Server) -> Server:
    """Publish raw names."""
    return replace(server, points=make_points(replace(server.options, key_name_sanitize=True)))


def first_name_wins(server: Server) -> Server:
    """Refuse a name that is cleaned to what another one has become."""
    taken: dict[bytes, bytes] = {}

    def parse(line: bytes) -> tuple[Outcome, ...]:
        name = line.partition(b":")[0]
        return tuple(
            BadLine(line, "name taken")
            if isinstance(one, Sample) and taken.setdefault(one.bucket, name) != name
            else one
            for one in server.parse(line)
        )

    return replace(server, parse=parse)


def suffix_behind_the_tags(server: Server) -> Server:
    """Add what belongs to a name behind its tags."""

    def change(point: Point, flush: Flush) -> Point:
        return point._replace(path=re.sub(rb"(\.count)(;.*)", rb"\2\1", point.path))

    return points(server, change)


def without_repetition(name: bytes) -> bytes:
    """Return a name in which no component equals the one before it."""
    parts = name.split(b".")
    return b".".join(part for place, part in enumerate(parts) if place == 0 or part != parts[place - 1])


WRONG = {
    "NAME-01": gauges.e20,
    "NAME-01/hyphen": kept_as(lambda name: name.replace(b"-", b"_")),
    "NAME-02": sent_as(lambda name: re.sub(rb"[ \t]", b"_", name)),
    "NAME-02/removed": sent_as(lambda name: re.sub(rb"[ \t]", b"", name)),
    "NAME-03": sent_as(lambda name: name.replace(b"/", b"_")),
    "NAME-03/run": sent_as(lambda name: re.sub(b"/+", b"/", name)),
    "NAME-04": output.c44,
    "NAME-04/marked": sent_as(lambda name: re.sub(rb"[(]", b"_", name)),
    "NAME-05": kept_as(lambda name: name.strip(b".")),
    "NAME-05/doubled": kept_as(lambda name: name.replace(b"..", b".")),
    "NAME-06": output.c44,
    "NAME-06/line separator": kept_as(lambda name: name.replace(b".ab", b".a\xe2\x80\xa8b")),
    "NAME-07": cleaned_at_the_flush,
    "NAME-07/first": first_name_wins,
    "NAME-08": sent_as(lambda name: name.replace(b";", b"")),
    "NAME-08/suffix": suffix_behind_the_tags,
    "NAME-09": output.c15,
    "NAME-10": lambda server: refusing(server, rb"\A_"),
    "NAME-10/digit": lambda server: refusing(server, rb"\A[0-9]"),
    "NAME-11": kept_as(without_repetition),
    "NAME-12": lambda server: refusing(server, rb"\Astatsd\."),
    "NAME-13": cleaned_at_once,
    "NAME-13/raw": never_cleaned,
    "NAME-14": last_colon_ends_the_name,
}
