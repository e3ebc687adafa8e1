"""A verdict in StatsD's words: the requirement, what was sent, what came back, and a shell line to see it again."""

import ast
import re
import shlex
from base64 import b85encode
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path
from traceback import FrameSummary, extract_tb
from typing import Final
from zlib import compress

from statsd_conformance.address import Address
from statsd_conformance.connection import Sent
from statsd_conformance.emitters.captured import Captured, marks_of
from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.printable import escaped
from statsd_conformance.refused import Refused
from statsd_conformance.requirement import Class, Requirement
from statsd_conformance.target import Trace
from statsd_conformance.verdict import Outcome, Verdict

SHOWN_DATAGRAMS = 8
SHOWN_LINES = 20
_SHOWN_BYTES = 400
# Seconds between two pieces of a stream that are to be read apart.
_BETWEEN: Final = 0.1
# Only LF ends a line; bytes.splitlines() would also cut at CR.
_LINES = re.compile(rb"[^\n]*\n|[^\n]+")
# Ends a connection with an error for a target that has had a moment to read what was sent.
_BREAK_OFF: Final = (
    "; import struct, time; time.sleep(0.1); s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, "
    "struct.pack('ii', 1, 0)); s.close()"
)


def describe(requirement: Requirement, outcome: Outcome, address: Address | None) -> str:
    """Return the evidence of one case as text for a terminal: several lines, no trailing LF."""
    parts = [
        f"{requirement.id} ({requirement.category.value}, {requirement.level.value}): {requirement.sentence}",
        f"source:   {requirement.cites}",
        f"verdict:  {outcome.verdict.value}" + (f": {outcome.note}" if outcome.note else ""),
    ]
    if demanded := required(outcome):
        parts.append(f"required: {demanded}")
    if outcome.trace is not None and outcome.trace.datagrams:
        parts.append(_sent(outcome.trace.datagrams, marked=judges(requirement)))
        if not outcome.trace.again:
            parts.append(_flushed(outcome.trace.published()))
    if outcome.trace is not None and (again := again_line(outcome.trace, address)):
        parts.append(f"again:    {again}")
    return "\n".join(parts)


def again_line(trace: Trace, address: Address | None) -> str:
    """Return a shell line that shows the same once more; empty where there is none."""
    if trace.again:
        return trace.again
    return shell_line(trace.datagrams, address) if trace.datagrams and address is not None else ""


def required(outcome: Outcome) -> str:
    """Return what a case demanded and did not get, as the case writes it and where: empty when nothing was demanded.

    It is the condition of the assertion that failed: `flushed.count(bucket) == 3 (test_06_counter.py, line 40)`.
    """
    if outcome.verdict is Verdict.CRASHED:
        return "the target still serves"
    frames = extract_tb(outcome.error.__traceback__) if isinstance(outcome.error, AssertionError) else []
    for frame in reversed(frames):
        if condition := _condition(frame):
            return f"{condition} ({Path(frame.filename).name}, line {frame.lineno})"
    return ""


def _condition(frame: FrameSummary) -> str:
    """Return the condition of the assertion that a frame stands in, empty when it stands in none."""
    line = frame.lineno or 0
    found = [one for one in _assertions(frame.filename) if one.lineno <= line <= (one.end_lineno or one.lineno)]
    return ast.unparse(found[-1].test) if found else ""


@cache
def _assertions(file: str) -> list[ast.Assert]:
    """Return the assertions of a file of this package, none of any other."""
    if Path(file).parent != Path(__file__).parent:
        return []
    return [one for one in ast.walk(ast.parse(Path(file).read_bytes())) if isinstance(one, ast.Assert)]


def judges(requirement: Requirement) -> bool:
    """Tell whether what the reference refuses says anything about a requirement: not of a dialect that it lacks."""
    return requirement.category is not Class.EXT


def _shortened(raw: bytes) -> str:
    if len(raw) <= _SHOWN_BYTES:
        return escaped(raw)
    half = _SHOWN_BYTES // 2
    return f"{escaped(raw[:half])} … {len(raw) - 2 * half} bytes … {escaped(raw[-half:])}"


