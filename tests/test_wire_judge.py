"""The judge over the wire: silent about the reference, and not about one with a mistake planted."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from defects.counters import d35
from defects.framing import a08
from defects.steps import Break, points
from defects.timers import f01
from statsd_conformance.address import Address
from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.observers import MakeObserver, graphite, prometheus
from statsd_conformance.profile import Profile, load_profile
from statsd_conformance.target import Crashed
from statsd_conformance.wire import Wire
from statsd_fuzz.fault import Fault
from statsd_fuzz.wire.batch import Batch, Round, Sent, Sorted, cut, sort_lines
from statsd_fuzz.wire.closure import stray_names, unexplained
from statsd_fuzz.wire.grammar import Grammar
from statsd_fuzz.wire.judge import Judge
from statsd_fuzz.wire.scenario import PLACEHOLDER, STREAMED, Scenario
from statsd_fuzz.wire.strictly import Model, differences
from statsd_fuzz.wire.tokens import Tokens, number_of
from statsd_fuzz.wire.trial import Looked, Plainly, Strict
from statsd_reference import BadLine, Flush, Kind, Options, Outcome, Point, Sample, Server
from statsd_reference.stream import Cut, Stream
from wire_trials import DaemonSubject, serving

Q = PLACEHOLDER + b"."
REFERENCE = load_profile("reference")
INTERVAL_MS = 60


def right(server: Server) -> Server:
    return server


def scenario(*intervals: Sequence[bytes]) -> Scenario:
    return Scenario(tuple(tuple(Q + one for one in some) for some in intervals))


def judge_of(subject: DaemonSubject, *, strict: bool) -> Judge:
    subject.wire.grace = 2.0
    return Judge(subject, subject.server.options if strict else None)


def looked_at(plant: Break, scenarios: Sequence[Scenario], *, strict: bool) -> list[Fault | None]:
    async def run() -> list[Fault | None]:
        async with serving(plant, options={"flush_interval": INTERVAL_MS}) as subject:
            return await judge_of(subject, strict=strict)(scenarios)

    return asyncio.run(run())


@pytest.mark.parametrize("strict", [True, False], ids=["strictly", "plainly"])
def test_reference_takes_whatever_the_grammar_makes(strict: bool) -> None:
    grammar = Grammar(11, largest=2048)
    faults = looked_at(right, [grammar.scenario() for _ in range(120)], strict=strict)
    assert [fault for fault in faults if fault] == []


def test_nothing_is_judged_of_a_flush_that_came_in_parts() -> None:
    async def run() -> tuple[list[Fault | None], int]:
        async with serving(right, options={"flush_interval": INTERVAL_MS}) as subject:
            judge = judge_of(subject, strict=True)
            await judge.learn()
            whole, parts = subject.wire.sink.on_snapshot, False  # type: ignore[attr-defined]  # it is a GraphiteObserver

            def stalling(snapshot: Snapshot) -> None:
                """Take the first flush with anything of the judge's as if silence had ended it early."""
                nonlocal parts
                at = [judge.tokens.prefix in line.path for line in snapshot.lines]
                if parts or not any(at):
                    whole(snapshot)
                    return
                parts = True
                middle = len(at) - at[::-1].index(True) - 1
                # The fence is in the first part, and the scenario is not.
                later = [line for line in snapshot.lines if b".a" in line.path and judge.tokens.prefix in line.path]
                whole(replace(snapshot, lines=tuple(one for one in snapshot.lines[:middle] if one not in later)))
                whole(replace(snapshot, lines=(*later, *snapshot.lines[middle:])))

            subject.wire.sink.on_snapshot = stalling  # type: ignore[attr-defined]  # so
            faults = await judge([scenario([b"a:1|c"])])
            assert parts
            return faults, judge.intervals

    faults, intervals = asyncio.run(run())
    assert faults == [None]
    assert intervals == 2


