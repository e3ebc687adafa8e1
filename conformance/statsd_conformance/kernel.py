"""What the kernel knows of sockets on this machine: how much waits in their queues, how many datagrams it dropped."""

import socket
import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# Of the network namespace that the thread is in; /proc/net would be that of the process.
_TABLES: Final = (Path("/proc/thread-self/net/udp"), Path("/proc/thread-self/net/udp6"))
# One row a processor, in hex; the second field counts what its queue of packets had no room for.
_PROCESSORS: Final = Path("/proc/net/softnet_stat")
# proc(5), /proc/net/udp: local address, queues as transmit:receive in hex, drops in the last column.
_LOCAL, _QUEUES, _DROPS = 1, 4, 12
# Where other sockets come and go meanwhile, one look in some hundred lacks a socket.
_LOOKS: Final = 5
# netlink(7), sock_diag(7): its protocol, its one kind of message, the size of a header, a number that stands for any.
_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_NLM_F_REQUEST: Final = 1
_HEADER: Final = 16
_ANY: Final = 0xFFFFFFFF

# <asm-generic/socket.h> and <linux/sock_diag.h>: an array of numbers, of which one counts drops.
_SO_MEMINFO: Final = 55
_MEMINFO_DROPS: Final = 8
# ip(7), IP_MTU; ipv6(7), IPV6_MTU.
_MTU: Final = {socket.AF_INET: (socket.IPPROTO_IP, 14), socket.AF_INET6: (socket.IPPROTO_IPV6, 24)}


@dataclass(frozen=True, slots=True)
class Queue:
    """The receive queue of a port: bytes that wait, as the kernel counts, and datagrams dropped since it was bound."""

    queued_bytes: int
    drops: int


def _rows() -> list[str]:
    return [row for table in _TABLES if table.exists() for row in table.read_text().splitlines()[1:]]


def queue_and_drops(port: int, rows: Callable[[], Iterable[str]] = _rows) -> Queue | None:
    """Return the queue of a local UDP port, all its sockets together; None when nobody has bound it.

    None also where there is no /proc, see `visible`.
    """
    looks = (read_queue(rows(), port) for _ in range(_LOOKS))
    return next((found for found in looks if found), None)


def visible() -> bool:
    """Tell whether this machine shows its UDP sockets at all."""
    return _TABLES[0].exists()


def read_queue(rows: Iterable[str], port: int) -> Queue | None:
    """Return what `rows` of /proc/net/udp, without the heading, say of a port; None when it is in none."""
    suffix = f":{port:04X}"
    sockets = [row.split() for row in rows if suffix in row]
    own = [fields for fields in sockets if fields[_LOCAL].endswith(suffix)]
    if not own:
        return None
    waiting = sum(int(fields[_QUEUES].partition(":")[2], 16) for fields in own)
    return Queue(waiting, sum(int(fields[_DROPS]) for fields in own))


def dropped(bound: socket.socket) -> int:
    """Return how many datagrams the kernel dropped at one of our own sockets; 0 on systems that do not tell."""
    if not sys.platform.startswith("linux"):
        return 0
    told: int = struct.unpack_from("=I", bound.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 64), 4 * _MEMINFO_DROPS)[0]
    return told


def mtu_of(connected: socket.socket) -> int | None:
    """Return how many bytes a packet of a connected socket may have; None where the system does not tell."""
    if not sys.platform.startswith("linux") or connected.family not in _MTU:
        return None
    return connected.getsockopt(*_MTU[connected.family])


def backlog_drops() -> int:
    """Return how many packets, of whatever kind, the kernel dropped before any socket; 0 where it does not tell."""
    rows = _PROCESSORS.read_text().splitlines() if _PROCESSORS.exists() else []
    return sum(int(row.split()[1], 16) for row in rows)


def unread(connected: socket.socket) -> int | None:
    """Return how many bytes of a TCP connection the program at its other end, on this machine, has not read yet.

    None when there is no such connection any more, and where the kernel does not tell: other systems than Linux.
    """
    if not hasattr(socket, "AF_NETLINK") or connected.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    try:
        here, there = connected.getsockname(), connected.getpeername()
        addresses = b"".join(_packed(connected.family, end[0]) for end in (there, here))
        # sock_diag(7): one socket by its ends, the other program's first; cookie and interface are any.
        ends = struct.pack("!HH", there[1], here[1]) + addresses + struct.pack("=III", 0, _ANY, _ANY)
        wanted = struct.pack("=BBBxI", connected.family, socket.IPPROTO_TCP, 0, _ANY) + ends
        request = struct.pack("=IHHII", _HEADER + len(wanted), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0) + wanted
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_SOCK_DIAG) as diagnosing:
            diagnosing.send(request)
            answer = diagnosing.recv(65536)
    except OSError:
        return None
    if int.from_bytes(answer[4:6], sys.byteorder) != _SOCK_DIAG_BY_FAMILY:
        return None
    # Of struct inet_diag_msg: four bytes, the ends, when it expires, and then its receive queue.
    waiting: int = struct.unpack_from("=I", answer, _HEADER + 4 + len(ends) + 4)[0]
    return waiting


def _packed(family: int, host: str) -> bytes:
    return socket.inet_pton(family, host.partition("%")[0]).ljust(16, b"\0")
