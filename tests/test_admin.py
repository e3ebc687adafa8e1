import re
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from original import original
from statsd_conformance.process import free_port
from statsd_reference import Options, Window, make_server, read_options
from statsd_reference.admin import Deletion, GraphiteState, Reply, State, answer, split_commands, without
from statsd_reference.inspect import inspect

HELP = b"Commands: stats, counters, timers, gauges, delcounters, deltimers, delgauges, health, config, quit\n\n"
WINDOW = Window(
    counters={b"a": 1.0, b"f.a": 2.0, b"f.g.b": 2.5, b"fa": 3.0},
    gauges={b"g": -0.5, b"f.g": 7.0},
    gauge_ages={b"g": 2, b"f.g": 1},
    timers={b"t": [3.0, 1.0], b"f.t": [], b"u": [4.0]},
    timer_counts={b"t": 20.0, b"f.t": 0.0, b"u": 1.0},
    sets={b"a": {b"x"}},
    totals={b"a": 9.0},
)
GRAPHITE = GraphiteState(flush_age=7, exception_age=1795464199, flush_time=12.0, flush_length=3456.0)
STATE = State(Options(), WINDOW, uptime=70, message_age=3, bad_lines=2.0, graphite=GRAPHITE)


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (b"help", HELP),
        (b"counters", b"{ a: 1, 'f.a': 2, 'f.g.b': 2.5, fa: 3 }\nEND\n\n"),
        (b"timers", b"{ t: [ 3, 1 ], 'f.t': [], u: [ 4 ] }\nEND\n\n"),
        (b"gauges", b"{ g: -0.5, 'f.g': 7 }\nEND\n\n"),
        (b"counters of no interest", b"{ a: 1, 'f.a': 2, 'f.g.b': 2.5, fa: 3 }\nEND\n\n"),
        (b"delcounters", b"END\n\n"),
        (b"health", b"health: up\n"),
        (b"health sideways", b"health: up\n"),
        (b"health  down", b"health: up\n"),
        (b" \t help\r\n", HELP),
        (b"", b"ERROR\n"),
        (b"\r\n", b"ERROR\n"),
        (b"HELP", b"ERROR\n"),
        (b"Stats", b"ERROR\n"),
        (b"sets", b"ERROR\n"),
        (b"help\tstats", b"ERROR\n"),
        (b"toString", b"ERROR\n"),
        (b"\xff\xfe\x00", b"ERROR\n"),
        (b"x" * 2**20, b"ERROR\n"),
    ],
)
def test_a_command_that_changes_nothing_answers_and_stays(command: bytes, text: bytes) -> None:
    assert answer(command, STATE) == Reply(text)


def test_stats_shows_ages_and_the_values_of_the_output() -> None:
    assert answer(b"stats", STATE).text.decode().splitlines() == [
        "uptime: 70",
        "messages.last_msg_seen: 3",
        "messages.bad_lines_seen: 2",
        "graphite.last_flush: 7",
        "graphite.last_exception: 1795464199",
        "graphite.flush_time: 12",
        "graphite.flush_length: 3456",
        "END",
        "",
    ]


def test_stats_says_nothing_of_an_output_that_is_not_there() -> None:
    assert b"graphite" not in answer(b"stats", replace(STATE, graphite=None)).text


@pytest.mark.parametrize(
    ("command", "text", "deletion"),
    [
        (b"delcounters a", b"deleted: a\n", Deletion("counters", (b"a",))),
        (b"delcounters fa a", b"deleted: fa\ndeleted: a\n", Deletion("counters", (b"fa", b"a"))),
        (b"delcounters f.*", b"deleted: f.a\ndeleted: f.g.b\n", Deletion("counters", (b"f.a", b"f.g.b"))),
        (b"delcounters a a", b"deleted: a\nmetric a not found\n", Deletion("counters", (b"a",))),
        (
            b"delcounters f.a f.*",
            b"deleted: f.a\ndeleted: f.g.b\n",
            Deletion("counters", (b"f.a", b"f.g.b")),
        ),
        (b"delcounters  a", b"metric  not found\ndeleted: a\n", Deletion("counters", (b"a",))),
        (b"delcounters t", b"metric t not found\n", None),
        (b"delcounters f", b"metric f not found\n", None),
        (b"delcounters *", b"metric * not found\n", None),
        (b"delcounters .*", b"metric .* not found\n", None),
        (b"delcounters toString __proto__", b"metric toString not found\nmetric __proto__ not found\n", None),
        (b"deltimers t f.*", b"deleted: t\ndeleted: f.t\n", Deletion("timers", (b"t", b"f.t"))),
        (b"deltimers length", b"metric length not found\n", None),
        (b"delgauges f.g x", b"deleted: f.g\nmetric x not found\n", Deletion("gauges", (b"f.g",))),
    ],
)
def test_deleting_says_of_each_name_what_becomes_of_it(command: bytes, text: bytes, deletion: Deletion | None) -> None:
    assert answer(command, STATE) == Reply(text + b"END\n\n", delete=deletion)


