import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from defects.steps import Break
from statsd_conformance import wave
from statsd_conformance.address import Address
from statsd_conformance.graphite import Snapshot
from statsd_conformance.observers import stream
from statsd_conformance.requirement import CORE, MUST, SHOULD, Inconclusive, Level, Requirement, Unsupported, should
from statsd_conformance.target import InProcess, Target
from statsd_conformance.verdict import Outcome, Verdict
from statsd_conformance.wave import Case, run_all, run_case
from statsd_conformance.wire import NoAnswer, Wire
from statsd_reference import REFERENCE, Flush, Server, Window
from statsd_reference import Outcome as Read
from statsd_reference.server import Receive
from trials import PROFILE, right
from wire_trials import DaemonSubject, address_of, serving

Function = Callable[[Target], Awaitable[str | None]]


def case(
    function: Function,
    id: str = "TESTING-01",
    level: Level = MUST,
    hostile: bool = False,
    quiet: bool = False,
    apart: bool = False,
) -> Case:
    requirement = Requirement(id, CORE, level, "It MUST hold.", "nowhere", hostile, quiet, apart=apart)
    return Case(id, requirement, function, {})


async def good(target: Target) -> None:
    flushed = await target.after(target.bucket() + b":1|c")
    assert flushed.count(target.bucket()) == 1


@dataclass
class Failing:
    """A case that fails in the runs of these numbers, at the place of that number's parity when `shifty`."""

    runs: Sequence[int] = range(1, 100)
    shifty: bool = False
    called: int = 0

    async def __call__(self, target: Target) -> None:
        """Run the case."""
        self.called += 1
        await good(target)
        if self.shifty and self.called % 2:
            assert self.called not in self.runs, f"in run {self.called}, here"
        assert self.called not in self.runs, f"in run {self.called}"


@dataclass
class Sending:
    """A case that sends a line and then counts."""

    line: bytes
    after_a_flush: bool = False
    called: int = 0

    async def __call__(self, target: Target) -> None:
        """Run the case."""
        self.called += 1
        if self.after_a_flush:
            await good(target)
        await target.after(self.line)
        await good(target)


def run(cases: Sequence[Case], plant: Break = right, prepare: Callable[[DaemonSubject], None] | None = None) -> "Ran":
    async def all_of_them() -> Ran:
        async with serving(plant) as subject:
            subject.wire.grace = 0.3
            if prepare:
                prepare(subject)
            outcomes = await run_all(subject, cases)
            return Ran(outcomes, subject)

    return asyncio.run(all_of_them())


