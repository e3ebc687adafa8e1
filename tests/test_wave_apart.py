"""Cases that cut their target off or end it."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from statsd_conformance.address import Address
from statsd_conformance.graphite import Snapshot
from statsd_conformance.observers import stream
from statsd_conformance.over_the_wire import OverTheWire
from statsd_conformance.target import Target
from statsd_conformance.verdict import Verdict
from statsd_conformance.wire import Wire
from trials import PROFILE
from wave_trials import Failing, Sending, case, foreign, good, killed_by, run
from wire_trials import DaemonSubject


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
    # Long enough for no flush to be due between the last one and the end of the target.
    ran = run(cases, options={"flush_interval": 1000})
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


@pytest.mark.parametrize("unsure", [1, 2])
def test_case_apart_that_cannot_tell_once_is_tried_until_it_does(unsure: int) -> None:
    failing = Failing(unsure=[unsure])
    assert run([case(failing, apart=True)]).verdicts == {"TESTING-01": "FAIL"}
    assert failing.called == 3


def test_failure_apart_that_no_other_run_confirms_is_inconclusive() -> None:
    failing = Failing(unsure=[1, 2, 3, 4])
    assert run([case(failing, apart=True)]).verdicts == {"TESTING-01": "INCONCLUSIVE"}
    assert failing.called == 5


def test_case_apart_that_can_never_tell_says_why() -> None:
    failing = Failing(unsure=range(1, 100))
    outcome = run([case(failing, apart=True)]).outcomes["TESTING-01"]
    assert (outcome.verdict, outcome.note) == (Verdict.INCONCLUSIVE, "the flush was split")
    assert failing.called == 5


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


def test_target_that_a_case_apart_stops_has_crashed_wherever_that_is_noticed() -> None:
    runs = count(1)

    async def stopping(target: Target) -> None:
        target.send(b"fatal")
        if next(runs) % 2:
            await target.reads()
        await target.flush()

    ran = run([case(stopping, apart=True)], killed_by(b"fatal"))
    assert ran.verdicts == {"TESTING-01": "CRASHED"}


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
    untried = ran.outcomes["TESTING-04"]
    assert untried.note.startswith("not tried: the target had stopped before")
    # So that a report shows no evidence, of which there is none.
    assert untried.trace is None


def test_target_that_is_asked_for_its_output_has_no_receiver_to_lose(tmp_path: Path) -> None:
    def reading(subject: DaemonSubject) -> None:
        subject.wire.unheard = watching.unheard  # type: ignore[method-assign]  # the way of another sink

    watching = Wire("x", Address("udp", "127.0.0.1", 1), PROFILE)
    watching.sink = stream(tmp_path / "lines")(PROFILE, lambda snapshot: None, lambda: 1.0)
    outcome = run([case(cut_off, apart=True)], prepare=reading).outcomes["TESTING-01"]
    assert outcome.verdict is Verdict.UNSUPPORTED
    assert "no receiver that could be down" in outcome.note


@pytest.mark.parametrize(
    ("gap", "interval", "lag", "due"),
    [
        (0.3, 1.0, 0.5, False),
        (0.5, 1.0, 0.5, True),
        (0.5, 1.0, 0.1, False),
        (0.05, 0.2, 4.0, False),
        (0.3, 1.0, 4.0, False),
    ],
)
def test_flush_is_due_when_the_one_before_may_have_come_late(
    gap: float, interval: float, lag: float, due: bool
) -> None:
    target = OverTheWire(Wire("x", Address("udp", "127.0.0.1", 1), replace(PROFILE, lag=lag), interval))
    assert target._was_due(Snapshot((), 5.0, 0.0), Snapshot((), 5.0 + gap, 0.0)) is due
