"""TCP connections of a capture: lines are whole, however segments cut, order or repeat them."""

import struct
from io import BytesIO
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from captured import SOURCE, TO, pcap, read_as_far_as_it_goes
from statsd_conformance.recording import Datagram, Endpoint, read_recording
from statsd_conformance.report.pcapng import Packet, pcapng, stream

_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16


def segment(payload: bytes, sequence: int, flags: int = _ACK, source: Endpoint = SOURCE) -> bytes:
    """Return an IPv4 packet with a segment of the connection."""
    numbers = struct.pack("!HHIIBBHHH", source.port, TO.port, sequence % 2**32, 0, 0x50, flags, 0, 0, 0)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0)
    return header + source.ip.packed + TO.ip.packed + numbers + payload


def read(packets: list[bytes]) -> list[Datagram]:
    return list(read_recording(BytesIO(pcap(packets))))


def lines(packets: list[bytes]) -> bytes:
    return b"".join(piece.payload for piece in read(packets))


def test_our_own_connections_are_read() -> None:
    packets = [packet for part in stream(SOURCE, TO, [b"a:1", b"|c\nb:2|c\n"]) for packet in part]
    raw = pcapng([Packet(packet, 1.0) for packet in packets])
    pieces = list(read_recording(BytesIO(raw)))
    assert [(piece.payload, piece.stream, piece.source) for piece in pieces] == [(b"a:1|c\nb:2|c\n", True, SOURCE)]


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 29), max_size=6), st.randoms(use_true_random=False))
def test_segments_may_be_cut_mixed_and_repeated(first: int, cuts: list[int], dice: object) -> None:
    sent = b"a:1|c\nbb:22|g\nccc:333|ms\nd:4|"
    edges = sorted({0, *cuts, len(sent)})
    pieces = [segment(sent[start:end], first + 1 + start) for start, end in pairwise(edges)]
    mixed = [*pieces, *pieces[: len(pieces) // 2]]
    dice.shuffle(mixed)  # type: ignore[attr-defined]  # Hypothesis says less of it than it is
    end = segment(b"", first + 1 + len(sent), _FIN)
    got = read([segment(b"", first, _SYN), *mixed, end])
    assert b"".join(piece.payload for piece in got) == sent
    assert all(piece.payload.endswith(b"\n") for piece in got[:-2])
    assert got[-1].payload == b""


def test_overlapping_segments_count_once() -> None:
    assert lines([segment(b"", 9, _SYN), segment(b"a:1|c\n", 10), segment(b"|c\nb:2|c\n", 13)]) == b"a:1|c\nb:2|c\n"


def test_connection_seen_from_its_middle_begins_behind_the_first_lf() -> None:
    assert lines([segment(b"7|c\nb:2|c\n", 500)]) == b"b:2|c\n"
    assert lines([segment(b"7|", 500), segment(b"c\nb:2|c\n", 502)]) == b"b:2|c\n"


def test_acknowledgements_are_no_connection() -> None:
    assert lines([segment(b"", 500), segment(b"x\nb:2|c\n", 490)]) == b"b:2|c\n"


def test_line_without_an_end_is_not_held() -> None:
    got = read([segment(b"", 9, _SYN), *(segment(b"x" * 20_000, 10 + 20_000 * number) for number in range(4))])
    assert [len(piece.payload) for piece in got] == [80_000]


def test_connections_without_an_end_are_forgotten() -> None:
    others = [segment(b"x:1|c\n", 10, source=Endpoint(SOURCE.host, port)) for port in range(1100)]
    packets = [segment(b"", 9, _SYN), segment(b"a:1|c\nb:", 10), *others, segment(b"1|c\nc:1|c\n", 18)]
    assert [piece.payload for piece in read(packets) if piece.source == SOURCE] == [b"a:1|c\n", b"c:1|c\n"]


def test_reset_ends_a_connection_with_what_there_is() -> None:
    got = read([segment(b"", 9, _SYN), segment(b"a:1|c\nb:", 10), segment(b"", 18, _RST)])
    assert [piece.payload for piece in got] == [b"a:1|c\n", b"b:", b""]


def test_segment_that_never_comes_is_given_up_and_told() -> None:
    later = [segment(b"x:1|c\n" * 200, 1000 + 1200 * number) for number in range(250)]
    got, why = read_as_far_as_it_goes(pcap([segment(b"", 9, _SYN), segment(b"a:1|c\nb:", 10), *later]))
    assert why == "1 gap in a TCP connection, the first at packet 221"
    assert got[0].payload == b"a:1|c\n"
    assert set(b"".join(one.payload for one in got[1:]).splitlines()) == {b"x:1|c"}


def test_console_of_the_original_is_no_stream_of_lines() -> None:
    packets = [packet for part in stream(SOURCE, Endpoint(TO.host, 8126), [b"stats\n"]) for packet in part]
    raw = pcapng([Packet(packet, 1.0) for packet in packets])
    assert read_as_far_as_it_goes(raw)[0] == []