def _sent(datagrams: Sequence[bytes], *, marked: bool) -> str:
    """Return the datagrams, one line of text for each of their lines, with its offset in the datagram.

    What the reference refuses is `marked`, where the line is shown whole.
    """
    rows = []
    for number, datagram in enumerate(datagrams[:SHOWN_DATAGRAMS], start=1):
        rows.append(f"{_place(datagram, number)}, {len(datagram)} bytes")
        offset = 0
        few = datagram.count(b"\n") < SHOWN_LINES
        lines = _LINES.findall(datagram) if few else [datagram]
        marks = list(marks_of(datagram, judged=marked)) if few else []
        for line in lines:
            rows.append(f"          {offset:>5}  {_shortened(line)}")
            if len(line) <= _SHOWN_BYTES:
                rows += [_mark(line, offset, one) for one in marks if offset <= one.start < offset + len(line)]
            offset += len(line)
    if len(datagrams) > SHOWN_DATAGRAMS:
        rows.append(f"          … and {len(datagrams) - SHOWN_DATAGRAMS} datagrams more")
    return "\n".join(rows)


def _mark(line: bytes, offset: int, mark: Refused) -> str:
    """Return the row that marks, below a line as shown, what the reference refuses."""
    start, stop = mark.start - offset, mark.stop - offset
    carets = "^" * len(escaped(line[start:stop]))
    return f"{' ' * (17 + len(escaped(line[:start])))}{carets} byte {mark.start}: {mark.reason}"


def _place(sent: bytes, number: int) -> str:
    if isinstance(sent, Captured):
        return f"captured: datagram {sent.number}, {sent.seconds:.3f} s after the first one"
    if not isinstance(sent, Sent):
        return f"sent:     datagram {number}"
    if not sent.connection:
        return f"sent:     datagram {number} to {sent.address}"
    reset = ", which was broken off behind it" if sent.reset else ""
    return f"sent:     segment {number}, over connection {sent.connection} to {sent.address}{reset}"


def _flushed(lines: Sequence[GraphiteLine]) -> str:
    if not lines:
        return "flushed:  nothing that carries the prefix of this case"
    rows = [f"          {_shortened(line.raw)}" for line in lines[:SHOWN_LINES]]
    if len(lines) > SHOWN_LINES:
        rows.append(f"          … and {len(lines) - SHOWN_LINES} lines more")
    rows[0] = "flushed:  " + rows[0].lstrip()
    return "\n".join(rows)


def shell_line(datagrams: Sequence[bytes], address: Address) -> str:
    """Return a command line for a POSIX shell that sends the same datagrams to the same place.

    What went over a connection goes over one again, but in one segment; if it was broken off, it is so again.
    """
    parts = [
        _over_one(to, sent) if connection else _sending(sent, to, cut=True)
        for (to, connection), sent in _ways(datagrams, address)
    ]
    return "; ".join(parts)


def paced_line(intervals: Sequence[Sequence[bytes]], address: Address, pause: float) -> str:
    """Return a command line for a POSIX shell that sends datagrams interval by interval, `pause` seconds between two.

    A single datagram goes out as in `shell_line`; `nc` would take a second for each of several.
    """
    datagrams = [one for some in intervals for one in some]
    if len(datagrams) == 1:
        return shell_line(datagrams, address)
    steps: list[str] = []
    for number, some in enumerate(intervals):
        steps += [f"time.sleep({pause:g})"] if number else []
        steps += [_sends(one, len(list(same))) for one, same in groupby(some)]
    return f"python3 -c {shlex.quote(f'import time; {_connected(address)}; ' + '; '.join(steps))}"


def streamed_line(intervals: Sequence[Sequence[bytes]], address: Address, pause: float) -> str:
    """Return a command line for a POSIX shell that sends pieces of lines over one TCP connection, one after another.

    There are `pause` seconds between two intervals, and a moment between two pieces of one, so that the target reads
    them apart. What is long goes out in one piece an interval.
    """
    over = replace(address, scheme="tcp")
    if sum(len(one) for some in intervals for one in some) > 4 * _SHOWN_BYTES:
        # A single datagram would be sent by nc.
        return paced_line([*([b"".join(some)] if some else [] for some in intervals), ()], over, pause)
    steps: list[str] = []
    for number, some in enumerate(intervals):
        steps += [f"sleep {pause:g}"] if number else []
        for place, one in enumerate(some):
            steps += [f"sleep {_BETWEEN:g}"] if place else []
            steps.append(f"printf {shlex.quote(_octal(one))}")
    return f"{{ {'; '.join(steps)}; }} | nc -N {address.host} {address.port}"


