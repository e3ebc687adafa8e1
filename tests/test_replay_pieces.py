"""What is sent of a recording, under which names, and when."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocks import FakeClock
from statsd_conformance.recording import Datagram, Endpoint
from statsd_conformance.replay import Names, PrefixError, read_prefix, recorded, steady, wanted
from statsd_conformance.replay.pace import BEHIND, Due, flat_out, paced
from statsd_conformance.replay.pieces import DATAGRAM, Piece, pieces

ONE = Endpoint("192.0.2.7", 40000)
OTHER = Endpoint("192.0.2.7", 40001)
LINES = st.lists(st.sampled_from([b"a:1|c", b"b.c:2|g", b"", b"load:3|ms", b"_e{1,1}:t|x", b"long:" + b"9" * 900]))


def made(*payloads: bytes, stream: bool = False, source: Endpoint = ONE) -> list[Datagram]:
    """Return datagrams that came two seconds apart."""
    return [
        Datagram(payload, number, 1000.0 + 2 * number, source, ONE, stream)
        for number, payload in enumerate(payloads, start=1)
    ]


def sent(datagrams: Sequence[Datagram], names: Names | None = None, *, streamed: bool = False) -> list[bytes]:
    return [piece.payload for piece in pieces(datagrams, names or Names(), {}, streamed=streamed)]


@pytest.mark.parametrize(
    ("payload", "prefixed"),
    [
        (b"a:1|c", b"p.a:1|c"),
        (b"a:1|c\nb:2|c\n", b"p.a:1|c\np.b:2|c\n"),
        (b"a:1|c:2|c", b"p.a:1|c:2|c"),
        (b"", b""),
        (b"\n\r\n", b"\n\r\n"),
        (b"no colon", b"p.no colon"),
        (b"_e{1,1}:t|x\n_sc|db|0", b"_e{1,1}:t|x\n_sc|db|0"),
    ],
)
def test_a_prefix_stands_before_every_name_and_before_nothing_else(payload: bytes, prefixed: bytes) -> None:
    assert Names(b"p.").rewritten(payload) == prefixed


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["web.*"], b"web.a:1|c\nweb.b:2|c\n"),
        (["web.[b-z]", "load"], b"load:3|g\nweb.b:2|c\n"),
        (["caf\u00e9"], b"caf\xc3\xa9:1|c\n"),
        (["*"], b"web.a:1|c\nload:3|g\nweb.b:2|c\ncaf\xc3\xa9:1|c\n"),
        (["web"], None),
    ],
)
def test_only_lines_are_left_whose_whole_name_matches_a_pattern(patterns: list[str], left: bytes | None) -> None:
    payload = b"web.a:1|c\nload:3|g\nweb.b:2|c\n_e{1,1}:t|x\ncaf\xc3\xa9:1|c\n"
    assert Names(wanted=wanted(patterns)).rewritten(payload) == left


@pytest.mark.parametrize(("text", "prefix"), [("run7", b"run7."), ("run7.", b"run7."), ("a.b-c_d", b"a.b-c_d.")])
def test_a_prefix_ends_in_a_dot(text: str, prefix: bytes) -> None:
    assert read_prefix(text) == prefix


@pytest.mark.parametrize("text", ["", "a:b", "a b", "a|", "@", "a\n"])
def test_what_cannot_stand_in_a_name_is_no_prefix(text: str) -> None:
    with pytest.raises(PrefixError, match=r"is no prefix"):
        read_prefix(text)


@given(LINES, st.booleans())
def test_datagrams_go_out_byte_by_byte_as_they_were_recorded(lines: list[bytes], streamed: bool) -> None:
    payload = b"\n".join(lines)
    whole = payload if payload.endswith(b"\n") or not streamed else payload + b"\n"
    assert sent(made(payload, b"z:1|c\n"), streamed=streamed) == [whole, b"z:1|c\n"]


@given(LINES, st.lists(st.integers(0, 4000)), st.booleans())
def test_a_stream_that_was_cut_anywhere_comes_as_whole_lines(
    lines: list[bytes], cuts: list[int], streamed: bool
) -> None:
    text = b"".join(line + b"\n" for line in lines)
    places = [0, *sorted(cut for cut in cuts if 0 < cut < len(text)), len(text)]
    parts = [text[start:end] for start, end in pairwise(places) if start < end]
    got = sent(made(*parts, stream=True), streamed=streamed)
    assert b"".join(got) == text
    assert all(piece.endswith(b"\n") for piece in got)
    assert streamed or all(len(piece) <= DATAGRAM for piece in got)


def test_lines_of_two_streams_do_not_run_into_one_another() -> None:
    first, second = made(b"a:1", b"|c\n", stream=True), made(b"b:2", b"|c\n", stream=True, source=OTHER)
    mixed = [first[0], second[0], first[1], second[1]]
    found = list(pieces(mixed, Names(b"p."), {}, streamed=True))
    assert [(piece.source, piece.payload) for piece in found] == [(0, b"p.a:1|c\n"), (1, b"p.b:2|c\n")]


@pytest.mark.parametrize(("streamed", "payloads"), [(True, [b"a:1|c\n", b"b\n", b""]), (False, [b"a:1|c\n", b"b\n"])])
def test_the_end_of_a_stream_ends_a_stream_and_is_no_datagram(streamed: bool, payloads: list[bytes]) -> None:
    assert sent(made(b"a:1|c\n", b"b", b"", stream=True), streamed=streamed) == payloads


def test_a_line_that_was_under_way_when_the_recording_ended_is_sent() -> None:
    assert sent(made(b"a:1|c\nb:2", stream=True), Names(b"p.")) == [b"p.a:1|c\n", b"p.b:2\n"]


def test_an_empty_datagram_is_sent_again() -> None:
    assert sent(made(b"", b"a:1|c")) == [b"", b"a:1|c"]


def test_a_line_without_end_is_given_up_in_parts() -> None:
    assert b"".join(sent(made(*[b"9" * 40_000] * 3, stream=True), streamed=True)) == b"9" * 80_000 + b"\n" + (
        b"9" * 40_000 + b"\n"
    )


def test_a_line_longer_than_a_datagram_has_one_of_its_own() -> None:
    text = b"a:1|c\n" + b"b" * 2000 + b"\nc:1|c\n"
    assert sent(made(text, stream=True)) == [b"a:1|c\n", b"b" * 2000 + b"\n", b"c:1|c\n"]


@pytest.mark.parametrize(("second", "sizes"), [(432, [1432, 1432]), (433, [1000, 433, 1432])])
def test_what_was_a_stream_is_cut_into_datagrams_as_full_as_they_may_be(second: int, sizes: list[int]) -> None:
    text = b"a" * 999 + b"\n" + b"b" * (second - 1) + b"\n" + b"c" * 1431 + b"\n"
    assert [len(one) for one in sent(made(text, stream=True))] == sizes


def test_times_begin_where_the_recording_before_ended_and_do_not_run_back() -> None:
    datagrams = made(b"a", b"b", b"c")
    datagrams[2] = replace(datagrams[2], time=900.0)
    found = [piece.offset for piece in pieces(datagrams, Names(), {}, streamed=False, base=7.0)]
    assert found == [7.0, 9.0, 9.0]


def times(due: Due, takes: Sequence[float], offsets: Sequence[float]) -> tuple[list[float], float]:
    """Return when pieces left, in seconds from the first on, each of which takes a while to send; and how late."""
    clock, left, left_at = FakeClock(), list(takes), list[float]()

    def send(piece: Piece) -> None:
        left_at.append(round(clock.now - 100.0, 6))
        clock.now += left.pop(0)

    late = paced([Piece(offset, 0, b"a") for offset in offsets], send, lambda: None, due, clock)
    return left_at, round(late, 6)


@pytest.mark.parametrize(
    ("due", "at"),
    [
        (recorded(1), [0, 0.25, 0.25, 3]),
        (recorded(10), [0, 0.025, 0.025, 0.3]),
        (steady(2), [0, 0.5, 1, 1.5]),
    ],
)
def test_pieces_leave_when_they_are_due(due: Due, at: list[float]) -> None:
    assert times(due, [0] * 4, [0, 0.25, 0.25, 3]) == (at, 0)


def test_a_sender_that_was_a_little_late_catches_up() -> None:
    assert times(steady(1000), [0, BEHIND, 0, 0, 0, 0, 0], [0] * 7) == (
        [0, 0.001, 0.006, 0.006, 0.006, 0.006, 0.006],
        0,
    )


def test_a_sender_that_was_held_up_puts_off_the_rest_in_place_of_a_burst() -> None:
    left_at, late = times(recorded(1), [0, 3, 0, 0], [0, 1, 2, 3])
    assert left_at == [0, 1, 4, 4.995]
    assert late == 2 - BEHIND


def test_a_first_piece_that_is_long_in_coming_makes_nothing_late() -> None:
    clock, left_at = FakeClock(), list[float]()

    def slowly() -> Iterator[Piece]:
        # As from a pipe, into which nobody wrote for a while.
        clock.now += 9
        yield Piece(0.0, 0, b"a")
        yield Piece(1.0, 0, b"b")

    late = paced(slowly(), lambda _: left_at.append(clock.now), lambda: None, recorded(1), clock)
    assert left_at == pytest.approx([109, 110])
    assert late == 0


def test_a_long_wait_is_looked_into_now_and_then() -> None:
    looks: list[float] = []
    clock = FakeClock()
    paced(
        [Piece(offset, 0, b"a") for offset in (0, 1)],
        lambda _: None,
        lambda: looks.append(clock.now),
        recorded(1),
        clock,
    )
    assert len(looks) > 10


def test_flat_out_sends_all_in_order_and_looks_meanwhile() -> None:
    order: list[Piece] = []
    looks: list[int] = []
    wanted_order = [Piece(9.0, 0, b"%d" % number) for number in range(1000)]
    flat_out(iter(wanted_order), order.append, lambda: looks.append(len(order)))
    assert order == wanted_order
    assert len(looks) > 1
