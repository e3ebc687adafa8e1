"""ADMIN: the management console, as the original has it on a TCP port of its own.

It shows the running interval, so that nothing here waits for a flush.
Not tested because it would disturb every other case: what becomes of the server's own counters when they are deleted
(in the original they are not a number until the next flush).
"""

import asyncio
import json
import re
from typing import Final

import pytest

from statsd_conformance.connection import Connection
from statsd_conformance.requirement import EXT, MUST, QUIRK, ROBUST, SHOULD, requirement, should
from statsd_conformance.target import Target, sandwich

_HELP: Final = b"Commands: stats, counters, timers, gauges, delcounters, deltimers, delgauges, health, config, quit\n\n"
_END: Final = b"END\n\n"
# How often a listing is looked at, and how long between two looks, before what was sent counts as not shown.
_LOOKS: Final = 150
_LOOK: Final = 0.02
_FIRST_TIME: Final = 1_000_000_000
# Node shows a hundred entries of a list.
_SHOWN: Final = 100
_MORE: Final = 3
_SAMPLES: Final = {"counters": b":3|c", "timers": b":320|ms", "gauges": b":5.5|g"}
_ENTRIES: Final = {"counters": b"3", "timers": b"[ 320 ]", "gauges": b"5.5"}


async def _listed(target: Target, console: Connection, group: str, buckets: list[bytes]) -> bytes:
    """Send a sample to each bucket, and return the listing of the group in which all of them stand with its value.

    What a flush emptied meanwhile is sent again, but nothing is on its way any more when this returns.
    """
    datagram = b"\n".join(bucket + _SAMPLES[group] for bucket in buckets)
    entries = [b"'%b': %b" % (bucket, _ENTRIES[group]) for bucket in buckets]
    target.send(datagram)
    await target.reads()
    text = b""
    for _ in range(_LOOKS):
        text = await console.ask(group.encode(), _END)
        if all(entry in text for entry in entries):
            return text
        if all(bucket in text for bucket in buckets):
            target.send(datagram)
            await target.reads()
        await asyncio.sleep(_LOOK)
    raise AssertionError(
        f"`{group}` does not show {entries[0]!r} after {buckets[0] + _SAMPLES[group]!r}: {text[:200]!r}"
    )


async def _health(console: Connection) -> bytes:
    """Return what `health` answers: `up` or `down`."""
    reply = await console.ask(b"health", b"\n")
    assert reply in (b"health: up\n", b"health: down\n"), f"the reply to `health` was {reply!r}"
    return reply[len(b"health: ") : -1]


@requirement("ADMIN-01", EXT, MUST, cites="stats.js:339-341; docs/admin_interface.md")
async def test_help_names_the_commands(target: Target) -> None:
    """`help` MUST answer with one line, `Commands: stats, counters, …, quit`, and an empty one."""
    async with target.console() as console:
        reply = await console.ask(b"help", b"\n\n")
    assert reply == _HELP, f"the reply to `help` was {reply!r}"


@requirement("ADMIN-02", EXT, MUST, cites="stats.js:359-397; backends/graphite.js, backend_status")
async def test_stats_tells_ages_and_counts(target: Target) -> None:
    """`stats` MUST answer `name: number` lines from `uptime` on, then `END`; a `last_` value is an age in seconds."""
    async with target.console() as console:
        # Until this is listed the last message may be an old one.
        await _listed(target, console, "gauges", [target.bucket("g")])
        reply = await console.ask(b"stats", _END)
    rows = [row.partition(b": ") for row in reply.removesuffix(_END).split(b"\n")[:-1]]
    odd = [name for name, _, value in rows if not re.fullmatch(rb"-?[0-9]+(\.[0-9]+)?", value)]
    assert not odd, f"`stats` shows no number for {odd[0]!r}: {reply!r}"
    values = {name.decode(): float(value) for name, _, value in rows}
    first = [name.decode() for name, _, _ in rows[:3]]
    assert first == ["uptime", "messages.last_msg_seen", "messages.bad_lines_seen"], f"`stats` begins with {first}"
    for name, value in values.items():
        # Where there was no exception its age is counted from 1970.
        if ".last_" in name and not (name.endswith("last_exception") and value > _FIRST_TIME):
            assert -1 <= value <= values["uptime"] + 1, f"`stats` says {name}: {value:g} after {values['uptime']:g} s"


