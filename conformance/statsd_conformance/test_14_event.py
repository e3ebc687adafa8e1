"""EVENT: events and service checks of DogStatsD.

    _e{<bytes of the title>,<bytes of the text>}:<title>|<text>[|d:…][|h:…][|k:…][|p:…][|s:…][|t:…][|#tags]
    _sc|<name>|<0 to 3>[|d:…][|h:…][|#tags][|m:<message>]

They become no metric, so whether a server read one shows only in its count of rejected samples.
Not tested because no source decides it: where an event goes, and what a server makes of fields that it does not know.
"""

import re
from collections.abc import Sequence
from typing import Final

import pytest

from statsd_conformance.flushed import Flushed, about
from statsd_conformance.requirement import EXT, MUST, ROBUST, requirement
from statsd_conformance.target import Target, assert_rejected, sandwich

_NUMBERS: Final = re.compile(rb"[0-9]+")
# What a name made of such a line begins with; some servers replace the underscore in front.
_NAMED: Final = re.compile(rb"(\A|[^A-Za-z0-9])(e[^A-Za-z]|sc)")
_DATADOG: Final = "Datadog, Datagram Format and Shell Usage"

# Quiet cases run together, and what each adds to the count of rejected samples is told apart by its size: a line of
# EVENT-03 counts one, a line of EVENT-06 ten, and a line of EVENT-05, of which each part may count, a hundred.
_MALFORMED: Final = 1
_NO_STATUS: Final = 10
_WHOLE: Final = 100
_LINES_A_DATAGRAM: Final = 10


def _event(title: bytes, text: bytes, fields: bytes = b"") -> bytes:
    return b"_e{%d,%d}:%b|%b%b" % (len(title), len(text), title, text, fields)


@pytest.mark.parametrize("fields", [b"", b"|k:key|p:low|t:error|#k:v"], ids=["bare", "fields"])
@pytest.mark.parametrize("kind", ["event", "check"])
@requirement("EVENT-01", EXT, MUST, cites="lib/helpers.js:27-56; gostatsd internal/lexer/lexer.go:120-143")
async def test_event_harms_no_neighbour(target: Target, kind: str, fields: bytes) -> None:
    """An event or a service check MUST be rejected by a server that does not read them, and published as a metric by
    none; the lines beside it MUST be processed.
    """
    bucket = target.bucket()
    lines = {"event": _event(bucket, b"text", fields), "check": b"_sc|" + bucket + b"|0" + fields}
    await assert_rejected(target, lines[kind])


# What a server that does not know them may take for a value and a type. A name cannot carry the prefix of a case here,
# so the names that such a server would make of these lines differ, and their numbers, as do the sums of the numbers.
_LIKE_SAMPLES: Final = {
    "counter": b"_e{9,1}:51%07d|c",
    "gauge": b"_e{10,1}:059%07d|g",
    "unknown type": b"_e{11,1}:0067%07d|x",
    "timestamp": b"_e{5,4}:title|text|d:75%07d|h:web",
    "check": b"_sc|name|0|d:83%07d|h:web",
    "message": b"_sc|name|0|m:91%07d|c",
}


@pytest.mark.parametrize("line", _LIKE_SAMPLES.values(), ids=list(_LIKE_SAMPLES))
@requirement("EVENT-02", ROBUST, MUST, cites="stats.js:251-281, where a line is split at each colon")
async def test_event_becomes_no_metric(target: Target, line: bytes) -> None:
    """An event or a service check MUST NOT be turned into a metric, whatever its title, text and fields look like."""
    # Two runs of a case differ, too: a counter of the first may be published again.
    sent = line % (int(target.token[1:], 36) % 1_000_000)
    flushed = await sandwich(target, sent)
    number = int(max(_NUMBERS.findall(sent), key=len))
    made = [path.decode("utf-8", "backslashreplace") for path in _published(flushed, number)]
    assert not made, f"it was published as {made[0]}"


_NOT_EVENTS: Final = (
    b"_e{6,4}:title|text",
    b"_e{4,4}:title|text",
    b"_e{5,5}:title|text",
    b"_e{5,3}:title|text",
    b"_e{0,4}:|text",
    b"_e{5,0}:title|",
    b"_e{5}:title|text",
    b"_e{54}:title|text",
    b"_e{5,4:title|text",
)


