"""Frames of a capture to datagrams: IPv4 and IPv6, fragments put together, UDP and TCP.

Checksums are not looked at, for a machine that leaves them to its network card records wrong ones.
"""

from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from ipaddress import ip_address
from struct import Struct
from struct import error as StructError  # noqa: N812, an exception among classes
from typing import Final

from statsd_conformance.recording.damage import DamagedRecording, Losses, nothing
from statsd_conformance.recording.datagram import Datagram, Endpoint
from statsd_conformance.recording.fragments import Fragments, Key
from statsd_conformance.recording.link import LINKS, NO_PACKET
from statsd_conformance.recording.pcap import Frame
from statsd_conformance.recording.tcp import Streams

# 8125 is where StatsD takes lines, and 8126 where some configurations do. Over TCP its console is at the latter.
UDP_PORTS: Final = frozenset((8125, 8126))
TCP_PORTS: Final = frozenset((8125,))
_UDP, _TCP = 17, 6
_IPV4: Final = Struct("!xxHHHxBxx4s4s").unpack_from
_IPV6: Final = Struct("!4xHBx16s16s").unpack_from
_UDP_HEADER: Final = Struct("!HHH").unpack_from
_TCP_HEADER: Final = Struct("!HHI4xBB").unpack_from
_FRAGMENT: Final = Struct("!BxHI").unpack_from
# Headers of IPv6 that another one follows: hop by hop, routing, destination; fragment; authentication.
_OPTIONS, _FRAGMENTED, _AUTHENTICATION = (0, 43, 60), 44, 51
_CUT: Final = ("packet", "recorded only in part (tcpdump -s 0 records all)")


def datagrams(frames: Iterator[Frame], ports: Collection[int] = ()) -> Iterator[Datagram]:
    """Yield what went to `ports`, by default those of StatsD.

    Raises:
        DamagedRecording: after all that could be read; also where packets are missing, or were recorded only in part.
        NoDatagrams: nothing went there, in a capture that is read to its end.
    """
    losses = Losses()
    packets = _Packets(frozenset(ports) or UDP_PORTS, frozenset(ports) or TCP_PORTS, losses)
    read, some, damage = packets.read, False, []
    try:
        for number, (link, time, size, frame) in enumerate(frames, 1):
            for datagram in read(number, time, link, size, frame):
                some = True
                yield datagram
    except DamagedRecording as error:
        damage.append(str(error))
    packets.end()
    damage += losses.told()
    if damage:
        raise DamagedRecording("; ".join(damage))
    if not some:
        raise nothing(losses, frozenset(ports) or UDP_PORTS)


@lru_cache(maxsize=65536)
def _endpoint(address: bytes, port: int) -> Endpoint:
    return Endpoint(str(ip_address(address)), port)


class _Packets:
    """Takes one frame after another."""

    def __init__(self, udp: frozenset[int], tcp: frozenset[int], losses: Losses) -> None:
        self._udp_ports = udp
        self._tcp_ports = tcp
        self._losses = losses
        self._fragments = Fragments(losses)
        self._streams = Streams(losses)

    def end(self) -> None:
        """Count what is not whole."""
        self._fragments.end()

    def read(self, number: int, time: float, link: int, size: int, frame: bytes) -> Iterable[Datagram]:
        """Return the datagrams that this frame completes."""
        find = LINKS.get(link)
        if find is None:
            self._losses.add("packet", f"of link type {link}, which is not read", number)
            return ()
        start = find(frame)
        if start == NO_PACKET:
            return ()
        try:
            version = frame[start] >> 4
            if version == 4:
                return self._ipv4(number, time, frame, start)
            if version == 6:
                return self._ipv6(number, time, frame, start)
        except (StructError, IndexError):
            if len(frame) < size:
                self._losses.add(*_CUT, number)
        return ()

    def _ipv4(self, number: int, time: float, frame: bytes, start: int) -> Iterable[Datagram]:
        total, identification, fragment, protocol, source, to = _IPV4(frame, start)
        body = start + (frame[start] & 0x0F) * 4
        # Where the network card cuts into segments, the length may be left to it, too.
        end = start + total if total else len(frame)
        if fragment & 0x3FFF:
            key = (source, to, identification, protocol)
            whole = self._part(key, fragment << 3 & 0xFFFF, not fragment & 0x2000, frame, body, end, number, time)
            return self._transport(protocol, source, to, whole, 0, len(whole), number, time) if whole else ()
        return self._transport(protocol, source, to, frame, body, end, number, time)

    def _ipv6(self, number: int, time: float, frame: bytes, start: int) -> Iterable[Datagram]:
        length, following, source, to = _IPV6(frame, start)
        body = start + 40
        end = body + length if length else len(frame)
        while following in _OPTIONS or following == _AUTHENTICATION:
            size = (frame[body + 1] + 2) * 4 if following == _AUTHENTICATION else (frame[body + 1] + 1) * 8
            following, body = frame[body], body + size
        if following == _FRAGMENTED:
            following, fragment, identification = _FRAGMENT(frame, body)
            key = (source, to, identification, following)
            whole = self._part(key, fragment & 0xFFF8, not fragment & 1, frame, body + 8, end, number, time)
            return self._transport(following, source, to, whole, 0, len(whole), number, time) if whole else ()
        return self._transport(following, source, to, frame, body, end, number, time)

    def _part(
        self, key: Key, offset: int, last: bool, frame: bytes, body: int, end: int, number: int, time: float
    ) -> bytes | None:
        if end > len(frame):
            self._losses.add(*_CUT, number)
            return None
        return self._fragments.add(key, offset, last, frame[body:end], number, time)

    def _transport(
        self, protocol: int, source: bytes, to: bytes, packet: bytes, body: int, end: int, number: int, time: float
    ) -> Iterable[Datagram]:
        if protocol == _UDP:
            return self._udp(source, to, packet, body, end, number, time)
        if protocol == _TCP:
            return self._tcp(source, to, packet, body, end, number, time)
        return ()

    def _udp(
        self, source: bytes, to: bytes, packet: bytes, body: int, end: int, number: int, time: float
    ) -> Iterable[Datagram]:
        from_port, port, length = _UDP_HEADER(packet, body)
        if port not in self._udp_ports:
            self._losses.ports[port] += 1
            return ()
        stop = body + length if length else end
        if stop > len(packet):
            # Longer than the packet around it is what no kernel takes.
            if stop <= end:
                self._losses.add(*_CUT, number)
            return ()
        payload = packet[body + 8 : stop]
        return (Datagram(payload, number, time, _endpoint(source, from_port), _endpoint(to, port)),)

    def _tcp(
        self, source: bytes, to: bytes, packet: bytes, body: int, end: int, number: int, time: float
    ) -> Iterable[Datagram]:
        from_port, port, sequence, offset, flags = _TCP_HEADER(packet, body)
        if port not in self._tcp_ports:
            return ()
        if end > len(packet):
            self._losses.add(*_CUT, number)
            return ()
        payload = packet[body + (offset >> 4) * 4 : end]
        return self._streams.add(
            _endpoint(source, from_port), _endpoint(to, port), sequence, flags, payload, number, time
        )
