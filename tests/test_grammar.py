import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statsd_fuzz.strategies import buckets, unusable_buckets
from statsd_reference.grammar import clean_name, split

CLEANED = {
    **{b"": b"", b"a": b"a", b"A-Za-z0-9_.;=": b"A-Za-z0-9_.;=", b"..a..": b"..a..", b"a.a.b": b"a.a.b", b"17": b"17"},
    **{b"a b": b"a_b", b"a \t\r\x0b\x0c b": b"a_b", b" a ": b"_a_", b"a_ _b": b"a___b"},
    **{b"a/b": b"a-b", b"//": b"--", b"a|b:c*!(d)": b"abcd", b"a\x00b\x7f": b"ab"},
    **{"é".encode(): b"", "aé\u00a0\u2003ü b".encode(): b"a__b", "\ufeffa\u200bb".encode(): b"_ab"},
    **{b"\xff": b"", b"a\xffb": b"ab", b" \xff ": b"__", b"\xe2\x80 a\xc3": b"_a", b"a\x85b": b"ab"},
}


@pytest.mark.parametrize(("name", "cleaned"), CLEANED.items(), ids=repr)
def test_a_name_is_cleaned(name: bytes, cleaned: bytes) -> None:
    assert clean_name(name) == cleaned


@given(st.binary())
def test_a_cleaned_name_is_clean(name: bytes) -> None:
    cleaned = clean_name(name)
    assert clean_name(cleaned) == cleaned
    assert re.fullmatch(rb"[A-Za-z0-9_.;=-]*", cleaned)


@given(buckets())
def test_a_generated_bucket_is_left_with_a_name(name: bytes) -> None:
    assert clean_name(name).partition(b";")[0]


@given(unusable_buckets())
def test_an_unusable_bucket_is_left_without_one(name: bytes) -> None:
    assert not clean_name(name).partition(b";")[0]


@pytest.mark.parametrize(
    ("datagram", "lines"),
    {
        b"": [],
        b"\n": [],
        b"a": [b"a"],
        b"a\n": [b"a"],
        b"a\nb": [b"a", b"b"],
        b"\n\na\n\n\nb\n\n": [b"a", b"b"],
        b"a\r\nb\r": [b"a\r", b"b\r"],
        b"a\x0bb\x0cc\x85d\x1ee\0f": [b"a\x0bb\x0cc\x85d\x1ee\0f"],
        "a\u2028b\u2029c\u0085d".encode(): ["a\u2028b\u2029c\u0085d".encode()],
        b" \n": [b" "],
    }.items(),
    ids=repr,
)
def test_only_line_feeds_end_lines_and_empty_lines_are_none(datagram: bytes, lines: list[bytes]) -> None:
    assert split(datagram) == lines
