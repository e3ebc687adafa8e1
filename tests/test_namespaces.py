"""A network of the suite's own: what it carries, who lives there, and that nothing is left of it."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from networks import in_namespaces
from statsd_conformance import namespaces as under_test
from statsd_conformance.kernel import queue_and_drops
from statsd_conformance.namespaces import (
    FAR_IPV4,
    FAR_IPV6,
    LINKS,
    Link,
    Namespaces,
    NoNamespaces,
    within,
)

OWN: Final = Path("/proc/thread-self/ns/net")
WAYS: Final = [(link, host) for link in LINKS for host in (FAR_IPV4, FAR_IPV6) if host == FAR_IPV4 or link.has_ipv6]
# The headers of IP and UDP, and the tag of a VLAN, which the kernel lets by at the end of a link.
HEADERS: Final = {FAR_IPV4: 28, FAR_IPV6: 48}
TAG: Final = 4
SIZES: Final = (1, 500, 548, 549, 1232, 1233, 1300 - 48 + TAG, 1300 - 28 + TAG, 1300 - 28 + TAG + 1, 1473, 8932, 65_507)


def arriving(made: Namespaces, link: Link, host: str) -> list[int]:
    """Return which of SIZES arrive, each whole."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind((host, 0))
        receiver.settimeout(10)
        with made.connected(link, host, receiver.getsockname()[1]) as sender:
            came: list[int] = []
            for size in SIZES:
                sender.send(bytes(size))
                # What is as short as this comes through every link, and behind what was sent before.
                sender.send(b"end")
                while (length := len(receiver.recv(1 << 17))) != 3:
                    came.append(length)
    return came


@pytest.mark.parametrize(("link", "host"), WAYS, ids=[f"{link.name}-{host}" for link, host in WAYS])
def test_datagrams_arrive_whole_or_where_the_far_end_is_too_small_not_at_all(link: Link, host: str) -> None:
    async def work(made: Namespaces) -> list[int]:
        return arriving(made, link, host)

    largest = link.far_mtu + TAG - HEADERS[host] if link.far_mtu < link.mtu else SIZES[-1]
    assert in_namespaces(work) == [size for size in SIZES if size <= largest]


def test_what_lives_in_the_network_sees_its_devices_and_its_sockets_only() -> None:
    async def work(made: Namespaces) -> tuple[str, bool]:
        show = "import socket; print(*[name for _, name in socket.if_nameindex()])"
        told = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True).stdout
        loop = asyncio.get_running_loop()
        in_a_thread = await loop.run_in_executor(None, OWN.readlink)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
            bound.bind((FAR_IPV4, 0))
            assert queue_and_drops(bound.getsockname()[1]) is not None
        return told, in_a_thread == OWN.readlink()

    names, is_same = in_namespaces(work)
    assert set(names.split()) == {"lo", *(link.name for link in LINKS)}
    assert is_same


def test_the_rest_of_the_process_stays_where_it_was() -> None:
    async def work(made: Namespaces) -> Path:
        with made.in_the_near_one():
            near = OWN.readlink()
        assert near != OWN.readlink()
        assert queue_and_drops(port) is None
        return OWN.readlink()

    before = OWN.readlink()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        outside.bind(("127.0.0.1", 0))
        port = outside.getsockname()[1]
        assert in_namespaces(work) != before
        assert queue_and_drops(port) is not None
    assert OWN.readlink() == before


def test_nothing_is_left_open() -> None:
    in_namespaces(nothing)
    before = sorted(Path("/proc/self/fd").iterdir())
    in_namespaces(nothing)
    assert sorted(Path("/proc/self/fd").iterdir()) == before


def test_what_the_work_raises_is_raised() -> None:
    async def work(made: Namespaces) -> None:
        raise KeyError("some name")

    with pytest.raises(KeyError, match="some name"):
        in_namespaces(work)


def test_work_that_is_given_up_is_cancelled_and_waited_for() -> None:
    in_namespaces(nothing)
    ended = []

    async def run() -> None:
        begun, loop = asyncio.Event(), asyncio.get_running_loop()

        async def work(made: Namespaces) -> None:
            loop.call_soon_threadsafe(begun.set)
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("told")

        task = asyncio.create_task(within(work))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert ended == ["told"]


def test_work_that_is_given_up_before_it_began_never_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    making, made = threading.Event(), threading.Event()
    begun = []

    async def work(made: Namespaces) -> None:
        begun.append("begun")

    @contextmanager
    def slowly() -> Iterator[Namespaces]:
        making.set()
        made.wait()
        yield Namespaces(0, 0)

    async def run() -> None:
        task = asyncio.create_task(within(work))
        await asyncio.to_thread(making.wait)
        task.cancel()
        # It is told by now, and waits for the thread.
        await asyncio.sleep(0)
        made.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    monkeypatch.setattr(under_test, "namespaces", slowly)
    asyncio.run(run())
    assert not begun


class Refusing:
    """A C library to which the system says no."""

    def unshare(self, flags: int) -> int:
        """Fail."""
        return -1


async def nothing(made: Namespaces) -> None:
    """Do nothing."""


async def never(made: Namespaces) -> None:
    raise AssertionError("there is no such network")


def test_machine_without_the_right_to_namespaces_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "_libc", Refusing)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(NoNamespaces, match="take root, or CAP_SYS_ADMIN and CAP_NET_ADMIN"):
        asyncio.run(within(never))


def test_other_systems_than_linux_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(NoNamespaces, match="a thing of Linux"):
        asyncio.run(within(never))


@pytest.mark.parametrize(
    ("script", "said"),
    [("", "install iproute2"), ("echo 'Operation not supported' >&2; exit 2", "Operation not supported")],
    ids=["no ip", "ip that cannot"],
)
def test_what_ip_lacks_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, said: str) -> None:
    in_namespaces(nothing)
    if script:
        (tmp_path / "ip").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "ip").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoNamespaces, match=said):
        asyncio.run(within(never))


def test_proc_that_cannot_be_written_is_said() -> None:
    with pytest.raises(NoNamespaces, match=r"/proc/sys cannot be written, so no path leads to 127\.0\.0\.1"):
        under_test._let_loopback_in("nosuch")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has namespaces")
def test_thread_that_cannot_go_back_says_so() -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        under_test._setns(-1)


def test_link_without_ipv6_leads_to_no_address_of_ipv6() -> None:
    async def work(made: Namespaces) -> None:
        made.connected(next(link for link in LINKS if not link.has_ipv6), FAR_IPV6, 9)

    with pytest.raises(OSError, match="unreachable"):
        in_namespaces(work)
