"""Scenarios: their tokens and their files."""

import pytest

from statsd_fuzz.wire.scenario import PLACEHOLDER, STREAMED, Scenario, adopted, as_file, from_file

SCENARIO = Scenario(((b"qabc000001.a:1|c\nqabc000001.b:1|c", b"x:1|c"), (), (b"qabc000001.a:2|c",)), b"qabc000001")


def test_another_token_replaces_each_place_of_the_old_one() -> None:
    renamed = SCENARIO.renamed(b"qabc000002")
    assert renamed.intervals[0] == (b"qabc000002.a:1|c\nqabc000002.b:1|c", b"x:1|c")
    assert renamed.token == b"qabc000002"


def test_a_scenario_comes_back_from_its_file_with_the_placeholder_for_a_token() -> None:
    assert from_file(as_file(SCENARIO)) == SCENARIO.renamed(PLACEHOLDER)
    assert b"qabc" not in as_file(SCENARIO)


def test_size_is_datagrams_and_bytes() -> None:
    assert SCENARIO.size == (3, 33 + 5 + 16)


@pytest.mark.parametrize(
    ("name", "streamed"),
    [
        ("counter-differs-with-a-rate.over-tcp", True),
        ("over-tcp-num-03-plain-1", True),
        ("num-03-over-tcp", True),
        ("counter-differs.over-tcp-2", True),
        ("id:000001,time:0,execs:0,orig:counter.over-tcp", True),
        ("counter-differs-with-a-rate", False),
        ("moreover-tcp", False),
        ("over-tcpdump", False),
    ],
)
def test_file_says_by_its_name_that_it_goes_over_tcp(name: str, streamed: bool) -> None:
    for scenario in (from_file(as_file(SCENARIO), name), adopted(b"a:1|c", name)):
        assert (STREAMED in scenario.features) is streamed