@pytest.mark.parametrize("group", ["counters", "timers", "gauges"])
@requirement("ADMIN-03", EXT, MUST, cites="stats.js:399-412: util.inspect")
async def test_running_interval_is_listed(target: Target, group: str) -> None:
    """`counters`, `timers`, `gauges` MUST list the running interval as `'name': value`; a long list SHOULD be cut."""
    async with target.console() as console:
        await _listed(target, console, group, [target.bucket("a"), target.bucket("b")])
        if group != "timers":
            return
        long = target.bucket("long")
        target.send(b"\n".join([long + b":1|ms"] * (_SHOWN + _MORE)))
        await _listed(target, console, group, [target.bucket("c")])
        text = await console.ask(b"timers", _END)
        with should():
            more = b"... %d more items" % _MORE
            # A flush may have emptied it by now.
            assert more in text or b"'%b': []" % long in text, (
                f"`timers` does not cut a list of {_SHOWN + _MORE} values"
            )


@pytest.mark.parametrize("group", ["counters", "timers", "gauges"])
@requirement("ADMIN-04", EXT, MUST, cites="lib/mgmt_console.js:3-63; stats.js:414-424")
async def test_what_is_deleted_is_listed_no_more(target: Target, group: str) -> None:
    """`delcounters` and its like MUST delete names and whole folders, `x.*`, and say of each what became of it."""
    kept, one, first, second, absent = (target.bucket(leaf) for leaf in ("kept", "one", "f.1", "f.2", "absent"))
    async with target.console() as console:
        await _listed(target, console, group, [kept, one, first, second])
        reply = await console.ask(b"del%b %b %b %b.*" % (group.encode(), one, absent, target.bucket("f")), _END)
        listing = await console.ask(group.encode(), _END)
    rows = reply.removesuffix(_END).split(b"\n")[:-1]
    said = [b"deleted: " + one, b"metric %b not found" % absent, b"deleted: " + first, b"deleted: " + second]
    assert rows[:2] == said[:2], f"the reply was {reply!r}"
    assert sorted(rows[2:]) == sorted(said[2:]), f"the reply was {reply!r}"
    left = [bucket for bucket in (one, first, second) if b"'%b'" % bucket in listing]
    assert not left, f"{left[0].decode()} was deleted, and is still listed"
    assert b"'%b'" % kept in listing, f"{kept.decode()} was not to be deleted, and is gone"


@requirement("ADMIN-05", EXT, MUST, cites="stats.js:347-357")
async def test_health_is_what_it_was_set_to(target: Target) -> None:
    """`health` MUST answer `health: up` or `health: down`, as it was last set; other arguments only print."""
    async with target.console() as console, target.console() as another:
        before = await _health(console)
        try:
            for word in (b"down", b"up", b"DOWN"):
                reply = await console.ask(b"health " + word, b"\n")
                assert reply == b"health: %b\n" % word.lower(), f"the reply to `health {word.decode()}` was {reply!r}"
                seen = await _health(another)
                assert seen == word.lower(), (
                    f"health was set to {word.decode()}, another connection sees {seen.decode()}"
                )
            reply = await console.ask(b"health sideways", b"\n")
            assert reply == b"health: down\n", f"health is down, and the reply to `health sideways` was {reply!r}"
        finally:
            await another.ask(b"health " + before, b"\n")


