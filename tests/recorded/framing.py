"""Every way to frame lines in a datagram. Names and values are of one line each, so that a lost one can be told."""

from collections.abc import Iterator
from typing import Final

# How many lines a datagram has.
_NUMBERS: Final = (1, 2, 3, 8)


def _lines(where: str, number: int) -> list[bytes]:
    return [f"framing.{where}.{number}.line{place}:{10 ** (place - 1)}|c".encode() for place in range(1, number + 1)]


def line_ends() -> Iterator[bytes]:
    """Yield datagrams of one line and of several, without and with a LF at the end."""
    for number in _NUMBERS:
        yield b"\n".join(_lines("plain", number))
        yield b"\n".join(_lines("lf", number)) + b"\n"


def types() -> Iterator[bytes]:
    """Yield one datagram with a line of each type between those of others, whose order matters for the gauge."""
    yield (
        b"framing.types.counter:3|c\nframing.types.gauge:7|g\nframing.types.timer:320|ms\nframing.types.set:a|s\n"
        b"framing.types.counter:4|c|@0.5\nframing.types.gauge:+5|g\nframing.types.timer:80|ms\nframing.types.set:b|s"
    )


def blank_lines() -> Iterator[bytes]:
    """Yield datagrams with blank lines in front, between lines, at the end, several at once, and nothing else."""
    first, second = _lines("blank", 2)
    for place, form in enumerate((b"\n%b\n%b", b"%b\n\n%b", b"%b\n%b\n\n", b"\n\n\n%b\n\n\n%b\n\n\n", b"%b\n \n%b")):
        name = b"framing.blank%d" % place
        yield form % (first.replace(b"framing.blank", name), second.replace(b"framing.blank", name))
    yield b"\n"
    yield b"\n\n\n"
    yield b"framing.behind-blank-datagrams:1|c"


def cr_lf() -> Iterator[bytes]:
    """Yield datagrams whose lines end in CR LF: between two, also behind the last, one CR by itself, and one in LF."""
    first, second = _lines("crlf", 2)
    yield first + b"\r\n" + second
    yield first.replace(b"crlf.", b"crlf-last.") + b"\r\n" + second.replace(b"crlf.", b"crlf-last.") + b"\r\n"
    yield b"framing.crlf-gauge:7|g\r\nframing.crlf-timer:320|ms\r\nframing.crlf-set:member\r|s\r\n"
    yield b"framing.cr-alone:1|c\rframing.cr-next:2|c"
    yield b"framing.lf-behind-crlf:1|c\n"