@pytest.mark.parametrize("strict", [True, False], ids=["strictly", "plainly"])
def test_mistake_is_blamed_on_the_scenario_that_shows_it(strict: bool) -> None:
    right_one, sampled = scenario([b"a:1|c", b"b:2|g"]), scenario([b"a:1|c|@0.1"])
    faults = looked_at(d35, [right_one, sampled, right_one], strict=strict)
    assert [fault and fault.name for fault in faults] == [None, "counter-differs", None]


def test_odd_line_is_judged_only_where_the_target_is_to_be_like_the_reference() -> None:
    infinite = scenario([b"a:1|c", b"b:1e3|c"])
    strictly, plainly = (looked_at(thousands_count_once, [infinite], strict=strict) for strict in (True, False))
    assert [fault and fault.name for fault in strictly] == ["counter-differs"]
    assert plainly == [None]


def thousands_count_once(server: Server) -> Server:
    return points(server, lambda point, flush: point._replace(value=1.0) if point.value == 1000 else point)


@pytest.mark.parametrize(("unmet", "named"), [((), "timer-std-differs"), (("TIMER-04",), None)])
def test_deviation_is_compared_unless_it_is_known_to_be_another(unmet: Sequence[str], named: str | None) -> None:
    async def run() -> list[Fault | None]:
        async with serving(f01, options={"flush_interval": INTERVAL_MS}) as subject:
            judge = judge_of(subject, strict=False)
            judge.unmet = frozenset(unmet)
            return await judge([scenario([b"t:1|ms", b"t:2|ms"])])

    assert [fault and fault.name for fault in asyncio.run(run())] == [named]


def test_other_things_can_be_done_while_a_large_flush_is_looked_at() -> None:
    async def run() -> int:
        tokens = Tokens("wire0")
        batch = Batch(tokens, 1, [scenario([b"a:1|c"]).renamed(tokens.of(1, number)) for number in range(500)])
        async with serving(right) as subject:
            trial = Strict(subject.wire, batch, subject.server.options)
            return sum(1 for _ in trial.take(Round(0, [[]], [list(range(500))], set())))

    assert asyncio.run(run()) > 10


def test_path_that_stands_twice_in_a_flush_is_found_where_nothing_is_odd() -> None:
    plain, odd = scenario([b"a:1|c"]), scenario([b"a:1|c", b"a!:1|c"])
    faults = looked_at(publishes_rates_twice, [plain, odd], strict=False)
    assert [fault and fault.name for fault in faults] == ["path-published-twice", None]


@pytest.mark.parametrize("unmet", ["OUT-05", "COUNTER-05"])
def test_path_that_stands_twice_is_no_fault_of_what_a_target_is_known_not_to_meet(unmet: str) -> None:
    async def run() -> list[Fault | None]:
        async with serving(publishes_rates_twice, options={"flush_interval": INTERVAL_MS}) as subject:
            judge = judge_of(subject, strict=False)
            judge.unmet = frozenset((unmet,))
            return await judge([scenario([b"a:+1|c"]), scenario([b"b:1|c"])])

    signed, plain = asyncio.run(run())
    assert signed is None
    assert (plain is None) is (unmet == "OUT-05")


def test_target_that_passes_lines_on_has_to_survive_and_no_more() -> None:
    async def run() -> Looked:
        async with serving(d35, options={"flush_interval": INTERVAL_MS}) as subject:
            subject.wire.sink.output = "passed on"  # type: ignore[misc]  # the observer of Graphite lets it be said
            return await judge_of(subject, strict=False).once([scenario([b"a:1|c|@0.1"]), Scenario(((b"b:1|c",),))])

    looked = asyncio.run(run())
    assert looked.faults == {}
    assert looked.strays == []
    assert looked.shapes[0]


def publishes_rates_twice(server: Server) -> Server:
    def twice(flush: Flush) -> Iterator[Point]:
        for point in server.points(flush):
            yield point
            if point.path.startswith(b"stats.q"):
                yield point

    return replace(server, points=twice)


def test_later_intervals_are_compared_too() -> None:
    faults = looked_at(forgets_gauges, [scenario([b"g:5|g"], [], [b"g:+2|g"])], strict=False)
    told = [(fault.name, fault.sentence[:33]) for fault in faults if fault]
    assert told == [("gauge-differs", "interval 3 has 2, required is 7 a")]


