"""Who sends to a sink beside the target, where that is certain."""

from collections.abc import Iterable

import pytest

from statsd_conformance.observers.peers import Peer, Peers

TARGET, OTHER = ("127.0.0.1", 40112), ("::1", 40120, 0, 0)
OURS = [b"stats.qabcde0001.a 1 100", b"statsd.numStats 4 100"]
THEIRS = [b"stats.shop.orders 7 100", b"statsd.numStats 3 100"]


def publishing(flushes: Iterable[tuple[str, list[bytes]]]) -> Peers:
    """Return what a sink knows when these flushes came, in order, by connections of these names that stay open."""
    peers = Peers()
    named: dict[str, Peer] = {}
    for name, lines in flushes:
        if name not in named:
            named[name] = peers.came(TARGET if name == "a" else OTHER)
        peers.take(named[name], lines)
    return peers


def test_program_that_publishes_the_same_names_and_none_of_ours_is_somebody_else() -> None:
    peers = publishing([("a", OURS), ("b", THEIRS)] * 4)
    assert peers.two == ("127.0.0.1:40112", "[::1]:40120")
    said = peers.warning("graphite://:2003")
    assert "at graphite://:2003 at once: the target from 127.0.0.1:40112, and another one from [::1]:40120" in said
    assert "name that with --sink" in said


@pytest.mark.parametrize(
    "flushes",
    [
        [("a", OURS)] * 8,
        [("a", OURS), ("b", OURS)] * 8,
        [("a", [OURS[0]]), ("b", [OURS[1]])] * 8,
        [*[("a", OURS)] * 4, *[("b", THEIRS)] * 4],
        [("a", OURS), ("b", THEIRS)] * 2,
        [("a", OURS), *[("b", THEIRS)] * 8, ("a", OURS)],
        [("b", THEIRS)] * 8,
        [*[("a", OURS), ("b", THEIRS)] * 2, ("b", OURS), *[("a", OURS), ("b", THEIRS)] * 4],
    ],
    ids=[
        "one connection",
        "flushes of one by two connections",
        "own counters by a connection of their own",
        "connected again without an end",
        "not often enough",
        "not in turn",
        "nothing of ours came yet",
        "ours came by both once",
    ],
)
def test_target_with_several_connections_is_not_taken_for_two(flushes: list[tuple[str, list[bytes]]]) -> None:
    assert publishing(flushes).two is None


def test_connection_that_ended_is_nobody() -> None:
    peers = Peers()
    for _ in range(8):
        for name, lines in ((TARGET, OURS), (OTHER, THEIRS)):
            peer = peers.came(name)
            peers.take(peer, lines)
            peers.went(peer)
    assert (peers.two, peers.alive, peers.warning("graphite://:2003")) == (None, [], "")


def test_names_that_are_remembered_are_limited() -> None:
    flood = [b"stats.a%d 1 100" % number for number in range(5000)]
    peers = publishing([("a", OURS), ("b", flood)])
    assert len(peers.alive[1].turns) == 1000
