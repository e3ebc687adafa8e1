"""The fast path: takes nothing in which the rules find something, and takes what most traffic is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statsd_conformance.lint import DIALECTS
from statsd_conformance.lint.fast import fast_path
from statsd_conformance.lint.gauge import Signs, no_zeros
from statsd_conformance.lint.line import line_faults

_FAST = {name: fast_path(dialect) for name, dialect in DIALECTS.items()}
_NAMES = st.sampled_from([b"a", b"a.b-c_d", b"9", b"-", b"_a", b"a..b", b"a.", b".a", b"", b"toStrings", b"n" * 127])
_OTHERS = st.sampled_from([b"n" * 128, b"a b", b"a/b", b"a,k=v", b"__proto__", b"valueOf", b"toString"])
_NUMBERS = st.one_of(
    st.from_regex(rb"[+-]?[0-9]{0,18}(\.[0-9]{0,18})?", fullmatch=True),
    st.sampled_from([b"1e3", b"nan", b"0x1", b"1_0", b"u.x", b"", b"9007199254740992"]),
)
_TYPES = st.sampled_from([b"c", b"g", b"ms", b"s", b"h", b"d", b"C", b"kv", b"m", b""])
_FIELDS = st.one_of(
    st.from_regex(rb"\|@[01]?(\.[0-9]{0,10})?", fullmatch=True),
    st.sampled_from(
        [b"", b"", b"|#k:v", b"|#k:v,k:w", b"|#k,l:m:n", b"|#", b"|#k:", b"|@0.5|#a:b", b"|#a:b|@0.5", b"|"]
    ),
)
_LINES = st.one_of(
    st.builds(lambda *parts: b"%b:%b|%b%b" % parts, _NAMES | _OTHERS, _NUMBERS, _TYPES, _FIELDS),
    st.builds(lambda *parts: b"%b:%b|%b%b" % parts, st.just(b"a"), st.just(b"1"), _TYPES, _FIELDS),
    st.sampled_from([b"", b"a:1|c\r", b"a:1|c\0", b"a:1|c:2|c", b"a:1:2|c", b"a:1|cb:2|c", b"a:x.y-z|s", b"a:x y|s"]),
)
_DATAGRAMS = st.builds(
    lambda lines, end: b"\n".join(lines) + end, st.lists(_LINES, max_size=3), st.sampled_from([b"", b"\n"])
)


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


@given(st.binary(max_size=40), st.sampled_from(sorted(DIALECTS)))
def test_of_any_bytes_the_fast_path_takes_nothing_with_a_fault(payload: bytes, dialect: str) -> None:
    if _FAST[dialect](payload):
        assert faults(payload, dialect) == []


@pytest.mark.parametrize(
    ("dialect", "payload"),
    [
        ("etsy", b"a.b-c_d:1|c\nb:-12|c|@0.1\nc:320.125|ms|@1\nd:17|g\ne:u.ser-1|s\n"),
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