def forgets_gauges(server: Server) -> Server:
    return replace(
        server, flush=lambda window, at: (server.flush(window, at)[0], replace(server.flush(window, at)[1], gauges={}))
    )


@pytest.mark.parametrize("strict", [True, False], ids=["strictly", "plainly"])
def test_path_that_nobody_asked_for_is_blamed_on_who_made_it(strict: bool) -> None:
    odd = scenario([b"a:x|c"])
    faults = looked_at(tells_of_bad_lines, [scenario([b"a:1|c"]), odd, scenario([b"b:1|c"])], strict=strict)
    assert [fault and fault.name for fault in faults] == [None, "path-nobody-asked-for", None]


def keeps_a_level_of_bad_lines(server: Server) -> Server:
    """Set a gauge with each bad line, which stays."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        outcomes = server.parse(line)
        return tuple(Sample(b"refused", 5.0, Kind.GAUGE) if isinstance(one, BadLine) else one for one in outcomes)

    return replace(server, parse=parse)


@pytest.mark.parametrize("strict", [True, False], ids=["strictly", "plainly"])
def test_path_that_stays_is_blamed_on_nobody_who_did_not_make_it(strict: bool) -> None:
    right_and_odd = scenario([b"a:1|c|#k:v"])
    faults = looked_at(keeps_a_level_of_bad_lines, [right_and_odd, scenario([b"a:xxxxxxxxxxx|c"])], strict=strict)
    assert faults[0] is None


def test_who_made_a_path_is_found_though_a_flush_fell_into_what_is_tried() -> None:
    async def run() -> list[Fault | None]:
        async with serving(tells_of_bad_lines, options={"flush_interval": INTERVAL_MS}) as subject:
            judge = judge_of(subject, strict=False)
            await judge.learn()
            once, calls = judge.once, 0

            async def torn_now_and_then(scenarios: Sequence[Scenario], *given: Any, **more: Any) -> Looked:
                nonlocal calls
                looked = await once(scenarios, *given, **more)
                calls += 1
                # The first one is the flush that shows the path.
                if calls % 2 or not looked.strays:
                    return looked
                judge.known.update(looked.strays)
                return Looked(torn=set(range(len(scenarios))))

            judge.once = torn_now_and_then  # type: ignore[method-assign]  # so
            return await judge([scenario([b"a:1|c"]), scenario([b"a:x|c"]), scenario([b"b:1|c"])])

    assert [fault and fault.name for fault in asyncio.run(run())] == [None, "path-nobody-asked-for", None]


def test_path_of_a_neighbour_is_blamed_on_nobody_who_shares_the_interval() -> None:
    async def run() -> tuple[list[Fault | None], Looked]:
        async with serving(tells_of_bad_lines, options={"flush_interval": INTERVAL_MS}) as subject:
            judge = judge_of(subject, strict=False)
            await judge.learn()
            return await asyncio.gather(judge.named([scenario([b"a:1|c|@x"])]), judge.once([scenario([b"a:x|c"])]))

    faults, looked = asyncio.run(run())
    assert faults == [None]
    assert looked.strays == [b"stats_counts.refused"]


def test_all_that_was_under_way_is_known_when_the_target_stops() -> None:
    async def run() -> tuple[list[object], list[bytes]]:
        async with serving(a08, options={"flush_interval": INTERVAL_MS}) as subject:
            judge = judge_of(subject, strict=False)
            calls = [judge.once([scenario([line])]) for line in (b"a:1|c", b"b:1|c\n\n" + Q + b"c:1|c")]
            raised = await asyncio.gather(*calls, return_exceptions=True)
            sent = [one.renamed(PLACEHOLDER).intervals[0][0] for one in judge.stopped]
            return [type(one) for one in raised], sent

    raised, sent = asyncio.run(run())
    assert raised == [Crashed, Crashed]
    assert sent == [Q + b"a:1|c", Q + b"b:1|c\n\n" + Q + b"c:1|c"]


def tells_of_bad_lines(server: Server) -> Server:
    """Publish one more path in each interval in which a line was refused."""

    def more(made: Iterator[Point]) -> Iterator[Point]:
        for point in made:
            yield point
            if point.path == b"stats_counts.statsd.bad_lines_seen" and point.value:
                yield Point(b"stats_counts.refused", point.value, point.timestamp)

    return replace(server, points=lambda flush: more(server.points(flush)))


def test_many_calls_share_each_interval() -> None:
    async def run() -> tuple[int, list[Looked]]:
        async with serving(right, options={"flush_interval": INTERVAL_MS}) as subject:
            judge = judge_of(subject, strict=True)
            await judge.learn()
            calls: list[Coroutine[None, None, Looked]] = [judge.once([scenario([b"a:1|c"])]) for _ in range(5)]
            looked = await asyncio.gather(*calls)
            return judge.intervals, looked

    intervals, looked = asyncio.run(run())
    assert intervals == 1
    assert [one.faults for one in looked] == [{}] * 5


@pytest.mark.parametrize(("number", "shared"), [(20, True), (1200, False)], ids=["small", "large"])
def test_calls_send_no_more_together_than_one_of_them_may(number: int, shared: bool) -> None:
    sent = scenario([b"a:1|c"] * number)

    async def run() -> list[int]:
        async with serving(right, options={"flush_interval": 200}) as subject:
            judge = judge_of(subject, strict=False)
            await judge.learn()
            begun = []
            once = judge.once

            async def noting(scenarios: Sequence[Scenario], *given: Any, **more: Any) -> Looked:
                looked = await once(scenarios, *given, **more)
                begun.append(judge.intervals)
                return looked

            judge.once = noting  # type: ignore[method-assign]  # so
            await asyncio.gather(judge.named([sent]), judge.named([sent]))
            return begun[:2]

    first, second = asyncio.run(run())
    assert (first == second) is shared


def flush_of(tokens: Tokens, lines: Sequence[bytes]) -> Sorted:
    return sort_lines(Snapshot(tuple(map(read_line, lines)), 0.0, 0.0), tokens, b"qwire")


def test_paths_that_what_is_torn_may_have_made_are_no_news_and_no_others() -> None:
    async def run() -> set[bytes]:
        tokens = Tokens("wire0")
        batch = Batch(tokens, 1, [scenario([b"a:1|c"]), Scenario(((b"bare:1|c",),))])
        trial = Strict(Wire("it", Address("udp", "127.0.0.1", 1), load_profile("reference")), batch, Options())
        for _ in trial.take(Round(0, [()], [[]], {1})):
            pass
        return trial.published

    published = asyncio.run(run())
    assert b"stats_counts.bare" in published
    assert not any(b"qwire" in path for path in published)


# Paths, the token left out, with a profile, and the shape that they have.
SHAPES = {
    (b"stats.timers.*.a.b.upper", "reference"): b"stats.timers.*.upper",
    (b"stats.timers.a.*.a.upper", "reference"): b"stats.timers.*.upper",
    (b"stats.*.count_ps", "reference"): b"stats.*.count_ps",
    (b"stats.counters.a;k=*=v;", "reference"): b"stats.*;==;",
    (b"stats.counters.a;k=*=v;;;;", "reference"): b"stats.*;==;",
    (b"*.a", "reference"): b"*",
    (b"stats.gau*", "reference"): b"stats.*",
    (b"host.statsd.count-x*-a#", "collectd"): b"host.statsd.count-*#",
}


@pytest.mark.parametrize(("path", "profile", "shape"), [(*one, shape) for one, shape in SHAPES.items()])
def test_shape_is_what_the_target_puts_into_a_path_and_what_is_odd_in_the_rest(
    path: bytes, profile: str, shape: bytes
) -> None:
    async def run() -> set[bytes]:
        tokens = Tokens("wire0")
        batch = Batch(tokens, 1, [])
        trial = Strict(Wire("it", Address("udp", "127.0.0.1", 1), load_profile(profile)), batch, Options())
        trial.note(0, [path.replace(b"*", tokens.of(1, 0))])
        return trial.looked.shapes[0]

    assert asyncio.run(run()) == {shape}


def test_label_of_prometheus_may_have_a_blank() -> None:
    async def run(observer: MakeObserver) -> list[str]:
        wire = Wire("it", Address("udp", "127.0.0.1", 1), load_profile("statsd_exporter"))
        wire.sink = wire._made(observer)
        tokens = Tokens("wire0")
        token = tokens.of(1, 0)
        trial = Plainly(wire, Batch(tokens, 1, [scenario([b"a:1|c|#k:\t"]).renamed(token)]), {})
        for _ in trial.look(Round(0, [[read_line(token + b"_a;k=\t 1 1")]], [[0]], set())):
            pass
        trial.end()
        return [fault.name for fault in trial.looked.faults.values()]

    assert asyncio.run(run(graphite("127.0.0.1", 0))) == ["blank-in-a-path"]
    assert asyncio.run(run(prometheus("127.0.0.1", 1, "/metrics", 1.0))) == []


def test_mark_is_known_whatever_stands_for_its_dot() -> None:
    tokens = Tokens("wire0")
    mark = tokens.mark(3, 12).partition(b":")[0]
    for dot in (b".", b"_", b"-", b""):
        assert tokens.marked(3, b"stats." + mark.replace(b".", dot) + b".count") == 12
    assert tokens.marked(4, mark) is None


def test_section_that_a_flush_fell_into_is_torn() -> None:
    tokens = Tokens("wire0")
    batch = Batch(tokens, 1, [scenario([b"a:1|c"])] * 2)
    marks = [tokens.mark(1, number).partition(b":")[0] + b" 1 10" for number in (1, 2, 3)]
    flushes = [flush_of(tokens, lines) for lines in (marks[:1], marks[1:])]
    result = batch.round(Sent([(1, [0]), (2, [1])]), flushes, lost=False)
    assert result.torn == {0}
    assert result.held == [[], [1]]


def test_everything_is_torn_where_datagrams_were_lost() -> None:
    tokens = Tokens("wire0")
    batch = Batch(tokens, 1, [scenario([b"a:1|c"])])
    flush = flush_of(tokens, [tokens.mark(1, number).partition(b":")[0] + b" 1 10" for number in (1, 2)])
    assert batch.round(Sent([(1, [0])]), [flush], lost=True).torn == {0}
    assert batch.round(Sent([(1, [0])]), [flush], lost=False).torn == set()


def test_pieces_of_a_stream_are_its_lines() -> None:
    lines = b"".join(b"a%d:1|c\n" % number for number in range(100))
    assert b"".join(cut(lines)) == lines
    assert len(list(cut(lines))) > 3


def test_stream_is_cut_alike_under_any_token() -> None:
    sizes = [
        [len(piece) for piece in cut(b"".join(b"%b.a%d:1|c\n" % (token, number) for number in range(50)), token)]
        for token in (b"qwire00001", b"qwire00002")
    ]
    assert sizes[0] == sizes[1]


def test_marks_on_a_stream_come_in_one_piece_and_lines_do_not() -> None:
    tokens = Tokens("wire0")
    streamed = replace(scenario([b"a%d:1|c" % number for number in range(30)]), features=frozenset((STREAMED,)))
    batch = Batch(tokens, 1, [streamed.renamed(tokens.of(1, 0))])
    wire = _Recording()
    batch.send(wire, stream=True)  # type: ignore[arg-type]  # it is a wire in all that is asked of it
    first, *pieces, last = wire.pieces
    assert (first, last) == (tokens.mark(1, 1) + b"\n", tokens.mark(1, 2) + b"\n")
    assert b"".join(pieces) == b"".join(one + b"\n" for one in batch.scenarios[0].intervals[0])
    assert not all(piece.endswith(b"\n") for piece in pieces)


class _Recording:
    """A wire that keeps the pieces it is to send over a stream."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def transmit_pieces(self, pieces: Iterable[bytes], *, apart: bool) -> None:
        self.pieces += pieces


