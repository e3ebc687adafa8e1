"""Numbers as the original reads and writes them: the text forms of a JavaScript number, without its accidents."""

import re
from math import inf, isinf

# ECMA-262, section 7.1.4.1 (StringToNumber): StrDecimalLiteral without Infinity, which semantics NUM-06 wants refused.
# The digits of a text can be told apart in one way only: a text of 60,000 is refused as soon as it is read.
_DECIMAL = re.compile(rb"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z")
# NonDecimalIntegerLiteral: never signed. Accepted because the original accepts it (NUM-04).
_BASED = re.compile(rb"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)\Z")

# ECMA-262, WhiteSpace and LineTerminator: what `\s`, trim() and Number() of the original skip.
BLANKS = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_BLANK_CHARACTERS = BLANKS.replace("\u2000-\u200a", "".join(map(chr, range(0x2000, 0x200B))))


def strip(text: bytes) -> bytes:
    """Return `text` without the blanks around it that JavaScript would skip."""
    if text.isascii():
        return text.strip(b"\t\n\v\f\r ")
    return text.decode("utf-8", "surrogateescape").strip(_BLANK_CHARACTERS).encode("utf-8", "surrogateescape")


def read_number(text: bytes) -> float | None:
    """Return the finite number that `text` spells, or None.

    Source: ECMA-262 section 7.1.4.1, which is what the original applies to a value (helpers.js, isNumber). Empty text,
    blanks alone, `nan`, `Infinity` and numbers beyond a double are None (NUM-05 to NUM-08).

    >>> read_number(b" 1.50"), read_number(b"0x10"), read_number(b"1,5")
    (1.5, 16.0, None)
    """
    text = strip(text)
    if _DECIMAL.match(text):
        number = float(text)
        return None if isinf(number) else number
    if _BASED.match(text):
        try:
            return float(int(text, 0))
        except OverflowError:
            return None
    return None


def read_rate(text: bytes) -> float | None:
    """Return the sample rate that stands behind the `@`, above 0, or None.

    It is decimal and unsigned, and blanks may stand only behind it (RATE-10, RATE-11). Rates above 1 are read, as the
    original does (RATE-06). Zero is refused (RATE-05), and so are rates beyond a double and rates so small that one
    sample would stand for more events than a double can count.
    """
    bare = strip(text)
    if not text.startswith(bare) or bare.startswith((b"+", b"-")) or not _DECIMAL.match(bare):
        return None
    rate = float(bare)
    return rate if 0 < rate < inf and 1 / rate < inf else None


def write_number(number: float) -> bytes:
    """Return the shortest decimal text that reads back as `number`, in JavaScript's layout.

    Source: ECMA-262 section 6.1.6.1.20, Number::toString. Python finds the same digits; only the places where the
    exponent begins differ (from 1e21 up and below 1e-6, where Python has 1e16 and 1e-4).

    >>> write_number(30.0), write_number(1e20), write_number(1e21), write_number(1e-7)
    (b'30', b'100000000000000000000', b'1e+21', b'1e-7')
    """
    if number.is_integer() and -1e15 < number < 1e15:
        return b"%d" % number
    text = repr(number)
    if "e" not in text and abs(number) < 1e15:
        return text.encode()
    return _layout(text)


def _layout(text: str) -> bytes:
    """Return `text`, a Python repr with or without exponent, as JavaScript lays the same digits out."""
    sign = "-" if text.startswith("-") else ""
    mantissa, _, exponent = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent or 0)
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    if 0 < point <= 21:
        whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
        return f"{sign}{whole}.{fraction}".rstrip(".").encode()
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}".encode()
    shown = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{sign}{shown}e{point - 1:+d}".encode()
