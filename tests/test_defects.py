"""Every planted defect shows itself, and the cases find all that they could."""

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from chapters import all_cases
from defects import DEFECTS, EMITTER_DEFECTS, Defect, EmitterDefect
from defects.__main__ import summary, table
from defects.emitters import RIGHT as RIGHT_EMITTER
from defects.emitting import EmitterFinding, all_emitter_findings, broken_by
from defects.findings import Finding, all_findings
from statsd_conformance.flushed import Flushed
from statsd_conformance.target import Crashed, InProcess
from statsd_reference import Options, Server, make_server
from statsd_reference.stream import Stream
from trials import PROFILE

FLUSH = None
SIX_BAD = (b"bad",) * 6

# What makes each defect show: datagrams and flushes in order. Another flush follows at the end.
TRIGGERS: dict[str, tuple[bytes | None, ...]] = {
    "A01": (b"a:1|c",),
    "A02": (b"a:1|c\nb:2|c",),
    "A03": (b"junk\na:1|c\n",),
    "A04": (b"my.stats.are.bad\n", b"a:1|c\n"),
    "A06": (*SIX_BAD, b"a:1|c"),
    "A08": (b"a:1|c\n\nb:1|c\n",),
    "A17": (b"a:1|c\x00\nb:5|g\n",),
    "A21": (b"a:1", b"0|c\n"),
    "A25": (b"a:1|c",),
    "A26": (b"a:1|c", b"b:1|c"),
    "A27": (b"a:1|c\nb:1|c\n",),
    "A32": (b":1|c\n",),
    "B01": (b"\n".join(b"name.of.some.%02d:1|c" % number for number in range(40)),),
    "B03": (b"a:1|c\n" + b"p" * (8995 - 6) + b"\nz:12345|c",),
    "B04": (b"\n".join(b"a%05d:1|c" % number for number in range(450)),),
    "B26": (b"n" * 200 + b"a:1|c\n" + b"n" * 200 + b"b:1|c",),
    "C01": (b"a:1|c", FLUSH),
    "C04": tuple(b"a%d:1|c" % number for number in range(700)),
    "C06": (b"a:1|c",),
    "C10": (b"a:1|c|@0",),
    "C15": (b"!!!:2|c",),
    "C35": tuple(b"t:%d|ms" % number for number in range(3)),
    "C38": (b"g:16777217|g", b"k:123456789|c"),
    "C42": (b"a:0.0000001|g",),
    "C44": (b"a b:1|c",),
    "C51": (b"g:1|g", FLUSH),
    "C59": (b"g:0|g",),
    "D02": (b"a:1|c|@1e-1",),
    "D05": (b"a:3|c|@0.3",),
    "D06": (b"a:1|c|@0.1\nb:1|c\n",),
    "D13": (b"a:-1|c",),
    "D18": (b"a:0|c",),
    "D22": (b"a:1|c|@0.3",),
    "D26": (b"a:100|g|@0.1",),
    "D35": (b"a:1|c|@0.1",),
    "E06": (b"g:10|g", b"g:+5|g"),
    "E07": (b"g:1|g\ng:2|g",),
    "E09": (b"g:1|g\ng:2|g",),
    "E13": (b"g:1.5|g",),
    "E16": (b"g:7|g", b"g:xyz|g"),
    "E20": (b"X:1|g\nx:2|c",),
    "I06": (b"a:1abc|c",),
    "I11": (b"a: |c",),
    "I12": (b"a:3|x",),
    "I14": (b"a:1_0|c",),
    "J02": (b"constructor:1|ms",),
    "J14": (b"a:-1|c",),
    "J19": (b"a:1|c", b"a:1|g"),
    "J23": (b"a:1|",),
    "F01": (b"t:1|ms\nt:3|ms",),
    "F02": (b"t:5|ms|@0.1",),
    "F06": (b"t:10|ms",),
    "F09": (b"t:-1|ms",),
    "F10": (b"t:-0.5|ms",),
    "F13": (b"t:1500|ms",),
    "F18": (b"t:10|ms|@0.1",),
    "G01": tuple(b"u:%d|s" % (number % 50) for number in range(100)),
    "G03": (b"u:a|s", b"u:a|s"),
    "G04": (b"u:alice|s",),
    "G10": (b"u:a|s", b"u:a#b|s"),
    "G14": (b"u:a|s", FLUSH, b"u:b|s"),
    "H06": (b"a:1|c|#x:1\na:1|c|#x:2",),
    "H16": (b"a:1|c|#k:v|@0.1",),
    "H25": (b"a:1|c|#b:1,a:2", b"a:1|c|#a:2,b:1"),
}

RIGHT = make_server(Options(flush_interval=1000))

# A trigger of chunks of a stream, and not of datagrams.
STREAMED = ("A21",)

# A defect that shows only under options that the others do not have.
UNDER = {"H25": make_server(Options(flush_interval=1000, extensions=("dogstatsd",)))}


