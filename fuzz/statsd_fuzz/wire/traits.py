"""What is special about the lines of a scenario, in words for names, and which requirements are about it.

Of a scenario that was shrunk what is left is what its fault needs, so its traits say what the fault is about.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from statsd_fuzz.wire.scenario import Scenario

_SAMPLE: Final = re.compile(rb"(?P<name>[^:]*):(?P<value>[^|]*)\|(?P<type>[^|]*)(?P<rest>.*)", re.DOTALL)
_RATE: Final = re.compile(rb"\|(@[^|]*)", re.DOTALL)
_NUMBER: Final = rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
_INHERITED: Final = rb"__proto__|constructor|toString|valueOf|hasOwnProperty"
# From so many datagrams on their number is what is told.
_MANY: Final = 12


@dataclass(frozen=True, slots=True)
class Trait:
    """Something special, in words with an article that go into a name, and the ids of what is required of it."""

    words: str
    ids: tuple[str, ...] = ()


def _row(part: str, pattern: bytes, words: str, ids: str = "") -> tuple[str, "re.Pattern[bytes]", Trait]:
    return part, re.compile(pattern, re.DOTALL), Trait(words, tuple(_spelled_out(ids)))


def _spelled_out(ids: str) -> Iterator[str]:
    """Yield ids of which several in a row are written as `TAG-01..09`."""
    for one in ids.split():
        family, _, numbers = one.partition("-")
        first, _, last = numbers.partition("..")
        yield from (f"{family}-{number:02}" for number in range(int(first), int(last or first) + 1))


# The part of a line, what is found in it, and what that is called; the most telling rows come first.
_ROWS: Final = (
    _row("line", rb"\0", "a-nul", "FRAMING-11..13"),
    _row("line", rb"\r", "a-carriage-return", "FRAMING-06..10"),
    _row("line", rb"[\x0b\x0c\x1c-\x1e]|\xc2\x85|\xe2\x80[\xa8\xa9]", "a-separator-of-lines-elsewhere", "FRAMING-14"),
    _row("line", rb"\A\xaa", "a-magic-byte", "FRAMING-19 ROBUST-17"),
    _row("line", rb"\A_e\{", "an-event", "EVENT-01..04 ROBUST-11 ROBUST-13"),
    _row("line", rb"\A_sc\|", "a-service-check", "EVENT-02 EVENT-06"),
    _row("line", rb"\A\Z", "an-empty-line", "FRAMING-03 FRAMING-04 FRAMING-17"),
    _row("line", rb"\A[^:|]+\Z", "a-bare-name", "LINE-04 OTHER-05 FRAMING-05"),
    _row("line", rb"\A[^:]*\|", "no-colon", "LINE-02 LINE-16 FRAMING-05"),
    _row("line", rb"\A[^|]*:[^|]*\Z", "no-type", "LINE-03 OTHER-05 FRAMING-05"),
    _row("rate", rb"\A@[+-]?0*\.?0*\Z", "a-rate-of-zero", "RATE-05 RATE-08"),
    _row("rate", rb"\A@-", "a-rate-below-zero", "RATE-07"),
    _row("rate", rb"\A@[\s+]|\s\Z", "a-rate-with-a-sign-or-a-blank", "RATE-10 RATE-11 ROBUST-01"),
    _row("rate", rb"(?i)\A@(?:nan|inf)", "a-rate-without-a-number", "RATE-10 ROBUST-01 ROBUST-16"),
    _row("rate", rb"(?i)\A@(?:0*\.0{4,}|[0-9.]+e-(?:[3-9]|[0-9]{2}))", "a-tiny-rate", "RATE-09 RATE-14 ROBUST-15"),
    _row("rate", rb"(?i)\A@[0-9.]+e[+-]?[0-9]+\Z", "a-rate-with-an-exponent", "RATE-09"),
    _row("rate", rb"\A@(?!%b\Z)" % _NUMBER, "a-rate-that-is-no-number", "RATE-08 RATE-10 RATE-11 ROBUST-01"),
    _row("rate", rb"\A@[1-9]", "a-rate-of-one-and-more", "RATE-02 RATE-06 ROBUST-01"),
    _row("rate", rb"\A@(?!0\.[0-9]*[1-9]\Z)", "a-rate-spelled-oddly", "RATE-02 RATE-03"),
    _row("rest", rb"\|\#.*\|@", "a-rate-behind-tags", "TAG-03"),
    _row("rest", rb"\|\#.*\#|\|\#.*[ ;]", "an-odd-tag", "TAG-10 ROBUST-19"),
    _row("rest", rb"\|\#", "tags", "TAG-01..09"),
    _row("rest", rb"\|@.*\|@", "two-rates", "LINE-15"),
    _row("rest", rb"\A(?:\|@[^|]*)?\|(?![@\#])", "a-field-too-many", "LINE-11..14"),
    _row("type", rb"\A\Z", "an-empty-type", "LINE-05 LINE-11 OTHER-05"),
    _row("type", rb"\A(?!(?:c|g|ms|s|h|d|m|C|kv)\Z)", "an-unknown-type", "LINE-08..10 OTHER-02"),
    _row("name", rb"\A(?:%b)\Z" % _INHERITED, "a-property-of-objects", "LINE-17 ROBUST-02 ROBUST-03 SET-09"),
    _row("name", rb"\A[^A-Za-z0-9_.;=/\s-]*\Z", "an-empty-name", "LINE-06 NAME-09"),
    _row("name", rb"\A.{64}", "a-long-name", "SIZE-05 SIZE-06 ROBUST-05"),
    _row("name", rb"\|", "a-bar-in-the-name", "LINE-16 NAME-06 ROBUST-18"),
    _row("name", rb"\s", "a-blank-in-the-name", "NAME-02 NAME-06 FRAMING-15 ROBUST-18"),
    _row("name", rb"/", "a-slash-in-the-name", "NAME-03 NAME-07"),
    _row("name", rb"[,;\[\#=]", "a-tag-in-the-name", "TAG-15..18 NAME-08 NAME-04 NAME-07"),
    _row("name", rb"[^\x00-\x7f]", "a-name-beyond-ascii", "NAME-04 NAME-07 FRAMING-16 NET-11"),
    _row("name", rb"[^A-Za-z0-9_.-]", "an-odd-name", "NAME-04 NAME-07"),
    _row("name", rb"[A-Z]", "a-capital-in-the-name", "NAME-01"),
    _row("name", rb"-", "a-hyphen-in-the-name", "NAME-01"),
    _row("joined", b"", "a-name-of-one-part"),
    _row("name", rb"\A[0-9_-]", "a-digit-in-front-of-the-name", "NAME-01 NAME-10"),
    _row("name", rb"\.\.|\A\.\Z|\.\Z", "a-doubled-dot", "NAME-05"),
    _row("member", rb"\A\Z", "an-empty-member", "LINE-07 SET-05"),
    _row("member", rb":", "a-colon-in-a-member", "SET-06 NAME-14"),
    _row("member", rb"[^A-Za-z0-9_-]", "an-odd-member", "SET-07 ROBUST-21"),
    _row("member", rb"\A(?:%b)\Z" % _INHERITED, "a-property-of-objects", "SET-09 ROBUST-03"),
    _row("member", rb"\A(?![0-9.]+\Z)", "a-word-for-a-member", "SET-02 SET-07"),
    _row("number", rb"\A\Z", "an-empty-value", "LINE-07 ROBUST-10"),
    _row("number", rb":", "several-values", "PACK-01..08 NAME-14 ROBUST-10"),
    _row("number", rb"\s", "a-blank-in-the-value", "NUM-08 FRAMING-15"),
    _row("number", rb"(?i)nan", "a-value-of-nan", "NUM-05 GAUGE-13 ROBUST-16"),
    _row("number", rb"(?i)inf", "an-infinite-value", "NUM-06 GAUGE-13 ROBUST-16"),
    _row("number", rb"(?i)\A[+-]?0[xbo]|_", "a-literal-of-a-language", "NUM-03 NUM-04"),
    _row("number", rb"(?i)\A%be[+-]?[0-9]+\Z" % _NUMBER, "an-exponent", "NUM-02 NUM-06 COUNTER-11 TIMER-20 NUM-07"),
    _row("number", rb"\A(?!%b\Z)%b" % (_NUMBER, _NUMBER), "a-number-with-junk-behind-it", "NUM-03 NUM-09"),
    _row("number", rb"\A(?!%b\Z)" % _NUMBER, "a-word-for-a-number", "NUM-03"),
    _row("number", rb"[0-9]{15}", "a-huge-number", "COUNTER-09..11 NUM-07 NUM-10 OUT-06"),
    _row("number", rb"[0-9]{8}", "a-large-number", "COUNTER-09 GAUGE-07 OUT-06 NUM-07"),
    _row("number", rb"\A[+-]?0*\.0{4}", "a-tiny-number", "GAUGE-07 COUNTER-07 OUT-06 TIMER-10"),
    _row("change", rb"", "a-change-of-a-gauge", "GAUGE-02..06 GAUGE-09 GAUGE-12"),
    _row("number", rb"\A-", "a-negative-number", "COUNTER-04 TIMER-11 COUNTER-14"),
    _row("number", rb"\A\+", "a-plus-sign", "COUNTER-05 NUM-01"),
    _row("number", rb"\.[0-9]*[1-9]", "a-fraction", "COUNTER-07 GAUGE-07 TIMER-10 NUM-09"),
    _row("number", rb"\A0*\.?0*\Z", "a-zero", "COUNTER-06 TIMER-10"),
    _row("number", rb"\A0[0-9]|\A\.|\.\Z", "an-odd-spelling", "NUM-01"),
    _row("number", rb"[0-9]{4}", "a-number-beyond-a-thousand"),
    _row("rated", rb"\A(?:g|s)", "a-rate", "RATE-12 RATE-13 SET-08"),
    _row("rated", rb"\A(?:ms|h|d)", "a-rate", "TIMER-07"),
    _row("rated", rb"", "a-rate", "RATE-01 RATE-03 RATE-04 RATE-15"),
    _row("line", rb"[^\x00-\x7f]", "bytes-beyond-ascii", "FRAMING-16 NET-11"),
    _row("type", rb"\A(?:h|d|m|C|kv)\Z", "a-type-of-a-dialect", "TIMER-13 TIMER-14 OTHER-01..03"),
)  # fmt: skip


def traits_of(scenario: Scenario) -> tuple[Trait, ...]:
    """Return what is special about a scenario, the most telling first; none for plain lines, a datagram each."""
    datagrams = [one for some in scenario.intervals for one in some]
    # What stands behind the LF at the end is no line.
    lines = dict.fromkeys(line for one in datagrams for line in one.removesuffix(b"\n").split(b"\n"))
    found = {trait for line in lines for trait in traits_of_line(line, scenario.token)}
    ordered = [trait for _, _, trait in _ROWS if trait in found]
    return tuple(dict.fromkeys([*ordered, *_of_all(scenario)]))


def types_of(scenario: Scenario) -> frozenset[bytes]:
    """Return the types that lines of a scenario have."""
    lines = {line for some in scenario.intervals for one in some for line in one.split(b"\n")}
    return frozenset(match["type"] for line in lines if (match := _SAMPLE.fullmatch(line)))


@lru_cache(maxsize=16_384)
def traits_of_line(line: bytes, token: bytes) -> frozenset[Trait]:
    """Return what is special about a line, its token aside."""
    parts = _parts(line.replace(token + b".", b""))
    if "name" in parts and token in parts["name"]:
        parts["joined"] = parts["name"]
    return frozenset(trait for part, pattern, trait in _ROWS if part in parts and pattern.search(parts[part]))


def _parts(line: bytes) -> dict[str, bytes]:
    """Return the parts of a line by the names that rows have for them."""
    match = _SAMPLE.fullmatch(line)
    if match is None:
        return {"line": line}
    parts = {"line": line, "name": match["name"], "type": match["type"], "rest": match["rest"]}
    if match["type"] == b"s":
        parts["member"] = match["value"]
    else:
        parts["number"] = match["value"]
    if match["type"] == b"g" and match["value"][:1] in (b"+", b"-"):
        parts["change"] = match["value"]
    if rate := _RATE.search(match["rest"]):
        parts |= {"rate": rate[1], "rated": match["type"]}
    return parts


_LARGE: Final = (
    (8191, "a-datagram-beyond-8-kib"),
    (4095, "a-datagram-beyond-4-kib"),
    (1432, "a-datagram-beyond-a-frame"),
    (512, "a-datagram-beyond-512-bytes"),
)
_OF_SIZE: Final = tuple(_spelled_out("SIZE-01..04 ROBUST-06 ROBUST-07 ROBUST-20"))
_OF_IDLE: Final = tuple(_spelled_out("FLUSH-04..07 COUNTER-13 GAUGE-08 TIMER-12 SET-03"))
_OF_TWO: Final = tuple(_spelled_out("COUNTER-02 GAUGE-08 GAUGE-09 SET-03 TIMER-12 PROPERTY-06"))
_OF_LINES: Final = tuple(_spelled_out("FRAMING-01 FRAMING-02 FRAMING-05 FRAMING-18 PROPERTY-02"))


def _of_all(scenario: Scenario) -> Iterator[Trait]:
    """Yield what is special about how the lines go together."""
    datagrams = [one for some in scenario.intervals for one in some]
    largest = max(map(len, datagrams), default=0)
    yield from [Trait(words, _OF_SIZE) for size, words in _LARGE if largest > size][:1]
    if _has_two_types(datagrams):
        yield Trait("two-types-of-a-name", ("COUNTER-12",))
    if any(not later for _, later in pairwise(scenario.intervals)):
        yield Trait("an-idle-interval", _OF_IDLE)
    elif len(scenario.intervals) > 1:
        yield Trait("an-interval-before", _OF_TWO)
    if any(b"\n" in one.rstrip(b"\n") for one in datagrams):
        yield Trait("several-lines", _OF_LINES)
    if len(datagrams) > _MANY:
        yield Trait("many-datagrams", ("SET-04", "TIMER-19"))
    elif len(datagrams) > len(scenario.intervals):
        yield Trait("several-datagrams")


def _has_two_types(datagrams: Sequence[bytes]) -> bool:
    types: dict[bytes, bytes] = {}
    matches = [_SAMPLE.fullmatch(line) for one in datagrams for line in one.split(b"\n")]
    return any(types.setdefault(match["name"], match["type"]) != match["type"] for match in matches if match)
