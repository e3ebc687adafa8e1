"""Hypothesis strategies of StatsD traffic, from one number up to intervals of datagrams.

Samples and lines come in three sorts, so that a test can choose what it needs by construction:

    samples(), lines()                    valid, and read alike by the original StatsD and by the reference
    bad_samples(), bad_lines()            refused by both
    disputed_samples(), disputed_lines()  read by the two differently, or fatal to the original

Everything is bytes. To shrink well each strategy has its simplest choice first and is put together by `tuples`, `map`
and `lists`, never by `flatmap`: an example loses intervals, datagrams, lines and samples first, then its parts become
plain.
"""

from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from statsd_reference.grammar import clean_name
from statsd_reference.options import TIMER_STATISTICS

Bytes = SearchStrategy[bytes]

# Beyond this the square of a value is no double any more, and the sum of a few such counters soon is none.
LARGEST = 1e150

_BLANKS = (b"", b" ", b"\t", b"\r", b" \x0b\x0c ", "\u00a0".encode(), "\u2003\ufeff".encode())


def _chain(*parts: Bytes) -> Bytes:
    return st.tuples(*parts).map(b"".join)


def _joined(separator: bytes, parts: Bytes, at_least: int, at_most: int) -> Bytes:
    return st.lists(parts, min_size=at_least, max_size=at_most).map(separator.join)


def _mostly(usual: Bytes, other: Bytes) -> Bytes:
    """Return a strategy that takes `usual` three times in four, however many alternatives it has of its own."""
    # `one_of` would count each alternative of an alternative; of a tuple it sees one.
    whole = _chain(usual)
    return st.one_of(whole, whole, whole, _chain(other))


def _written(numbers: SearchStrategy[int] | SearchStrategy[float], form: str = "{!r}") -> Bytes:
    return numbers.map(lambda number: form.format(number).encode())


# ---------------------------------------------------------------------------------------------------------- buckets

_PLAIN_BUCKETS = b"a b a.b A x.y-z_0".split()
_ODD_BUCKETS = (
    *b"a/b / a. .a a..b _a 0 17 a.a.b a|b a(b)*! a,t=v a[t=v] a#t=v a;t=v a;t=v;u=w a; a\x00b".split(b" "),
    *(b"a b", b"a \t b", b" a", "aé".encode(), "a\u2003b".encode()),
    *b"statsd.bad_lines_seen x.packets_received.y timers.a.count gauges.a counters.a sets.a".split(),
)


@cache
def buckets(*, raw: bool = False) -> Bytes:
    """Names on a line, not empty after clean-up: mostly one of a few, so that lines meet. Shrink to `a`.

    Some are the same after clean-up, carry Graphite tags, are not UTF-8, or collide with what the aggregator itself
    publishes. With `raw`, for an aggregator that cleans at the flush only, their tags are clean.
    """
    made = st.text("ab._-/ ;=0é(", min_size=1, max_size=8).map(str.encode).filter(_usable)
    broken = (b"a\xffb", b"a\xfeb", b"a\xff\xffb", b"a\xc3", b"\xe2\x80 a")
    known = st.sampled_from(_PLAIN_BUCKETS), st.sampled_from(_ODD_BUCKETS), st.sampled_from(broken)
    return st.one_of(*known, made.filter(_clean_tags) if raw else made)


def _usable(name: bytes) -> bool:
    return clean_name(name).partition(b";")[0] != b""


def _clean_tags(name: bytes) -> bool:
    tags = name.partition(b";")[2]
    return clean_name(tags) == tags


@cache
def unusable_buckets() -> Bytes:
    """Names of which nothing is left after clean-up, or nothing before the tags. Shrink to the empty name."""
    return st.sampled_from((b"", b"*", "é".encode(), b"(!)", b"\xff", b";t=v", b"*;t=v"))


# ---------------------------------------------------------------------------------------------------------- numbers


def _decimals() -> Bytes:
    digits = _written(st.integers(0, 10**6))
    power = _chain(st.sampled_from((b"e", b"E", b"e+")), _written(st.integers(0, 130)))
    fraction = _chain(st.sampled_from((b"e-", b"E-")), _written(st.integers(0, 400)))
    return st.one_of(
        digits,
        _chain(digits, st.just(b"."), digits),
        _written(st.floats(0, 1000)),
        _written(st.floats(0, LARGEST)),
        _written(st.integers(2**53 - 2, 10**40)),
        _chain(digits, st.just(b".")),
        _chain(st.just(b"."), digits),
        _chain(st.sampled_from((b"00", b"0000000")), digits),
        _chain(digits, st.one_of(power, fraction)),
        _chain(st.just(b"0."), st.integers(20, 400).map(lambda zeros: b"0" * zeros), digits),
    )


