"""The scapy layer shows and crafts any datagram, and loses no byte of one."""

import subprocess
import sys
from doctest import DocTestParser
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scapy.config import conf
from scapy.layers.inet import IP, UDP
from scapy.packet import Raw, fuzz

from statsd_conformance.scapy_layer import (
    StatsD,
    StatsDLine,
    StatsDOther,
    StatsDRate,
    StatsDSample,
    StatsDTag,
    StatsDTags,
)

README: Final = Path(__file__).parents[1] / "conformance" / "README.md"
# Dense in what the layer cuts at, so that arbitrary bytes have parts.
PIECES = (b"\n", b"\r", b":", b"|", b"|#", b"|@", b",", b"|c:", b"a", b"1", b"\xff", b"_e{1,1}")
ANY_BYTES = st.one_of(st.binary(), st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join))


@pytest.fixture(autouse=True, scope="module")
def _no_fault_is_hidden() -> Any:
    """Let scapy raise what goes wrong while it dissects, where it would show raw bytes."""
    before, conf.debug_dissector = conf.debug_dissector, True
    yield
    conf.debug_dissector = before


def built_anew(packet: Any) -> bytes:
    """Return what the fields alone build, without the bytes that scapy keeps from dissecting."""
    packet.clear_cache()
    return bytes(packet)


@given(ANY_BYTES)
@example(b"")
@example(b"\n")
@example(b"|")
@example(b"a:1|c|#,|@")
def test_any_bytes_are_built_again_from_their_fields(raw: bytes) -> None:
    assert built_anew(StatsD(raw)) == raw


@given(ANY_BYTES)
@example(b"a:1|c:2|c")
def test_a_packet_written_as_the_command_that_makes_it_makes_it_again(raw: bytes) -> None:
    # What `command()` prints is Python; it is how scapy's users copy a packet.
    command: str = StatsD(raw).command()
    assert bytes(eval(command)) == raw


def test_lines_samples_rates_and_tags_are_fields() -> None:
    shown = StatsD(b"a.b:1|c|@0.5|#env:prod,on\nu:320|ms|c:in-5|#x\n")
    first, second = shown.lines
    assert (first.bucket, second.bucket, shown.end) == (b"a.b", b"u", b"\n")
    assert [(sample.value, sample.type) for sample in first.samples] == [(b"1", b"c")]
    rate, tags = first.samples[0].extensions
    assert rate.rate == b"0.5"
    assert [(tag.key, tag.value) for tag in tags.tags] == [(b"env", b"prod"), (b"on", None)]
    assert second.samples[0].extensions[0].text == b"c:in-5"


@pytest.mark.parametrize(
    ("line", "samples"),
    [
        (b"a", []),
        (b"a:", [b""]),
        (b"a:1|c:2|g", [b"1|c", b"2|g"]),
        (b"a:1|c|@0.1:2|c", [b"1|c|@0.1", b"2|c"]),
        (b"a:1:2:3|ms", [b"1", b"2", b"3|ms"]),
        (b"a:1|c|#k:v|@1:2|c", [b"1|c|#k:v|@1", b"2|c"]),
        (b"a:1|c|e:it-false,cn-x|T5", [b"1|c|e:it-false,cn-x|T5"]),
    ],
)
def test_samples_of_a_line_are_parted_by_colons_outside_of_tags(line: bytes, samples: list[bytes]) -> None:
    assert [bytes(sample) for sample in StatsD(line).lines[0].samples] == samples


def test_text_and_numbers_are_taken_for_the_bytes_that_spell_them() -> None:
    tags = StatsDTags(tags=[StatsDTag(key="env", value="prod"), StatsDTag(key="new")])
    sample = StatsDSample(value=7, type="ms", extensions=[StatsDRate(rate=0.1), tags, StatsDOther(text="T5")])
    line = StatsDLine(bucket="gorets", samples=[sample])
    assert bytes(StatsD(lines=[line, line])) == b"\n".join([b"gorets:7|ms|@0.1|#env:prod,new|T5"] * 2)


def test_what_is_not_given_is_a_plain_counter() -> None:
    assert bytes(StatsD()) == b"gorets:1|c"


@pytest.mark.parametrize("port", [8125, 8126])
def test_datagrams_to_the_ports_of_statsd_are_dissected(port: int) -> None:
    packet = IP(bytes(IP() / UDP(dport=port) / Raw(b"a:1|c")))
    assert packet[StatsD].lines[0].bucket == b"a"


def test_datagrams_to_other_ports_are_not_dissected() -> None:
    assert StatsD not in IP(bytes(IP() / UDP(sport=9, dport=8124) / Raw(b"a:1|c")))


def test_a_crafted_datagram_goes_to_the_port_of_statsd() -> None:
    assert (UDP() / StatsD()).dport == 8125


def test_a_summary_shows_the_first_line() -> None:
    assert [StatsD(raw).summary() for raw in (b"a:1|c", b"a:1|c\nb:1|c")] == [
        "StatsD 'a:1|c'",
        "StatsD 'a:1|c' and 1 more",
    ]
    assert StatsD(b"").summary() == "StatsD ''"


def test_fuzz_draws_what_was_not_given_and_keeps_what_was() -> None:
    fuzzed = fuzz(StatsD(lines=[StatsDLine(bucket="kept", samples=[StatsDSample(type="g")])]))
    drawn = {bytes(fuzzed) for _ in range(50)}
    assert len(drawn) > 5
    assert all(one.startswith(b"kept:") and b"|g" in one for one in drawn)


def test_fuzz_draws_buckets_values_and_types_of_a_plain_packet() -> None:
    drawn = [StatsD(bytes(fuzz(StatsD()))) for _ in range(200)]
    values = {bytes(line.samples[-1]) for one in drawn for line in one.lines if line.samples}
    assert {b"1e309", b"nan"} <= {value.partition(b"|")[0] for value in values}
    assert {b"ms", b"kv"} <= {value.partition(b"|")[2] for value in values}
    assert bytes(StatsD()) == b"gorets:1|c"


def test_the_example_of_the_documentation_is_true_in_the_shell_of_scapy() -> None:
    chapter = README.read_text("utf-8").partition("## Packets in scapy")[2].partition("\n## ")[0]
    examples = DocTestParser().get_examples(chapter)
    # -H keeps scapy from greeting; the shell ends where what is typed does.
    typed = "".join(example.source for example in examples)
    shell = subprocess.run(
        [sys.executable, "-m", "scapy", "-H"], input=typed, capture_output=True, text=True, timeout=60
    )
    wanted = [example.want.strip() for example in examples if example.want]
    assert wanted
    assert [want for want in wanted if want not in shell.stdout] == [], shell.stdout + shell.stderr
