"""The fast path: takes nothing in which the rules find something, and takes what most traffic is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statsd_conformance.lint import DIALECTS
from statsd_conformance.lint.fast import fast_path
from statsd_conformance.lint.gauge import Signs, no_zeros
from statsd_conformance.lint.line import line_faults

_FAST = {name: fast_path(dialect) for name, dialect in DIALECTS.items()}
_NAMES = [b"a", b"a.b-c_d", b"9", b"-", b"_a", b"a..b", b"a.", b".a", b"", b"toStrings", b"n" * 127, b"n" * 128]
_OTHER_NAMES = [b"a b", b"a/b", b"a,k=v", b"a@b", b"a#b", b"__proto__", b"valueOf", b"toString", b"constructor"]
_NUMBERS = st.one_of(
    st.from_regex(rb"[+-]?[0-9]{0,3}(\.[0-9]{0,3})?", fullmatch=True),
    st.from_regex(rb"-?[0-9]{12,19}(\.[0-9]{1,19})?", fullmatch=True),
    st.sampled_from([b"1e3", b"nan", b"0x1", b"1_0", b"1,5", b" 1", b"1:2", b"u.x", b"x y"]),
    st.sampled_from([b"-5", b"+5", b"-0", b"9007199254740992", b"99999999999999999"]),
)
_TYPES = st.sampled_from([b"c", b"g", b"ms", b"s", b"h", b"d", b"C", b"kv", b"m", b"", b"cc", b"c:2|c", b"cb:1|c"])
_RATES = st.just(b"") | st.from_regex(rb"\|@[01]?(\.0{0,5}[0-9]{0,10})?", fullmatch=True)
_TAGS = [b"", b"|#k:v", b"|#k:v,k:w", b"|#k,k", b"|#k,l:m:n", b"|#", b"|#k:", b"|#,", b"|#:v", b"|#k:v w", b"|#k|@0.5"]
# One part at a time is out of the ordinary, so that many lines are taken by a hair, or not.
_LINES = st.one_of(
    st.builds(lambda name: name + b":1|c", st.sampled_from(_NAMES + _OTHER_NAMES)),
    st.builds(lambda number, type: b"a:%b|%b" % (number, type), _NUMBERS, _TYPES),
    st.builds(lambda type, rate, tags: b"a:1|%b%b%b" % (type, rate, tags), _TYPES, _RATES, st.sampled_from(_TAGS)),
    st.sampled_from([b"", b"a:1|c\r", b"a:1|c\0", b"a:x.y-z|s", b"a:x y|s", b"a:x@y|s"]),
)
_DATAGRAMS = st.builds(
    lambda lines, end: b"\n".join(lines) + end, st.lists(_LINES, max_size=2), st.sampled_from([b"", b"\n"])
)
_PLAIN = b"a.b-c_d:1|c\nb:-12|c|@0.1\nc:320.125|ms|@1\nd:17|g\ne:u.ser-1|s\n"


def faults(payload: bytes, dialect: str) -> list[str]:
    """Return what the rules find in a datagram, apart from its size."""
    lines = payload.removesuffix(b"\n").split(b"\n")
    signs = Signs(DIALECTS[dialect]).faults(lines, no_zeros())
    every = [fault.code for line in lines for fault in line_faults(line, DIALECTS[dialect])]
    return [code for code in every if not code.startswith("ECOUNTER")] + [fault.code for _, fault in signs]


@pytest.mark.parametrize("dialect", DIALECTS)
@given(_DATAGRAMS)
def test_what_the_fast_path_takes_has_no_fault(dialect: str, payload: bytes) -> None:
    if _FAST[dialect](payload):
        assert faults(payload, dialect) == []


@given(st.integers(0, len(_PLAIN)), st.integers(0, 2), st.binary(max_size=2))
def test_of_a_plain_datagram_with_a_byte_changed_it_takes_nothing_with_a_fault(
    place: int, removed: int, added: bytes
) -> None:
    payload = _PLAIN[:place] + added + _PLAIN[place + removed :]
    if _FAST["etsy"](payload):
        assert faults(payload, "etsy") == []


@pytest.mark.parametrize(
    ("dialect", "payload"),
    [
        ("etsy", _PLAIN),
        ("etsy", b"a:123456789012345|c\nb:12345678.123456789|ms"),
        ("etsy", b"n" * 127 + b":1|c"),
        ("dogstatsd", b"a:1|h|@0.25|#env:prod,host,url:http://x/y\nb:2|d|#k:v"),
        ("brubeck", b"a:7|C"),
        ("statsite", b"a:7|kv"),
    ],
)
def test_plain_traffic_takes_the_fast_path(dialect: str, payload: bytes) -> None:
    assert _FAST[dialect](payload)


@pytest.mark.parametrize("payload", [b"a:-1|g", b"a:+1|g", b"", b"\n", b"a:1|c\n\n", b"a:1|c\nb:", b"a:1|cb:1|c"])
def test_what_has_to_be_remembered_does_not_take_it(payload: bytes) -> None:
    assert not _FAST["etsy"](payload)


def test_section_with_a_key_twice_does_not_take_it() -> None:
    assert _FAST["dogstatsd"](b"a:1|c|#k:v,l:v")
    assert not _FAST["dogstatsd"](b"a:1|c|#k:v,k:w")
