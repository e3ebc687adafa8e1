"""Whatever bytes a recording has: datagrams, or a reason, in bounded memory, and never an error of another kind."""

import gzip
from contextlib import suppress
from io import BytesIO

from hypothesis import example, given
from hypothesis import strategies as st

from captured import LINKS, enhanced, fragments4, fragments6, interface, pcap, section, simple, udp4, udp6
from statsd_conformance.lint import DIALECTS, Settings, lint
from statsd_conformance.recording import DamagedRecording, Datagram, read_recording
from statsd_conformance.recording.pcap import MAGICS
from test_recording_streams import segment

_PACKETS = [
    udp4(b"a:1|c\nb:-2|g\n"),
    *fragments4(udp4(b"c:1|ms|@0.1\n" * 9), 48),
    *fragments6(udp6(b"d:1|s\n" * 20), 48),
    segment(b"", 9, 2),
    segment(b"e:1|", 10),
    segment(b"c\nf:1", 14, 1),
]
_FRAMES = [LINKS["ethernet"][1](packet) for packet in _PACKETS]
_NG = section("<") + interface("<", 1, 9, 7) + b"".join(enhanced("<", frame, 5) for frame in _FRAMES)
_GOOD = [
    pcap(_FRAMES, 1),
    pcap(_PACKETS, 101, ">", nanoseconds=True),
    _NG + section(">") + interface(">", 101) + simple(">", _PACKETS[0]),
    gzip.compress(pcap(_FRAMES, 1)),
    b"a:1|c\nb:2|g|@0.1\nc:-3|g\n",
]


def survives(raw: bytes) -> None:
    """Read and judge a recording to its end, in every dialect that has a grammar of its own."""
    for dialect in ("etsy", "dogstatsd", "signalfx"):
        with suppress(DamagedRecording):
            for finding in lint(read_recording(BytesIO(raw)), Settings(dialect)):
                assert finding.message.isprintable()


@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    survives(raw)


@given(st.sampled_from([*MAGICS, b"\x0a\x0d\x0d\x0a", b"\x1f\x8b\x08\x00"]), st.binary(max_size=500))
@example(b"\x0a\x0d\x0d\x0a", b"\x1c\0\0\0\x4d\x3c\x2b\x1a" + bytes(16))
def test_any_bytes_behind_a_magic_are_read_or_refused(magic: bytes, raw: bytes) -> None:
    survives(magic + raw)


@given(st.sampled_from(_GOOD), st.data())
def test_good_recordings_survive_damage(good: bytes, data: st.DataObject) -> None:
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(damaged)))
        removed = data.draw(st.sampled_from([0, 1, 4, 40]))
        damaged[place : place + removed] = data.draw(st.binary(max_size=6))
    survives(bytes(damaged))


@given(st.sampled_from(sorted({link for link, _ in LINKS.values()})), st.lists(st.binary(max_size=120), max_size=5))
def test_any_bytes_in_a_frame_are_passed_over(link: int, frames: list[bytes]) -> None:
    survives(pcap(frames, link))


@given(st.lists(st.binary(max_size=60), max_size=5), st.sampled_from(sorted(DIALECTS)), st.booleans())
def test_any_bytes_in_a_datagram_are_judged(payloads: list[bytes], dialect: str, stream: bool) -> None:
    datagrams = [Datagram(payload, number, stream=stream) for number, payload in enumerate(payloads, 1)]
    everything = frozenset(["E"])
    for finding in lint(datagrams, Settings(dialect, 50, everything)):
        assert finding.number <= len(payloads)
        assert finding.message.isprintable()
