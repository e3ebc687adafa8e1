"""Any bytes of a file are datagrams, or a reason why not: no more bytes than the file has, and all can be judged."""

from contextlib import suppress
from io import BytesIO

from statsd_fuzz._driver import fuzz, instrumented

with instrumented(__name__):
    from statsd_conformance.lint import Settings, lint
    from statsd_conformance.recording import DamagedRecording, Datagram, read_recording
    from statsd_conformance.recording.source import GZIP_MAGIC

SEEDS = ("recordings", "traffic")


def check(data: bytes) -> None:
    """Read bytes as a recording, to its end or to where it is damaged, and judge what was read."""
    datagrams: list[Datagram] = []
    with suppress(DamagedRecording):
        for datagram in read_recording(BytesIO(data)):
            datagrams.append(datagram)
    numbers = [datagram.number for datagram in datagrams]
    assert all(number > 0 for number in numbers), numbers
    if not data.startswith(GZIP_MAGIC):
        # A text may lack its last LF.
        assert sum(len(datagram.payload) for datagram in datagrams) <= len(data) + 1
    for finding in lint(datagrams, Settings()):
        assert finding.number in numbers, finding


if __name__ == "__main__":
    fuzz(check, SEEDS, longest=4096)
