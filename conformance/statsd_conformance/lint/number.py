"""The value of a sample: a number in a form that every known aggregator reads."""

import re
from typing import Final

from statsd_conformance.lint.finding import Fault
from statsd_conformance.printable import escaped

_PLAIN: Final = re.compile(rb"[+-]?[0-9]+(?:\.[0-9]+)?")
_BARE_POINT: Final = re.compile(rb"[+-]?(?:[0-9]+\.|\.[0-9]+)")
_EXPONENT: Final = re.compile(rb"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]+")
_BASED: Final = re.compile(rb"[+-]?0(?:[xX][0-9a-fA-F.pP+-]+|[oO][0-7]+|[bB][01]+)")
_UNDERSCORES: Final = re.compile(rb"[+-]?[0-9]+(?:_[0-9]+)+(?:\.[0-9]+)?")
_COMMAS: Final = re.compile(rb"[+-]?[0-9]+(?:,[0-9]+)+(?:\.[0-9]+)?")
_WORDS: Final = (b"nan", b"inf", b"infinity")
# b/statsd_spec: integers stand strictly between -2^53 and 2^53.
_EXACT: Final = 2**53
# A double reads back from 17 significant digits (IEEE 754-2019, section 5.12.2); more change nothing.
_DIGITS: Final = 17

# What is no plain number, in the order of telling them apart.
_FORMS: Final = (
    ("ENUM-04", _EXPONENT, "is written with an exponent"),
    ("ENUM-03", _BASED, "is not decimal"),
    ("ENUM-05", _UNDERSCORES, "has an underscore between its digits"),
    ("ENUM-06", _COMMAS, "has a comma among its digits; a decimal point is a point"),
    ("ENUM-11", _BARE_POINT, "has no digit on one side of its point"),
)


def number_fault(text: bytes, type: bytes, offset: int) -> Fault | None:
    """Return what is wrong with the value `text` of a sample of `type`, if anything."""
    if not text:
        return Fault("ELINE-03", "there is no value", offset)
    shown = f"value {_shortened(text)}"
    if text != (bare := text.strip(b" \t")) and (not bare or looks_numeric(bare)):
        return Fault("ENUM-07", f"{shown} has a blank beside it" if bare else "the value is nothing but blanks", offset)
    if not _PLAIN.fullmatch(text):
        return Fault(*_form(text, shown), offset)
    if abs(float(text)) >= _EXACT:
        return Fault("ENUM-09", f"{shown} is not below 2^53 (9007199254740992)", offset)
    digits = text.lstrip(b"+-").replace(b".", b"").strip(b"0")
    if len(digits) > _DIGITS:
        return Fault("ENUM-10", f"{shown} has {len(digits)} digits, of which no double keeps more than 17", offset)
    return _sign(text, type, shown, offset)


def looks_numeric(text: bytes) -> bool:
    """Tell whether `text` was meant as a number, in whatever form."""
    return bool(_PLAIN.fullmatch(text)) or _form(text, "")[0] != "ENUM-01"


def _form(text: bytes, shown: str) -> tuple[str, str]:
    if text.lower().lstrip(b"+-") in _WORDS:
        return "ENUM-02", f"{shown} is no finite number"
    for code, pattern, words in _FORMS:
        if pattern.fullmatch(text):
            return code, f"{shown} {words}"
    return "ENUM-01", f"{shown} is no number"


def _sign(text: bytes, type: bytes, shown: str, offset: int) -> Fault | None:
    if text.startswith(b"+") and type != b"g":
        return Fault("ENUM-08", f"{shown} has a plus, which means something for gauges only", offset)
    negative = text.startswith(b"-") and float(text) < 0
    if type == b"ms" and negative:
        return Fault("ETIMER-01", f"time {text.decode()} is negative", offset)
    if type == b"c" and negative:
        return Fault("ECOUNTER-01", f"counter changes by {text.decode()}", offset)
    if type == b"c" and b"." in text and float(text) % 1:
        return Fault("ECOUNTER-02", f"counter changes by {text.decode()}, which has a fraction", offset)
    return None


def _shortened(text: bytes) -> str:
    return repr(escaped(text if len(text) <= 40 else text[:37] + b"..."))
