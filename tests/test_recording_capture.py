"""Captures of every form: what was sent is read, to the last packet that can be."""

import gzip
import json
import struct
import subprocess
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from captured import (
    LINKS,
    SOURCE,
    SOURCE_6,
    TO,
    TO_6,
    block,
    enhanced,
    fragment4,
    fragments4,
    fragments6,
    interface,
    pcap,
    read_as_far_as_it_goes,
    section,
    simple,
    udp4,
    udp6,
    with_authentication,
    with_extensions,
    with_options,
)
from needed_programs import tool
from statsd_conformance.recording import DamagedRecording, Datagram, Endpoint, NoDatagrams, read_recording
from statsd_conformance.recording.capture import datagrams
from statsd_conformance.recording.pcap import Frame
from statsd_conformance.report.pcapng import Packet, pcapng, stream

_PAYLOADS = [b"a:1|c", b"b:2|g\nc:3|ms\n", b""]


def read(raw: bytes, *ports: int) -> list[Datagram]:
    return list(read_recording(BytesIO(raw), ports=ports))


def payloads(got: list[Datagram]) -> list[bytes]:
    return [datagram.payload for datagram in got]


@pytest.mark.parametrize("name", LINKS)
def test_packets_are_found_behind_the_header_of_each_link_type(name: str) -> None:
    link, frame = LINKS[name]
    got = read(pcap([frame(udp4(b"a:1|c")), frame(udp6(b"b:1|c"))], link))
    assert [(one.payload, one.number, one.source, one.destination) for one in got] == [
        (b"a:1|c", 1, SOURCE, TO),
        (b"b:1|c", 2, SOURCE_6, TO_6),
    ]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_classic_captures_of_both_byte_orders_and_resolutions(order: str, nanoseconds: bool) -> None:
    got = read(pcap([udp4(payload) for payload in _PAYLOADS], order=order, nanoseconds=nanoseconds))
    assert payloads(got) == _PAYLOADS
    assert [one.time for one in got] == [1_700_000_000.0, 1_700_000_001.25, 1_700_000_002.5]


def test_longer_record_headers_of_a_patched_libpcap_are_read() -> None:
    assert payloads(read(pcap([udp4(one) for one in _PAYLOADS], magic=0xA1B2CD34))) == _PAYLOADS


def test_our_own_captures_are_read() -> None:
    raw = pcapng([Packet(udp4(payload), 1_700_000_000.5 + number) for number, payload in enumerate(_PAYLOADS)])
    got = read(raw)
    assert payloads(got) == _PAYLOADS
    assert [one.time for one in got] == [1_700_000_000.5, 1_700_000_001.5, 1_700_000_002.5]


def test_sections_and_interfaces_have_their_own_byte_order_link_type_and_clock() -> None:
    ethernet = LINKS["ethernet"][1]
    raw = (
        section("<")
        + interface("<", 101, resolution=3)
        + interface("<", 1, resolution=0x80 | 4, offset=1000)
        + block("<", 4, b"names to be passed over.")
        + enhanced("<", udp4(b"a:1|c"), 2500)
        + enhanced("<", ethernet(udp4(b"b:1|c")), 40, number=1)
        + section(">")
        + interface(">", 101)
        + enhanced(">", udp4(b"c:1|c"), 7 * 2**32)
    )
    got = read(raw)
    assert payloads(got) == [b"a:1|c", b"b:1|c", b"c:1|c"]
    assert [one.time for one in got] == pytest.approx([2.5, 1002.5, 7 * 2**32 / 1e6])
    assert [one.number for one in got] == [1, 2, 3]


def test_simple_packets_have_no_time() -> None:
    raw = section("<") + interface("<", 101) + simple("<", udp4(b"a:1|c"))
    assert [(one.payload, one.time) for one in read(raw)] == [(b"a:1|c", 0.0)]


def test_simple_packets_may_be_recorded_in_part() -> None:
    frame = udp4(b"a:1|c\nb:123|c\n--")
    assert len(frame) % 4 == 0
    raw = section("<") + interface("<", 101, snap=len(frame) - 1) + simple("<", frame, snap=len(frame) - 1)
    assert read_as_far_as_it_goes(raw)[1].startswith("1 packet recorded only in part")


