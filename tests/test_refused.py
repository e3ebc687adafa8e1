import pytest
from hypothesis import given

from endless import LARGE, ended_when_endless
from statsd_conformance.refused import refused
from statsd_corpora import seeds
from statsd_fuzz.strategies import bad_lines, lines
from statsd_reference import REFERENCE
from statsd_reference.model import BadLine

# What makes good again what a reason speaks of.
GOOD = {
    "no valid number": b"1",
    "negative time": b"1",
    "unknown type": b"c",
    "no valid sample rate in the third field": b"@1",
    "no type": b"1|c",
    "no name": b"a:",
    "no name left after clean-up": b"a",
    "a CR that does not end the line": b"",
    "longer than 65536 bytes": b"",
}


def marked(datagram: bytes) -> list[tuple[bytes, str]]:
    return [(datagram[one.start : one.stop], one.reason) for one in refused(datagram)]


def mended(line: bytes, start: int, stop: int, reason: str) -> bytes:
    """Return the line with something good in the place that is marked; a separator that stands for nothing stays."""
    kept = line[start:stop] if line[start:stop] in (b":", b"|") and reason != "no name" else b""
    return line[:start] + kept + GOOD.get(reason, b"a:1|c") + line[stop:]


def assert_marks_lie_at_the_fault(line: bytes) -> None:
    """Assert that for every refused sample of a line what is marked is to blame, and nothing else."""
    places = refused(line)
    for number, outcome in enumerate(REFERENCE.parse(line)):
        if isinstance(outcome, BadLine):
            place = next(places)
            assert 0 <= place.start < place.stop <= len(line)
            again = REFERENCE.parse(mended(line, place.start, place.stop, place.reason))
            after = again[min(number, len(again) - 1)]
            assert not isinstance(after, BadLine) or after.reason != outcome.reason, (line, place)
    assert next(places, None) is None


@given(bad_lines())
def test_what_is_marked_is_what_has_to_be_mended(line: bytes) -> None:
    assert_marks_lie_at_the_fault(line)


@pytest.mark.parametrize("folder", ["lines/bad", "lines/good", "datagrams"])
def test_every_bad_line_of_the_corpora_is_marked_at_its_fault(folder: str) -> None:
    for datagram in seeds(folder).values():
        for line in filter(None, datagram.split(b"\n")):
            assert_marks_lie_at_the_fault(line)


@given(lines())
def test_good_line_has_no_mark(line: bytes) -> None:
    assert list(refused(line)) == []


@pytest.mark.parametrize(
    ("line", "bytes_at_fault"),
    [
        (b"a:1|c|@+0.5", b"@+0.5"),
        (b"a:1|c|#t:u|@0", b"@0"),
        (b"a:1|x|@0.5", b"x"),
        (b"a:1||@0.5", b"|"),
        (b"a:one|c", b"one"),
        (b"a:|c", b":"),
        (b"a:-1|ms", b"-1"),
        (b"a:1|c:2", b"2"),
        (b"a:1|c:", b":"),
        (b":1|c", b":"),
        (b"()():1|c", b"()()"),
        (b"a:1|c\rb:2|c", b"\r"),
        (b"no colon", b"no colon"),
        (b"_e{1,1}:a|b", b"_e{1,1}:a|b"),
    ],
)
def test_marked_bytes_are_those_at_fault(line: bytes, bytes_at_fault: bytes) -> None:
    assert [one for one, _ in marked(line)] == [bytes_at_fault]


def test_line_is_marked_from_where_it_is_too_long() -> None:
    assert [one for one, _ in marked(b"a:" + b"1" * 65_536 + b"|c\n")] == [b"11|c"]


def test_every_bad_sample_is_marked_at_its_place_in_the_datagram() -> None:
    datagram = b"\na:1|c\n\nb:x|c:2|c:y|c\nc:1|q\n"
    assert [(one.start, one.stop) for one in refused(datagram)] == [(10, 11), (18, 19), (26, 27)]


def test_lines_behind_a_limit_are_left_out() -> None:
    datagram = b"a:x|c\nb:x|c\n"
    assert [one.start for one in refused(datagram, within=6)] == [2]
    assert [one.start for one in refused(datagram, within=7)] == [2, 8]


@pytest.mark.parametrize("line", LARGE.values(), ids=LARGE)
def test_a_large_line_is_marked_without_going_through_it_for_each_sample(line: bytes) -> None:
    # The longest line that the reference takes.
    with ended_when_endless():
        assert_marks_lie_in_order(line[:2] + line[-65_000:])


def assert_marks_lie_in_order(line: bytes) -> None:
    places = [place.start for place in refused(line)]
    assert places == sorted(places)