def _based() -> Bytes:
    numbers = st.integers(0, 2**70)
    return st.one_of(
        *(_written(numbers, form) for form in ("0x{:x}", "0X{:X}", "0o{:o}", "0O{:o}", "0b{:b}", "0B{:b}"))
    )


@cache
def unsigned_numbers() -> Bytes:
    """Finite numbers without sign, at most LARGEST, in every spelling. Shrink to `0`."""
    return st.one_of(_decimals(), _based())


@cache
def numbers() -> Bytes:
    """Numbers as `unsigned_numbers`, and with signs and with blanks around. Shrink to `0` without either."""
    signed = _chain(st.sampled_from((b"-", b"+")), _decimals())
    bare = st.one_of(unsigned_numbers(), signed)
    return _mostly(bare, _chain(st.sampled_from(_BLANKS), bare, st.sampled_from(_BLANKS)))


_BAD_NUMBERS = (
    *b"abc nan NaN inf -inf infinity 1abc 1,5 1_000 0x 0xg 0b2 0o8 0x1p4 5f 1n 1.2.3 -0x10 +0b1".split(),
    *b"--1 +-5 + - . -. e5 1e 1e+ 1e5.5 1\x00 1\xff".split(),
    *(b"1 2", "１".encode(), "1\u200b".encode()),
)


@cache
def bad_numbers() -> Bytes:
    """Texts that are no number to anybody. Shrink to the empty text."""
    return st.sampled_from((b"", *_BAD_NUMBERS))


@cache
def disputed_numbers() -> Bytes:
    """Texts that the original takes for 0 or Infinity, and the reference for no number. Shrink to a blank."""
    blanks = (b" ", b"\t ", b"\r", "\u00a0".encode())
    huge = (*b"Infinity -Infinity +Infinity 1e400 -1e400".split(), b"9" * 400, b"0x1" + b"0" * 300)
    return st.sampled_from((*blanks, *huge))


# ------------------------------------------------------------------------------------------------------------ rates

_RATES = b"1 0.5 0.1 .5 1.0 0.3 0.333 0.03 2 1. 00.25 0.000000001".split()


@cache
def rates() -> Bytes:
    """Sample rates from 1e-9 up, some above 1, without the `@`. Shrink to `1`."""
    known = st.sampled_from(_RATES)
    return st.one_of(known, _written(st.integers(1, 999_999), "0.{:06d}"), _chain(known, st.sampled_from(_BLANKS)))


@cache
def bad_rates() -> Bytes:
    """Third fields that are no rate to anybody, with the `@` where there is one. Shrink to the empty field."""
    fields = b"@ @abc @-0.5 @nan @inf @0.5x @. @1,5 @@1 @--1 @-0 0.1 foo c".split()
    return st.sampled_from((b"", *fields, b" @0.5", b"@1 2"))


@cache
def disputed_rates() -> Bytes:
    """Rates, with the `@`, that kill the original or that it reads as another number. Shrink to `@0`."""
    misread = (*b"@0 @0.0 @00 @0x1 @1e-1 @1e1 @2.5e0 @1e400".split(), b"@" + b"9" * 400, b"@0." + b"0" * 320 + b"1")
    fatal = (*b"@+0.5 @Infinity @+1".split(), b"@ 0.5", b"@ ", b"@\t1", "@\u00a01".encode())
    return st.sampled_from((*misread, *fatal))


# ---------------------------------------------------------------------------------------------------------- samples


@cache
def members() -> Bytes:
    """Members of a set: UTF-8 without `|`, `:` and LF, sometimes empty. Shrink to `a`."""
    known = (*b"a b 1 01 A 0 u@b.c #x constructor toString".split(), b"", b" a", b"a\r", b"a\x00")
    text = st.text(st.characters(exclude_characters="|:\n", codec="utf-8"), max_size=5)
    return st.one_of(st.sampled_from(known), text.map(str.encode).filter(lambda member: member != b"__proto__"))


def _rated(sample: Bytes) -> Bytes:
    ignored = st.sampled_from((b"", b"|x", b"|", b"|@0.1|y"))
    return _mostly(sample, _chain(sample, st.just(b"|@"), rates(), ignored))


def _typed(value: Bytes, kind: bytes) -> Bytes:
    blank = st.sampled_from(_BLANKS)
    return _mostly(_chain(value, st.just(b"|" + kind)), _chain(value, st.just(b"|"), blank, st.just(kind), blank))


@cache
def samples() -> Bytes:
    """Valid samples, `value|type[|@rate[|…]]`, of the four types. Shrink to `1|c`."""
    simple = st.sampled_from(b"1|c 1|g 1|ms a|s 2|c +1|g -1|g 2|ms b|s".split())
    return st.one_of(
        simple,
        _rated(_typed(numbers(), b"c")),
        _rated(_typed(numbers(), b"g")),
        _rated(_typed(unsigned_numbers(), b"ms")),
        _rated(_chain(members(), st.just(b"|s"))),
    )