def test_packet_blocks_of_the_first_draft_are_read() -> None:
    frame = udp4(b"a:1|c---")
    body = struct.pack("<HHIIII", 0, 0, 0, 5_000_000, len(frame), len(frame)) + frame
    assert [(one.payload, one.time) for one in read(section("<") + interface("<", 101) + block("<", 2, body))] == [
        (b"a:1|c---", 5.0)
    ]


@pytest.mark.parametrize(
    ("damaged", "why"),
    [
        (struct.pack("<II", 6, 2**31), "byte 48: a block of 2,147,483,648 bytes, which is no block"),
        (block("<", 5, b"1234")[:-4] + bytes(4), "byte 48: a block with another length at its end"),
        (block("<", 6, struct.pack("<IIIII", 0, 0, 0, 99, 99)), "byte 48: a block of type 6 that cannot be read"),
        (enhanced("<", b"", 0, number=1), "byte 48: a block of type 6 that cannot be read"),
        (section("<")[:8] + bytes(20), "byte 48: a section whose byte order cannot be told"),
    ],
    ids=["length", "length-at-the-end", "packet-longer-than-its-block", "unknown-interface", "byte-order"],
)
def test_blocks_that_cannot_be_are_told(damaged: bytes, why: str) -> None:
    assert read_as_far_as_it_goes(section("<") + interface("<", 101) + damaged)[1] == why


def test_gzip_of_one_or_more_members_is_read() -> None:
    raw = pcap([udp4(payload) for payload in _PAYLOADS])
    packed = gzip.compress(raw[:50]) + gzip.compress(raw[50:])
    assert payloads(read(packed)) == _PAYLOADS


class Dribble:
    """A pipe that gives a byte or two at a time."""

    def __init__(self, raw: bytes) -> None:
        self._file = BytesIO(raw)

    def read(self, size: int) -> bytes:
        """Return a byte or two."""
        return self._file.read(min(size, 2))


def test_pipe_may_give_a_byte_at_a_time() -> None:
    raw = pcap([udp4(payload) for payload in _PAYLOADS])
    assert payloads(list(read_recording(Dribble(raw)))) == _PAYLOADS


def test_headers_may_have_options_and_extensions() -> None:
    raw = pcap([with_options(udp4(b"a:1|c")), with_extensions(udp6(b"b:1|c")), with_authentication(udp6(b"c:1|c"))])
    assert payloads(read(raw)) == [b"a:1|c", b"b:1|c", b"c:1|c"]


@pytest.mark.parametrize(
    "parts",
    [fragments4(udp4(b"a:1|c\n" * 500), 800), fragments6(udp6(b"a:1|c\n" * 500), 800)],
    ids=["ipv4", "ipv6"],
)
@pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 1, 0, 2], [0, 0, 1, 2, 2, 3]], ids=["in-order", "mixed", "twice"])
def test_fragments_are_put_together_in_any_order(parts: list[bytes], order: list[int]) -> None:
    got = read(pcap([parts[place] for place in order]))
    assert [(one.payload, one.number) for one in got] == [(b"a:1|c\n" * 500, len(order))]


def test_datagram_with_a_fragment_missing_is_told_and_harms_no_other() -> None:
    parts = fragments4(udp4(b"a:1|c\n" * 500), 800)
    got, why = read_as_far_as_it_goes(pcap([udp4(b"b:1|c"), *parts[1:], udp4(b"c:1|c")]))
    assert payloads(got) == [b"b:1|c", b"c:1|c"]
    assert why == "1 datagram without all fragments, the first at packet 2"


def test_no_more_than_so_many_unfinished_datagrams_are_held() -> None:
    first = fragments4(udp4(b"x" * 1000), 800, identification=1)
    others = [fragments4(udp4(b"x" * 1000), 800, identification=number)[0] for number in range(2, 400)]
    got, why = read_as_far_as_it_goes(pcap([first[0], *others, first[1], udp4(b"c:1|c")], step=0))
    assert payloads(got) == [b"c:1|c"]
    assert why.startswith("400 datagrams without all fragments")


