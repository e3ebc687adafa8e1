"""What a silent target had of its machine."""

from dataclasses import dataclass, replace
from typing import cast

import pytest

from statsd_conformance.process import Process
from statsd_conformance.standstill import Spent, busy, kept, spent

BEFORE = Spent(at=100.0, ran=3.0, waited=1.0, free=500.0)
# Ten seconds later, of which it slept on a machine with two processors, one of which had work.
AFTER = replace(BEFORE, at=110.0, free=510.0)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (AFTER, ""),
        (replace(AFTER, waited=1.9), ""),
        (replace(AFTER, waited=9.0), "its process waited 8 s of these for a processor"),
        (replace(AFTER, free=505.1), ""),
        (replace(AFTER, free=504.9), "the machine had other work for all of its processors"),
        (replace(AFTER, held=True), "its process was held by SIGSTOP or a debugger"),
    ],
    ids=["sleeps", "waits little", "waits", "half a processor free", "none free", "held"],
)
def test_what_kept_a_target_from_its_work_is_told(after: Spent, words: str) -> None:
    assert kept(BEFORE, after) == words


@pytest.mark.parametrize(("ran", "is_busy"), [(3.0, False), (7.9, False), (8.1, True), (33.0, True)])
def test_target_that_has_a_processor_for_most_of_the_time_is_busy(ran: float, is_busy: bool) -> None:
    assert busy(BEFORE, replace(AFTER, ran=ran)) is is_busy


@dataclass(frozen=True)
class _Held:
    """A process that somebody stopped."""

    def shares(self) -> tuple[float, float]:
        return 3.0, 1.0

    def held(self) -> bool:
        return True


def test_what_a_process_spent_is_taken_from_it() -> None:
    seen = spent(cast(Process, _Held()))
    assert (seen.ran, seen.waited, seen.held) == (3.0, 1.0, True)
    assert seen.free > 0


def test_target_whose_process_nobody_sees_is_not_busy() -> None:
    before = spent(None)
    assert not busy(before, spent(None))
    assert before.free > 0
