"""What the kernel knows of a local UDP socket: how much waits in its queue, and how many datagrams it dropped."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TABLES: Final = (Path("/proc/net/udp"), Path("/proc/net/udp6"))
_TCP_TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
# proc(5), /proc/net/udp and tcp: local and remote address, queues as transmit:receive in hex, drops in the last column.
_LOCAL, _REMOTE, _QUEUES, _DROPS = 1, 2, 4, 12


@dataclass(frozen=True, slots=True)
class Queue:
    """The receive queue of a port: bytes that wait, as the kernel counts, and datagrams dropped since it was bound."""

    queued_bytes: int
    drops: int


def queue_and_drops(port: int) -> Queue | None:
    """Return the queue of a local UDP port, all its sockets together; None when nobody has bound it.

    None also where there is no /proc, see `visible`.
    """
    rows = [row for table in _TABLES if table.exists() for row in table.read_text().splitlines()[1:]]
    return read_queue(rows, port)


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


def unread(port: int, peer_port: int) -> int | None:
    """Return how many bytes a program on this machine has not read of its TCP connection from `port` to `peer_port`.

    None when there is no such connection any more, or where there is no /proc.
    """
    ends = f":{port:04X} ", f":{peer_port:04X} "
    for table in _TCP_TABLES:
        rows = table.read_text().splitlines()[1:] if table.exists() else []
        for row in rows:
            if ends[0] in row and ends[1] in row:
                fields = row.split()
                if fields[_LOCAL].endswith(ends[0].strip()) and fields[_REMOTE].endswith(ends[1].strip()):
                    return int(fields[_QUEUES].partition(":")[2], 16)
    return None