@pytest.mark.parametrize(
    ("features", "named"), [((STREAMED,), ["counter-differs"]), ((), [None])], ids=["over-tcp", "over-udp"]
)
def test_lines_over_tcp_are_judged_too(features: Sequence[str], named: Sequence[str | None]) -> None:
    sent = replace(scenario([b"a:1|c", b"b:2|c"]), features=frozenset(features))

    async def run() -> list[Fault | None]:
        async with serving(reads_streams_twice, options={"flush_interval": INTERVAL_MS, "tcp": True}) as subject:
            return await judge_of(subject, strict=True)([sent])

    assert [fault and fault.name for fault in asyncio.run(run())] == named


def reads_streams_twice(server: Server) -> Server:
    def cut(stream: Stream, chunk: bytes, max_line: int) -> Cut:
        done = server.cut(stream, chunk, max_line)
        return replace(done, lines=2 * done.lines)

    return replace(server, cut=cut)


def test_tokens_are_of_one_length_and_tell_their_number() -> None:
    tokens = Tokens("abcde")
    assert {len(tokens.of(batch, number)) for batch in (0, 5, 46_000) for number in (0, 46_000)} == {10}
    assert number_of(tokens.of(3, 1234)) == 1234
    assert not tokens.prefix.startswith(b"qabc")


