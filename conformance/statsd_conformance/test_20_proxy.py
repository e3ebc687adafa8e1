"""PROXY: repeaters, proxies and relays, seen by what they pass on.

Over UDP a case sends a marker last: when that has come through, what was sent before and has not is missing.
Not tested because no case could tell its own from another's: that an empty datagram is passed on, too. And not because
it would keep all that other cases send from their flush: that a proxy drops lines when it has no node left. Nor that a
repeater over TCP keeps datagrams in order: it does while one connection is enough, and when it opens more is chance.
"""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Final

import pytest

from statsd_conformance.behind import DOWN, UP, Passed
from statsd_conformance.flushed import Flushed
from statsd_conformance.requirement import (
    EXT,
    MUST,
    QUIRK,
    ROBUST,
    SHOULD,
    Unsupported,
    requirement,
    should,
    untestable,
)
from statsd_conformance.target import Target
from statsd_reference import Options, make_server

_ROUNDS: Final = 5
# Connections of the original's pool, for each host.
_POOL: Final = 5
_NAMES: Final = 48
# Seconds between two looks at the ring of a proxy.
_LOOK: Final = 0.05
# What a relay puts into a datagram at most, the LF behind each line included.
_RELAYED: Final = 1400


async def _through(target: Target, *datagrams: bytes) -> list[Passed]:
    """Send the datagrams and a marker behind them; return what was passed on but the marker, in order of arrival."""
    end = target.bucket("end")
    target.send(*datagrams, end + b":1|c")
    return [one for one in await target.passed_on(end) if end not in one.data]


def _difference(sent: Sequence[bytes], passed: Sequence[bytes]) -> str:
    """Return where what was passed on differs first."""
    pairs = zip(sent, passed, strict=False)
    first = next((number for number, (one, other) in enumerate(pairs) if one != other), min(len(sent), len(passed)))
    came = repr(passed[first][:200]) if first < len(passed) else "nothing"
    wanted = repr(sent[first][:200]) if first < len(sent) else "nothing more"
    return f"of {len(sent)} datagrams, number {first + 1} was passed on as {came}, and sent as {wanted}"


_DATAGRAMS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "good": lambda bucket: bucket + b":+1|g|@0.5",
    "bad": lambda bucket: bucket + b" no line",
    "several": lambda bucket: b"\n".join([bucket + b":1|c", b"", bucket + b":bad", bucket + b":2|c"]),
    "ended": lambda bucket: bucket + b":1|c\r\n\n",
    "bytes": lambda bucket: bytes(range(1, 256)) + b"\0\xff\n" + bucket + b":1|c",
    "large": lambda bucket: b"\n".join(bucket + b":%d|c" % number for number in range(10_000, 10_400)),
}


@pytest.mark.parametrize("kind", ["at once", *_DATAGRAMS])
@requirement("PROXY-01", EXT, MUST, cites="backends/repeater.js:22-47")
async def test_repeater_passes_on_what_came(target: Target, kind: str) -> None:
    """A repeater MUST pass on every datagram to each host unchanged, bad ones too, in order, before the flush."""
    target.needs_extension("repeater")
    behind = target.needs_behind("udp")
    if kind == "at once":
        await _assert_at_once(target)
        return
    sent = [_DATAGRAMS[kind](target.bucket(leaf)) for leaf in ("a", "b", "a")]
    for copy in behind.copies(await _through(target, *sent)):
        passed = [one.data for one in copy]
        assert passed == sent, _difference(sent, passed)


async def _assert_at_once(target: Target) -> None:
    """Send datagrams, each when the one before was passed on: a flush takes in several, unless they wait for it."""
    buckets = [target.bucket(f"round{number}") for number in range(_ROUNDS)]
    for bucket in buckets:
        target.send(bucket + b":1|c")
        await target.passed_on(bucket)
    flushed = await target.flush()
    flushes = [Flushed(target.profile, target.interval, target.token, (one,)) for one in flushed.snapshots]
    most = max(sum(any(one.counts(bucket)) for bucket in buckets) for one in flushes)
    assert most > 1, (
        f"{_ROUNDS} datagrams were sent, each when the one before had come through, and that took a flush each"
    )


