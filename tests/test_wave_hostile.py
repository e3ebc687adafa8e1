"""Waves of hostile cases, and targets that stop in them."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from defects.steps import Break
from statsd_conformance import wave
from statsd_conformance.address import Address
from statsd_conformance.standstill import Spent
from statsd_conformance.target import Target
from statsd_conformance.wave import Case
from wave_trials import LATE, STOPS, Failing, Function, Sending, case, deafened_by, foreign, good, killed_by, run, slow
from wire_trials import DaemonSubject, address_of


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
            return in_time or ignored < LATE

        subject.wire.settled = long_after  # type: ignore[method-assign]  # a fake of what takes several steps

    lines = [b"fatal" if number == 1 else b"harmless" for number in range(40)]
    cases = [case(Sending(line), f"TESTING-{number}", hostile=True) for number, line in enumerate(lines)]
    verdicts = run(cases, STOPS["as it reads"], slow).verdicts
    assert [id for id, verdict in verdicts.items() if verdict == "CRASHED"] == ["TESTING-1"]
    assert set(verdicts.values()) == {"CRASHED", "PASS"}
    assert len([step for step in steps if "in turn" in step]) < LATE


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


IDLE = (Spent(0.0), Spent(10.0, free=10.0))
STARVED = (Spent(0.0), Spent(10.0, waited=9.0, free=10.0))
FATAL = [case(Sending(b"fatal"), "TESTING-1", hostile=True)]


def foreign_and_unread(subject: DaemonSubject) -> None:
    """Make it a target that the suite did not start, and that does not read what is sent either."""
    foreign(subject)

    async def unread() -> bool:
        return False

    subject.wire.settled = unread  # type: ignore[method-assign]  # a fake of what a process in a loop does


@pytest.mark.parametrize(
    ("looks", "verdict"), [(IDLE, "CRASHED"), (STARVED, "INCONCLUSIVE")], ids=["it could", "it could not"]
)
@pytest.mark.parametrize("more", [None, foreign_and_unread], ids=["ours", "not ours"])
def test_target_that_does_not_answer_has_stopped_where_it_could(
    monkeypatch: pytest.MonkeyPatch,
    looks: Sequence[Spent],
    verdict: str,
    more: Callable[[DaemonSubject], None] | None,
) -> None:
    def prepare(subject: DaemonSubject) -> None:
        slow(looks)(subject)
        if more:
            more(subject)

    monkeypatch.setattr(wave, "_ASKED", 1)
    ran = run(FATAL, deafened_by(b"fatal"), prepare)
    assert ran.verdicts == {"TESTING-1": verdict}
    if verdict == "INCONCLUSIVE":
        assert "it answered nothing for 10 s, but its process waited 9 s" in ran.outcomes["TESTING-1"].note


def test_target_that_answers_late_has_not_stopped() -> None:
    # Each asking takes four datagrams at the most, and a case as many; two more would be too late.
    ran = run(FATAL, deafened_by(b"fatal", datagrams=9), slow(STARVED))
    assert ran.verdicts == {"TESTING-1": "PASS"}
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


def test_what_failed_beside_hostile_input_of_others_and_holds_twice_alone_holds() -> None:
    trial = Failing(runs=[1])
    ran = run([case(trial, hostile=True)])
    assert ran.verdicts == {"TESTING-01": "PASS"}
    assert trial.called == 3


def test_hostile_case_that_now_fails_and_now_holds_alone_is_inconclusive() -> None:
    trial = Failing(runs=[1, 3])
    ran = run([case(trial, hostile=True)])
    assert ran.verdicts == {"TESTING-01": "INCONCLUSIVE"}
    assert trial.called == 4


def test_target_stopped_by_a_later_step_of_a_case_is_found_too() -> None:
    cases = [case(Sending(b"x"), "TESTING-1"), case(Sending(b"fatal", after_a_flush=True), "TESTING-2")]
    assert run(cases, killed_by(b"fatal")).verdicts == {"TESTING-1": "PASS", "TESTING-2": "CRASHED"}


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
    untried = ran.outcomes["TESTING-20"]
    assert untried.note.startswith("not tried: the target had stopped before")
    # So that a report shows no evidence, of which there is none.
    assert untried.trace is None
    assert "CRASHED" not in ran.verdicts.values()
    assert "stopped in this wave" in ran.outcomes["TESTING-8"].note


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
