"""A network of our own, on purpose narrow: two network namespaces of Linux, joined by pairs of veth devices.

A thread of its own lives in the far one, with an event loop: sockets that it opens and programs that it starts are
there, so that a target runs there as anywhere. Its 127.0.0.1 is reached from the near one over each of LINKS, so that
one which listens on loopback alone is at the end of a path all the same; over IPv6 it has to listen at FAR_IPV6.

The namespaces have no names, and last as long as somebody is in them: however a run ends, nothing is left of them, and
nobody else on the machine sees them. All of it takes root, or CAP_SYS_ADMIN and CAP_NET_ADMIN, and `ip` of iproute2.
"""

import asyncio
import ctypes
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from statsd_conformance.crafted import IPV6

T = TypeVar("T")

# <sched.h>; unshare(2) and setns(2) stand in the module `os` only from Python 3.12 on.
_CLONE_NEWNET: Final = 0x40000000
_OWN: Final = "/proc/thread-self/ns/net"
# IPv6 knows no link of a smaller MTU (RFC 8200, section 5).
_LEAST_OF_IPV6: Final = 1280
# Of IPv6 and UDP; those of IPv4 are shorter.
_HEADERS: Final = 48
# Addresses of the far end whatever the link, and of the ends of each link: RFC 1122, 3849 and 5737.
FAR_IPV4: Final = "127.0.0.1"
FAR_IPV6: Final = "2001:db8:ffff::1"


class NoNamespaces(Exception):
    """This machine lets the suite make no network of its own; the message says why, and what would help."""


@dataclass(frozen=True, slots=True)
class Link:
    """A way from the near to the far namespace: what an IP packet has at most where it leaves, and where it arrives.

    What is longer than its far end takes vanishes without a word, as on a path whose routers tell nobody.
    """

    name: str
    mtu: int
    far_mtu: int

    @property
    def has_ipv6(self) -> bool:
        """Whether both ends may carry IPv6."""
        return min(self.mtu, self.far_mtu) >= _LEAST_OF_IPV6

    def takes(self, datagram: bytes) -> bool:
        """Tell whether a datagram arrives, by what every IP packet has to carry."""
        return self.far_mtu >= self.mtu or len(datagram) <= self.far_mtu - _HEADERS


LINKS: Final = (
    Link("wide", 1500, 1500),
    Link("narrow", 576, 576),
    Link("least6", 1280, 1280),
    Link("hole", 1500, 1300),
)

_BY_NAME: Final = {link.name: link for link in LINKS}
# What cases call datagrams that go over a link, to the target's address of IPv4 or of IPv6.
KINDS: Final = (*_BY_NAME, *(f"{link.name}{IPV6}" for link in LINKS if link.has_ipv6))


