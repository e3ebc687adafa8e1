"""How fast a capture is sent again, beside tcpreplay and scapy's own sender, over loopback and a pair of veth devices.

What receives is a bound socket that nobody reads, so that the sender alone is measured.
"""

import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from load import counters

from statsd_conformance.address import Address
from statsd_conformance.recording import Endpoint, read_recording
from statsd_conformance.replay import Plan, Player, Receiver, Sockets
from statsd_conformance.report.pcapng import udp

NUMBER: Final = 100_000
REPLAY: Final = "statsd-conformance replay"
_BY_SCAPY: Final = 2_000
# Networks for benchmarks, RFC 2544.
_HERE, _THERE = "198.18.0.1", "198.18.0.2"
_PORT: Final = 8125
_LINES: Final = 4
_BIND: Final = (
    "import socket, sys; bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
    f"bound.bind(('{_THERE}', {_PORT})); print(flush=True); sys.stdin.read()"
)


@dataclass(frozen=True, slots=True)
class Sent:
    """The datagrams a second that a sender reached on a way, or why there are none."""

    way: str
    sender: str
    rate: float = 0.0
    problem: str = ""


def replay_rates() -> list[Sent]:
    """Measure all senders on both ways, on the same datagrams of four counters."""
    payloads = [b"\n".join(one.split(b"\n")[:_LINES]) for one in islice(counters(), NUMBER)]
    with TemporaryDirectory() as directory:
        capture = Path(directory) / "traffic.pcap"
        _write(capture, payloads, bytes(6))
        results = [_plain(payloads), _replay(capture, "loopback")]
        return results + _over_veth(capture, payloads)


def _plain(payloads: list[bytes]) -> Sent:
    with _bound() as address, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outgoing:
        outgoing.connect((address.host, address.port))
        transmit = outgoing.send
        begun = time.perf_counter()
        for payload in payloads:
            transmit(payload)
        return Sent("loopback", "a plain socket", len(payloads) / (time.perf_counter() - begun))


@contextmanager
def _bound() -> Iterator[Address]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield Address("udp", "127.0.0.1", bound.getsockname()[1])


def _replay(capture: Path, way: str, address: Address | None = None) -> Sent:
    with ExitStack() as stack:
        address = address or stack.enter_context(_bound())
        sockets = stack.enter_context(Sockets(address))
        reading = ("", partial(read_recording, str(capture)))
        # The queue is not watched: nobody reads it, and a replay waits for that.
        receiver = Receiver(address, time, lambda port: None)
        played = Player([reading], Plan(), sockets, receiver).play()
        return Sent(way, REPLAY, played.sent / played.seconds)


def _over_veth(capture: Path, payloads: list[bytes]) -> list[Sent]:
    if os.getuid() or not shutil.which("ip"):
        return [Sent("veth", "all", problem="needs root, and ip of iproute2")]
    try:
        with _veth() as (device, hardware):
            _write(capture, payloads, hardware)
            return [
                _replay(capture, "veth", Address("udp", _THERE, _PORT)),
                _tcpreplay(capture, device),
                _scapy(capture),
            ]
    except subprocess.CalledProcessError as error:
        # A container's root may make no namespace.
        return [Sent("veth", "all", problem=error.stderr.strip().rpartition("\n")[2])]


@contextmanager
def _veth() -> Iterator[tuple[str, bytes]]:
    """Give a device whose other end is in another network namespace, with a bound socket, and that end's address."""
    name, device = f"statsd-bench-{os.getpid()}", f"sb{os.getpid()}"
    inside = ("ip", "netns", "exec", name)
    _run("ip", "netns", "add", name)
    try:
        _run("ip", "link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name)
        _run("ip", "address", "add", f"{_HERE}/24", "dev", device)
        _run("ip", "link", "set", device, "up")
        _run(*inside, "ip", "address", "add", f"{_THERE}/24", "dev", "eth0")
        _run(*inside, "ip", "link", "set", "eth0", "up")
        hardware = bytes.fromhex(_run(*inside, "cat", "/sys/class/net/eth0/address").strip().replace(":", ""))
        pipe = subprocess.PIPE
        with subprocess.Popen([*inside, sys.executable, "-c", _BIND], stdin=pipe, stdout=pipe) as binding:
            assert binding.stdin
            assert binding.stdout
            binding.stdout.readline()
            yield device, hardware
            binding.stdin.close()
    finally:
        # The pair of devices goes with it.
        _run("ip", "netns", "delete", name)


def _tcpreplay(capture: Path, device: str) -> Sent:
    if not shutil.which("tcpreplay"):
        return Sent("veth", "tcpreplay --topspeed", problem="not installed: apt-get install tcpreplay")
    told = _run("tcpreplay", "--topspeed", "--preload-pcap", "--intf1", device, str(capture))
    found = re.search(r"([\d.]+) pps", told)
    return Sent("veth", "tcpreplay --topspeed", float(found[1]) if found else 0.0)


def _scapy(capture: Path) -> Sent:
    script = Path(__file__).with_name("scapy_sender.py")
    seconds = float(_run(sys.executable, str(script), _THERE, str(capture), str(_BY_SCAPY)))
    return Sent("veth", "scapy's send()", _BY_SCAPY / seconds)


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _write(capture: Path, payloads: list[bytes], hardware: bytes) -> None:
    """Write a capture of Ethernet, from 20 sources that take turns, to the far end of the pair."""
    sources = [Endpoint(_HERE, 40_000 + number) for number in range(20)]
    to = Endpoint(_THERE, _PORT)
    with capture.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number, payload in enumerate(payloads):
            frame = hardware + bytes(6) + b"\x08\x00" + udp(sources[number % 20], to, payload)
            file.write(struct.pack("<IIII", *divmod(10 * number, 1_000_000), len(frame), len(frame)) + frame)