def test_a_bucket_whose_name_is_a_folder_of_itself_is_deleted_once() -> None:
    state = replace(STATE, window=Window(counters={b"f.a": 1.0, b"f.*": 2.0}))
    assert answer(b"delcounters f.*", state).text == b"deleted: f.*\ndeleted: f.a\nEND\n\n"


@pytest.mark.parametrize(
    ("deletion", "left"),
    [
        (
            Deletion("counters", (b"a", b"f.a")),
            replace(WINDOW, counters={b"f.g.b": 2.5, b"fa": 3.0}),
        ),
        (Deletion("gauges", (b"g",)), replace(WINDOW, gauges={b"f.g": 7.0}, gauge_ages={b"f.g": 1})),
        (
            Deletion("timers", (b"t", b"f.t")),
            replace(WINDOW, timers={b"u": [4.0]}, timer_counts={b"u": 1.0}),
        ),
        (Deletion("gauges", (b"gone",)), WINDOW),
    ],
)
def test_a_deletion_takes_what_it_names_and_nothing_else(deletion: Deletion, left: Window) -> None:
    assert without(WINDOW, deletion) == left


@pytest.mark.parametrize("health", ["up", "down"])
@pytest.mark.parametrize("word", ["up", "down", "UP", "Down"])
def test_health_is_set_to_up_or_down_in_any_case(health: str, word: str) -> None:
    reply = answer(f"health {word} and the rest".encode(), replace(STATE, health=health))
    assert reply == Reply(f"health: {word.lower()}\n".encode(), health=reply.health)
    assert reply.health == word.lower()


def test_health_answers_what_it_was_set_to() -> None:
    assert answer(b"health", replace(STATE, health="down")).text == b"health: down\n"


def test_quit_closes_without_a_word() -> None:
    assert answer(b"quit\n", STATE) == Reply(b"", close=True)


def test_config_shows_every_option_under_the_original_name() -> None:
    given = {
        "flushInterval": 1500,
        "address": "127.0.0.1",
        "percentThreshold": [90, -99.5],
        "histogram": [{"metric": "a", "bins": [1, 2.5, "inf"]}],
        "graphite": {"legacyNamespace": False},
        "deleteIdleStats": True,
        "deleteTimers": False,
    }
    first, *rows = answer(b"config", replace(STATE, options=read_options(given))).text.decode().split("\n")
    assert (first, rows.pop()) == ("", "")
    assert rows[:3] == ["port: 8125", "address: 127.0.0.1", "address_ipv6: false"]
    assert {
        "flushInterval: 1500",
        "socket: ",
        "percentThreshold > 0: 90",
        "percentThreshold > 1: -99.5",
        "histogram > 0 > metric: a",
        "histogram > 0 > bins: 1,2.5,inf",
        "graphite > legacyNamespace: false",
        "graphite > globalPrefix: stats",
        "deleteIdleStats: true",
        "deleteCounters: true",
        "deleteTimers: false",
    } <= set(rows)
    assert not any("None" in row for row in rows)


@pytest.mark.parametrize(
    ("chunk", "commands"),
    [
        (b"help", [b"help"]),
        (b"help\n", [b"help"]),
        (b"help\r\n", [b"help\r"]),
        (b"health down\nstats\n", [b"health down", b"stats"]),
        (b"health down\nstats", [b"health down", b"stats"]),
        (b"\n\nhelp\n \nstats\r\n\r\n", [b"help", b"stats\r"]),
        (b"\n", [b""]),
        (b" \r\n\n", [b""]),
    ],
)
def test_a_chunk_holds_a_command_a_line(chunk: bytes, commands: list[bytes]) -> None:
    assert split_commands(chunk) == commands


_WORDS = st.sampled_from([b"delcounters", b"delgauges", b"deltimers", b"health", b"config", b"a", b"f.*", b".*", b" "])


@given(st.one_of(st.binary(), st.lists(_WORDS).map(b" ".join)))
def test_any_command_is_answered_and_deletes_only_what_is_there(command: bytes) -> None:
    reply = answer(command, STATE)
    assert reply.text.endswith(b"\n") or reply == Reply(b"", close=True)
    if reply.delete:
        assert set(reply.delete.buckets) <= set(getattr(WINDOW, reply.delete.group))


# The same traffic and commands for the original and the reference.

Program = Callable[[str], tuple[str, ...]]

