"""A campaign over the wire: finds what is planted, goes on behind a crash, keeps what is new, and ends in time."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from defects.counters import d35
from defects.framing import a08, a25
from defects.output import c15
from defects.steps import Break
from statsd_conformance.address import Address
from statsd_conformance.graphite import read_line
from statsd_conformance.profile import load_profile
from statsd_conformance.session import TargetError
from statsd_conformance.target import Crashed
from statsd_conformance.wave import Subject
from statsd_fuzz.wire.campaign import Campaign, Plan
from statsd_fuzz.wire.closure import own_errors
from statsd_fuzz.wire.collected import Collected
from statsd_fuzz.wire.display import Progress
from statsd_fuzz.wire.fatal import Fatal
from statsd_fuzz.wire.finding import Origin
from statsd_fuzz.wire.hunger import Suspects
from statsd_fuzz.wire.judge import Judge
from statsd_fuzz.wire.kept import Kept
from statsd_fuzz.wire.known import Known
from statsd_fuzz.wire.mutating import Mutator
from statsd_fuzz.wire.pace import Pace, adapted
from statsd_fuzz.wire.scenario import PLACEHOLDER, STREAMED, Scenario
from statsd_reference import Options, Server
from wire_trials import DaemonSubject, serving

Q = PLACEHOLDER + b"."
ORIGIN = Origin("127.0.0.1:8125", Address("udp", "127.0.0.1", 8125), 0.06, seed=17)
PLAN = Plan(seconds=30.0, seed=17, first=60)


def right(server: Server) -> Server:
    return server


def campaign(
    plant: Break, plan: Plan, *, until: Callable[[Campaign], bool] = lambda campaign: False, grace: float = 1.0
) -> Campaign:
    """Return a campaign that is over: after its time, or when `until` says so at a finding."""

    async def run() -> Campaign:
        async with serving(plant, options={"flush_interval": 60}) as subject:
            subject.wire.grace = grace
            made = prepared(subject, plan)
            task = asyncio.create_task(made.run())
            while not task.done() and not until(made):
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return made

    return asyncio.run(run())


def prepared(subject: Subject, plan: Plan) -> Campaign:
    return Campaign(subject, plan, Collected(ORIGIN), Progress("it", plan.seconds))


def found(name: str) -> Callable[[Campaign], bool]:
    return lambda campaign: any(one.name.startswith(name) for one in campaign.collected.findings)


def test_reference_has_no_findings() -> None:
    model = Options(flush_interval=60)
    over = campaign(right, replace(PLAN, seconds=0.5, model=model))
    assert over.collected.findings == []
    assert over.progress.datagrams > 50
    assert over.kept.number > 0


def test_mistake_with_rates_is_found() -> None:
    over = campaign(d35, PLAN, until=found("counter-differs"))
    assert "counter-differs-with-a-rate" in {one.name for one in over.collected.findings}


def test_what_kills_is_found_and_sent_no_more() -> None:
    over = campaign(a08, PLAN, until=found("dies"))
    assert {one.name for one in over.collected.findings} == {"dies-of-an-empty-line"}
    assert Scenario(((Q + b"a:1|c\n\n" + Q + b"b:1|c",),)) in over.fatal


def test_path_without_a_name_is_found_where_each_line_is_compared() -> None:
    over = campaign(c15, replace(PLAN, model=Options(flush_interval=60)), until=found("path-nobody-asked-for"))
    assert {one.name for one in over.collected.findings} == {"path-nobody-asked-for-with-an-empty-name"}


def test_target_that_holds_a_lone_line_back_is_a_finding_and_ends_the_campaign() -> None:
    # However late it is read, it does not answer.
    over = campaign(a25, PLAN, grace=0.1)
    assert [one.name for one in over.collected.findings] == ["falls-silent"]
    assert "alone" in over.ended


def test_what_kills_while_other_faults_are_looked_at_costs_none_of_these() -> None:
    over = campaign(
        lambda server: a08(d35(server)), PLAN, until=lambda made: found("dies")(made) and found("counter-dif")(made)
    )
    names = [one.name for one in over.collected.findings]
    assert {"dies-of-an-empty-line", "counter-differs-with-a-rate"} <= set(names)
    assert len(names) == len(set(names))


def test_campaign_that_is_ended_counts_what_it_was_looking_at() -> None:
    over = campaign(d35, PLAN, until=lambda made: bool(made.looks.tasks))
    assert over.collected.findings == []
    assert over.collected.unpursued > 0
    assert over.looks.tasks == []


def test_inputs_of_a_folder_are_tried_first_and_new_ones_are_added(tmp_path: Path) -> None:
    (tmp_path / "sampled").write_bytes(b"a:1|c|@0.1")
    over = campaign(d35, replace(PLAN, seconds=0.0, corpus=tmp_path))
    assert over.progress.datagrams == 1
    assert [one.name for one in over.collected.findings] == ["counter-differs-with-a-rate"]
    kept = Kept(Mutator(Random(1)), tmp_path)
    assert Scenario(((Q + b"a:1|c|@0.1",),)) in kept.load()


def test_shape_is_kept_once(tmp_path: Path) -> None:
    kept = Kept(Mutator(Random(1)), tmp_path)
    scenario = Scenario(((Q + b"a:1|c",),), features=frozenset(("NUM-03", "plain")))
    for _ in range(2):
        kept.look(scenario, [b"stats.*", b"stats_counts.*"])
    assert [path.name for path in tmp_path.iterdir()] == ["num-03-plain-1"]
    assert kept.load() == [replace(scenario, features=frozenset())]


def test_what_goes_over_tcp_does_so_when_it_is_tried_again(tmp_path: Path) -> None:
    kept = Kept(Mutator(Random(1)), tmp_path)
    scenario = Scenario(
        ((Q + b"a:1|c",),), features=frozenset((*(f"NAME-{number:02}" for number in range(20)), STREAMED))
    )
    kept.keep(scenario)
    again = Mutator(Random(1))
    assert Kept(again, tmp_path).load() == [replace(scenario, features=frozenset((STREAMED,)))]
    assert STREAMED in again.pool[-1].features


def test_of_three_known_pieces_together_nothing_is_kept_for_there_is_no_end_of_these() -> None:
    kept = Kept(Mutator(Random(1)), None)
    scenario = Scenario(((Q + b"a:1|c",),))
    for shape, number in (([b"1"], 1), ([b"2"], 2), ([b"1", b"2"], 3), ([b"3"], 4), ([b"1", b"2", b"3"], 4)):
        kept.look(scenario, shape)
        assert kept.number == number


def test_new_step_of_errors_keeps_what_may_have_made_it(tmp_path: Path) -> None:
    inputs = [Q + b"a:1|c", Q + b"a:x|c", Q + b"b:x|c", b"\n".join([Q + b"c:x|c"] * 3)]
    for number, data in enumerate(inputs):
        (tmp_path / f"given-{number}").write_bytes(data)
    # One after another, and nothing besides.
    campaign(right, replace(PLAN, seconds=0.0, corpus=tmp_path, first=1))
    kept = sorted(path.read_bytes() for path in tmp_path.iterdir() if not path.name.startswith("given"))
    # The first one comes to a new shape, and the third one to no more errors than the second.
    assert kept == [inputs[0], inputs[1], inputs[3]]


def test_errors_are_told_by_the_profile_and_by_words() -> None:
    names = (b"odd.path", b"stats.statsd.bad_lines_seen", b"x.parse_errors", b"x.errands", b"x.terror", b"x.dropped")
    lines = [read_line(name + b" 3 1") for name in names] + [read_line(b"y.errors 0 1")]
    profile = replace(load_profile("reference"), errors="odd.path")
    assert set(own_errors(profile, lines)) == {names[0], names[1], names[2], names[5]}


@pytest.mark.parametrize(
    ("busy", "took", "size"),
    [
        (0.0, 1.0, 8000),
        (0.1, 1.0, 8000),
        (0.4, 1.0, 2000),
        (0.6, 1.0, 1100),
        (0.75, 1.0, 1000),
        (0.85, 1.0, 1000),
        (1.6, 1.8, 500),
        (9.0, 9.0, 250),
        (0.3, 1.21, 800),
        (0.3, 2.0, 500),
    ],
    ids=[
        *("idle", "hardly-busy", "half-idle", "more-than-half-busy", "almost-full", "full", "too-much"),
        *("far-too-much", "target-is-slow", "target-is-very-slow"),
    ],
)
def test_interval_gets_as_much_as_fits(busy: float, took: float, size: int) -> None:
    assert adapted(1000, busy, took) == size


@pytest.mark.parametrize(("size", "busy", "most"), [(20, 1.7, 20), (19_000, 0.1, 20_000)], ids=["few", "many"])
def test_interval_gets_never_less_than_a_few_nor_more_than_a_batch_has(size: int, busy: float, most: int) -> None:
    assert adapted(size, busy, 1.0) == most


@pytest.mark.parametrize(("spare", "size"), [(0.55, 3000), (0.25, 1550)], ids=["much-left", "little-left"])
def test_interval_gets_no_less_than_before_while_half_of_it_is_left(spare: float, size: int) -> None:
    async def run() -> int:
        async with serving(right) as subject:
            judge = Judge(subject)
            interval = subject.wire.interval
            judge.took, judge.spare = interval, spare * interval
            pace = Pace(judge, 3000)
            # Of those that it was measured with the first was small.
            pace.adapt([100, 100, 3000, 3000])
            return pace.size

    assert asyncio.run(run()) == size


def test_what_was_made_ahead_is_sent_first_unless_it_is_known_by_now_to_stop_the_target() -> None:
    async def run() -> tuple[list[Scenario], list[Scenario], Campaign]:
        async with serving(right) as subject:
            made = prepared(subject, PLAN)
            await made._make(600)
            ahead = list(made._ahead)
            made.fatal.add(Scenario(((Q + b"a:1|c|@0",),)))
            return ahead, await made._made(400), made

    ahead, sent, over = asyncio.run(run())
    assert any(one in over.fatal for one in ahead[:400])
    assert sent == [one for one in ahead if one not in over.fatal][:400]


@pytest.mark.parametrize(
    ("keeps", "idle", "number"), [(0.0, 0, 9000), (0.1, 90, 9000), (10.0, 5000, 1000), (9.0, 15_000, 20)]
)
def test_target_that_keeps_names_gets_no_more_than_it_has_room_for(keeps: float, idle: int, number: int) -> None:
    async def run() -> int:
        async with serving(right) as subject:
            judge = Judge(subject)
            judge.idle = idle
            return Pace(judge, 9000, _keeps=keeps).allowed(0)

    assert asyncio.run(run()) == number


def test_rate_limits_what_goes_into_an_interval() -> None:
    over = campaign(right, replace(PLAN, seconds=0.5, rate=200), until=lambda campaign: campaign.progress.datagrams > 0)
    assert over.progress.datagrams < 60


def test_scenarios_like_one_that_is_fatal_are_known_by_their_traits() -> None:
    fatal = Fatal({"LINE-17"})
    named = Scenario(((Q + b"__proto__:1|ms",),))
    zero = Scenario(((Q + b"a:1|c|@0",),))
    assert named in fatal
    assert zero not in fatal
    fatal.add(zero)
    assert Scenario(((Q + b"b:5|c|@0.0",),)) in fatal
    assert Scenario(((Q + b"b:5|c|@0.5",),)) not in fatal


def test_target_that_nobody_can_start_again_ends_the_campaign_with_what_is_known() -> None:
    async def run() -> Campaign:
        async with serving(a08, options={"flush_interval": 60}) as subject:
            made = prepared(_NotStarted(subject), PLAN)
            await made.run()
            return made

    over = asyncio.run(run())
    assert over.ended
    assert [one.finding.fault.name for one in over.collected.all] == ["dies"]
    assert over.collected.exit_status == 1
    assert Known() == over.collected.known


def test_target_that_stops_while_it_is_looked_at_in_the_end_is_started_again() -> None:
    async def run() -> tuple[Campaign, list[str]]:
        asked = []
        async with serving(right, options={"flush_interval": 60}) as subject:
            made = prepared(subject, replace(PLAN, seconds=0.0))

            def looking(name: str) -> Callable[[], Coroutine[None, None, Suspects]]:
                async def stops() -> Suspects:
                    asked.append(name)
                    raise Crashed("its process has ended")

                return stops

            made.hunger.busy, made.hunger.kept = looking("busy"), looking("kept")  # type: ignore[method-assign]  # so
            await made.run()
            return made, [*asked, str(subject.restarts)]

    over, asked = asyncio.run(run())
    assert over.collected.all == []
    assert over.ended == ""
    assert asked == ["busy", "kept", "2"]


@pytest.mark.parametrize("starts", [0, 1], ids=["at all", "while it is looked for what stopped it"])
def test_target_that_does_not_start_again_is_a_finding_that_ends_the_campaign(starts: int) -> None:
    async def run() -> Campaign:
        async with serving(a08, options={"flush_interval": 60}) as subject:

            async def restart() -> None:
                if subject.restarts == starts:
                    raise TargetError("a file of its\nlast life is there")
                await subject.restart()

            stuck = _NotStarted(subject)
            stuck.restartable, stuck.restart = True, restart
            made = prepared(stuck, PLAN)
            await made.run()
            return made

    over = asyncio.run(run())
    assert over.ended == "the target does not start again: the search ends here"
    (told,) = over.collected.all
    assert told.finding.fault.sentence == "it stopped, and did not start again: a file of its last life is there"


class _NotStarted:
    """A daemon as one that the suite did not start."""

    restartable = False

    def __init__(self, subject: DaemonSubject) -> None:
        self.wire = subject.wire
        self.last_words = subject.last_words
        self.spent = subject.spent
        self.restart = subject.restart
        self.another = subject.another