@dataclass(frozen=True)
class Ran:
    """What a run of cases left: their outcomes, and the subject."""

    outcomes: dict[str, Outcome]
    subject: DaemonSubject

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdicts by case id."""
        return {id: outcome.verdict.value for id, outcome in self.outcomes.items()}


def test_cases_run_at_the_same_time() -> None:
    running = 0
    most = 0

    async def overlapping(target: Target) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await good(target)
        running -= 1

    ran = run([case(overlapping, f"TESTING-{number}") for number in range(40)])
    assert set(ran.verdicts.values()) == {"PASS"}
    assert most == 40


def test_failure_is_run_again_and_keeps_its_evidence() -> None:
    failing = Failing()
    ran = run([case(failing), case(good, "TESTING-02")])
    assert ran.verdicts == {"TESTING-01": "FAIL", "TESTING-02": "PASS"}
    assert failing.called == 2
    outcome = ran.outcomes["TESTING-01"]
    assert outcome.note.startswith("in run 2")
    assert outcome.trace is not None
    assert len(outcome.trace.datagrams) == 1
    assert outcome.trace.published()


def test_failure_that_does_not_come_again_is_inconclusive() -> None:
    ran = run([case(Failing(runs=[1]))])
    outcome = ran.outcomes["TESTING-01"]
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert outcome.note.startswith("FAIL in the wave (in run 1")
    assert outcome.note.endswith("alone PASS (no objection)")


def test_failures_at_different_places_are_inconclusive() -> None:
    ran = run([case(Failing(shifty=True))])
    assert ran.verdicts == {"TESTING-01": "INCONCLUSIVE"}


def test_should_that_is_not_followed_is_confirmed_too() -> None:
    called = 0

    async def lax(target: Target) -> None:
        nonlocal called
        called += 1
        await good(target)
        with should():
            raise AssertionError("counted twice")

    ran = run([case(lax), case(Failing(), "TESTING-02", SHOULD)])
    assert ran.verdicts == {"TESTING-01": "NON-STRICT", "TESTING-02": "NON-STRICT"}
    assert called == 2


def test_missing_feature_is_not_tried_again() -> None:
    called = 0

    async def lacking(target: Target) -> None:
        nonlocal called
        called += 1
        raise Unsupported("no sets")

    assert run([case(lacking)]).verdicts == {"TESTING-01": "UNSUPPORTED"}
    assert called == 1


def test_mistake_of_the_suite_is_told_as_such() -> None:
    async def mistaken(target: Target) -> None:
        raise KeyError("bucket")

    outcome = run([case(mistaken), case(good, "TESTING-02")]).outcomes["TESTING-01"]
    assert (outcome.verdict, outcome.note) == (Verdict.INCONCLUSIVE, "error in the suite: KeyError: 'bucket'")


def test_case_that_cannot_tell_twice_is_inconclusive_with_its_cause() -> None:
    async def unsure(target: Target) -> None:
        raise Inconclusive("the flush was split")

    outcome = run([case(unsure), case(good, "TESTING-02")]).outcomes["TESTING-01"]
    assert (outcome.verdict, outcome.note) == (Verdict.INCONCLUSIVE, "the flush was split")


def test_case_that_could_not_tell_in_the_wave_passes_alone() -> None:
    called = 0

    async def unsure_at_first(target: Target) -> None:
        nonlocal called
        called += 1
        if called == 1:
            raise Inconclusive("the flush was split")
        await good(target)

    assert run([case(unsure_at_first)]).verdicts == {"TESTING-01": "PASS"}


def test_failure_whose_second_run_cannot_tell_is_tried_again() -> None:
    called = 0

    async def unsure_once(target: Target) -> None:
        nonlocal called
        called += 1
        if called == 2:
            raise Inconclusive("the flush was split")
        await Failing()(target)

    assert run([case(unsure_once)]).verdicts == {"TESTING-01": "FAIL"}
    assert called == 3


def dropping(times: int) -> Callable[[DaemonSubject], None]:
    """Let the kernel seem to drop datagrams in each of the first waves."""

    def prepare(subject: DaemonSubject) -> None:
        asked = 0

        def drops() -> int:
            # Asked before and after each wave.
            nonlocal asked
            asked += 1
            return 5 * min(asked // 2, times)

        subject.wire.drops = drops  # type: ignore[method-assign]  # a fake of what only a loaded kernel does

    return prepare


def test_failure_amid_drops_is_tried_until_it_tells() -> None:
    failing = Failing()
    assert run([case(failing)], prepare=dropping(1)).verdicts == {"TESTING-01": "FAIL"}
    assert failing.called == 3
    assert run([case(Failing(runs=[1]))], prepare=dropping(1)).verdicts == {"TESTING-01": "PASS"}


def test_failure_amid_drops_that_do_not_end_is_inconclusive_with_the_cause() -> None:
    failing = Failing()
    outcome = run([case(failing)], prepare=dropping(99)).outcomes["TESTING-01"]
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert outcome.note.startswith("the kernel dropped 5 datagrams at the target's socket meanwhile (in run")
    assert failing.called == 4


def test_failure_in_a_flush_that_nobody_saw_is_tried_until_it_tells() -> None:
    def blink(subject: DaemonSubject) -> None:
        take = subject.wire.sink.on_snapshot  # type: ignore[attr-defined]  # the observer of Graphite has it
        blinks = iter([0.0])

        def told(snapshot: Snapshot) -> None:
            take(replace(snapshot, unseen_since=next(blinks, None) if subject.wire.sent else None))

        subject.wire.sink.on_snapshot = told  # type: ignore[attr-defined]  # as above

    failing = Failing(runs=[1])
    assert run([case(failing)], prepare=blink).verdicts == {"TESTING-01": "PASS"}
    assert failing.called == 2
    assert run([case(Failing(runs=[1]))]).verdicts == {"TESTING-01": "INCONCLUSIVE"}


def test_pass_amid_drops_is_a_pass() -> None:
    assert run([case(good)], prepare=dropping(99)).verdicts == {"TESTING-01": "PASS"}


def killed_by(line: bytes, at_the_flush: bool = False) -> Break:
    """Raise when a line is read, or at the flush that follows."""

    def plant(server: Server) -> Server:
        doomed = False

        def parse(read: bytes) -> tuple[Read, ...]:
            nonlocal doomed
            doomed |= read == line
            if doomed and not at_the_flush:
                doomed = False
                raise ValueError("no such thing")
            return server.parse(read)

        def flush(window: Window, timestamp: int) -> tuple[Flush, Window]:
            nonlocal doomed
            if doomed:
                doomed = False
                raise ValueError("no such thing")
            return server.flush(window, timestamp)

        return replace(server, parse=parse, flush=flush)

    return plant


def deafened_by(line: bytes) -> Break:
    """Read nothing any more after a line, but go on flushing."""

    def plant(server: Server) -> Server:
        def make_receive() -> Receive:
            deaf = False

            def receive(datagram: bytes) -> Iterable[bytes]:
                nonlocal deaf
                deaf |= line in datagram
                return () if deaf else (datagram,)

            return receive

        return replace(server, make_receive=make_receive)

    return plant


# Cases that follow until a slow culprit has stopped its target.
_LATE = 10
STOPS = {
    "as it reads": killed_by(b"fatal"),
    "at the flush": killed_by(b"fatal", at_the_flush=True),
    "without a word": deafened_by(b"fatal"),
}


def with_a_culprit(hostile: bool) -> list[Case]:
    """Return eight cases, of which the sixth sends what stops the server."""
    lines = [b"fatal" if number == 6 else b"harmless" for number in range(1, 9)]
    return [case(Sending(line), f"TESTING-{number}", hostile=hostile) for number, line in enumerate(lines, start=1)]


@pytest.mark.parametrize("hostile", [False, True], ids=["ordinary", "hostile"])
@pytest.mark.parametrize("plant", STOPS.values(), ids=STOPS)
def test_case_that_stops_the_target_is_found_and_the_others_judged(plant: Break, hostile: bool) -> None:
    ran = run(with_a_culprit(hostile), plant)
    assert ran.verdicts.pop("TESTING-6") == "CRASHED"
    expected = {f"TESTING-{number}": "PASS" for number in (1, 2, 3, 4, 5, 7, 8)}
    assert {id: verdict for id, verdict in ran.verdicts.items() if id != "TESTING-6"} == expected
    assert ran.outcomes["TESTING-6"].note.startswith("it stopped serving; it raised")
    trace = ran.outcomes["TESTING-6"].trace
    assert trace is not None
    assert trace.datagrams[0] == b"fatal"
    assert sum(one.restarts for one in [ran.subject, *ran.subject.others]) >= 2


def test_case_before_a_culprit_runs_with_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    monkeypatch.setattr(wave, "step", steps.append)
    run(with_a_culprit(hostile=True), STOPS["as it reads"])
    assert "TESTING-6 alone" in steps
    assert "TESTING-5 alone" not in steps


def test_culprit_that_works_slowly_costs_few_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    monkeypatch.setattr(wave, "step", steps.append)

    def slow(subject: DaemonSubject) -> None:
        settled, ignored = subject.wire.settled, 0

        async def long_after() -> bool:
            nonlocal ignored
            in_time = await settled()
            ignored = 0 if in_time else ignored + 1
            return in_time or ignored < _LATE

        subject.wire.settled = long_after  # type: ignore[method-assign]  # a fake of what takes several steps

    lines = [b"fatal" if number == 1 else b"harmless" for number in range(40)]
    cases = [case(Sending(line), f"TESTING-{number}", hostile=True) for number, line in enumerate(lines)]
    verdicts = run(cases, STOPS["as it reads"], slow).verdicts
    assert [id for id, verdict in verdicts.items() if verdict == "CRASHED"] == ["TESTING-1"]
    assert set(verdicts.values()) == {"CRASHED", "PASS"}
    assert len([step for step in steps if "in turn" in step]) < _LATE


def test_culprit_is_found_though_the_target_ends_a_moment_later() -> None:
    def late(subject: DaemonSubject) -> None:
        settled, moments = subject.wire.settled, 1

        async def later() -> bool:
            nonlocal moments
            in_time = await settled()
            if in_time or not moments:
                return in_time
            moments -= 1
            return True

        subject.wire.settled = later  # type: ignore[method-assign]  # a fake of what only some processes do

    verdicts = run(with_a_culprit(hostile=True), STOPS["as it reads"], late).verdicts
    assert verdicts == {f"TESTING-{number}": "CRASHED" if number == 6 else "PASS" for number in range(1, 9)}


def test_target_that_is_slow_to_read_has_not_stopped() -> None:
    def slow(subject: DaemonSubject) -> None:
        settled, asked = subject.wire.settled, 0

        async def in_time() -> bool:
            nonlocal asked
            asked += 1
            return await settled() and asked != 3

        subject.wire.settled = in_time  # type: ignore[method-assign]  # a fake of what only a loaded machine does

    ran = run([case(Sending(b"x"), f"TESTING-{number}", hostile=True) for number in range(5)], prepare=slow)
    assert set(ran.verdicts.values()) == {"PASS"}
    assert ran.subject.restarts == 0


def test_silent_target_is_asked_again_only_when_one_case_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answers = 0, wave._answers

    async def counted(subject: wave.Subject) -> Exception | None:
        nonlocal asked
        asked += 1
        return await answers(subject)

    monkeypatch.setattr(wave, "_answers", counted)
    lines = [b"harmless", b"fatal", b"harmless", b"harmless"]
    cases = [case(Sending(line), f"TESTING-{number}", hostile=True) for number, line in enumerate(lines)]
    assert list(run(cases, deafened_by(b"fatal")).verdicts.values()).count("CRASHED") == 1
    assert asked == 1


def test_hostile_failures_are_confirmed_at_the_same_time_each_alone_on_a_target() -> None:
    confirming: list[Address] = []
    met = asyncio.Event()

    def failing(id: str) -> Case:
        called = 0

        async def failed(target: Target) -> None:
            nonlocal called
            called += 1
            if called == 2:
                confirming.append(address_of(target))
                if len(confirming) == 2:
                    met.set()
                async with asyncio.timeout(10):
                    await met.wait()
            await good(target)
            raise AssertionError("no good")

        return case(failed, id, hostile=True)

    ran = run([failing("TESTING-01"), failing("TESTING-02")])
    assert set(ran.verdicts.values()) == {"FAIL"}
    assert len(set(confirming)) == 2


def test_target_stopped_by_a_later_step_of_a_case_is_found_too() -> None:
    cases = [case(Sending(b"x"), "TESTING-1"), case(Sending(b"fatal", after_a_flush=True), "TESTING-2")]
    assert run(cases, killed_by(b"fatal")).verdicts == {"TESTING-1": "PASS", "TESTING-2": "CRASHED"}


class Foreign(DaemonSubject):
    """A target that the suite did not start."""

    restartable = False

    async def restart(self) -> None:
        """Fail."""
        raise AssertionError("it is not ours to restart")


def foreign(subject: DaemonSubject) -> None:
    subject.__class__ = Foreign


def test_culprit_on_a_target_that_is_not_ours_is_named_and_the_rest_left_open() -> None:
    ran = run(with_a_culprit(hostile=True), killed_by(b"fatal"), foreign)
    assert ran.verdicts["TESTING-6"] == "CRASHED"
    assert ran.verdicts["TESTING-7"] == "INCONCLUSIVE"
    assert "stopped at TESTING-6 and was not started by the suite" in ran.outcomes["TESTING-7"].note


def test_no_case_is_blamed_where_a_target_that_is_not_ours_stopped_later() -> None:
    ran = run(with_a_culprit(hostile=True), deafened_by(b"fatal"), foreign)
    assert set(ran.verdicts.values()) <= {"PASS", "INCONCLUSIVE"}
    assert "stopped in this wave" in ran.outcomes["TESTING-6"].note


def test_target_that_is_not_ours_and_stopped_is_not_blamed_on_the_next_case() -> None:
    cases = [*with_a_culprit(hostile=False), case(good, "TESTING-20", hostile=True)]
    ran = run(cases, killed_by(b"fatal"), foreign)
    assert ran.verdicts["TESTING-20"] == "INCONCLUSIVE"
    assert ran.outcomes["TESTING-20"].note == "not tried: the target had stopped before"
    assert "CRASHED" not in ran.verdicts.values()
    assert "stopped in this wave" in ran.outcomes["TESTING-8"].note


def test_target_that_never_answers_is_no_answer() -> None:
    with pytest.raises(NoAnswer):
        run([case(good), case(good, "TESTING-02")], deafened_by(b""))
    with pytest.raises(NoAnswer):
        run([case(good), case(good, "TESTING-02")], deafened_by(b""), foreign)


def test_hostile_cases_come_after_the_others_one_by_one() -> None:
    order: list[str] = []

    def noting(id: str) -> Function:
        async def noted(target: Target) -> None:
            order.append(id)
            await good(target)
            order.append(f"{id} flushed")

        return noted

    ids = ["h1", "o1", "h2", "o2"]
    ran = run([case(noting(id), id, hostile=id.startswith("h")) for id in ids])
    assert set(ran.verdicts.values()) == {"PASS"}
    assert order.index("h1") > max(order.index("o1 flushed"), order.index("o2 flushed"))
    assert order.index("h2") > order.index("h1")


def snapshots_heard(ids: Sequence[str], quiet: Callable[[str], bool]) -> dict[str, int]:
    """Run a case by each id, and return how many snapshots had come when it began."""
    heard: dict[str, int] = {}
    wires: list[Wire] = []

    def noting(id: str) -> Function:
        async def noted(target: Target) -> None:
            heard[id] = len(wires[0].snapshots)
            await good(target)

        return noted

    cases = [case(noting(id), id, quiet=quiet(id)) for id in ids]
    ran = run(cases, prepare=lambda subject: wires.append(subject.wire))
    assert set(ran.verdicts.values()) == {"PASS"}
    return heard


def test_quiet_cases_wait_for_what_the_others_sent_first() -> None:
    heard = snapshots_heard(["quiet-1", "loud", "quiet-2"], quiet=lambda id: id.startswith("quiet"))
    assert heard["loud"] < min(heard["quiet-1"], heard["quiet-2"])


def test_quiet_cases_that_speak_a_dialect_do_not_meet_others() -> None:
    heard = snapshots_heard(["ONE-01", "EVENT-01", "EVENT-02", "TWO-01"], quiet=lambda id: True)
    assert heard["ONE-01"] == heard["TWO-01"] < heard["EVENT-01"] == heard["EVENT-02"]


def test_quiet_failure_is_confirmed_alone() -> None:
    together: list[int] = []
    running: Counter[Address] = Counter()

    def failing(id: str) -> Function:
        async def failed(target: Target) -> None:
            running[address_of(target)] += 1
            try:
                await good(target)
                together.append(running[address_of(target)])
                raise AssertionError("counted twice")
            finally:
                running[address_of(target)] -= 1

        return failed

    ran = run([case(failing(id), id, quiet=True) for id in ("T-01", "T-02")])
    assert set(ran.verdicts.values()) == {"FAIL"}
    assert together == [2, 1, 1, 1]


def test_quiet_case_that_holds_alone_holds() -> None:
    ran = run([case(Failing(runs=[1]), quiet=True)])
    assert ran.verdicts == {"TESTING-01": "PASS"}


def test_case_gets_its_parameters() -> None:
    async def parametrised(target: Target, value: int) -> str:
        return f"got {value}"

    requirement = Requirement("TESTING-01", CORE, MUST, "It MUST hold.", "nowhere")
    outcome = asyncio.run(run_case(Case("x", requirement, parametrised, {"value": 3}), InProcess(REFERENCE, PROFILE)))
    assert (outcome.verdict, outcome.note) == (Verdict.PASS, "got 3")


def test_no_cases_are_no_outcomes() -> None:
    assert run([]).outcomes == {}


async def last_words(target: Target) -> None:
    await good(target)
    target.needs_end()
    target.send(target.bucket("last") + b":1|c")
    assert await target.reads()
    last = await target.terminate()
    assert last.count(target.bucket("last")) == 1


async def cut_off(target: Target) -> None:
    await good(target)
    async with target.unheard():
        target.send(target.bucket("missed") + b":1|c")
        await target.pause(1.5)
        assert await target.reads()
    assert await target.heard_again()
    await good(target)


def test_cases_apart_come_last_each_on_a_target_that_serves() -> None:
    order: list[str] = []

    async def ordinary(target: Target) -> None:
        await good(target)
        order.append("ordinary")

    async def ending(target: Target) -> None:
        await last_words(target)
        order.append("ending")

    cases = [
        case(ending, "TESTING-01", apart=True),
        case(cut_off, "TESTING-02", apart=True),
        case(ordinary, "TESTING-03"),
        case(ordinary, "TESTING-04", hostile=True),
    ]
    ran = run(cases)
    assert set(ran.verdicts.values()) == {"PASS"}
    assert order == ["ordinary", "ordinary", "ending"]
    assert ran.subject.restarts == 1


def test_failure_apart_is_confirmed_on_a_target_started_again() -> None:
    failing = Failing()
    ran = run([case(failing, apart=True)])
    assert ran.verdicts == {"TESTING-01": "FAIL"}
    assert (failing.called, ran.subject.restarts) == (2, 1)


def test_failure_apart_that_does_not_come_again_is_inconclusive() -> None:
    ran = run([case(Failing(runs=[1]), apart=True)])
    assert ran.verdicts == {"TESTING-01": "INCONCLUSIVE"}
    assert ran.outcomes["TESTING-01"].note.startswith("FAIL at first (in run 1")


def test_case_apart_that_cannot_tell_at_first_is_tried_until_it_does() -> None:
    called = 0

    async def unsure_at_first(target: Target) -> None:
        nonlocal called
        called += 1
        if called == 1:
            raise Inconclusive("the flush was split")
        await good(target)
        raise AssertionError("no good")

    assert run([case(unsure_at_first, apart=True)]).verdicts == {"TESTING-01": "FAIL"}
    assert called == 3


def test_flush_that_was_due_at_the_end_of_a_target_tells_nothing() -> None:
    def slowly(subject: DaemonSubject) -> None:
        async def later() -> None:
            await subject.wire.fence()
            await subject.terminate()

        subject.wire.terminate = later

    outcome = run([case(last_words, apart=True)], prepare=slowly).outcomes["TESTING-01"]
    assert outcome.verdict is Verdict.INCONCLUSIVE
    assert "a flush was due when the target was ended" in outcome.note


def test_target_that_a_case_apart_stops_has_crashed() -> None:
    ran = run([case(Sending(b"fatal"), apart=True)], killed_by(b"fatal"))
    assert ran.verdicts == {"TESTING-01": "CRASHED"}
    assert ran.outcomes["TESTING-01"].note.startswith("it stopped serving; it raised")


def test_target_that_is_not_ours_is_not_ended_and_not_tried_when_it_has_stopped() -> None:
    def not_ours(subject: DaemonSubject) -> None:
        foreign(subject)
        subject.wire.terminate = None

    cases = [
        case(last_words, "TESTING-01", apart=True),
        case(cut_off, "TESTING-02", apart=True),
        case(Sending(b"fatal"), "TESTING-03", apart=True),
        case(cut_off, "TESTING-04", apart=True),
    ]
    ran = run(cases, killed_by(b"fatal"), not_ours)
    assert list(ran.verdicts.values()) == ["UNSUPPORTED", "PASS", "CRASHED", "INCONCLUSIVE"]
    assert ran.outcomes["TESTING-01"].note == "the suite did not start the target, so it does not end it either"
    assert ran.outcomes["TESTING-04"].note == "not tried: the target had stopped before"


def test_target_that_is_asked_for_its_output_has_no_receiver_to_lose(tmp_path: Path) -> None:
    def reading(subject: DaemonSubject) -> None:
        subject.wire.unheard = watching.unheard  # type: ignore[method-assign]  # the way of another sink

    watching = Wire("x", Address("udp", "127.0.0.1", 1), PROFILE)
    watching.sink = stream(tmp_path / "lines")(PROFILE, lambda snapshot: None, lambda: 1.0)
    outcome = run([case(cut_off, apart=True)], prepare=reading).outcomes["TESTING-01"]
    assert outcome.verdict is Verdict.UNSUPPORTED
    assert "no receiver that could be down" in outcome.note