def test_fragments_of_half_a_minute_ago_belong_to_another_datagram() -> None:
    first, second = fragments4(udp4(b"x" * 1000), 800)
    got, why = read_as_far_as_it_goes(pcap([first, *[udp4(b"c:1|c")] * 30, second]))
    assert len(got) == 30
    assert why.startswith("2 datagrams without all fragments")


def test_fragments_beyond_the_longest_packet_are_passed_over() -> None:
    header = struct.pack("!HHHH", 40000, 8125, 65535, 0)
    pieces = {0: header + b"x" * 32760, 32768: b"x" * 32752, 65520: b"x" * 800}
    parts = [fragment4(piece, offset, more=offset < 65520) for offset, piece in pieces.items()]
    assert read_as_far_as_it_goes(pcap(parts))[0] == []


def test_overlapping_fragments_take_no_memory() -> None:
    def frames() -> Iterator[Frame]:
        for number in range(1, 1500):
            yield 101, 0.0, 0, fragment4(bytes(60000), 8 * number, more=True)

    tracemalloc.start()
    try:
        with pytest.raises(DamagedRecording):
            list(datagrams(frames()))
        assert tracemalloc.get_traced_memory()[1] < 2**21
    finally:
        tracemalloc.stop()


def test_lengths_may_be_left_to_the_network_card() -> None:
    packet = udp4(b"a:1|c")
    without = [packet[:24] + bytes(2) + packet[26:], packet[:2] + bytes(2) + packet[4:24] + bytes(2) + packet[26:]]
    assert payloads(read(pcap(without))) == [b"a:1|c", b"a:1|c"]


def test_packets_recorded_in_part_are_told_and_not_judged() -> None:
    got, why = read_as_far_as_it_goes(pcap([udp4(b"a:1|c"), udp4(b"a:1|c\n" * 50)], snap=96))
    assert payloads(got) == [b"a:1|c"]
    assert why == "1 packet recorded only in part (tcpdump -s 0 records all), the first at packet 2"


def test_headers_recorded_in_part_are_told() -> None:
    got, why = read_as_far_as_it_goes(pcap([udp4(b"a:1|c"), udp4(b"b:1|c")], snap=26))
    assert got == []
    assert why.startswith("2 packets recorded only in part")


def test_fragments_and_segments_recorded_in_part_are_told() -> None:
    parts = fragments4(udp4(b"a:1|c\n" * 500), 800)
    assert read_as_far_as_it_goes(pcap(parts, snap=700))[1].startswith("3 packets recorded only in part")
    sent = [packet for part in stream(SOURCE, TO, [b"a:1|c\n" * 500]) for packet in part]
    assert read_as_far_as_it_goes(pcap(sent, snap=700))[1].startswith("1 packet recorded only in part")


def test_unknown_link_type_is_told() -> None:
    raw = section("<") + interface("<", 101) + interface("<", 105)
    raw += enhanced("<", b"802.11", 0, number=1) + enhanced("<", udp4(b"a:1|c"), 0)
    got, why = read_as_far_as_it_goes(raw)
    assert payloads(got) == [b"a:1|c"]
    assert why == "1 packet of link type 105, which is not read, the first at packet 1"


@pytest.mark.parametrize("form", ["pcap", "pcapng", "gzip"])
def test_capture_that_is_cut_anywhere_is_read_up_to_there(form: str) -> None:
    frames = [udp4(payload) for payload in _PAYLOADS]
    raw = pcapng([Packet(frame, 0.0) for frame in frames]) if form == "pcapng" else pcap(frames)
    whole = gzip.compress(raw) if form == "gzip" else raw
    seen = set()
    for end in range(40, len(whole)):
        got, why = read_as_far_as_it_goes(whole[:end])
        assert payloads(got) == _PAYLOADS[: len(got)]
        seen.add(len(got))
        if not why:
            assert form != "gzip"
    assert {0, 1, 2} <= seen