OPTIONS = {"flushInterval": 1000000, "percentThreshold": [90, -5.5], "graphite": {"legacyNamespace": False}}
MANY = b"\n".join(b"many:%d.%d|ms" % (number * number % 977, number % 4) for number in range(130))
HUNDRED_AND_ONE = b"\n".join(b"edge:%d|ms" % number for number in range(101))
TRAFFIC = (
    b"a:1|c\na:2.5|c|@0.1\nfolder.a:-3|c\nfolder.b.c:4|c\nfolderless:5|c",
    b"10:1|c\n9:2|c\n09:3|c\n_private:4|c\nhuge:1e21|c\ntiny:1e-7|c",
    b"one:5|ms\nsix:1|ms:2|ms:3|ms:4|ms:5|ms:6|ms\nseven:1|ms:20|ms:300|ms:4|ms:5|ms:6|ms:7.25|ms",
    MANY[: MANY.index(b"\n", 900)],
    MANY[MANY.index(b"\n", 900) + 1 :],
    HUNDRED_AND_ONE,
    b"uneven:1e300|ms" + b":1|ms" * 8 + b"\nfolder.t:0.1|ms:0.2|ms",
    b"level:3|g\nlevel:-1.5|g\nfolder.level:1e300|g\nof.a.name.as.long.as.to.take.more.than.half.of.a.line.by.itself:1|g",
    b"it's:1|c\nsa\"id:2|c\nb`oth's\":3|c\nback\\slash:4|c\na b/c:5|c\nx\xc3\xa9\xf0\x9f\x98\x80\xff:6|g\nmember:x|s",
    b"bad\nbad:x|c",
)
COMMANDS = (
    *(b"help", b"counters", b"timers", b"gauges\r\n", b"counters and more", b"  counters\n\n", b"\n", b"HELP", b"sets"),
    *(
        b"help\tstats",
        b"\xc3\xa9",
        b"health",
        b"health DOWN",
        b"health sideways",
        b"health  up",
        b"health",
        b"health up",
    ),
    *(b"delcounters", b"delcounters a a nothing", b"delcounters folder.b.c folder.*", b"delcounters * .* folder"),
    *(b"deltimers six  one", b"deltimers folder.*", b"delgauges level folder.leve", b"delgauges folder.*"),
    *(b"delcounters statsd.bad_lines_seen", b"counters", b"timers", b"gauges", b"delcounters statsd.* folderless 9"),
    *(b"counters", b"deltimers seven many edge uneven", b"timers"),
)


@dataclass(frozen=True)
class Console:
    """The console of a running original, and the state of a reference that was sent the same."""

    port: int
    state: State

    def ask(self, command: bytes) -> bytes:
        """Return all that the original answers; that we say no more ends its reply."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(command)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))


@pytest.fixture(params=[True, False], ids=["clean names", "names as sent"])
def console(program: Program, request: pytest.FixtureRequest) -> Iterator[Console]:
    options: Mapping[str, Any] = {**OPTIONS, "keyNameSanitize": request.param, "mgmt_port": free_port()}
    server = make_server(read_options(options))
    window = server.first_window()
    with original(program("statsd"), options) as running:
        # It listens when it has flushed.
        running.flush()
        running.send(*TRAFFIC)
        for datagram in TRAFFIC:
            window = server.accumulate(window, server.read(datagram))
        console = Console(
            options["mgmt_port"], State(server.options, window, 0, 0, bad_lines=2.0, graphite=GraphiteState(0, 0))
        )
        received = b"'statsd.packets_received': %d" % len(TRAFFIC)
        asked = (console.ask(b"counters") for _ in range(10_000))
        assert any(received in counters for counters in asked), "the traffic does not arrive"
        yield console


def test_replies_are_those_of_the_original(console: Console) -> None:
    state = console.state
    for command in COMMANDS:
        reply = answer(command, state)
        assert reply.text == console.ask(command), command
        state = replace(state, health=reply.health or state.health)
        if reply.delete:
            state = replace(state, window=without(state.window, reply.delete))
    assert inspect(state.window.timers) == "{}"


def test_stats_are_laid_out_as_those_of_the_original(console: Console) -> None:
    ours, theirs = answer(b"stats", console.state).text, console.ask(b"stats")
    assert re.sub(rb"\d+\n", b"N\n", ours) == re.sub(rb"\d+\n", b"N\n", theirs)
    bad_lines = re.compile(rb"^messages\.bad_lines_seen: .*$", re.MULTILINE)
    assert bad_lines.findall(ours) == bad_lines.findall(theirs)


def test_config_shows_the_given_options_as_the_original_does(console: Console) -> None:
    ours, theirs = (text.splitlines() for text in (answer(b"config", console.state).text, console.ask(b"config")))
    assert ours[0] == theirs[0] == b""
    names = {*OPTIONS, "keyNameSanitize", "mgmt_port", *(f"delete{kind}" for kind in ("Counters", "Gauges"))}
    rows = [row for row in theirs if re.split(rb" > |: ", row)[0].decode() in names]
    assert len(rows) == len(names) + 1
    assert set(rows) <= set(ours)


def test_the_original_closes_on_quit_without_a_word(console: Console) -> None:
    with socket.create_connection(("127.0.0.1", console.port)) as connection:
        connection.sendall(b"quit\n")
        assert connection.recv(1) == answer(b"quit\n", console.state).text