def test_model_publishes_what_the_reference_does_of_a_datagram() -> None:
    model = Model(Options(flush_interval=1000))
    assert model.flush([b"a:1|c\na:2|c", b"g:5|g"])[b"stats_counts.a"] == b"3"
    assert model.flush([b"g:-1|g"])[b"stats.gauges.g"] == b"4"


@pytest.mark.parametrize(
    ("wanted", "got", "name"),
    [
        ({b"stats_counts.a": b"1"}, {}, "counter-missing"),
        ({b"stats_counts.a": b"1"}, {b"stats_counts.a": b"2"}, "counter-differs"),
        ({}, {b"stats_counts.a": b"2"}, "path-nobody-asked-for"),
        ({b"stats.a": b"1"}, {b"stats.a": b"1 1"}, "rate-published-twice"),
        ({b"stats.timers.a.mean": b"1"}, {b"stats.timers.a.mean": b"2"}, "timer-mean-differs"),
        ({b"stats.sets.a.count": b"1", b"stats.a": b"1"}, {b"stats.sets.a.count": b"2"}, "set-differs"),
    ],
)
def test_difference_is_named(wanted: dict[bytes, bytes], got: dict[bytes, bytes], name: str) -> None:
    assert differences(REFERENCE, wanted, got, "the flush")[0].name == name


