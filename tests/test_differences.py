r"""The places where the reference differs from the original on purpose, both sides shown.

Each row of DIFFERENCES runs in an original of its own. `original` and `reference` are the lines that only that side
publishes, without their time; `original` is None where the process dies. reference/README.md holds the same rows as a
table; when that test fails, it shows the table as it should be.

Rates equal counts here, because the interval is one second, and counts are not published. Left out on both sides is the
number of series, and a count of no bad lines.
"""

import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from original import OF_THE_PROCESS, Died, original
from statsd_reference import make_server, read_options
from statsd_reference.encode import PICKLE_POINTS, write_pickle

Program = Callable[[str], tuple[str, ...]]
Lines = frozenset[bytes]

README = Path(__file__).parents[1] / "reference/README.md"
BASE = {"flushInterval": 1000, "flush_counts": False, "percentThreshold": []}
BAD = b"stats.statsd.bad_lines_seen 1"
TOP = {"percentThreshold": -90, "calculatedTimerMetrics": ["sum_percent", "mean_percent"]}


@dataclass(frozen=True)
class Difference:
    """One place, as one datagram and what either side makes of it."""

    requirement: str
    what: str
    sent: bytes
    original: tuple[bytes, ...] | None
    reference: tuple[bytes, ...] = (BAD,)
    options: Mapping[str, Any] = field(default_factory=dict)

    def row(self) -> str:
        """Return the row of the table in the README, which shows nobody how to stop an original."""
        shown = {name: value for name, value in self.options.items() if name != "calculatedTimerMetrics"}
        options = "".join(f" with `{name} = {json.dumps(value)}`" for name, value in shown.items())
        theirs = ("—", "does not meet it") if self.original is None else (_shown([self.sent]), _shown(self.original))
        cells = (self.requirement, self.what, theirs[0] + options, theirs[1], _shown(self.reference))
        return f"| {' | '.join(cells)} |"


def _shown(lines: Sequence[bytes]) -> str:
    texts = ["a bad line" if line == BAD else f"`{_escaped(line)}`" for line in lines]
    return ", ".join(texts) or "nothing"


def _escaped(line: bytes) -> str:
    text = repr(line)[2:-1].replace("|", "\\|")
    return text if len(text) < 60 else f"{text[:30]}…{text[-8:]}"


# Only one statistic of a timer, so that a row stays short; no row names this option.
BRIEF = {"calculatedTimerMetrics": ["lower"]}