def link_of(kind: str) -> Link:
    """Return the link of one of KINDS."""
    return _BY_NAME[kind.removesuffix(IPV6)]


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The two namespaces as open files, to one of which the calling thread belongs: the far one, but for a moment."""

    near: int
    far: int

    @contextmanager
    def in_the_near_one(self) -> Iterator[None]:
        """Have the thread be in the near namespace until left. No other task of its loop may run meanwhile."""
        _setns(self.near)
        try:
            yield
        finally:
            _setns(self.far)

    def connected(self, link: Link, host: str, port: int) -> socket.socket:
        """Return a socket in the near namespace that sends datagrams to an address of the far one, over a link.

        Raises:
            OSError: the link has no such addresses.
        """
        with self.in_the_near_one():
            made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.name.encode())
            made.connect((host, port))
            made.setblocking(False)
        except OSError:
            made.close()
            raise
        return made


async def within(work: Callable[[Namespaces], Coroutine[Any, Any, T]]) -> T:
    """Return what `work` returns, which runs in an event loop of its own, in the far one of two new namespaces.

    Raises:
        NoNamespaces: they cannot be made. What `work` raises is raised, too.
    """
    begun: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []
    given_up = threading.Event()

    async def beginning(made: Namespaces) -> T:
        task = asyncio.current_task()
        assert task
        begun.append((asyncio.get_running_loop(), task))
        if given_up.is_set():
            raise asyncio.CancelledError
        return await work(made)

    def live() -> T:
        with namespaces() as made:
            return asyncio.run(beginning(made))

    with ThreadPoolExecutor(1, "statsd-namespace") as thread:
        living = asyncio.get_running_loop().run_in_executor(thread, copy_context().run, live)
        try:
            return await asyncio.shield(living)
        except asyncio.CancelledError:
            given_up.set()
            for loop, task in begun:
                loop.call_soon_threadsafe(task.cancel)
            await asyncio.gather(living, return_exceptions=True)
            raise


@contextmanager
def namespaces() -> Iterator[Namespaces]:
    """Give two namespaces that are joined by LINKS; the calling thread is in the far one, and has to end afterwards.

    Raises:
        NoNamespaces: they cannot be made.
    """
    with ExitStack() as stack:
        made = Namespaces(_unshared(stack), _unshared(stack))
        ipv6 = Path("/proc/sys/net/ipv6").exists()
        links = [(number, link, ipv6 and link.has_ipv6) for number, link in enumerate(LINKS)]
        _ip("link set lo up", *(f"address add {FAR_IPV6}/128 dev lo nodad" for _ in range(ipv6)))
        _ip(*(line for one in links for line in _far_end(*one)), keep=made.near)
        for link in LINKS:
            _let_loopback_in(link.name)
        with made.in_the_near_one():
            _ip(*(line for one in links for line in _near_end(*one)))
        yield made


@contextmanager
def narrow_loopback(mtu: int) -> Iterator[None]:
    """Have the calling thread, which has to end afterwards, be in a new namespace whose loopback has that MTU.

    Raises:
        NoNamespaces: it cannot be made.
    """
    with ExitStack() as stack:
        _unshared(stack)
        _ip(f"link set lo mtu {mtu} up")
        yield


def _far_end(number: int, link: Link, ipv6: bool) -> Iterator[str]:
    peer = f"peer name {link.name} mtu {link.mtu} netns {{keep}}"
    yield f"link add {link.name} mtu {link.far_mtu} type veth {peer}"
    yield from _addressed(number, 2, link, ipv6)


def _near_end(number: int, link: Link, ipv6: bool) -> Iterator[str]:
    yield from _addressed(number, 1, link, ipv6)
    # Routes to one place by several links need metrics; the socket says which link it is for.
    yield f"route add 127.0.0.0/8 via 192.0.2.{4 * number + 2} dev {link.name} metric {number + 1}"
    if ipv6:
        yield f"route add {FAR_IPV6}/128 via 2001:db8:{number}::2 dev {link.name} metric {number + 1}"


def _addressed(number: int, end: int, link: Link, ipv6: bool) -> Iterator[str]:
    yield f"address add 192.0.2.{4 * number + end}/30 dev {link.name}"
    if ipv6:
        yield f"address add 2001:db8:{number}::{end}/64 dev {link.name} nodad"
    yield f"link set {link.name} up"


def _ip(*lines: str, keep: int | None = None) -> None:
    """Have `ip` do what the lines say; `{keep}` in them is the namespace that is open as this file."""
    text = "\n".join(line.format(keep=f"/proc/self/fd/{keep}") for line in lines)
    try:
        subprocess.run(
            ["ip", "-batch", "-"],
            input=text,
            text=True,
            check=True,
            capture_output=True,
            pass_fds=[] if keep is None else [keep],
        )
    except FileNotFoundError:
        raise NoNamespaces("there is no `ip` on PATH to make a network with: install iproute2") from None
    except subprocess.CalledProcessError as error:
        said = str(error.stderr).strip().partition("\n")[0]
        raise NoNamespaces(f"`ip` cannot make a network here: {said}") from None


def _let_loopback_in(device: str) -> None:
    """Let packets to 127.0.0.1 in from a device, which the kernel drops otherwise as coming from nowhere."""
    try:
        Path(f"/proc/sys/net/ipv4/conf/{device}/route_localnet").write_text("1")
    except OSError as error:
        raise NoNamespaces(f"/proc/sys cannot be written, so no path leads to 127.0.0.1: {error.strerror}") from None


def _unshared(stack: ExitStack) -> int:
    """Have the thread be in a new namespace, and return that as a file, open as long as the stack."""
    if not sys.platform.startswith("linux"):
        raise NoNamespaces("network namespaces are a thing of Linux")
    if _libc().unshare(_CLONE_NEWNET):
        reason = os.strerror(ctypes.get_errno())
        raise NoNamespaces(f"network namespaces take root, or CAP_SYS_ADMIN and CAP_NET_ADMIN: {reason}")
    opened = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
    stack.callback(os.close, opened)
    return opened


def _setns(namespace: int) -> None:
    if _libc().setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