def chunked(server: Server, chunks: tuple[bytes | None, ...]) -> Iterator[bytes]:
    """Yield what the server takes from a stream that comes in these chunks."""
    stream = Stream()
    for chunk in chunks:
        cut = server.cut(stream, chunk or b"", server.options.max_line)
        stream = cut.stream
        yield cut.lines


async def published(server: Server, steps: Iterable[bytes | None]) -> list[str]:
    """Return the Graphite lines of all flushes, or what the server stopped with."""
    target = InProcess(server, PROFILE)
    flushes: list[Flushed] = []
    try:
        for step in (*steps, FLUSH):
            if step is FLUSH:
                flushes.append(await target.flush())
            else:
                target.send(step)
    except Crashed as crash:
        return [str(crash)]
    return [str(line) for flushed in flushes for line in flushed.lines]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.id)
def test_planted_defect_shows_itself(defect: Defect) -> None:
    right = UNDER.get(defect.id, RIGHT)
    wrong, trigger = defect.plant(right), TRIGGERS[defect.id]
    if defect.id in STREAMED:
        assert list(chunked(wrong, trigger)) != list(chunked(right, trigger))
    else:
        assert asyncio.run(published(wrong, trigger)) != asyncio.run(published(right, trigger))


# C01 needs an interval in which nobody sends anything, and over the wire there is nearly always a fence. A fence that
# does not come back is sent again, until A25 has its sixteen datagrams: the case is late and INCONCLUSIVE, not wrong.
BY_CHANCE = ("A25", "C01")

on_one_worker = pytest.mark.xdist_group("planted defects")


@pytest.fixture(scope="module")
def findings() -> dict[str, Finding]:
    return {finding.defect.id: finding for finding in asyncio.run(all_findings())}


@on_one_worker
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.id)
def test_defect_is_found(defect: Defect, findings: dict[str, Finding]) -> None:
    assert findings[defect.id].by_id


@on_one_worker
@pytest.mark.parametrize("defect", [one for one in DEFECTS if one.id not in BY_CHANCE], ids=lambda defect: defect.id)
def test_defect_is_found_over_the_wire(defect: Defect, findings: dict[str, Finding]) -> None:
    assert findings[defect.id].by_wire


# The requirement that each mistake of an emitter is about.
OF_EMITTERS = {
    "A37": "EFRAMING-03",
    "B10": "ESIZE-01",
    "B11": "EPROFILE-13",
    "B13": "ESIZE-01",
    "B15": "EFRAMING-01",
    "B20": "EFRAMING-05",
    "B30": "EFLUSH-01",
    "D36": "ERATE-04",
    "E01": "EGAUGE-01",
    "E04": "EGAUGE-02",
    "K16": "EFLUSH-01",
    "L03": "ESET-02",
}


# Each of them is a program that is started twice.
@pytest.fixture(scope="module")
def emitter_findings() -> dict[str, EmitterFinding]:
    return {finding.defect.id: finding for finding in all_emitter_findings(EMITTER_DEFECTS)}


def test_right_emitter_breaks_nothing() -> None:
    assert broken_by(RIGHT_EMITTER) == []


@pytest.mark.parametrize("defect", EMITTER_DEFECTS, ids=lambda defect: defect.id)
def test_defect_of_an_emitter_is_found_by_the_requirement_that_it_breaks(defect: EmitterDefect) -> None:
    assert OF_EMITTERS[defect.id] in broken_by(defect.plant(RIGHT_EMITTER))


@on_one_worker
@pytest.mark.parametrize("defect", EMITTER_DEFECTS, ids=lambda defect: defect.id)
def test_defect_of_an_emitter_is_found_in_what_its_program_sends(
    defect: EmitterDefect, emitter_findings: dict[str, EmitterFinding]
) -> None:
    assert OF_EMITTERS[defect.id] in emitter_findings[defect.id].by_wire


@on_one_worker
def test_readme_tells_the_share_of_today(
    findings: dict[str, Finding], emitter_findings: dict[str, EmitterFinding]
) -> None:
    readme = Path(__file__).parent.parent / "README.md"
    assert f"Today: {summary([*findings.values(), *emitter_findings.values()])[0]}." in readme.read_text(
        encoding="utf-8"
    )


def test_table_and_closing_lines_tell_what_was_missed(capsys: pytest.CaptureFixture[str]) -> None:
    cases = list({case.requirement.id: case for case in all_cases()}.values())[:6]
    one, two, three = DEFECTS[0], DEFECTS[1], DEFECTS[2]
    told: list[Finding | EmitterFinding] = [
        Finding(one, cases, cases),
        Finding(two, [], []),
        Finding(three, cases[:1], []),
    ]
    Console(width=200).print(table(told))
    rows = [" ".join(row.split()) for row in capsys.readouterr().out.splitlines()]
    assert rows[1].startswith("A01 A line without LF behind it is thrown away, although the end of the datagram")
    assert rows[1].endswith("FRAMING-01 FRAMING-02 FRAMING-03 FRAMING-04 and 2 more found")
    assert rows[2].endswith("missed")
    assert rows[3].endswith("FRAMING-01 missed")
    assert summary(told) == [
        "found 2 of 3 planted",
        "missed: A02",
        "found in process only: A03",
    ]
