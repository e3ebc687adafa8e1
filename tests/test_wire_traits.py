"""What is special about a scenario, in words, and by which requirements it is known."""

import pytest

from statsd_conformance import catalogue
from statsd_fuzz.wire.scenario import PLACEHOLDER, Scenario
from statsd_fuzz.wire.traits import _ROWS, traits_of

Q = PLACEHOLDER + b"."


def words(*intervals: tuple[bytes, ...]) -> list[str]:
    return [trait.words for trait in traits_of(Scenario(intervals))]


@pytest.mark.parametrize(
    "line",
    [b"a:1|c", b"a.b:12|ms", b"a:5|g", b"a:7|s", b"a:1|c\n"],
    ids=["counter", "timer", "gauge", "set", "with its LF"],
)
def test_nothing_is_special_about_plain_lines(line: bytes) -> None:
    assert words((Q + line,)) == []


def test_a_name_that_is_one_part_with_its_token_is_special() -> None:
    # netdata spells what it makes of a name without a dot in another way.
    assert words((PLACEHOLDER + b"u:1|ms",)) == ["a-name-of-one-part"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"a:1|c|@0.1", "a-rate"),
        (b"a:1|c|@0", "a-rate-of-zero"),
        (b"a:1|c|@+0.5", "a-rate-with-a-sign-or-a-blank"),
        (b"a:1|c|@1e-1", "a-rate-with-an-exponent"),
        (b"a:1|c|@.5", "a-rate-spelled-oddly"),
        (b"a:1|c|@0.000001", "a-tiny-rate"),
        (b"a:1|c|#x:1", "tags"),
        (b"a:1|c|foo", "a-field-too-many"),
        (b"a:1|c|@0.5|x", "a-field-too-many"),
        (b"a", "a-bare-name"),
        (b"a|c", "no-colon"),
        (b"a:1", "no-type"),
        (b"a:1|", "an-empty-type"),
        (b"a:1|msx", "an-unknown-type"),
        (b"constructor:1|ms", "a-property-of-objects"),
        (b"!!!:1|c", "an-empty-name"),
        (b"n" * 64 + b":1|c", "a-long-name"),
        (b"a b:1|c", "a-blank-in-the-name"),
        (b"a/b:1|c", "a-slash-in-the-name"),
        (b"a-b:1|c", "a-hyphen-in-the-name"),
        (b"a:alice|s", "a-word-for-a-member"),
        (b"a:a#b|s", "an-odd-member"),
        (b"a:|c", "an-empty-value"),
        (b"a:1:2|c", "several-values"),
        (b"a: |c", "a-blank-in-the-value"),
        (b"a:nan|g", "a-value-of-nan"),
        (b"a:0x10|c", "a-literal-of-a-language"),
        (b"a:1e3|c", "an-exponent"),
        (b"a:1abc|c", "a-number-with-junk-behind-it"),
        (b"a:abc|c", "a-word-for-a-number"),
        (b"a:16777217|g", "a-large-number"),
        (b"a:0.0000001|g", "a-tiny-number"),
        (b"a:+5|g", "a-change-of-a-gauge"),
        (b"a:-1|c", "a-negative-number"),
        (b"a:1.5|c", "a-fraction"),
        (b"a:0|c", "a-zero"),
        (b"a:1500|ms", "a-number-beyond-a-thousand"),
        (b"a\0:1|c", "a-nul"),
        (b"_e{1,1}:a|b", "an-event"),
    ],
)
def test_what_is_special_about_a_line_is_told_first(line: bytes, told: str) -> None:
    assert words((Q + line,))[0] == told


@pytest.mark.parametrize(
    ("intervals", "told"),
    [
        (((b"a:1|c\nb:1|c",),), ["several-lines"]),
        (((b"a:1|c", b"b:1|c"),), ["several-datagrams"]),
        (((b"a:1|c",) * 13,), ["many-datagrams"]),
        (((b"a:1|c",), (b"b:1|c",)), ["an-interval-before"]),
        (((b"a:1|c",), ()), ["an-idle-interval"]),
        (((b"a:1|c", b"a:1|g"),), ["two-types-of-a-name", "several-datagrams"]),
        (((b"a:1|c\n\nb:1|c",),), ["an-empty-line", "several-lines"]),
        (((b"\n".join([b"a:1|c"] * 100),),), ["a-datagram-beyond-512-bytes", "several-lines"]),
        (((b"\n".join([b"a:1|c"] * 2000),),), ["a-datagram-beyond-8-kib", "several-lines"]),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else "",
)
def test_what_is_special_about_how_lines_go_together_is_told(
    intervals: tuple[tuple[bytes, ...], ...], told: list[str]
) -> None:
    assert words(*intervals) == told


def test_token_is_no_part_of_what_is_special() -> None:
    assert [one.words for one in traits_of(Scenario(((Q + b":1|c",),)))] == ["an-empty-name"]


def test_requirements_of_traits_are_in_the_catalogue() -> None:
    known = {entry.id for entry in catalogue.entries()}
    assert {id for _, _, trait in _ROWS for id in trait.ids} <= known
