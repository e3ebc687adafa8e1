import sys

from statsd_fuzz.steps import steps


def reads(text: bytes) -> None:
    assert text is not None


def test_a_call_is_a_step_and_each_byte_of_what_was_made_for_it_another() -> None:
    one = b"abc"
    assert steps(lambda: reads(one)) == 2 + 3
    assert steps(lambda: list(map(reads, [one] * 4))) == 5 + 3
    assert steps(lambda: list(map(reads, [b"aa", b"bbb", b"c"]))) == 4 + 2 + 3 + 1


def test_a_profile_that_was_there_before_is_there_again() -> None:
    before = sys.getprofile()
    steps(lambda: reads(b""))
    assert sys.getprofile() is before