@pytest.mark.parametrize("kind", list(_DATAGRAMS))
@requirement("PROXY-02", EXT, MUST, cites="backends/repeater.js:50-117, max: 5")
async def test_repeater_over_tcp_ends_each_datagram(target: Target, kind: str) -> None:
    """A repeater over TCP MUST add one LF to each datagram, change nothing else, and open five connections at most."""
    target.needs_extension("repeater")
    behind = target.needs_behind("tcp")
    sent = [_DATAGRAMS[kind](target.bucket(f"n{number}")) for number in range(2 * _POOL)]
    target.send(*sent)
    await target.passed_on(*(datagram.rstrip(b"\n").rpartition(b"\n")[2] + b"\n" for datagram in sent))
    streams = [behind.stream(number) for number in {one.connection for one in behind.passed}]
    ended = [sum(stream.count(datagram + b"\n") for stream in streams) for datagram in sent]
    changed = [datagram for datagram, number in zip(sent, ended, strict=True) if number != len(behind.addresses)]
    assert not changed, f"{len(changed)} of {len(sent)} datagrams were not passed on as they are with one LF more"
    # Behind one of them an empty datagram of another case may have come.
    twice = [any(datagram + b"\n\n" in stream for stream in streams) for datagram in sent]
    assert not all(twice), "two LF were added to each datagram"
    assert behind.open_most <= _POOL, f"{behind.open_most} connections were open at a time"


def _nodes(passed: Iterable[Passed]) -> dict[bytes, set[int]]:
    """Return the nodes that each name came to."""
    found: dict[bytes, set[int]] = {}
    for one in passed:
        found.setdefault(one.data.partition(b":")[0], set()).add(one.node)
    return found


@requirement("PROXY-03", EXT, MUST, cites="proxy.js:94-153")
async def test_lines_of_one_name_go_to_one_node(target: Target) -> None:
    """A proxy MUST send each line as a datagram of its own, all lines of one name to one of its nodes, in order."""
    target.needs_extension("proxy")
    behind = target.needs_behind("udp")
    names = [target.bucket(f"n{number}") for number in range(_NAMES)]
    datagrams = [
        b"\n".join(name + b":1|c" for name in names),
        *(name + b":2|g" for name in names),
        b"\n\n".join(name + b":bad" for name in names) + b"\n",
    ]
    passed = await _through(target, *datagrams)
    for name in names:
        lines = [one.data for one in passed if one.data.partition(b":")[0] == name]
        sent = [name + b":1|c", name + b":2|g", name + b":bad"]
        assert lines == sent, _difference(sent, lines)
    assert len(passed) == 3 * _NAMES, f"{3 * _NAMES} lines were passed on in {len(passed)} datagrams"
    nodes = _nodes(passed)
    split = [name for name in names if len(nodes[name]) > 1]
    assert not split, f"lines of {split[0].decode()} came to {len(nodes[split[0]])} nodes"
    used = set().union(*nodes.values())
    assert len(used) == len(behind.addresses), f"{_NAMES} names came to {len(used)} of {len(behind.addresses)} nodes"


async def _ring(target: Target, look: int) -> dict[bytes, int]:
    """Return the node that each of many names comes to now."""
    passed = target.needs_behind().passed
    names = [target.bucket(f"n{number}") for number in range(_NAMES)]
    end, before = target.bucket(f"e{look}"), len(passed)
    target.send(b"\n".join([*(name + b":%d|c" % look for name in names), end + b":1|c"]))
    await target.passed_on(end)
    came = {one.data.partition(b":")[0]: one.node for one in passed[before:]}
    return {name: came[name] for name in names if name in came}


async def _ring_when(
    target: Target, looks: Iterator[int], right: Callable[[Mapping[bytes, int]], bool], otherwise: str
) -> dict[bytes, int]:
    """Look at the ring until it is right, and return it."""
    until = time.monotonic() + target.patience
    while not right(ring := await _ring(target, next(looks))):
        assert time.monotonic() < until, otherwise
        await asyncio.sleep(_LOOK)
    return ring


