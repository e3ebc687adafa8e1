"""Servers that break one requirement on tags each."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from defects import tags as defects
from defects.steps import Break, lines, raising, refusing, samples
from statsd_reference import BadLine, Outcome, Sample, Server, make_server


def retagged(server: Server, change: Callable[[list[bytes]], list[bytes]]) -> Server:
    """Return the server that counts a sample under `change(its tags)`."""

    def named(one: Sample) -> Sample:
        name, *tags = one.bucket.split(b";")
        return replace(one, bucket=b";".join([name, *change(tags)]))

    return samples(server, named)


def rewritten(pattern: bytes, by: bytes) -> Break:
    """Return what makes a server read a line with `pattern` in it as if `by` stood there."""
    return lambda server: lines(server, lambda line: re.sub(pattern, by, line))


def refuses(pattern: bytes) -> Break:
    """Return what makes a server refuse lines with `pattern` in them."""
    return lambda server: refusing(server, pattern)


def tags_dropped(server: Server) -> Server:
    """Read a line as if it had no tags."""
    return retagged(server, lambda tags: [])


def bare_tags(server: Server) -> Server:
    """Write a tag without a value as it came."""
    return retagged(server, lambda tags: [tag.removesuffix(b"=true") for tag in tags])


def empty_tags_kept(server: Server) -> Server:
    """Write an empty tag as one, too."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        section = line.partition(b"|#")[2].split(b",")
        empty = b";" * section.count(b"") if len(section) > 1 else b""
        return tuple(
            replace(one, bucket=one.bucket + empty) if isinstance(one, Sample) else one for one in server.parse(line)
        )

    return replace(server, parse=parse)


def keys_of(tags: list[bytes]) -> Counter[bytes]:
    """Return how often each key stands in the tags."""
    return Counter(tag.partition(b"=")[0] for tag in tags)


def twice_refused(server: Server) -> Server:
    """Refuse a line in whose tags a key stands twice."""

    def change(one: Sample) -> Outcome:
        twice = max(keys_of(one.bucket.split(b";")).values()) > 1
        return BadLine(one.bucket, "a key stands twice") if twice else one

    return samples(server, change)


def twice_dropped(server: Server) -> Server:
    """Drop both tags when a key stands twice."""

    def change(tags: list[bytes]) -> list[bytes]:
        return [tag for tag in tags if keys_of(tags)[tag.partition(b"=")[0]] == 1]

    return retagged(server, change)


def raw_tags(server: Server, clean: Callable[[bytes], bytes]) -> Server:
    """Write a section of tags as `clean` gives it."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        before, mark, section = line.partition(b"|#")
        read = server.parse(before)
        tags = b";" + clean(section).replace(b":", b"=", 1) if mark else b""
        return tuple(replace(one, bucket=one.bucket + tags) if isinstance(one, Sample) else one for one in read)

    return replace(server, parse=parse)


def first_semicolon_only(section: bytes) -> bytes:
    """Replace blanks, and of several `;` the first."""
    return re.sub(rb"\s", b"_", section).replace(b";", b"_", 1)


def no_dialects(server: Server) -> Server:
    """Read no dialect."""
    return replace(server, parse=make_server(replace(server.options, extensions=())).parse)


def name_tags_only(server: Server) -> Server:
    """Forget the section of tags when the name has some."""
    return lines(server, lambda line: re.sub(rb"\A([^:|]*[,;\[#][^:|]*:[^#]*)\|#.*", rb"\1", line))


def glued(field: bytes) -> Break:
    """Return what makes a server take a field behind the tags for a part of the last one."""
    return rewritten(rb"(\|#[^|]*)\|(?=" + field + rb")", rb"\1")


WRONG: dict[str, Break] = {
    "TAG-01": refuses(rb"\|#"),
    "TAG-01/one type": refuses(rb"\|s\|#"),
    "TAG-01/value": rewritten(rb":3(.*\|#)", rb":2\1"),
    "TAG-01/tags": tags_dropped,
    "TAG-02": rewritten(rb"\|@[^|]*(\|#)", rb"\1"),
    "TAG-03": defects.h16,
    "TAG-03/refused": refuses(rb"\|#[^|]*\|@"),
    "TAG-04": tags_dropped,
    "TAG-04/untagged": rewritten(rb"\|c\Z", b"|c|#k:2"),
    "TAG-05": defects.h25,
    "TAG-06": bare_tags,
    "TAG-06/refused": refuses(rb"\|#[^:|]*\Z"),
    "TAG-07": empty_tags_kept,
    "TAG-07/refused": refuses(rb"\|#\Z|\|#,|,,|,\Z"),
    "TAG-08": twice_refused,
    "TAG-08/neither": twice_dropped,
    "TAG-09": rewritten(rb"(\|#[^:,|]*:[^:,|]*):[^,|]*", rb"\1"),
    "TAG-10": lambda server: raw_tags(server, lambda section: section.replace(b";", b"_")),
    "TAG-10/semicolons": lambda server: raw_tags(server, first_semicolon_only),
    "TAG-11": refuses(rb"\|c:"),
    "TAG-11/glued": glued(b"c:"),
    "TAG-11/prefixed": refuses(rb"\|c:[a-z]+-"),
    "TAG-12": refuses(rb"\|T"),
    "TAG-12/glued": glued(b"T"),
    "TAG-12/value": rewritten(rb":\d+(.*)\|T(\d+)", rb":\2\1"),
    "TAG-13": refuses(rb"\|e:"),
    "TAG-13/glued": glued(b"e:"),
    "TAG-14": refuses(rb"\|card:(none|orchestrator)"),
    "TAG-14/glued": glued(b"card:"),
    "TAG-15": no_dialects,
    "TAG-16": no_dialects,
    "TAG-17": no_dialects,
    "TAG-18": lambda server: samples(server, lambda one: replace(one, bucket=one.bucket.replace(b";", b"_"))),
    "TAG-19": lambda server: raising(server, rb"\A[^:]*[,;\[#].*\|#"),
    "TAG-19/one of both": name_tags_only,
    "TAG-19/another name": no_dialects,
}
