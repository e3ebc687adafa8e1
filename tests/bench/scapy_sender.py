"""Sends datagrams by scapy, as a process of its own: `python scapy_sender.py HOST CAPTURE NUMBER`; prints seconds."""

import sys
import time
from itertools import islice

from scapy.layers.inet import IP, UDP
from scapy.packet import Raw
from scapy.sendrecv import send

from statsd_conformance.recording import read_recording


def main(host: str, capture: str, number: str) -> None:
    """Build and send, which is what scapy does for each packet."""
    payloads = [datagram.payload for datagram in islice(read_recording(capture), int(number))]
    begun = time.perf_counter()
    send([IP(dst=host) / UDP(sport=40_000, dport=8125) / Raw(payload) for payload in payloads], verbose=False)
    print(time.perf_counter() - begun)


if __name__ == "__main__":
    main(*sys.argv[1:])
