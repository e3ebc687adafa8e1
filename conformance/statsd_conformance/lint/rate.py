"""The sample rate of a sample."""

import re
from typing import Final

from statsd_conformance.lint.finding import Fault
from statsd_conformance.printable import escaped

_DECIMAL: Final = re.compile(rb"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_EXPONENT: Final = re.compile(rb"-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]+")
# netdata takes a lower rate for this one.
_LOWEST: Final = 0.001


def rate_fault(field: bytes, offset: int) -> Fault | None:
    """Return what is wrong with `field`, which begins with `@`, if anything."""
    text = field[1:]
    shown = escaped(text[:40])
    if not text:
        return Fault("ERATE-01", "there is no sample rate behind the @", offset)
    if _EXPONENT.fullmatch(text):
        return Fault("ERATE-03", f"sample rate {shown} is written with an exponent", offset)
    if not _DECIMAL.fullmatch(text):
        return Fault("ERATE-01", f"sample rate {shown!r} is no decimal number", offset)
    rate = float(text)
    if not 0 < rate <= 1:
        return Fault("ERATE-02", f"sample rate {shown} is outside (0, 1]", offset)
    if rate < _LOWEST:
        return Fault("ERATE-09", f"sample rate {shown} is below 0.001", offset)
    return None
