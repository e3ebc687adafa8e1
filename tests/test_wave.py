"""Waves of ordinary cases, and of those that read what a target counts of itself."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from statsd_conformance.address import Address
from statsd_conformance.graphite import Snapshot
from statsd_conformance.requirement import CORE, MUST, SHOULD, Inconclusive, Requirement, Unsupported, should
from statsd_conformance.target import InProcess, Target
from statsd_conformance.verdict import Verdict
from statsd_conformance.wave import Case, run_case
from statsd_conformance.wire import NoAnswer, Wire
from statsd_reference import REFERENCE
from trials import PROFILE
from wave_trials import Failing, Function, case, deafened_by, foreign, good, run
from wire_trials import DaemonSubject, address_of


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
    assert run([case(Failing(runs=(), unsure=[1]))]).verdicts == {"TESTING-01": "PASS"}


def test_failure_whose_second_run_cannot_tell_is_tried_again() -> None:
    failing = Failing(unsure=[2])
    assert run([case(failing)]).verdicts == {"TESTING-01": "FAIL"}
    assert failing.called == 3


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


def test_target_that_never_answers_is_no_answer() -> None:
    with pytest.raises(NoAnswer):
        run([case(good), case(good, "TESTING-02")], deafened_by(b""))
    with pytest.raises(NoAnswer):
        run([case(good), case(good, "TESTING-02")], deafened_by(b""), foreign)


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


def at_once(runs: Sequence[int]) -> list[int]:
    """Run two quiet cases that fail in the runs of these numbers; return how many ran at the end of each run."""
    together: list[int] = []
    running: Counter[Address] = Counter()

    def counting(failing: Failing) -> Function:
        async def counted(target: Target) -> None:
            running[address_of(target)] += 1
            try:
                await failing(target)
            finally:
                together.append(running[address_of(target)])
                running[address_of(target)] -= 1

        return counted

    ran = run([case(counting(Failing(runs)), id, quiet=True) for id in ("T-01", "T-02")])
    assert set(ran.verdicts.values()) == {"FAIL" if 3 in runs else "PASS"}
    return together


def test_quiet_failure_is_confirmed_alone() -> None:
    assert at_once(runs=range(1, 100)) == [2, 1, 2, 1, 1, 1]


def test_quiet_cases_that_hold_among_fewer_are_not_run_alone() -> None:
    assert at_once(runs=[1]) == [2, 1, 2, 1]


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