def _over_one(address: Address, segments: Sequence[bytes]) -> str:
    whole = [b"".join(segments)]
    if any(isinstance(one, Sent) and one.reset for one in segments):
        return f"python3 -c {shlex.quote(_python(whole, address) + _BREAK_OFF)}"
    return _sending(whole, address, cut=False)


def _ways(datagrams: Sequence[bytes], address: Address) -> list[tuple[tuple[Address, int], list[bytes]]]:
    """Return what went the same way together, by destination and number of the connection: 0 for datagrams."""
    ways: list[tuple[tuple[Address, int], list[bytes]]] = []
    connections: dict[tuple[Address, int], list[bytes]] = {}
    for sent in datagrams:
        way = (sent.address, sent.connection) if isinstance(sent, Sent) else (address, 0)
        if way in connections:
            connections[way].append(sent)
        elif ways and ways[-1][0] == way:
            ways[-1][1].append(sent)
        else:
            ways.append((way, [sent]))
            if way[1]:
                connections[way] = ways[-1][1]
    return ways


def _sending(datagrams: Sequence[bytes], address: Address, *, cut: bool) -> str:
    if cut and address.scheme == "tcp":
        # As on the wire: on a stream LF ends what is a datagram elsewhere.
        datagrams = [one if one.endswith(b"\n") else one + b"\n" for one in datagrams]
    # nc sends nothing for no bytes.
    if sum(map(len, datagrams)) > 4 * _SHOWN_BYTES or address.path or b"" in datagrams:
        return f"python3 -c {shlex.quote(_python(datagrams, address))}"
    # With -w0 the nc of OpenBSD now and then ends before it has sent anything.
    flag = "-u -w1" if address.scheme == "udp" else "-N"
    return "; ".join(
        f"printf {shlex.quote(_octal(datagram))} | nc {flag} {address.host} {address.port}" for datagram in datagrams
    )


def _octal(raw: bytes) -> str:
    r"""Return bytes in the only escapes that every printf knows: `\n`, `\\`, `%%` and three octal digits."""
    special = {0x0A: "\\n", 0x5C: "\\\\", 0x25: "%%"}
    text = "".join(special.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in raw)
    # A dash in front would be an option of printf.
    return f"\\055{text[1:]}" if text.startswith("-") else text


def _python(datagrams: Sequence[bytes], address: Address) -> str:
    sends = "; ".join(_sends(datagram, len(list(same))) for datagram, same in groupby(datagrams))
    return f"{_connected(address)}; {sends}"


def _connected(address: Address) -> str:
    family, kind, where = {
        "udp": ("AF_INET6" if ":" in address.host else "AF_INET", "SOCK_DGRAM", f"{(address.host, address.port)!r}"),
        "tcp": ("AF_INET6" if ":" in address.host else "AF_INET", "SOCK_STREAM", f"{(address.host, address.port)!r}"),
        "unix": ("AF_UNIX", "SOCK_DGRAM", repr(address.path)),
        "unixstream": ("AF_UNIX", "SOCK_STREAM", repr(address.path)),
    }[address.scheme]
    return f"import socket; s=socket.socket(socket.{family}, socket.{kind}); s.connect({where})"


def _sends(datagram: bytes, number: int) -> str:
    """Return a Python expression that sends a datagram so many times."""
    once = f"s.sendall({_literal(datagram)})"
    return once if number == 1 else f"[{once} for _ in range({number})]"


def _literal(raw: bytes) -> str:
    """Return a Python expression for `raw`, short where it repeats one byte or one line.

    What does not repeat and is long is packed: a shell takes no argument longer than 131,071 bytes.
    """
    for size in (1, *(position + 1 for position in [raw.find(b"\n")] if position >= 0)):
        unit = raw[:size]
        if len(raw) > _SHOWN_BYTES and unit * (len(raw) // size) == raw[: len(raw) // size * size]:
            rest = raw[len(raw) // size * size :]
            return f"{unit!r}*{len(raw) // size}" + (f"+{rest!r}" if rest else "")
    packed = f"__import__('zlib').decompress(__import__('base64').b85decode({b85encode(compress(raw))!r}))"
    return packed if len(raw) > _SHOWN_BYTES and len(packed) < len(repr(raw)) else repr(raw)