@requirement("EVENT-03", EXT, MUST, cites=f"{_DATADOG}, Events; datadog-agent parse_events.go", quiet=True)
async def test_malformed_event_is_rejected(target: Target) -> None:
    """An event MUST be rejected when a length does not fit or is zero, or when the comma between them is missing."""
    target.needs_extension("dogstatsd")
    rejected = await _rejected(target, _NOT_EVENTS, _MALFORMED) % 10
    assert rejected == len(_NOT_EVENTS), f"of {len(_NOT_EVENTS)} malformed events {rejected} were counted as rejected"


@pytest.mark.parametrize(
    "lengths",
    [
        "1,4294967295",
        "4294967296,1",
        "9223372036854775807,1",
        "1,18446744073709551615",
        "-1,1",
        "9" * 400 + ",1",
        "",
    ],
    ids=["32 bits", "33 bits", "63 bits", "64 bits", "negative", "400 digits", "none"],
)
@requirement(
    "EVENT-04",
    ROBUST,
    MUST,
    cites="gostatsd internal/lexer/lexer.go:188-248; telegraf plugins/inputs/statsd/datadog.go:65-71",
    hostile=True,
)
async def test_length_of_any_size_is_survived(target: Target, lengths: str) -> None:
    """Lengths of an event that are huge, wrap, or are none MUST NOT stop the server."""
    await sandwich(target, b"_e{%b}:a|b" % lengths.encode())
    await sandwich(target)


_KNOWN_FIELDS: Final = b"|d:1656581400|h:web|k:key|p:low|s:source|t:error|#k:v"
_GOOD: Final = (
    _event(b"title", b"text"),
    _event(b"title", b"one\\ntwo|three", _KNOWN_FIELDS),
    _event("été".encode(), b"text", b"|c:83c0a99c0a54|e:it-false|card:low"),
    _event(b"title", b"text", _KNOWN_FIELDS + b"|x:unknown"),
    b"_sc|name|0",
    b"_sc|name|3|d:1656581400|h:web|#k:v|c:83c0a99c0a54|m:down",
    b"_sc|name|1|m:down|c:83c0a99c0a54|card:low",
)


@requirement("EVENT-05", EXT, MUST, cites="datadogpy dogstatsd/base.py, event and service_check", quiet=True)
async def test_unknown_field_costs_no_event(target: Target) -> None:
    """Unknown fields behind an event or a service check (`|c:`, `|card:`) MUST NOT invalidate it."""
    target.needs_extension("dogstatsd")
    rejected = await _rejected(target, _GOOD, _WHOLE)
    assert rejected == 0, f"{len(_GOOD)} events and service checks made {rejected} rejected samples"


_NOT_CHECKS: Final = (b"_sc|name|4", b"_sc|name|-1", b"_sc|name|10", b"_sc|name|ok", b"_sc|name|")


@requirement("EVENT-06", EXT, MUST, cites=f"{_DATADOG}, Service checks", quiet=True)
async def test_status_is_between_0_and_3(target: Target) -> None:
    """A service check MUST be rejected when its status is not 0, 1, 2 or 3."""
    target.needs_extension("dogstatsd")
    rejected = await _rejected(target, _NOT_CHECKS, _NO_STATUS) % 10
    assert rejected == len(_NOT_CHECKS), f"of {len(_NOT_CHECKS)} such checks {rejected} were counted as rejected"


def _published(flushed: Flushed, number: int) -> list[bytes]:
    """Return the paths of no case's own that may have been made of an event, and whose value is the number.

    A counter may come in parts, and as a rate, which some divide by the time that has really passed.
    """
    values: dict[bytes, list[float]] = {}
    for line in flushed.lines:
        if _NAMED.search(line.path) and flushed.token[:6] not in line.key:
            values.setdefault(line.path, []).append(line.number or 0)
    wanted = [about(number, 0.01), about(number / flushed.interval, 0.01)]
    return [path for path, found in values.items() if sum(found) in wanted or found[-1] in wanted]


async def _rejected(target: Target, lines: Sequence[bytes], times: int) -> int:
    """Send each line `times` times and return the count of rejected samples, in units of `times`."""
    target.needs_errors()
    for line in lines:
        for at in range(0, times, _LINES_A_DATAGRAM):
            target.send(b"\n".join([line] * min(_LINES_A_DATAGRAM, times - at)))
    flushed = await target.flush()
    return int(flushed.errors() or 0) // times