@cache
def bad_samples() -> Bytes:
    """Samples that are refused, with one fault each. Shrink to the empty sample."""
    types = st.sampled_from(b"|c |g |ms | |x |m |C |kv".split())
    plain = st.sampled_from(b"1|c| 1|g| 1|ms| a|s| 1|x|".split())
    negative = st.one_of(_written(st.integers(-(10**6), -1)), _written(st.floats(-LARGEST, -1e-300)))
    return st.one_of(
        st.sampled_from((b"", b"1", b"x", b"1||c", b"|", b"|c|")),
        _chain(bad_numbers(), types),
        _chain(plain, bad_rates()),
        _chain(negative, st.just(b"|ms")),
    )


@cache
def disputed_samples() -> Bytes:
    """Samples that the reference refuses and the original takes, or the other way round. Shrink to `1|`.

    Some of them kill the original: send these only to a server that somebody is ready to start again.
    """
    types = (
        b"",
        *b"x h d m C kv cc c1 msx G MS count g\x1c".split(b" "),
    )
    odd = (
        b"1|c\rb:2|c",
        b"1|c\0",
        b"5|g\0",
        b"-5|ms ",
        b"-5| ms",
        b"abc|s\r",
        b"a| s",
        b"__proto__|s",
        b"a\xff|s",
        b"a\xfe|s",
        b"1e308|c",
        b"1e200|ms",
    )
    return st.one_of(
        _chain(st.just(b"1|"), st.sampled_from(types)),
        st.sampled_from(odd),
        _chain(st.sampled_from(b"1|c| 1|g| 1|ms| a|s|".split()), disputed_rates()),
        _chain(disputed_numbers(), st.sampled_from((b"|c", b"|g", b"|ms"))),
    )


# ------------------------------------------------------------------------------------------------------------ lines


@cache
def tag_sections(*, raw: bool = False) -> Bytes:
    """What stands behind the samples of a line: nothing, or `|#` and tags. Shrink to nothing.

    With `raw`, no tag holds anything that clean-up would change.
    """
    plain = (*b"k:v a k:w k=v a.b:c-d_0".split(), b"")
    odd = (*b"url:http://x a;b k:(v) k:: $1:$& a:\xc3\xa9 a:\xff".split(), b"a:b c", b" k:v ")
    tags = _joined(b",", st.sampled_from(plain if raw else plain + odd), 0, 3)
    return _mostly(st.just(b""), _chain(st.just(b"|#"), tags))


@cache
def lines(sample: Bytes | None = None, name: Bytes | None = None, tags: Bytes | None = None) -> Bytes:
    """Lines of a name, one to four samples (mostly one) and perhaps tags. Shrink to `a:1|c`.

    Args:
        sample: the samples to take; `samples()` if not given.
        name: the names to take; `buckets()` if not given.
        tags: the tag sections to take; `tag_sections()` if not given.
    """
    one = samples() if sample is None else sample
    body = _mostly(one, _joined(b":", one, 2, 4).map(_without_inner_cr))
    named = _chain(buckets() if name is None else name, st.just(b":"))
    return _chain(named, body, tag_sections() if tags is None else tags)


def _without_inner_cr(body: bytes) -> bytes:
    """Return the samples with no CR but in the last one: elsewhere the reference sees two lines run together."""
    before, colon, last = body.rpartition(b":")
    return before.replace(b"\r", b"\t") + colon + last


@cache
def timer_lines(name: Bytes | None = None) -> Bytes:
    """Lines of up to thirty times for one timer, enough for percentiles to differ. Shrink to `a:0|ms`."""
    small = _written(st.integers(0, 20))
    times = _joined(b":", _chain(st.one_of(small, small, unsigned_numbers()), st.just(b"|ms")), 1, 30)
    return _chain(buckets() if name is None else name, st.just(b":"), times)


_LINES_WITHOUT_SAMPLE = (
    *b"a|c a|c|@0.5 _sc|a|0 _e{5,4}:title|text a|#k:v a|#k:v:1|c | |# # \x00 \xff".split(),
    *(b" ", b"\r"),
)


@cache
def bad_lines(name: Bytes | None = None) -> Bytes:
    """Lines of which every sample is refused, and lines without a sample. Shrink to `a`.

    Args:
        name: the names to take; `buckets()` if not given.
    """
    named = buckets() if name is None else name
    return st.one_of(named, st.sampled_from(_LINES_WITHOUT_SAMPLE), lines(bad_samples(), named))


