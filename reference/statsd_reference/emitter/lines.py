"""Names and values to lines, and what is refused of them. A line is whole or it is not made."""

from dataclasses import dataclass
from typing import Final

from statsd_reference.emitter.profile import PART, PATH, EmitterProfile

# Bytes of what 64 bits hold, with a sign, and of what 32 bits hold without: no counter has more, and no rank.
MAX_VALUE: Final = 20
_MAX_RANK: Final = 10
# Milliseconds that no time takes: written out they have as many digits as a value may.
_FOREVER: Final = 1e19
# Up to here Python writes a number to measure it; it refuses to for one of thousands of digits.
_SHORT: Final = 2**99


class NameRefused(ValueError):
    """A name that an aggregator would read otherwise than it was meant; the message shows it and what is allowed."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that is not sent.

    Attributes:
        what: the line, value or datagram.
        reason: why.
        length: of what is too long, in bytes; 0 where length is not the reason.
        limit: what it may be.
    """

    what: str
    reason: str
    length: int = 0
    limit: int = 0

    def __str__(self) -> str:
        return f"{self.what} {self.reason}"


def too_long(what: str, length: int, limit: int) -> Refused:
    """Return the refusal of something of `length` bytes where `limit` are allowed."""
    return Refused(what, f"is {length} bytes long, and {limit} are allowed", length, limit)


def around_counter(profile: EmitterProfile, module: str, rank: int) -> tuple[bytes, bytes]:
    """Return what stands in the name of a module's line before and behind the counter.

    Raises:
        NameRefused: the module has a separator, white space or another character that aggregators change, or the rank
            is none.
    """
    if not PART.fullmatch(module):
        raise NameRefused(f"module name {_shown(module)} has other characters than letters, digits, '_' and '-'")
    if rank < 0:
        raise NameRefused(f"rank {rank} is below 0")
    if (length := _length(rank)) > _MAX_RANK:
        raise NameRefused(str(too_long("the rank", length, _MAX_RANK)))
    filled = profile.template.replace("{module}", module).replace("{rank}", str(rank))
    before, _, behind = filled.partition("{counter}")
    return before.encode(), behind.encode()


def checked_path(path: str) -> bytes:
    """Return a name that may have several parts, joined by dots.

    Raises:
        NameRefused: it has a separator, white space, an empty part or another character that aggregators change.
    """
    if not PATH.fullmatch(path):
        raise NameRefused(f"name {_shown(path)} is not made of letters, digits, '_' and '-', joined by single dots")
    return path.encode()


def gauge_or_count(name: bytes, value: int, profile: EmitterProfile, letter: str) -> bytes | Refused:
    """Return the line that says `value` of `name`, or two, where a gauge below 0 needs one with 0 before it (GAUGE-04).

    What is too long, by itself or for a datagram, and what the profile does not want, is refused.
    """
    if (length := _length(value)) > MAX_VALUE:
        return too_long(f"the value of {_shown(name.decode())}", length, MAX_VALUE)
    line = b"%s:%d|%s" % (name, value, letter.encode())
    if letter == "g" and value < 0 and profile.sign == "refuse":
        reason = f"is {value}, which a gauge would take for a difference"
        return Refused(f"the value of {_shown(name.decode())}", reason)
    if letter == "g" and value < 0 and profile.sign == "zero-first":
        line = b"%s:0|g\n%s" % (name, line)
    return _fitting(line, profile)


def timing_line(name: bytes, milliseconds: float, profile: EmitterProfile) -> bytes | Refused:
    """Return the line of one timing, with at most six digits behind the point and no exponent; or its refusal."""
    # Neither NaN nor an infinite time is one, and aggregators do not agree on those below 0.
    if not 0 <= milliseconds < _FOREVER:
        return Refused(f"the time of {_shown(name.decode())}", f"is {milliseconds}, and not 0 or above and finite")
    digits = f"{milliseconds:.6f}".rstrip("0").rstrip(".")
    return _fitting(b"%s:%s|ms" % (name, digits.encode()), profile)


def _fitting(lines: bytes, profile: EmitterProfile) -> bytes | Refused:
    """Return lines that belong together, unless one is too long, or all of them are for a datagram."""
    name = lines.partition(b":")[0].decode()
    longest = max(map(len, lines.split(b"\n")))
    if profile.max_line and longest > profile.max_line:
        return too_long(f"the line of {_shown(name)}", longest, profile.max_line)
    whole = len(lines) + profile.newline_at_end
    if whole > profile.max_payload:
        return too_long(f"the line of {_shown(name)}", whole, profile.max_payload)
    return lines


def _shown(text: str) -> str:
    """Return `text` in quotes, with escapes for what is not ASCII, and only its beginning where it is long."""
    return ascii(text) if len(text) <= 60 else f"{text[:60]!a}… ({len(text)} characters)"


def _length(value: int) -> int:
    """Return how many bytes a number takes; where it is of many digits, give or take one."""
    if abs(value) < _SHORT:
        return len(str(value))
    return int(abs(value).bit_length() * 0.30103) + 1 + (value < 0)
