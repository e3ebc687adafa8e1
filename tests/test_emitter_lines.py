"""Counters to datagrams: what the emitter writes, and what it refuses with its length and its limit."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statsd_reference import REFERENCE, Kind, Sample
from statsd_reference.emitter import EmitterProfile, load_emitter_profile
from statsd_reference.emitter.lines import NameRefused, Refused, checked_path, gauge_or_count, timing_line
from statsd_reference.emitter.pack import Packed, pack, pack_snapshot, snapshot_of

SNAPSHOT = load_emitter_profile("snapshot")
BATCH = load_emitter_profile("batch")
# The longest that the first emitter could be asked for: a rank of 32 bits, and eleven characters a value.
LONGEST_RANK = 2**32 - 1
LONGEST_VALUES = (10**10,) * 8
MODULES = st.text("abcxyz_-019", min_size=1, max_size=150)


def snapshot(
    module: str, rank: int = 0, values: tuple[int, ...] = (1,) * 8, profile: EmitterProfile = SNAPSHOT
) -> Packed:
    """Return the snapshot of a module."""
    return pack_snapshot(snapshot_of(profile, module, rank), values)


def test_snapshot_is_eight_lines_in_order_without_a_newline_at_the_end() -> None:
    [datagram] = snapshot("kvs", 0, (1, 2, 3, 4, 5, 6, 7, 8)).datagrams
    assert datagram.payload == (
        b"flux.kvs.0.request_tx:1|g\nflux.kvs.0.request_rx:2|g\nflux.kvs.0.response_tx:3|g\n"
        b"flux.kvs.0.response_rx:4|g\nflux.kvs.0.event_tx:5|g\nflux.kvs.0.event_rx:6|g\n"
        b"flux.kvs.0.keepalive_tx:7|g\nflux.kvs.0.keepalive_rx:8|g"
    )


@pytest.mark.parametrize("newline_at_end", [False, True])
def test_module_name_of_137_characters_fits_and_one_of_138_is_refused_with_both_lengths(newline_at_end: bool) -> None:
    profile = replace(SNAPSHOT, newline_at_end=newline_at_end)
    [datagram] = snapshot("m" * 137, LONGEST_RANK, LONGEST_VALUES, profile).datagrams
    assert len(datagram.payload) == 1433 + newline_at_end
    packed = snapshot("m" * 138, LONGEST_RANK, LONGEST_VALUES, profile)
    assert packed.datagrams == ()
    assert {(one.length, one.limit) for _, one in packed.refused} == {(1441 + newline_at_end, 1440)}
    assert "is 144" in str(packed.refused[0][1])


def test_limit_itself_is_not_over_it() -> None:
    length = len(snapshot("kvs").datagrams[0].payload)
    assert snapshot("kvs", profile=replace(SNAPSHOT, max_payload=length)).datagrams
    assert not snapshot("kvs", profile=replace(SNAPSHOT, max_payload=length - 1)).datagrams


@given(MODULES, st.integers(0, LONGEST_RANK), st.lists(st.integers(0, 10**21), min_size=8, max_size=8), st.booleans())
def test_snapshot_is_one_datagram_of_all_values_or_nothing(
    module: str, rank: int, values: list[int], newline_at_end: bool
) -> None:
    form = snapshot_of(replace(SNAPSHOT, newline_at_end=newline_at_end), module, rank)
    packed = pack_snapshot(form, tuple(values))
    if packed.datagrams:
        [datagram] = packed.datagrams
        assert len(datagram.payload) <= 1440
        assert max(values) < 10**20
        assert datagram.payload.endswith(b"\n") == newline_at_end
        # One by one: a name that the reference would change, or a value that it read otherwise, is not equal.
        lines = datagram.payload.removesuffix(b"\n").split(b"\n")
        assert [line.split(b":") for line in lines] == [
            [name, b"%d|g" % value] for name, value in zip(form.names, values, strict=True)
        ]
    else:
        assert len(packed.refused) == 8
        assert all(one.length > one.limit > 0 for _, one in packed.refused)
        assert max(values) >= 10**20 or packed.refused[0][1].limit == 1440


def test_snapshot_that_may_be_split_is_cut_at_line_ends() -> None:
    profile = replace(SNAPSHOT, max_payload=60, overflow="split")
    packed = snapshot("kvs", 0, (1, 2, 3, 4, 5, 6, 7, 8), profile)
    assert len(packed.datagrams) > 1
    assert all(len(datagram.payload) <= 60 for datagram in packed.datagrams)
    whole = b"\n".join(datagram.payload for datagram in packed.datagrams)
    assert whole == snapshot("kvs", 0, (1, 2, 3, 4, 5, 6, 7, 8)).datagrams[0].payload


def test_snapshot_says_which_of_its_values_is_at_fault() -> None:
    packed = snapshot("kvs", 0, (1, -1, 1, 1, 1, 1, 1, 1))
    assert packed.datagrams == ()
    assert "'flux.kvs.0.request_rx' is -1" in str(packed.refused[0][1])


def test_snapshot_without_any_line_that_fits_is_refused() -> None:
    packed = snapshot("kvs", profile=replace(SNAPSHOT, max_line=10))
    assert packed.datagrams == ()
    assert [one.limit for _, one in packed.refused] == [10] * 8


WRONG_MODULES = [
    "",
    "a b",
    "a\tb",
    "a\nb",
    "a:b",
    "a|b",
    "a@b",
    "a#b",
    "a.b",
    "a/b",
    "a;b",
    "a,b",
    "a\0",
    "é",
    "\udc80",
]


@pytest.mark.parametrize("module", WRONG_MODULES, ids=map(ascii, WRONG_MODULES))
def test_module_name_that_an_aggregator_would_change_is_refused(module: str) -> None:
    with pytest.raises(NameRefused, match="module name '"):
        snapshot_of(SNAPSHOT, module, 0)


@pytest.mark.parametrize(
    ("rank", "words"),
    [
        (-1, "rank -1 is below 0"),
        (10**10, "rank is 11 bytes long, and 10 are allowed"),
        (10**12, "rank is 13 bytes long, and 10 are allowed"),
        (10**9999, "rank is 10000 bytes long, and 10 are allowed"),
    ],
    ids=["below-0", "11-digits", "13-digits", "10000-digits"],
)
def test_rank_that_is_none_is_refused_with_its_length(rank: int, words: str) -> None:
    with pytest.raises(NameRefused, match=words):
        snapshot_of(SNAPSHOT, "kvs", rank)


@pytest.mark.parametrize("path", ["", ".", "a.", ".a", "a..b", "a b", "a:b", "a\n", "é"])
def test_path_that_an_aggregator_would_change_is_refused(path: str) -> None:
    with pytest.raises(NameRefused, match="joined by single dots"):
        checked_path(path)


def test_long_name_is_shown_by_its_beginning_and_its_length() -> None:
    with pytest.raises(NameRefused, match=r"'a{60}'… \(300 characters\)"):
        checked_path("a" * 299 + " ")


@pytest.mark.parametrize(
    ("value", "length"),
    [(10**20, 21), (-(10**19), 21), (10**25, 26), (10**9999, 10000)],
    ids=lambda one: len(bin(one)),
)
def test_value_of_too_many_digits_is_refused_with_its_length(value: int, length: int) -> None:
    refused = gauge_or_count(b"a", value, BATCH, "C")
    assert isinstance(refused, Refused)
    assert (refused.length, refused.limit) == (length, 20)


@pytest.mark.parametrize("value", [10**20 - 1, -(10**19) + 1])
def test_widest_value_is_written_whole(value: int) -> None:
    assert gauge_or_count(b"a", value, BATCH, "C") == b"a:%d|C" % value


@pytest.mark.parametrize(
    ("sign", "letter", "lines"),
    [
        ("zero-first", "g", b"a:0|g\na:-5|g"),
        ("plain", "g", b"a:-5|g"),
        ("refuse", "c", b"a:-5|c"),
        ("zero-first", "C", b"a:-5|C"),
    ],
)
def test_value_below_0_is_written_as_the_profile_says(sign: str, letter: str, lines: bytes) -> None:
    assert gauge_or_count(b"a", -5, replace(BATCH, sign=sign), letter) == lines


def test_line_over_the_limit_is_refused_and_the_limit_itself_is_not() -> None:
    assert gauge_or_count(b"n" * 123, 1, BATCH, "C") == b"n" * 123 + b":1|C"
    refused = gauge_or_count(b"n" * 124, 1, BATCH, "C")
    assert isinstance(refused, Refused)
    assert (refused.length, refused.limit) == (128, 127)


def test_line_over_the_payload_is_refused_too() -> None:
    refused = gauge_or_count(b"n" * 10, 1, replace(BATCH, max_line=0, max_payload=14, newline_at_end=True), "C")
    assert isinstance(refused, Refused)
    assert (refused.length, refused.limit) == (15, 14)


@pytest.mark.parametrize(
    ("milliseconds", "line"),
    [(1.5, b"a:1.5|ms"), (0, b"a:0|ms"), (100, b"a:100|ms"), (1e-7, b"a:0|ms"), (1e15, b"a:1000000000000000|ms")],
)
def test_timing_is_written_without_an_exponent(milliseconds: float, line: bytes) -> None:
    assert timing_line(b"a", milliseconds, BATCH) == line


@pytest.mark.parametrize("milliseconds", [float("nan"), float("inf"), -1.0, 1e300])
def test_timing_that_is_no_time_is_refused(milliseconds: float) -> None:
    assert isinstance(timing_line(b"a", milliseconds, BATCH), Refused)


LINES = st.lists(st.text("ab", min_size=1, max_size=30).map(lambda name: name.encode() + b":1|C"), max_size=40)


@given(LINES, st.integers(34, 90), st.booleans())
def test_lines_are_packed_in_order_whole_and_tight(lines: list[bytes], limit: int, newline_at_end: bool) -> None:
    profile = replace(BATCH, max_payload=limit + newline_at_end, newline_at_end=newline_at_end)
    datagrams = pack(lines, profile).datagrams
    payloads = [datagram.payload.removesuffix(b"\n") for datagram in datagrams]
    assert [line for payload in payloads for line in payload.split(b"\n")] == lines
    assert [member for datagram in datagrams for member in datagram.members] == list(range(len(lines)))
    assert all(len(datagram.payload) <= profile.max_payload for datagram in datagrams)
    for before, behind in pairwise(payloads):
        assert len(before) + 1 + len(behind.partition(b"\n")[0]) > limit


def test_refused_line_does_not_keep_the_others_back() -> None:
    packed = pack([b"a:1|C", Refused("b", "is long"), b"c:1|C"], BATCH)
    assert [(datagram.payload, datagram.members) for datagram in packed.datagrams] == [(b"a:1|C\nc:1|C", (0, 2))]
    assert [place for place, _ in packed.refused] == [1]


def test_zero_and_the_value_below_it_stay_in_one_datagram() -> None:
    pair = gauge_or_count(b"b", -5, BATCH, "g")
    assert isinstance(pair, bytes)
    datagrams = pack([b"a:1|g", pair], replace(BATCH, max_payload=len(pair) + 3)).datagrams
    assert [datagram.payload for datagram in datagrams] == [b"a:1|g", pair]


def test_reference_reads_what_is_written() -> None:
    [datagram] = snapshot("kvs", 0, tuple(range(8))).datagrams
    outcomes = [one for line in datagram.payload.split(b"\n") for one in REFERENCE.parse(line)]
    assert [one.value for one in outcomes if isinstance(one, Sample)] == list(range(8))
    assert {one.kind for one in outcomes if isinstance(one, Sample)} == {Kind.GAUGE}
