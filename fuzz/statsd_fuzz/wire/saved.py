"""A finding as files: its scenario, a capture, a shell line that shows it again, and a case for pytest."""

from pathlib import Path
from typing import Final

from statsd_conformance.evidence import paced_line, streamed_line
from statsd_conformance.recording.datagram import Endpoint
from statsd_conformance.report.pcapng import Packet, pcapng, stream, udp
from statsd_fuzz.wire.batch import cut
from statsd_fuzz.wire.case import case_of
from statsd_fuzz.wire.finding import Finding
from statsd_fuzz.wire.scenario import STREAMED, as_file

# Of packets that nobody recorded the time, which only says how far they are apart: the first second of 2000.
_BEGIN: Final = 946_684_800.0
_SOURCE: Final = Endpoint("127.0.0.1", 40000)
# Bytes of one argument, as Linux has it.
_LONGEST_ARGUMENT: Final = 131_072
# Where those who read a capture look for lines, whatever port a target was started at.
_PORT: Final = 8125


def saved(finding: Finding, folder: Path) -> Path:
    """Write a finding into a folder, under its name; return the file of the scenario, which a corpus takes.

    That is `NAME`, or `NAME.over-tcp` where its lines went so; beside it are `NAME.pcapng`, `NAME.sh` and
    `test_NAME.py`.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = place_of(finding, folder)
    path.write_bytes(as_file(finding.scenario))
    path.with_name(f"{finding.name}.pcapng").write_bytes(capture_of(finding))
    script = path.with_name(f"{finding.name}.sh")
    script.write_text(
        f"#!/bin/sh\n# {finding.fault.sentence}\n"
        f"# To another place: statsd-conformance replay {finding.name}.pcapng --target HOST:PORT\n"
        f"{_shortened(shell_line_of(finding), finding)}\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    case = path.with_name(f"test_{finding.name.replace('-', '_')}.py")
    case.write_text(case_of(finding), encoding="utf-8")
    return path


def _shortened(line: str, finding: Finding) -> str:
    """Return what does the same as a line where that is too long for a command."""
    address = finding.origin.address
    if len(line) < _LONGEST_ARGUMENT or not address.port:
        return line
    to = f"{'tcp' if finding.streamed else 'udp'}://{address.host}:{address.port}"
    return f'exec statsd-conformance replay "$(dirname "$0")/{finding.name}.pcapng" --target {to}'


def saved_or_why_not(finding: Finding, folder: Path) -> Path | OSError:
    """Save a finding; return where, or what kept it from being saved: it is told all the same."""
    try:
        return saved(finding, folder)
    except OSError as error:
        return error


def place_of(finding: Finding, folder: Path) -> Path:
    """Return where in a folder the scenario of a finding is saved."""
    return folder / (f"{finding.name}.{STREAMED}" if finding.streamed else finding.name)


def shell_line_of(finding: Finding) -> str:
    """Return a command line for a POSIX shell that sends the target the same once more."""
    origin = finding.origin
    if finding.streamed:
        return streamed_line([list(cut(one)) for one in finding.segments], origin.address, origin.interval)
    return paced_line(finding.scenario.intervals, origin.address, origin.interval)


def capture_of(finding: Finding) -> bytes:
    """Return a capture of the datagrams, or of the connection, as far apart as the intervals of the target are."""
    to = Endpoint("127.0.0.1", _PORT)
    if finding.streamed:
        shaken, *sent = stream(_SOURCE, to, finding.segments)
        return pcapng(
            [Packet(one, _BEGIN) for one in shaken]
            + [
                Packet(one, _BEGIN + number * finding.origin.interval, f"{finding.name}: {place}")
                for number, some in enumerate(sent)
                for place, one in enumerate(some, start=1)
            ]
        )
    return pcapng(
        [
            Packet(udp(_SOURCE, to, one), _BEGIN + number * finding.origin.interval, f"{finding.name}: {place}")
            for number, some in enumerate(finding.scenario.intervals)
            for place, one in enumerate(some, start=1)
        ]
    )