DIFFERENCES = [
    # Where the original is wrong by any reading: it ends, or publishes what is no number.
    Difference("RATE-05", "A rate of 0", b"a:1|c|@0", (b"stats.a Infinity",)),
    Difference("RATE-05", "A rate without an inverse", b"a:1|c|@0." + b"0" * 310 + b"1", (b"stats.a Infinity",)),
    Difference("RATE-10", "A rate beyond a double", b"a:1|c|@" + b"9" * 400, (b"stats.a 0",)),
    Difference("RATE-10", "A rate in hexadecimal", b"a:1|c|@0x1", (b"stats.a Infinity",)),
    Difference("RATE-10", "A rate with a sign", b"a:1|c|@+0.5", None),
    Difference("RATE-10", "A rate with a blank before it", b"a:1|ms|@ 0.5", None),
    Difference("RATE-10", "A blank for a rate", b"a:x|s|@ ", None),
    Difference("RATE-10", "An infinite rate", b"a:1|g|@Infinity", None),
    Difference(
        "LINE-17",
        "A timer named like a property of JavaScript objects",
        b"constructor:1|ms",
        None,
        (b"stats.timers.constructor.lower 1",),
        BRIEF,
    ),
    Difference("LINE-17", "Such a set", b"toString:x|s", None, (b"stats.sets.toString.count 1",)),
    Difference("LINE-17", "Such a counter", b"valueOf:1|c", (b"stats.valueOf NaN",), (b"stats.valueOf 1",)),
    Difference(
        "LINE-17",
        "Such a gauge",
        b"toString:+1|g",
        (b"stats.gauges.toString function toString() { [native code] }1",),
        (b"stats.gauges.toString 1",),
    ),
    Difference("LINE-17", "The name `__proto__`", b"__proto__:1|c", (), (b"stats.__proto__ 1",)),
    Difference(
        "SET-09", "The member `__proto__`", b"a:__proto__|s", (b"stats.sets.a.count 0",), (b"stats.sets.a.count 1",)
    ),
    Difference(
        "TIMER-16",
        "A top percentile of every value",
        b"a:1|ms\na:2|ms",
        (b"stats.timers.a.mean_top90 NaN", b"stats.timers.a.sum_top90 NaN"),
        (b"stats.timers.a.mean_top90 1.5", b"stats.timers.a.sum_top90 3"),
        TOP,
    ),
    Difference(
        "COUNTER-11",
        "A counter that overflows",
        b"a:1e308|c\na:1e308|c",
        (b"stats.a Infinity",),
        (b"stats.a 1e+308", BAD),
    ),
    Difference(
        "GAUGE-13",
        "A gauge that overflows",
        b"a:1e308|g\na:+1e308|g",
        (b"stats.gauges.a Infinity",),
        (b"stats.gauges.a 1e+308", BAD),
    ),
    Difference(
        "TIMER-20",
        "Statistics of a timer that overflow",
        b"a:1e200|ms",
        (b"stats.timers.a.sum_squares Infinity",),
        (),
        {"calculatedTimerMetrics": ["lower", "sum_squares"]},
    ),
    Difference("NUM-06", "An infinite value", b"a:Infinity|g", (b"stats.gauges.a Infinity",)),
    Difference("NUM-06", "A value beyond a double", b"a:1e400|c", (b"stats.a Infinity",)),
    # Where the original misreads a line.
    Difference("RATE-09", "A rate with an exponent", b"a:3|c|@1e-1", (b"stats.a 3",), (b"stats.a 30",)),
    Difference("RATE-14", "A rate too small for a double", b"a:1|c|@1e-400", (b"stats.a 1",)),
    Difference("NUM-08", "A blank for a value", b"a: |c", (b"stats.a 0",)),
    Difference("LINE-05", "An empty type", b"a:7|", (b"stats.a 7",)),
    Difference("LINE-08", "An unknown type", b"a:7|x", (b"stats.a 7",)),
    Difference("LINE-09", "A type that begins like a known one", b"a:7|cc", (b"stats.a 7",)),
    Difference("LINE-10", "A type in capitals", b"a:7|MS", (b"stats.a 7",)),
    Difference("TIMER-13", "The type `h` without its switch", b"a:7|h", (b"stats.a 7",)),
    Difference("TIMER-14", "The type `d` without its switch", b"a:7|d", (b"stats.a 7",)),
    Difference("OTHER-01", "The type `m` without its switch", b"a:7|m", (b"stats.a 7",)),
    Difference("OTHER-02", "The type `C` without its switch", b"a:7|C", (b"stats.a 7",)),
    Difference("OTHER-03", "The type `kv` without its switch", b"a:7|kv", (b"stats.a 7",)),
    Difference("LINE-06", "An empty name", b":1|c", (b"stats. 1",)),
    Difference("NAME-09", "A name of which clean-up leaves nothing", b"***:1|c", (b"stats. 1",)),
    Difference("NAME-09", "Tags without a name", b";t=v:1|c", (b"stats.;t=v 1",)),
    Difference(
        "NAME-09",
        "A raw name of which the flush leaves nothing",
        b"***:1|c",
        (b"stats. 1",),
        options={"keyNameSanitize": False},
    ),
    Difference(
        "FRAMING-05", "Several samples without a name: one bad line", b":x|c:y|c", (b"stats.statsd.bad_lines_seen 2",)
    ),
    Difference("FRAMING-08", "A set whose line ends in CR LF", b"a:x|s\r\n", (BAD,), (b"stats.sets.a.count 1",)),
    Difference("FRAMING-10", "A line that a bare CR joins to another", b"a:1|c\rb:2|c", (b"stats.a 3",)),
    Difference("FRAMING-12", "A NUL behind the type", b"a:5|g\0", (b"stats.a 5",), (b"stats.gauges.a 5",)),
    Difference(
        "TIMER-11", "A negative time whose type has a blank", b"a:-5|ms ", (b"stats.timers.a.lower -5",), options=BRIEF
    ),
    Difference(
        "SET-02",
        "Members that are not UTF-8",
        b"a:\xff|s\na:\xfe|s",
        (b"stats.sets.a.count 1",),
        (b"stats.sets.a.count 2",),
    ),
    Difference("EVENT-02", "An event of DogStatsD that looks like a sample", b"_e{1,1}:5|c", (b"stats._e11 5",)),
    Difference("EVENT-02", "A service check that looks like one", b"_sc|a|0|m:1|c", (b"stats._sca0m 1",)),
    # Tags, and names with them.
    Difference("TAG-03", "A rate behind the tags", b"a:1|c|#k:v|@0.5", (b"stats.a;k=v0.5 1",), (b"stats.a;k=v 2",)),
    Difference(
        "TAG-11", "A container id behind the tags", b"a:1|c|#k:v|c:x", (b"stats.a;k=vcx 1",), (b"stats.a;k=v 1",)
    ),
    Difference("TAG-12", "A time behind the tags", b"a:1|c|#k:v|T1", (b"stats.a;k=vT1 1",), (b"stats.a;k=v 1",)),
    Difference("TAG-10", "Several `;` in a tag", b"a:1|c|#k:v;w;x", (b"stats.a;k=v_w;x 1",), (b"stats.a;k=v_w_x 1",)),
    Difference(
        "TAG-10", "Raw tags", b"a:1|c|#k:v w", (b"stats.a;k=v w 1",), (b"stats.a;k=v_w 1",), {"keyNameSanitize": False}
    ),
]