def test_place_and_reason_of_damage_are_told() -> None:
    raw = pcap([udp4(b"a:1|c"), udp4(b"b:1|c")])
    assert read_as_far_as_it_goes(raw[:-2])[1] == "byte 89: the recording ends inside a packet, with 31 of 33 bytes"
    long = raw[:73] + b"\xff\xff\xff\x7f" * 4
    got, why = read_as_far_as_it_goes(long)
    assert payloads(got) == [b"a:1|c"]
    assert why == "byte 73: a packet of 2,147,483,647 bytes, which is no packet"


def test_only_ports_of_statsd_are_read_unless_others_are_named() -> None:
    others = [udp4(b"x", to=Endpoint("192.0.2.8", port)) for port in (53, 8126, 9125)]
    raw = pcap([udp4(b"a:1|c"), *others])
    assert [one.number for one in read(raw)] == [1, 3]
    assert [one.number for one in read(raw, 9125, 53)] == [2, 4]


def test_capture_without_statsd_says_where_its_traffic_went() -> None:
    raw = pcap([udp4(b"a:1|c", to=Endpoint("192.0.2.8", 9125))])
    with pytest.raises(NoDatagrams) as other:
        read(raw)
    assert str(other.value) == "nothing in it went to port 8125 or 8126, but 1 packet to port 9125: --port 9125"
    with pytest.raises(NoDatagrams) as none:
        read(pcap([]))
    assert str(none.value) == "nothing in it went to port 8125 or 8126, or to any other"


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture with one of each kind of packet, which another program has to read alike."""
    ethernet = LINKS["ethernet"][1]
    packets = [
        udp4(b"a:1|c"),
        udp4(b"b:1|c\n" * 200),
        *reversed(fragments4(udp4(b"c:1|c\n" * 500), 1000, identification=5)),
        with_options(udp4(b"d:1|c")),
        udp6(b"e:1|c"),
        with_extensions(udp6(b"f:1|c")),
        *fragments6(udp6(b"g:1|c\n" * 500), 1000, identification=6),
    ]
    frames = [ethernet(packet) for packet in packets]
    frames += [LINKS[name][1](udp4(b"h:1|c")) for name in ("ethernet-vlan", "ethernet-two-vlans", "ethernet-padded")]
    file = tmp_path_factory.mktemp("captures") / "varied.pcap"
    file.write_bytes(pcap(frames, link=1))
    return file


def by_tshark(file: Path) -> list[tuple[int, float, str, int, bytes]]:
    [program] = tool("tshark")
    fields = ["frame.number", "frame.time_epoch", "udp.srcport", "udp.dstport", "udp.payload", "ip.src", "ipv6.src"]
    command = [program, "-r", str(file), "-Y", "udp", "-T", "json", *(f"-e{field}" for field in fields)]
    done = subprocess.run([*command, "-d", "udp.port==8125,data"], check=True, capture_output=True, timeout=120)
    rows = [packet["_source"]["layers"] for packet in json.loads(done.stdout)]
    return [
        (
            int(row["frame.number"][0]),
            float(row["frame.time_epoch"][0]),
            (row.get("ip.src") or row["ipv6.src"])[0],
            int(row["udp.srcport"][0]),
            bytes.fromhex(row["udp.payload"][0].replace(":", "")),
        )
        for row in rows
    ]


def by_us(file: Path) -> list[tuple[int, float, str, int, bytes]]:
    return [(one.number, one.time, one.source.host, one.source.port, one.payload) for one in read_recording(file)]


# editcap and tcpdump write the same packets in forms of their own; tshark starts slowly.
@pytest.mark.parametrize("form", ["pcap", "nsecpcap", "pcapng", "tcpdump"])
def test_tshark_reads_the_same(varied: Path, form: str, tmp_path: Path) -> None:
    file = tmp_path / form
    if form == "tcpdump":
        subprocess.run([*tool("tcpdump"), "-r", varied, "-w", file], check=True, capture_output=True, timeout=120)
    else:
        subprocess.run([*tool("editcap"), "-F", form, varied, file], check=True, capture_output=True, timeout=120)
    ours = by_us(file)
    assert len(ours) == 10
    assert by_tshark(file) == ours
