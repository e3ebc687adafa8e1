"""What an input shows, as the model reads it: features to go by where there is no coverage, and a title."""

import re
from collections.abc import Iterator
from typing import Final

from statsd_fuzz.inputs import intervals_of
from statsd_reference import REFERENCE, BadLine, Kind, Options, Outcome, Sample, make_server
from statsd_reference.options import EXTENSIONS

# Everything that some server reads, so that lines of one dialect are not all refused for the same reason.
_SERVER: Final = make_server(Options(extensions=EXTENSIONS))
_NUMBERS: Final = re.compile(r"[0-9]+")
_LARGE: Final = 2**53
_WORDS: Final = {
    Kind.COUNTER: "counter", Kind.GAUGE: "gauge", Kind.TIMER: "timer", Kind.SET: "set",
    Kind.TOTAL: "total", Kind.METER: "meter", Kind.KEY_VALUE: "key-value",
}  # fmt: skip


def shape(data: bytes) -> frozenset[str]:
    """Return the features of an input: its framing, and what the lines of its datagrams come to.

    >>> sorted(shape(b"a:1|c"))
    ['counter: 1', 'counter: rate 1', 'datagrams: 1', 'intervals: 1', 'lines: 1', 'original: counter', 'size: 3']
    """
    return frozenset(_features(data))


def title(data: bytes) -> str:
    r"""Return a name after what the model reads first in an input.

    >>> title(b"a:1|c\nb:x|ms"), title(b"a:1|g\n==\na:+1|g"), title(b"")
    ('counter-refused-no-valid-number', 'intervals-gauge', 'no-line')
    """
    words = ["intervals"] if len(intervals_of(data)) > 1 else []
    outcomes = [one for datagram in _datagrams(data) for one in _SERVER.read(datagram).outcomes]
    kinds = dict.fromkeys(_WORDS[one.kind] for one in outcomes if isinstance(one, Sample))
    reasons = [one.reason for one in outcomes if isinstance(one, BadLine)]
    refused = [re.sub("[^a-z]+", "-", f"refused {reasons[0].lower()}").strip("-")] if reasons else []
    return "-".join([*words, *list(kinds)[:3], *refused]) if outcomes else "-".join([*words, "no-line"])


def _features(data: bytes) -> Iterator[str]:
    intervals = intervals_of(data)
    yield f"intervals: {_few(len(intervals))}"
    if not all(intervals):
        yield "an idle interval"
    for datagrams in intervals:
        yield f"datagrams: {_few(len(datagrams))}"
        for datagram in datagrams:
            yield from _framing(datagram)
            for outcome in _SERVER.read(datagram).outcomes:
                yield from _said(outcome)
            yield from (f"original: {_brief(outcome)}" for outcome in REFERENCE.read(datagram).outcomes)
    yield from _shared_names(data)


def _framing(datagram: bytes) -> Iterator[str]:
    lines = datagram.split(b"\n")
    yield f"lines: {_few(len([line for line in lines if line]))}"
    yield f"size: {len(datagram).bit_length()}"
    marks = {"an empty line": b"" in lines[:-1], "LF at the end": not lines[-1] and len(lines) > 1}
    marks |= {"CR": b"\r" in datagram, "NUL": b"\0" in datagram, "no ASCII": not datagram.isascii()}
    yield from (word for word, is_there in marks.items() if is_there)


def _said(outcome: Outcome) -> Iterator[str]:
    if isinstance(outcome, BadLine):
        yield _brief(outcome)
        return
    kind = _brief(outcome)
    yield f"{kind}: {_size(outcome)}"
    yield f"{kind}: rate {'1' if outcome.rate == 1 else 'above 1' if outcome.rate > 1 else 'below 1'}"
    if outcome.signed:
        yield f"{kind}: signed"
    if b";" in outcome.bucket:
        yield f"{kind}: tags"


def _brief(outcome: Outcome) -> str:
    if isinstance(outcome, BadLine):
        return f"refused, {_NUMBERS.sub('N', outcome.reason)}"
    return _WORDS[outcome.kind]


def _size(sample: Sample) -> str:
    if sample.kind is Kind.SET:
        return "a member" if sample.member else "no member"
    sign = "-" if sample.value < 0 else ""
    size = abs(sample.value)
    return sign + ("0" if not size else "large" if size >= _LARGE else "1" if size.is_integer() else "a fraction")


def _shared_names(data: bytes) -> Iterator[str]:
    """Yield which types stand under one name."""
    kinds: dict[bytes, set[str]] = {}
    for datagram in _datagrams(data):
        for outcome in _SERVER.read(datagram).outcomes:
            if isinstance(outcome, Sample):
                kinds.setdefault(outcome.bucket, set()).add(_WORDS[outcome.kind])
    yield from (f"one name: {', '.join(sorted(words))}" for words in kinds.values() if len(words) > 1)


def _datagrams(data: bytes) -> list[bytes]:
    return [datagram for interval in intervals_of(data) for datagram in interval]


def _few(number: int) -> str:
    return str(number) if number < 3 else "several"
