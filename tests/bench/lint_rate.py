"""How many datagrams of a capture the linter judges in a second of one core, beside what only reads them."""

import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from statsd_conformance.recording import Endpoint
from statsd_conformance.report.pcapng import udp

# Each is made once and stands many times in the file.
_DISTINCT: Final = 5_000
_LINES: Final = 10
_SOURCES: Final = [Endpoint("192.0.2.1", port) for port in range(40_000, 40_050)]
_TO: Final = Endpoint("192.0.2.2", 8125)
# Scapy is too slow for the whole file: it gets one datagram of so many.
_SCAPY_SHARE: Final = 50
_SCAPY: Final = (
    "from scapy.layers.inet import UDP; from scapy.layers.l2 import Ether; from scapy.utils import {0}\n"
    "for packet in {0}(r'{1}'): packet[UDP].load"
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What a program did with a capture: datagrams in a second of processor time, and its largest size in bytes."""

    program: str
    datagrams_per_second: float
    resident: int


def lint_rates(datagrams: int, repetitions: int = 3) -> Iterator[Judged | str]:
    """Yield the rates of the linter, of tshark and of scapy, the median of so many runs; or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        whole, part = Path(folder, "whole.pcap"), Path(folder, "part.pcap")
        write_capture(whole, datagrams)
        write_capture(part, datagrams // _SCAPY_SHARE)
        command = [sys.executable, "-m", "statsd_conformance", "lint", str(whole)]
        yield _rate("statsd-conformance lint", command, datagrams, repetitions)
        if tshark := shutil.which("tshark"):
            fields = [tshark, "-r", str(whole), "-T", "fields", "-e", "udp.payload"]
            yield _rate("tshark -T fields -e udp.payload", fields, datagrams, repetitions)
        else:
            yield "tshark is not installed"
        for reader in ("PcapReader", "rdpcap"):
            scapy = [sys.executable, "-c", _SCAPY.format(reader, part)]
            try:
                yield _rate(f"scapy's {reader}", scapy, datagrams // _SCAPY_SHARE, repetitions)
            except subprocess.CalledProcessError:
                yield f"scapy's {reader}: scapy is not installed here (pip install scapy)"


def write_capture(path: Path, number: int) -> None:
    """Write a capture of good datagrams of ten lines of all types, on Ethernet, always the same."""
    dice = random.Random(8125)
    frames = [bytes(12) + b"\x08\x00" + udp(dice.choice(_SOURCES), _TO, _payload(dice)) for _ in range(_DISTINCT)]
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1))
        for place in range(number):
            frame = frames[place % _DISTINCT]
            header = struct.pack("<IIII", 1_700_000_000 + place // 1_000_000, place % 1_000_000, len(frame), len(frame))
            file.write(header + frame)


def _payload(dice: random.Random) -> bytes:
    return b"\n".join(_line(dice) for _ in range(_LINES))


def _line(dice: random.Random) -> bytes:
    name = b"app.%b.requests.%d" % (dice.choice([b"web", b"db", b"cache"]), dice.randrange(1000))
    forms: Sequence[Callable[[], bytes]] = [
        lambda: b"1|c",
        lambda: b"1|c|@0.1",
        lambda: b"%d.%03d|ms" % (dice.randrange(2000), dice.randrange(1000)),
        lambda: b"%d|g" % dice.randrange(1_000_000),
        lambda: b"user-%d|s" % dice.randrange(5000),
    ]
    return name + b":" + dice.choice(forms)()


def _rate(program: str, command: Sequence[str], datagrams: int, repetitions: int) -> Judged:
    runs = [_run(command) for _ in range(repetitions)]
    return Judged(program, datagrams / median(seconds for seconds, _ in runs), max(resident for _, resident in runs))


def _run(command: Sequence[str]) -> tuple[float, int]:
    """Return the seconds of processor time of a run, its start among them, and its largest resident size."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    # Linux counts in KiB, macOS in bytes.
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