def published(text: bytes) -> Lines:
    """Return Graphite lines without their time and without what the two cannot have in common."""
    lines = (line.rpartition(b" ")[0] for line in text.splitlines() if not OF_THE_PROCESS.search(line))
    return frozenset(
        line for line in lines if not line.startswith(b"statsd.numStats") and line != BAD.replace(b"1", b"0")
    )


def by_original(program: Program, difference: Difference) -> Lines | None:
    """Return what the original publishes; None where it ends."""
    with original(program("statsd"), {**BASE, **difference.options}) as running:
        running.send(difference.sent)
        with suppress(Died):
            return published(running.flush())
    return None


def by_reference(difference: Difference) -> Lines:
    server = make_server(read_options({**BASE, **difference.options}))
    window = server.accumulate(server.first_window(), server.read(difference.sent))
    return published(b"".join(map(server.write, server.points(server.flush(window, 1000)[0]))))


def undisputed(difference: Difference) -> Lines:
    """Return what the reference publishes beside what `difference` is about: what it received."""
    return by_reference(difference) - set(difference.reference)


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda one: f"{one.requirement}-{one.what}")
def test_the_reference_differs_where_the_original_is_wrong(program: Program, difference: Difference) -> None:
    theirs, ours = by_original(program, difference), by_reference(difference)
    if theirs is None:
        assert difference.original is None
        theirs = undisputed(difference)
        assert all(line.startswith(b"stats.statsd.") for line in theirs)
    else:
        assert theirs - ours == frozenset(difference.original or ())
    assert ours - theirs == frozenset(difference.reference)


def test_the_table_in_the_readme_has_these_rows() -> None:
    table = "\n".join(difference.row() for difference in DIFFERENCES)
    assert table in README.read_text(encoding="utf-8"), f"\n{table}\n"


def test_the_original_takes_names_without_end_and_the_reference_has_a_limit(program: Program) -> None:
    names = Difference("", "", b"\n".join(b"a%d:1|g" % number for number in range(9)), None, options={"maxNames": 5})
    theirs, ours = by_original(program, names), by_reference(names)
    assert theirs is not None
    assert theirs - ours == {b"stats.gauges.a%d 1" % number for number in range(2, 9)}
    assert ours - theirs == {b"stats.statsd.names_refused 7"}


def test_an_empty_suffix_ends_a_path_in_a_dot_in_the_original_alone(program: Program) -> None:
    suffixed = Difference("", "", b"a:1|g", None, options={"graphite": {"globalSuffix": ""}})
    assert b"stats.gauges.a. 1" in (by_original(program, suffixed) or ())
    assert b"stats.gauges.a 1" in by_reference(suffixed)


def test_the_original_pickles_a_flush_at_once_as_text_and_the_reference_in_parts_as_numbers(program: Program) -> None:
    names = [b"a%d:1.5|g" % number for number in range(PICKLE_POINTS)]
    with original(program("statsd"), {**BASE, "graphiteProtocol": "pickle"}) as running:
        running.send(b"\n".join(names))
        message = running.flush()
    assert int.from_bytes(message[:4]) == len(message) - 4
    theirs = {path: value for path, (_, value) in pickle.loads(message[4:])}
    assert len(theirs) > PICKLE_POINTS
    assert theirs["stats.gauges.a0"] == "1.5"
    server = make_server(read_options(BASE))
    window = server.accumulate(server.first_window(), server.read(b"\n".join(names)))
    points = list(server.points(server.flush(window, 1000)[0]))
    ours = {path: value for path, (_, value) in pickle.loads(write_pickle(points[:PICKLE_POINTS])[4:])}
    assert len(ours) == PICKLE_POINTS
    assert ours["stats.gauges.a0"] == 1.5