# Alone with the target, for the names of other cases would move meanwhile.
@requirement("PROXY-04", EXT, MUST, cites="proxy.js:218-301", hostile=True)
async def test_sick_node_gets_nothing(target: Target) -> None:
    """A node whose health check fails MUST get no lines until it is well again; no name of another node may move."""
    target.needs_extension("proxy")
    behind = target.needs_behind("udp")
    if len(behind.addresses) < 2:
        raise Unsupported("the suite is one node behind it, and one node has nobody to take its names")
    looks = count()
    before = await _ring(target, next(looks))
    assert len(set(before.values())) > 1, f"all of {_NAMES} names come to one node"
    sick = max(before.values())
    for answer in (DOWN, b""):
        behind.health[sick] = answer
        try:
            said = f"node {sick} answers its health check with {answer!r}, and still gets lines"
            without = await _ring_when(target, looks, lambda ring: sick not in ring.values(), said)
        finally:
            behind.health[sick] = UP
        moved = [name for name, node in without.items() if before[name] not in (node, sick)]
        assert not moved, f"{moved[0].decode()} went to another node, and its own was well"
        said = f"node {sick} is well again, and does not get the names that it had"
        await _ring_when(target, looks, lambda ring: ring == before, said)


@requirement("PROXY-05", EXT, MUST, cites="proxy.js:156-213")
async def test_console_of_a_proxy(target: Target) -> None:
    """A proxy's console MUST know help, config, health, status and quit; `status` tells uptime and nodes."""
    target.needs_extension("proxy")
    async with target.connection("console") as console:
        reply = await console.ask(b"help", b"\n\n")
        assert reply == b"Commands: config, health, status, quit\n\n", f"the reply to `help` was {reply!r}"
        reply = await console.ask(b"status", b" \n")
        assert re.fullmatch(rb"uptime: \d+\nnodes: ([^\s:]+:\d+ )+\n", reply), f"the reply to `status` was {reply!r}"
        for command, wanted in ((b"health down", b"down"), (b"health", b"down"), (b"health up", b"up")):
            reply = await console.ask(command, b"\n")
            assert reply == b"health: %b\n" % wanted, f"the reply to {command!r} was {reply!r}"
        reply = await console.ask(b"counters", b"\n")
        assert reply == b"ERROR\n", f"the reply to `counters`, which an aggregator knows, was {reply!r}"
        reply = await console.ask(b"config", b"nodes")
        assert reply.startswith(b"\n"), f"`config` begins with {reply[:20]!r}"
        await console.send(b"quit\n")
        assert await console.closed(), "the connection is still open after `quit`"


untestable(
    "PROXY-06",
    EXT,
    MUST,
    "Servers behind a proxy MUST run with deleteIdleStats, or a name that moved is published by two of them.",
    cites="docs/cluster_proxy.md",
    reason="it binds whoever configures the servers: what a proxy passes on is the same with and without it, and what "
    "a server does with the option is FLUSH-08",
)


@requirement("PROXY-07", EXT, MUST, cites="statsd_exporter pkg/relay/relay.go")
async def test_relay_packs_lines(target: Target) -> None:
    """A relay MUST pass on each non-empty line, good or bad, in datagrams of 1400 bytes at most, none above 1399."""
    target.needs_extension("relay")
    target.needs_behind("udp")
    name = target.bucket()
    fits = name + b":1|c|#k:" + b"v" * (_RELAYED - 1 - len(name) - 8)
    lines = [name + b":%d|c" % number for number in range(300)]
    lines += [name + b" no line", fits, name + b":7|g"]
    end = target.bucket("end")
    target.send(b"\n\n".join(lines[:200]), b"\n".join(lines[200:]), fits + b"v", end + b":1|c")
    passed = [one.data for one in await target.passed_on(end)]
    longest = max(map(len, passed))
    assert longest <= _RELAYED, f"a datagram of {longest} bytes was passed on"
    own = [line for datagram in passed for line in datagram.split(b"\n") if line.startswith((name + b":", name + b" "))]
    assert own == lines, _difference(lines, own)
    assert len(passed) < len(lines) / 10, f"{len(lines)} short lines were passed on in {len(passed)} datagrams"


