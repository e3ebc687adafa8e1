import pytest

from statsd_conformance.progress import WATCHED, Progress, step, waiting


def test_cases_count_while_they_wait_and_no_longer() -> None:
    progress = Progress("a")
    token = WATCHED.set(progress)
    try:
        with waiting(), waiting():
            step("2 cases at once")
            assert progress.told(progress.begun) == "a: 2 cases at once, 2 wait for a flush; 0 flushes in 0.0 s"
        with pytest.raises(AssertionError), waiting():
            raise AssertionError
    finally:
        WATCHED.reset(token)
    assert progress.told(progress.begun + 2) == "a: 2 cases at once; 0 flushes in 2.0 s"
