"""NUM: how numbers are spelled.

Not tested because no source decides it: digits other than ASCII's, and how many digits of a number have to count. The
locale of a server (NUM-09) is its own; the case sees whether the decimal separator is the point where it runs.
"""

import re
from collections.abc import Mapping
from math import floor, inf, isfinite
from typing import Final

import pytest

from statsd_conformance.flushed import SIX_DIGITS, Flushed, about
from statsd_conformance.requirement import CORE, MUST, QUIRK, ROBUST, SHOULD, requirement
from statsd_conformance.target import Target, assert_rejected, sandwich, sandwich_with_harm

_DECIMAL: Final = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")


_TYPES: Final = ("c", "g", "ms")
_DECIMALS: Final = {"5": 5, "-5": -5, "+5": 5, "1.5": 1.5, ".5": 0.5, "5.": 5, "00012": 12}
_EXPONENTS: Final = {"1e3": 1000, "1E2": 100, "1e-7": 1e-7}


def _of_each_type(numbers: Mapping[str, float]) -> list[tuple[str, str, float]]:
    """Return numbers with the types that may carry them: type, text and number.

    Whether a counter or a timer may be negative is for COUNTER-04 and TIMER-11 to judge, and TIMER-10 what becomes of
    less than a millisecond.
    """
    least = {"c": 0, "g": -inf, "ms": 1}
    return [(type, text, number) for type in _TYPES for text, number in numbers.items() if number >= least[type]]


@pytest.mark.parametrize(("type", "text", "number"), _of_each_type(_DECIMALS))
@requirement("NUM-01", CORE, MUST, cites="lib/helpers.js:10-12; ECMA-262, StringToNumber")
async def test_decimal_numbers_are_read(target: Target, type: str, text: str, number: float) -> None:
    """Decimal integers and decimals with a point MUST be read as their obvious value."""
    await _assert_read(target, type, text, number)


@pytest.mark.parametrize(("type", "text", "number"), _of_each_type(_EXPONENTS))
@requirement("NUM-02", CORE, SHOULD, cites="lib/helpers.js:10-12; ECMA-262, StringToNumber")
async def test_exponents_are_read(target: Target, type: str, text: str, number: float) -> None:
    """Exponents SHOULD be read."""
    await _assert_read(target, type, text, number)


async def _assert_read(target: Target, type: str, text: str, number: float) -> None:
    """Assert that a value is read as a number, as far as its type tells.

    A fraction may be lost but for a gauge: whether it is kept is for COUNTER-07 and TIMER-10 to judge.
    """
    target.needs(type)
    bucket = target.bucket()
    flushed = await target.after(bucket + b":" + text.encode() + b"|" + type.encode())
    assert flushed.has(bucket), f"{text} of type {type} was not published"
    value = {"c": flushed.count, "g": flushed.gauge, "ms": flushed.time}[type](bucket)
    right = [number] if type == "g" else [number, floor(number), floor(number + 0.5)]
    # Some read times off a histogram.
    close = 0.01 if type == "ms" else SIX_DIGITS
    assert any(value == about(one, close) for one in right), f"{text} of type {type} came out as {value:.9g}"


@pytest.mark.parametrize("text", ["abc", "--1", "+-5", "1,5", "1_000", "1abc", "1.2.3", "+", "-", "."])
@pytest.mark.parametrize("type", ["c", "g", "ms"])
@requirement("NUM-03", CORE, MUST, cites="lib/helpers.js:10-12, 42-53")
async def test_what_is_no_number_is_rejected(target: Target, text: str, type: str) -> None:
    """`abc`, `--1`, `+-5`, `1,5`, `1_000`, `1abc`, `+`, `-`, `.` and their like MUST be rejected, and change
    nothing.
    """
    target.needs(type)
    kept = target.bucket("kept")
    line = b":" + text.encode() + b"|" + type.encode()
    if type == "g":
        fresh = target.bucket("fresh")
        flushed = await sandwich(target, kept + b":7|g", kept + line, fresh + line)
        assert flushed.gauge(kept) == 7, f"{text} changed a gauge of 7 to {flushed.gauge(kept):g}"
        assert not flushed.has(fresh), (
            f"{text} left a gauge of 7 as it was, and made one of {flushed.gauge(fresh):g} where there was none"
        )
    else:
        await assert_rejected(target, kept + line)


@pytest.mark.parametrize("text", ["0x10", "0b11", "0o17", "0x1p4"])
@requirement("NUM-04", QUIRK, SHOULD, cites="ECMA-262, NonDecimalIntegerLiteral")
async def test_numbers_with_a_base(target: Target, text: str) -> str:
    """Numbers with a base (`0x10`) SHOULD be read as the original reads them, or rejected; not as 0 or 1."""
    return await _seen(target, text, "c")


@pytest.mark.parametrize("text", ["nan", "NaN", "NAN"])
@pytest.mark.parametrize("type", _TYPES)
@requirement("NUM-05", CORE, MUST, cites="lib/helpers.js:10-12")
async def test_nan_is_rejected(target: Target, text: str, type: str) -> None:
    """`nan` in any case MUST be rejected."""
    target.needs(type)
    await assert_rejected(target, target.bucket() + b":" + text.encode() + b"|" + type.encode())