@cache
def disputed_lines() -> Bytes:
    """Lines that the original and the reference read differently; some kill the original. Shrink to `:1|c`."""
    late = st.sampled_from(b"|#k:v|@0.5 |#k:v|c:abc |#k:v|T1656581400 |#a;b;c |#a|b".split())
    internals = st.sampled_from(b"constructor __proto__ toString valueOf hasOwnProperty".split())
    return st.one_of(
        st.sampled_from((b":1|c", b"_e{1,1}:5|c", b"_sc|a|0|m:1|c")),
        lines(name=unusable_buckets()),
        lines(disputed_samples()),
        lines(tags=late),
        lines(name=internals),
    )


@cache
def any_lines() -> Bytes:
    """All of the above and noise: broken pieces of lines, and bytes. Shrink to the empty line."""
    pieces = st.sampled_from((*b"a : 1 | c g ms s @ 0.1 # , - \x00 \xff".split(b" "), b" ", b"\r"))
    noise = st.one_of(_joined(b"", pieces, 0, 12), st.binary(max_size=12).map(lambda text: text.replace(b"\n", b"")))
    mixed = lines(st.one_of(samples(), bad_samples(), disputed_samples()))
    return st.one_of(noise, lines(), timer_lines(), bad_lines(), disputed_lines(), mixed)


# -------------------------------------------------------------------------------------------------- datagrams, traffic


@cache
def datagrams(line: Bytes | None = None, at_most: int = 6) -> Bytes:
    """Datagrams of up to `at_most` lines, with or without a final LF and empty lines. Shrink to the empty one.

    Args:
        line: the lines to take; `any_lines()` if not given.
        at_most: lines in a datagram.
    """
    one = any_lines() if line is None else line
    return _joined(b"\n", _mostly(one, st.just(b"")), 0, at_most)


@cache
def traffic(line: Bytes | None = None, intervals: int = 4, each: int = 4) -> SearchStrategy[list[list[bytes]]]:
    """Flush intervals, each a list of datagrams; idle ones, a third, are empty lists. Shrink to one idle interval.

    Args:
        line: the lines to take; `any_lines()` if not given.
        intervals: the most intervals.
        each: the most datagrams in one interval.
    """
    busy = st.lists(datagrams(line), min_size=1, max_size=each)
    idle: SearchStrategy[list[bytes]] = st.just([])
    return st.lists(st.one_of(idle, busy, busy), min_size=1, max_size=intervals)


# ---------------------------------------------------------------------------------------------------------- options


@cache
def percents() -> SearchStrategy[float]:
    """Percentiles: whole, with fractions, and of the top. Shrink to 90.

    None is below -74: where all the values of a timer are in the top, the original publishes NaN.
    """
    known = st.sampled_from((90, 50, 95, 99, 99.9, 100, 1, 0.5, 12.5, 33.3333, 1e-7, -10, -50, -0.5, -33.3, -74))
    return st.one_of(known, st.integers(1, 100), st.floats(0.001, 100), st.floats(-74, -0.001))


def _histograms() -> SearchStrategy[list[dict[str, Any]]]:
    limits = st.lists(st.one_of(st.integers(-1, 30), st.floats(0, 30)), max_size=5, unique=True).map(sorted)
    bins = st.builds(lambda start, end: [*start, *end], limits, st.sampled_from(([], ["inf"])))
    entry = st.fixed_dictionaries({"metric": st.sampled_from(("", "a", "b", ".", "x.y")), "bins": bins})
    return st.lists(entry, max_size=3)


@cache
def option_sets() -> SearchStrategy[dict[str, Any]]:
    """Sets of options as `read_options` and the original's configuration file take them. Shrink to none.

    Only options that change what is published: no addresses, no limits, no dialects.
    """
    part = st.sampled_from(("x", "my.site", ""))
    parts = dict.fromkeys(("globalPrefix", "prefixCounter", "prefixTimer", "prefixGauge", "prefixSet"), part)
    names = {"legacyNamespace": st.just(False), **parts, "globalSuffix": st.sampled_from(("x", "my.host"))}
    switches = ("flush_counts", "keyNameSanitize", "deleteIdleStats")
    deletes = ("deleteCounters", "deleteTimers", "deleteSets", "deleteGauges")
    return st.fixed_dictionaries(
        {},
        optional={
            "percentThreshold": st.one_of(percents(), st.lists(percents(), max_size=4)),
            "histogram": _histograms(),
            "calculatedTimerMetrics": st.one_of(st.just([]), st.lists(st.sampled_from(TIMER_STATISTICS), max_size=5)),
            "flushInterval": st.sampled_from((1000, 10_000, 500, 3000, 7, 1)),
            "gaugesMaxTTL": st.integers(1, 3),
            "prefixStats": st.sampled_from(("me", "my.own", "statsd")),
            "graphite": st.fixed_dictionaries({}, optional=names),
            **dict.fromkeys((*switches, *deletes), st.booleans()),
        },
    )
