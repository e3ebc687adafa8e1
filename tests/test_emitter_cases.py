"""Each requirement on emitters holds of a right emitter, and is broken by one that does only that wrong."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chapters import all_cases
from statsd_conformance.catalogue import emitter_entries
from statsd_conformance.emitters.emission import Emission
from statsd_conformance.emitters.judged import judged
from statsd_conformance.emitters.requirement import EMITTER_CASES, EMITTER_REQUIREMENTS, emitter_requirement
from statsd_conformance.evidence import describe
from statsd_conformance.lint import RULES, Rule, Settings
from statsd_conformance.recording import Datagram, Endpoint
from statsd_conformance.requirement import CORE, MUST, Requirement
from statsd_conformance.verdict import Outcome, Verdict
from statsd_reference.emitter import load_emitter_profile

SNAPSHOT, BATCH = load_emitter_profile("snapshot"), load_emitter_profile("batch")
HERE = Endpoint("127.0.0.1", 40000)


def requirement(id: str) -> Requirement:
    (entry,) = [one for one in emitter_entries() if one.id == id]
    assert isinstance(entry, Requirement)
    return entry


def sent(*payloads: bytes, apart: float = 0.0, stream: bool = False) -> tuple[Datagram, ...]:
    """Return datagrams from one socket, each `apart` seconds behind the one before."""
    return tuple(
        Datagram(payload, number, 1000.0 + apart * number, HERE, stream=stream)
        for number, payload in enumerate(payloads, 1)
    )


def outcome(id: str, emission: Emission) -> Outcome:
    return judged(requirement(id), emission, "again")


def snapshot(*values: int, module: bytes = b"kvs", start: bytes = b"") -> bytes:
    """Return the lines of a snapshot; `start` stands before its third, fifth and seventh name."""
    values = (*values, *[0] * (8 - len(values)))
    lines = [
        b"flux.%b.0.%b:%d|g" % (module, name.encode(), value)
        for name, value in zip(SNAPSHOT.counters, values, strict=True)
    ]
    return b"\n".join((start if place in (2, 4, 6) else b"") + line for place, line in enumerate(lines))


def line(counter: str, value: int) -> bytes:
    return b"flux.0.kvs.%b:%d|C" % (counter.encode(), value)


RIGHT = Emission(sent(snapshot(1), snapshot(1, 2), snapshot(3, 2), snapshot(1, module=b"cron")), profile=SNAPSHOT)
RIGHT_BATCH = Emission(
    sent(line("event_tx", 1), b"\n".join([line("event_tx", 2), line("event_rx", 1)]), line("event_tx", 5), apart=1.0),
    profile=BATCH,
)
NAME = b"flux.kvs.0.request_tx"
LEVEL = replace(RIGHT_BATCH, profile=replace(BATCH, type="g"))
LEVEL_SET = b"flux.0.kvs.event_tx:0|g\nflux.0.kvs.event_tx:-5|g"

LONG = b"\n".join(b"long.%d:1|c" % number for number in range(100))


def over_narrow(narrow: Sequence[bytes], *wide: bytes) -> Emission:
    """Return what an emitter sends that sends something else where packets have 576 bytes at most."""
    there = Emission(sent(*narrow))
    to_udp = tuple(replace(one, destination=HERE) for one in sent(*wide))
    return Emission(to_udp, over_narrow=lambda: there)


WRONG: Sequence[tuple[str, str, Emission, str]] = (
    (
        "a blank",
        "EPROFILE-01",
        replace(RIGHT, datagrams=sent(snapshot(1, start=b"  "))),
        "byte 52: the line   flux.kvs.0.response_tx:0|g begins with a blank",
    ),
    (
        "a tab",
        "EPROFILE-01",
        replace(RIGHT, datagrams=sent(snapshot(1, start=b"\t"))),
        r"byte 52: the line \tflux.kvs.0.response_tx:0|g begins with a blank",
    ),
    (
        "another name",
        "EPROFILE-01",
        replace(RIGHT, datagrams=sent(b"flux.kvs.0.control_tx:1|g")),
        "the line flux.kvs.0.control_tx:1|g is none",
    ),
    (
        "another type",
        "EPROFILE-01",
        replace(RIGHT, datagrams=sent(NAME + b":1|c")),
        "is none that the profile declares",
    ),
    (
        "a fraction",
        "EPROFILE-01",
        replace(RIGHT, datagrams=sent(NAME + b":1.0|g")),
        "is none that the profile declares",
    ),
    (
        "residue",
        "EPROFILE-01",
        replace(RIGHT_BATCH, datagrams=sent(b"flux.0.now:1|C" + line("event_tx", 2))),
        "is none that",
    ),
    (
        "five of eight",
        "EPROFILE-02",
        replace(RIGHT, datagrams=sent(snapshot(1), b"\n".join(snapshot(2).split(b"\n")[:5]))),
        "datagram 2: flux.kvs.0.* lacks event_rx, keepalive_tx, keepalive_rx: 5 of 8 came",
    ),
    (
        "twice",
        "EPROFILE-02",
        replace(RIGHT, datagrams=sent(snapshot(1) + b"\n" + NAME + b":1|g")),
        "request_tx comes twice",
    ),
    (
        "order",
        "EPROFILE-03",
        replace(RIGHT, datagrams=sent(b"\n".join(reversed(snapshot(1).split(b"\n"))))),
        "keepalive_tx comes behind keepalive_rx",
    ),
    (
        "two modules",
        "EPROFILE-04",
        replace(RIGHT, datagrams=sent(snapshot(1) + b"\n" + snapshot(1, module=b"cron"))),
        "there are 2 snapshots in it",
    ),
    (
        "long datagram",
        "EPROFILE-05",
        replace(RIGHT, profile=replace(SNAPSHOT, max_payload=200)),
        "byte 200: 209 bytes, and 200 are allowed",
    ),
    (
        "long line",
        "EPROFILE-05",
        replace(RIGHT_BATCH, profile=replace(BATCH, max_line=20)),
        "byte 20: a line of 23 bytes, and 20 are allowed",
    ),
    ("LF at the end", "EPROFILE-06", replace(RIGHT, datagrams=sent(snapshot(1) + b"\n")), "it ends in LF"),
    (
        "no LF at the end",
        "EPROFILE-06",
        replace(RIGHT, profile=replace(SNAPSHOT, newline_at_end=True)),
        "it does not end in LF",
    ),
    (
        "repeat",
        "EPROFILE-07",
        replace(RIGHT, datagrams=sent(snapshot(1), snapshot(1, module=b"cron"), snapshot(1))),
        "datagram 3, byte 0: it says what was sent last",
    ),
    (
        "repeated line",
        "EPROFILE-07",
        replace(RIGHT_BATCH, datagrams=sent(line("event_tx", 1), line("event_rx", 1), line("event_tx", 1))),
        "datagram 3, byte 0: it says what was sent last",
    ),
    (
        "zeros",
        "EPROFILE-08",
        replace(RIGHT, datagrams=sent(snapshot(0), snapshot(1))),
        "datagram 1: the first one of flux.kvs.0.* has no counter above 0",
    ),
    (
        "fall",
        "EPROFILE-09",
        replace(RIGHT, datagrams=sent(snapshot(5, 5), snapshot(4, 6))),
        "request_tx fell from 5 while request_rx rose",
    ),
    (
        "sockets",
        "EPROFILE-10",
        replace(
            RIGHT,
            datagrams=(
                *sent(snapshot(1)),
                replace(sent(snapshot(2))[0], number=2, source=Endpoint("127.0.0.1", 40001)),
            ),
        ),
        "datagram 2: it comes from port 40001, the first one from 40000",
    ),
    (
        "two lines",
        "EPROFILE-11",
        replace(RIGHT_BATCH, datagrams=sent(line("event_tx", 1), line("event_tx", 2))),
        "event_tx was sent in this period already",
    ),
    (
        "hurry",
        "EPROFILE-12",
        replace(RIGHT_BATCH, datagrams=sent(*(line("event_tx", value) for value in range(1, 6)), apart=0.3)),
        "datagram 3: 0.300 s behind the burst before, and the period is 1 s",
    ),
    (
        "early split",
        "EPROFILE-13",
        replace(
            RIGHT_BATCH,
            datagrams=sent(line("event_tx", 1), line("event_rx", 2)),
            profile=replace(BATCH, max_payload=47),
        ),
        "event_rx had fitted into the datagram before, which had 47 bytes then",
    ),
    (
        "lost",
        "EFLUSH-01",
        Emission(sent(b"a:2|c"), meant=(b"a:3|c", b"b:1|c|#x:y")),
        "a was to come as a count of 3, and came as a count of 2; b with tags x:y was to come as a count of 1",
    ),
    (
        "lost times",
        "EFLUSH-01",
        Emission(sent(b"t:1|ms"), meant=(b"t:1|ms", b"t:1|ms")),
        "t was to come as 2 times of 1, 1 ms, and came as 1 times of 1 ms",
    ),
    (
        "lost member",
        "EFLUSH-01",
        Emission(sent(b"s:a|s"), meant=(b"s:a|s", b"s:b|s")),
        "s was to come as members a, b, and came as members a",
    ),
    (
        "more",
        "EFLUSH-02",
        Emission(sent(b"a:1|c", b"a:1|c"), meant=(b"a:1|c",)),
        "a was to come as a count of 1, and came as a count of 2",
    ),
    (
        "more times",
        "EFLUSH-02",
        Emission(sent(b"t:1|ms", b"t:2|ms"), meant=(b"t:1|ms",)),
        "t was to come as 1 times of 1 ms, and came as 2 times of 1, 2 ms",
    ),
    (
        "another time",
        "EFLUSH-02",
        Emission(sent(b"t:2|ms"), meant=(b"t:1|ms",)),
        "t was to come as 1 times of 1 ms, and came as 1 times of 2 ms",
    ),
    (
        "another level",
        "EFLUSH-02",
        Emission(sent(b"g:-5|g"), meant=(b"g:5|g",)),
        "g was to come as a gauge at 5, and came as a gauge at -5",
    ),
    (
        "ends at a datagram that is too long",
        "EMTU-01",
        over_narrow((b"a:1|c",), b"a:1|c", LONG, b"b:1|c"),
        "shorter ones are lost: 1 of 2 names, b",
    ),
    (
        "loses a datagram that is too long",
        "EMTU-02",
        over_narrow((b"a:1|c",), b"a:1|c", LONG),
        "of datagrams of more than 548 bytes is lost: 100 of 100 names, long.0,",
    ),
)


@pytest.mark.parametrize(("id", "emission", "said"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_wrong_emitter_breaks_the_requirement(id: str, emission: Emission, said: str) -> None:
    found = outcome(id, emission)
    assert found.verdict is (Verdict.FAIL if requirement(id).level is MUST else Verdict.NON_STRICT)
    assert said in found.note


HOLDS = [
    *((id, RIGHT) for id in sorted({row[1] for row in WRONG}) if id.startswith("EPROFILE") and id < "EPROFILE-11"),
    *((id, RIGHT_BATCH) for id in ("EPROFILE-01", "EPROFILE-05", "EPROFILE-06", "EPROFILE-07", "EPROFILE-10")),
    *((id, RIGHT_BATCH) for id in ("EPROFILE-11", "EPROFILE-12", "EPROFILE-13")),
    *((id, Emission(sent(b"a:1|c|@0.1\ns:x|s"), meant=(b"a:10|c", b"s:x|s"))) for id in ("EFLUSH-01", "EFLUSH-02")),
    *((id, over_narrow((b"a:1|c", LONG), b"a:1|c", LONG)) for id in ("EMTU-01", "EMTU-02")),
    # A negative gauge behind its zero is one value.
    ("EPROFILE-11", replace(LEVEL, datagrams=sent(LEVEL_SET))),
    # Two modules are two batches.
    ("EPROFILE-13", replace(RIGHT_BATCH, datagrams=sent(line("event_tx", 1), b"flux.0.cron.event_tx:1|C"))),
    # All counters begin anew when they are cleared.
    ("EPROFILE-09", replace(RIGHT, datagrams=sent(snapshot(5, 5), snapshot(0, 0), snapshot(1, 0)))),
    # What a name begins with matters, and so does what an aggregator would clean.
    ("EPROFILE-01", replace(RIGHT, datagrams=sent(snapshot(-1, module=b"job-exec")))),
]  # fmt: skip


@pytest.mark.parametrize(("id", "emission"), HOLDS)
def test_right_emitter_keeps_the_requirement(id: str, emission: Emission) -> None:
    assert outcome(id, emission).verdict is Verdict.PASS


UNSUPPORTED: Sequence[tuple[str, Emission, str]] = (
    ("EPROFILE-01", Emission(sent(b"a:1|c")), "nobody said what it has to send: --emitter-profile"),
    ("EPROFILE-02", RIGHT_BATCH, "its profile batch has the gate 'metric', not 'snapshot'"),
    ("EPROFILE-07", replace(RIGHT, profile=replace(SNAPSHOT, type="c")), "has equal lines sent again"),
    ("EPROFILE-09", replace(RIGHT, profile=replace(SNAPSHOT, type="c")), "sends what was added"),
    ("EPROFILE-10", replace(RIGHT, datagrams=(Datagram(snapshot(1), 1),)), "where its datagrams came from is not"),
    ("EPROFILE-11", replace(RIGHT_BATCH, datagrams=(Datagram(line("event_tx", 1), 1),)), "when its datagrams came"),
    ("EPROFILE-12", replace(RIGHT_BATCH, profile=replace(BATCH, trigger="immediate")), "the trigger 'immediate'"),
    ("EFLUSH-01", Emission(sent(b"a:1|c")), "it does not tell what it means to send"),
    ("EGAUGE-01", Emission(sent(b"a:1|c")), "it sent no gauge"),
    ("ESET-02", Emission(sent(b"a:1|c")), "it sent no set"),
    ("ETIMER-01", Emission(sent(b"a:1|c")), "it sent no timer"),
    ("ETAG-03", Emission(sent(b"a:1|c")), "it sent no tag"),
    ("EEVENT-02", Emission(sent(b"a:1|c")), "it sent no event or service check"),
    ("ERATE-02", Emission(sent(b"a:1|c")), "it sent no sample rate"),
    ("ELINE-01", Emission(sent(b"")), "it sent no line"),
    ("EFRAMING-08", Emission(sent(b"a:1|c")), "it sent no stream"),
    ("ECOUNTER-01", Emission(sent(b"a:1|c")), "holds only where it is asked for"),
)


@pytest.mark.parametrize(("id", "emission", "why"), UNSUPPORTED)
def test_what_was_not_sent_is_not_judged(id: str, emission: Emission, why: str) -> None:
    found = outcome(id, emission)
    assert found.verdict is Verdict.UNSUPPORTED
    assert why in found.note


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.default], ids=lambda rule: rule.code)
def test_each_rule_is_a_requirement_that_its_examples_keep_and_break(rule: Rule) -> None:
    settings = Settings(rule.dialect)
    end = [b""] if rule.stream else []
    good = Emission(sent(*rule.good, *end, stream=rule.stream), settings)
    bad = Emission(sent(*rule.bad, *end, stream=rule.stream), settings)
    assert outcome(rule.code, good).verdict in (Verdict.PASS, Verdict.UNSUPPORTED)
    assert outcome(rule.code, bad).verdict is (Verdict.FAIL if rule.level is MUST else Verdict.NON_STRICT)


def test_evidence_shows_what_was_captured_and_the_byte_to_blame() -> None:
    found = outcome("ERATE-02", Emission(sent(b"a:1|c", b"b:2|c\nc:3|c|@0", apart=0.5)))
    assert describe(requirement("ERATE-02"), found, None).splitlines()[2:] == [
        "verdict:  FAIL: datagram 2, byte 12: sample rate 0 is outside (0, 1]",
        "captured: datagram 2, 0.500 s after the first one, 14 bytes",
        r"              0  b:2|c\n",
        "              6  c:3|c|@0",
        "                       ^ byte 12: sample rate 0 is outside (0, 1]",
        "again:    again",
    ]


def test_evidence_of_a_stream_shows_the_line_wherever_its_pieces_end() -> None:
    found = outcome("ERATE-02", Emission(sent(b"a:1|c\nb:2|", b"c|@0\n", stream=True)))
    assert found.trace is not None
    assert found.trace.datagrams == [b"b:2|c|@0"]


@pytest.mark.parametrize("id", ["EPROFILE-07", "EPROFILE-08", "EPROFILE-13", "EFLUSH-01", "EFLUSH-02"])
def test_nothing_is_blamed_for_what_may_have_been_lost(id: str) -> None:
    (emission,) = [row[2] for row in WRONG if row[1] == id][:1]
    found = outcome(id, replace(emission, lost="the kernel dropped 3 datagrams"))
    assert (found.verdict, found.note) == (Verdict.INCONCLUSIVE, "the kernel dropped 3 datagrams")


def test_what_holds_of_a_part_is_not_said_to_hold() -> None:
    found = outcome("ERATE-02", Emission(sent(b"a:1|c|@0.5"), lost="the recording is damaged"))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.note == "it holds of what came, but the recording is damaged"


def test_ids_of_emitters_are_their_own() -> None:
    aggregators = {case.requirement.id for case in all_cases()}
    emitter_entries()
    assert EMITTER_CASES.keys() <= EMITTER_REQUIREMENTS.keys()
    assert not aggregators & EMITTER_REQUIREMENTS.keys()
    assert all(id.startswith("E") for id in EMITTER_REQUIREMENTS)


def test_an_id_has_one_case_with_a_sentence() -> None:
    emitter_entries()
    with pytest.raises(ValueError, match="EFLUSH-01 has two cases"):

        @emitter_requirement("EFLUSH-01", CORE, MUST, cites="")
        def again(emission: Emission) -> None:
            """Once MUST be enough."""

    with pytest.raises(ValueError, match="the case of EFLUSH-99 has no sentence"):

        @emitter_requirement("EFLUSH-99", CORE, MUST, cites="")
        def mute(emission: Emission) -> None:
            pass


def test_every_requirement_is_broken_by_some_emitter() -> None:
    assert {row[1] for row in WRONG} | RULES.keys() == EMITTER_CASES.keys()