@pytest.mark.parametrize(
    ("path", "stray"),
    [
        (b"stats.timers.%b.a.mean_90", False),
        (b"stats.%b.other", True),
        (b"stats.%b", False),
        (b"stats.%b.a_b-c", False),
        (b"h.statsd.latency-%b.a-average", False),
    ],
)
def test_name_that_no_line_has_is_a_stray(path: bytes, stray: bool) -> None:
    sent = scenario([b"a:1|c", b"a b/c:1|c"])
    assert bool(list(stray_names(REFERENCE, sent, [path % PLACEHOLDER]))) is stray


def test_path_without_a_token_is_explained_by_what_was_sent_without_one() -> None:
    sent = [Scenario(((b"__x y:1|c", b":1|c", b"d:1|c|q:1|c|#e", b"0x1.;eq.x2:1|s"),)), scenario([b"z:1|c"])]
    explained = [b"stats_counts.x_y", b"stats_counts.", b"stats_counts.d;e", b"stats.sets.0x1..count;eq.x2"]
    paths = [*explained, b"stats.gauges.z", b"stats_counts.d;z"]
    assert unexplained(REFERENCE, paths, sent) == [b"stats.gauges.z", b"stats_counts.d;z"]


def test_profile_with_a_star_has_no_strays_without_a_token() -> None:
    profile: Profile = load_profile("collectd")
    assert unexplained(profile, [], []) == []