@pytest.mark.parametrize("text", ["Infinity", "inf", "1e400"])
@pytest.mark.parametrize("type", _TYPES)
@requirement("NUM-06", QUIRK, SHOULD, cites="lib/helpers.js:10-12; ECMA-262, StringToNumber", hostile=True)
async def test_infinity(target: Target, text: str, type: str) -> str:
    """`Infinity`, `inf` and `1e400` SHOULD be rejected."""
    return await _seen(target, text, type)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4294967296", 2.0**32),
        ("18446744073709551616", 2.0**64),
        ("1" + 30 * "0", 1e30),
        ("1e400", 1e400),
        (400 * "9", 1e400),
    ],
    ids=["2**32", "2**64", "1e30", "1e400", "400-nines"],
)
@requirement("NUM-07", ROBUST, MUST, cites="brubeck src/utils.c:113-208, where it does not hold", hostile=True)
async def test_number_out_of_range_becomes_no_other_number(target: Target, text: str, number: float) -> None:
    """A value beyond the server's range MUST NOT be published as an unrelated finite number."""
    bucket = target.bucket()
    flushed = await sandwich(target, bucket + b":" + text.encode() + b"|c")
    if flushed.has(bucket):
        counted = flushed.count(bucket)
        assert not isfinite(counted) or counted == about(number, SIX_DIGITS), (
            f"{text[:40]} was published as {counted:g}"
        )


@pytest.mark.parametrize("text", [" 5", "5 ", "\t5", " "], ids=["before", "behind", "tab", "only-blank"])
@requirement("NUM-08", QUIRK, SHOULD, cites="ECMA-262, StringToNumber: StrWhiteSpace")
async def test_blanks_around_a_number(target: Target, text: str) -> str:
    """Blanks around a number SHOULD be read as the original does, which skips them; a blank alone is no number."""
    return await _seen(target, text, "c")


@requirement("NUM-09", CORE, MUST, cites="Graphite documentation, Feeding in your data; ECMA-262, Number::toString")
async def test_decimal_separator_is_the_point(target: Target) -> None:
    """The decimal separator MUST be the point, in what is read and in what is published, whatever the server's
    locale.
    """
    bucket, comma = target.bucket("a"), target.bucket("b")
    flushed = await sandwich(target, bucket + b":1.5|g", comma + b":1,5|g")
    value = flushed.gauge(bucket)
    assert value == 1.5, f"a gauge of 1.5 came out as {value:g}"
    assert all(b"," not in text for text in flushed.texts("gauge", bucket))
    assert not flushed.has(comma), f"1,5 was read as a number: {flushed.summary()}"


@pytest.mark.parametrize(
    "text",
    [400 * "9", 3000 * "9", "0." + 400 * "1", "-" + 400 * "0" + "1"],
    ids=["400", "3000", "400-decimals", "400-zeros"],
)
@requirement("NUM-10", ROBUST, MUST, cites="catalogue, NUM-10", hostile=True)
async def test_very_long_number_does_no_harm(target: Target, text: str) -> None:
    """Numbers of hundreds or thousands of digits MUST NOT crash the server."""
    bucket = target.bucket("b")
    target.send(target.bucket("a") + b":" + text.encode() + b"|c")
    flushed = await target.after(bucket + b":1|c")
    assert flushed.count(bucket) == 1


@requirement("NUM-11", CORE, MUST, cites="carbon lib/carbon/protocols.py, MetricLineReceiver")
async def test_published_values_are_decimal_numbers(target: Target) -> None:
    """Published values MUST parse with a standard decimal float parser."""
    bucket = target.bucket()
    values = (b"0", b"-3", b"0.1", b"1e-7", b"123456789.125", b"1e21", b"9007199254740991")
    lines = [b"%b%d:%b|g" % (bucket, number, value) for number, value in enumerate(values)]
    flushed = await target.after(*lines, target.bucket("c") + b":3|c|@0.333")
    assert flushed.own, "nothing was published"
    odd = [line for line in flushed.own if not _DECIMAL.match(line.value)]
    assert not odd, f"not a decimal number: {odd[0]}"


async def _seen(target: Target, text: str, type: str) -> str:
    """Return in a few words what became of a value, and of its neighbours where it harmed them."""
    target.needs(type)
    bucket = target.bucket()
    flushed, harm = await sandwich_with_harm(target, bucket + b":" + text.encode() + b"|" + type.encode())
    seen = f"{text!r} of type {type} {_fate(flushed, bucket, type)}"
    return f"{seen}, and {harm}" if harm else seen


def _fate(flushed: Flushed, bucket: bytes, type: str) -> str:
    if not flushed.has(bucket):
        return "is rejected"
    if type == "c":
        return f"counts {flushed.count(bucket):g}"
    if type == "g":
        return f"is a gauge of {flushed.gauge(bucket):g}"
    return f"is a timer of {flushed.time(bucket):g}"