untestable(
    "PROXY-08",
    EXT,
    MUST,
    "gostatsd and veneur MUST pass aggregates on in their own protocols; shards of brubeck get a key by CityHash32.",
    cites="gostatsd forwarder mode; veneur forwarding; brubeck src/metric.c:289-296",
    reason="what is passed on is protobuf over HTTP or gRPC, whose schema belongs to one program and changes with it, "
    "or finished Graphite lines, of which only that program's own hash says which shard gets them; nothing of StatsD "
    "is on the wire",
)


_MEANT: Final[Mapping[str, Sequence[bytes]]] = {
    "order": [b"g:5|g", b"g:7|g", b"g:3|g"],
    "signs": [b"g:10|g", b"g:+5|g", b"g:-2|g", b"g:+1|g"],
    "rates": [b"c:1|c|@0.125", b"c:1|c", b"t:5|ms|@0.5", b"t:6|ms"],
    "tags": [b"c:1|c|#k:v", b"c:2|c|#k:w", b"c:4|c"],
    "packed": [b"t:1:2:3|ms", b"c:1:2|c"],
    "samples": [b"c:1|c:2|c|@0.5", b"t:1|ms:2|ms"],
    "types": [b"x:1|c", b"x:2|g", b"x:3|ms", b"x:4|s", b"x:5|s"],
}


def _meaning(token: bytes, lines: Iterable[bytes]) -> list[bytes]:
    """Return what the reference aggregator makes of the lines: what it publishes under the token, without the time."""
    server = make_server(Options(flush_interval=1000, extensions=("dogstatsd", "packing")))
    window = server.first_window()
    for line in lines:
        window = server.accumulate(window, server.read(line))
    flush, _ = server.flush(window, 1)
    written = (server.write(point).rpartition(b" ")[0] for point in server.points(flush))
    return sorted(line for line in written if token in line)


@pytest.mark.parametrize("together", [False, True], ids=["datagrams", "one datagram"])
@pytest.mark.parametrize("what", list(_MEANT))
@requirement("PROXY-09", ROBUST, MUST, cites="getsentry/statsdproxy src/middleware/aggregate.rs")
async def test_what_is_passed_on_means_the_same(target: Target, what: str, together: bool) -> None:
    """What is passed on MUST mean what was sent: order of gauges, signs, rates, tags; bad lines SHOULD come, too."""
    behind = target.needs_behind()
    lines = [target.token + b"." + line for line in _MEANT[what]]
    bad = target.bucket("bad") + b" no line"
    end = target.bucket("end")
    target.send(*([b"\n".join([*lines, bad])] if together else [*lines, bad]), end + b":1|c")
    passed = await target.passed_on(*{line.partition(b":")[0] for line in lines}, end)
    if behind.scheme == "tcp":
        # What was sent before the end may come behind it, over another connection.
        await behind.heard([line + b"\n" for line in (*lines, bad)], target.interval)
        passed = await target.passed_on(end)
    sent_means = _meaning(target.token, lines)
    for copy in behind.copies(passed):
        came = [line for one in copy for line in one.data.split(b"\n") if end not in line]
        if len({one.connection for one in copy}) > 1:
            # Which of several connections was read first says nothing.
            came.sort(key=lambda line: lines.index(line) if line in lines else -1)
        came_means = _meaning(target.token, came)
        assert came_means == sent_means, (
            f"{b' '.join(lines)!r} was passed on as {b' '.join(came)!r}; that makes {came_means}, and not {sent_means}"
        )
        with should():
            assert bad in came, f"the bad line {bad!r} was not passed on"


@requirement("PROXY-10", QUIRK, SHOULD, cites="proxy.js:104-125: the text before the first colon is the key")
async def test_node_of_a_tagged_line(target: Target) -> str:
    """A proxy SHOULD send lines of one name to one node whatever tags they have."""
    target.needs_extension("proxy")
    target.needs_behind("udp")
    lines = [b"%b:1|c%b" % (target.bucket(f"n{n}"), tags) for n in range(_NAMES) for tags in (b"", b"|#a:b", b"|#c")]
    split = sum(len(nodes) > 1 for nodes in _nodes(await _through(target, *lines)).values())
    return "tags make no difference" if not split else f"tags send {split} of {_NAMES} names to several nodes"
