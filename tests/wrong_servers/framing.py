"""Servers that break one requirement on framing each."""

import re
from collections.abc import Iterable
from dataclasses import replace

from defects import framing as defects
from defects.steps import Break, lines, raising, refused, refusing
from statsd_reference import BadLine, Outcome, Server
from statsd_reference.server import Receive

_SEPARATORS = re.compile(rb"\n|\v|\f|\xc2\x85|\xe2\x80[\xa8\xa9]")


def trailing_line_end_repeats_a_line(server: Server) -> Server:
    """Take the last line once more when the datagram ends in LF, as from a buffer that was not cleared."""

    def split(datagram: bytes) -> list[bytes]:
        found = server.split(datagram)
        return found + found[-1:] if datagram.endswith(b"\n") else found

    return replace(server, split=split)


def empty_lines_are_bad(server: Server) -> Server:
    """Count every empty line as a bad one."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        return server.parse(line) if line else (BadLine(line, "empty"),)

    return replace(server, split=lambda datagram: datagram.split(b"\n"), parse=parse)


def bad_lines_count_twice(server: Server) -> Server:
    """Count every refused sample two times."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        return tuple(one for one in server.parse(line) for _ in range(1 + isinstance(one, BadLine)))

    return replace(server, parse=parse)


def bad_line_refuses_its_datagram(server: Server) -> Server:
    """Refuse every line of a datagram that holds a bad one."""

    def split(datagram: bytes) -> list[bytes]:
        found = server.split(datagram)
        return [] if any(refused(server, line) for line in found) else found

    return replace(server, split=split)


def ends_its_datagram(reason: str) -> Break:
    """Make a server that reads no further in a datagram than a line which it refuses for `reason`."""

    def plant(server: Server) -> Server:
        def split(datagram: bytes) -> list[bytes]:
            found = server.split(datagram)
            for place, line in enumerate(found):
                if any(isinstance(one, BadLine) and one.reason.startswith(reason) for one in server.parse(line)):
                    return found[: place + 1]
            return found

        return replace(server, split=split)

    return plant


def cr_joins_lines(server: Server) -> Server:
    """Read what follows a CR, up to a colon, as part of the type before, so that the first name gets all values."""
    return lines(server, lambda line: re.sub(rb"\r[^:]*:", b":", line))


def whole_nul_line_is_one_name(server: Server) -> Server:
    """Read a value up to a NUL in it."""
    return lines(server, lambda line: re.sub(rb":([0-9]+)\0[^|]*", rb":\1", line))


def more_separators(server: Server) -> Server:
    """End a line wherever Unicode would."""
    return replace(server, split=lambda datagram: [line for line in _SEPARATORS.split(datagram) if line])


def text_only(server: Server) -> Server:
    """Decode every datagram, strictly."""

    def split(datagram: bytes) -> list[bytes]:
        return server.split(datagram.decode().encode())

    return replace(server, split=split)


def empty_datagram_ends_reading(server: Server) -> Server:
    """Take an empty datagram for the end of the input."""

    def make_receive() -> Receive:
        ended = False

        def receive(datagram: bytes) -> Iterable[bytes]:
            nonlocal ended
            ended |= not datagram
            return () if ended else (datagram,)

        return receive

    return replace(server, make_receive=make_receive)


def reads_five_lines(server: Server) -> Server:
    """Read no more than five lines of a datagram."""
    return replace(server, split=lambda datagram: server.split(datagram)[:5])


def last_line_first(server: Server) -> Server:
    """Apply the lines of a datagram backwards."""
    return replace(server, split=lambda datagram: server.split(datagram)[::-1])


def stops_at(magic: bytes) -> Break:
    """Make a server that reads nothing after a datagram that begins with `magic`."""

    def plant(server: Server) -> Server:
        def make_receive() -> Receive:
            stopped = False

            def receive(datagram: bytes) -> Iterable[bytes]:
                nonlocal stopped
                stopped |= datagram.startswith(magic)
                return () if stopped else (datagram,)

            return receive

        return replace(server, make_receive=make_receive)

    return plant


def no_carriage_return(kind: bytes) -> Break:
    """Make a server that refuses lines of a kind that end in CR."""
    return lambda server: refusing(server, kind + rb"\r\Z")


WRONG = {
    "FRAMING-01": defects.a27,
    "FRAMING-02": defects.a02,
    "FRAMING-02/any": defects.a01,
    "FRAMING-03": trailing_line_end_repeats_a_line,
    "FRAMING-04": defects.a08,
    "FRAMING-04/bad": empty_lines_are_bad,
    "FRAMING-05": defects.a03,
    "FRAMING-05/datagram": bad_line_refuses_its_datagram,
    "FRAMING-05/twice": bad_lines_count_twice,
    "FRAMING-05/colon": ends_its_datagram("no colon"),
    "FRAMING-05/number": ends_its_datagram("no valid number"),
    "FRAMING-05/rate": ends_its_datagram("no valid sample rate"),
    "FRAMING-05/type": ends_its_datagram("unknown type"),
    "FRAMING-06": no_carriage_return(rb"\|c"),
    "FRAMING-07": no_carriage_return(rb"\|(g|ms)"),
    "FRAMING-08": no_carriage_return(rb"\|s"),
    "FRAMING-09": no_carriage_return(rb"\|@[0-9.]+"),
    "FRAMING-10": cr_joins_lines,
    "FRAMING-11": defects.a17,
    "FRAMING-12": defects.a17,
    "FRAMING-12/padding": lambda server: refusing(server, rb"\0\Z"),
    "FRAMING-13": defects.a17,
    "FRAMING-13/value": whole_nul_line_is_one_name,
    "FRAMING-14": more_separators,
    "FRAMING-15": lambda server: refusing(server, rb"[ \t]"),
    "FRAMING-16": text_only,
    "FRAMING-17": empty_datagram_ends_reading,
    "FRAMING-18": last_line_first,
    "FRAMING-19": stops_at(b"EXIT"),
    "FRAMING-19/binary": stops_at(b"\xaa"),
    "FRAMING-19/crash": lambda server: raising(server, rb"\A(quit|\x80)"),
    "FRAMING-20": reads_five_lines,
    "FRAMING-20/blank": lambda server: lines(server, lambda line: line.replace(b".event_tx", b".\tevent_tx")),
}