@requirement("ADMIN-06", EXT, MUST, cites="lib/helpers.js:60-77, writeConfig")
async def test_config_shows_the_settings(target: Target) -> None:
    """`config` MUST answer an empty line, then `key: value` lines, `group > key: value` for nested ones; no `END`."""
    async with target.console() as console:
        await console.send(b"config\n")
        begin = await console.until(b"\n", "the reply to `config`")
        assert begin == b"\n", f"`config` begins with {begin!r}, not with an empty line"
        # It has no end of its own, so the next reply tells where it was.
        await console.send(b"health\n")
        text = await console.until(b"\nhealth: ", "what came behind `config`")
    rows = text.removesuffix(b"\nhealth: ").split(b"\n")
    odd = [row for row in rows if not re.fullmatch(rb"[^\s:>]+( > [^:>]+)*: .*", row, re.DOTALL)]
    assert not odd, f"`config` shows {odd[0]!r}, which is not of the form key: value"
    shown = dict(row.partition(b": ")[::2] for row in rows)
    interval = float(shown.get(b"flushInterval", b"nan")) / 1000
    assert interval == pytest.approx(target.interval, rel=0.5), f"`config` makes the interval {interval:g} s"


@requirement("ADMIN-07", EXT, MUST, cites="stats.js:426-428")
async def test_quit_closes_the_connection(target: Target) -> None:
    """`quit` MUST close the connection, and no other."""
    async with target.console() as console, target.console() as another:
        await console.send(b"quit\n")
        assert await console.closed(), "the connection is still open after `quit`"
        await _health(another)


@pytest.mark.parametrize("command", ["nosuch", "", "HELP", "sets"], ids=["unknown", "empty", "capitals", "sets"])
@requirement("ADMIN-08", EXT, MUST, cites="stats.js:430-432")
async def test_unknown_command_is_an_error(target: Target, command: str) -> None:
    """An unknown or empty command, or one in capitals, MUST answer `ERROR` and keep the connection open."""
    async with target.console() as console:
        reply = await console.ask(command.encode(), b"\n")
        assert reply == b"ERROR\n", f"the reply to {command!r} was {reply!r}"
        await _health(console)


async def _replies(console: Connection, *segments: bytes) -> str:
    """Return the replies to segments, in words."""
    await console.send(*segments)
    text = (await console.ask(b"help", _HELP)).removesuffix(_HELP).decode("ascii", "replace")
    return " and ".join(text.split("\n")[:-1]) or "nothing"


@requirement("ADMIN-09", QUIRK, SHOULD, cites="lib/mgmt_server.js:9-14: each read is one command")
async def test_where_a_command_ends(target: Target) -> str:
    """A command SHOULD end at LF, however it comes; in the original it ends where its segment does."""
    async with target.console() as console:
        two = await _replies(console, b"health\nhealth\n")
        cut = await _replies(console, b"hea", b"lth\n")
        await console.send(b"health")
        answered = (await console.until(b"\n")).decode("ascii", "replace").rstrip()
    return f"two commands in a segment: {two}; one in two segments: {cut}; one without LF: {answered}"


@pytest.mark.parametrize("way", ["garbage", "a megabyte", "many lines", "reset"])
@requirement("ADMIN-10", ROBUST, MUST, cites="lib/mgmt_server.js:9-18", hostile=True)
async def test_odd_console_input_stops_nothing(target: Target, way: str) -> None:
    """Garbage, a megabyte of text or an abrupt close MUST NOT affect the lines that are received."""
    sent = {
        "garbage": bytes(range(256)) * 4,
        "a megabyte": b"stats " * 170_000,
        "many lines": b"nosuch\n" * 20_000,
        "reset": b"counters\n",
    }
    async with target.console() as console:
        await console.send(sent[way])
        if way == "reset":
            console.reset()
        await sandwich(target)
    async with target.console() as console:
        await _health(console)


@requirement("ADMIN-11", QUIRK, SHOULD, cites="lib/mgmt_console.js:49: the `in` operator sees what is inherited")
async def test_deleting_the_name_of_a_language_internal(target: Target) -> str:
    """Deleting a counter that is named like a property of the host's language SHOULD find none."""
    async with target.console() as console:
        reply = await console.ask(b"delcounters toString", _END)
    return f"`delcounters toString` is answered with {json.dumps(reply.removesuffix(_END).decode('ascii', 'replace'))}"
