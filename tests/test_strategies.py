import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis.strategies import SearchStrategy

from statsd_fuzz import strategies
from statsd_fuzz.strategies import buckets, disputed_lines, lines, samples, tag_sections
from statsd_reference import REFERENCE, BadLine, Sample, make_server, read_options
from statsd_reference.grammar import clean_name

SIMPLEST = {
    "buckets": b"a",
    "unusable_buckets": b"",
    "unsigned_numbers": b"0",
    "numbers": b"0",
    "bad_numbers": b"",
    "disputed_numbers": b" ",
    "rates": b"1",
    "bad_rates": b"",
    "disputed_rates": b"@0",
    "members": b"a",
    "samples": b"1|c",
    "bad_samples": b"",
    "disputed_samples": b"1|",
    "tag_sections": b"",
    "lines": b"a:1|c",
    "timer_lines": b"a:0|ms",
    "bad_lines": b"a",
    "disputed_lines": b":1|c",
    "any_lines": b"",
    "datagrams": b"",
    "traffic": [[]],
    "percents": 90,
    "option_sets": {},
}

# What an example shrinks to must not depend on where the search began.
FIXED = settings(database=None, derandomize=True)


@pytest.mark.parametrize(("name", "simplest"), SIMPLEST.items())
def test_a_strategy_shrinks_to_what_it_says(name: str, simplest: object) -> None:
    strategy: SearchStrategy[Any] = getattr(strategies, name)()
    assert find(strategy, lambda _: True, settings=FIXED) == simplest


def test_a_failing_line_shrinks_to_its_fault_alone() -> None:
    assert find(lines(), lambda line: b"|c|@" in line, settings=FIXED) == b"a:0|c|@1"


@given(lines(name=buckets(raw=True), tags=tag_sections(raw=True)))
def test_raw_names_are_text_and_their_tags_are_clean(line: bytes) -> None:
    (outcome, *_) = make_server(read_options({"keyNameSanitize": False})).parse(line)
    assert isinstance(outcome, Sample)
    _, _, tags = outcome.bucket.partition(b";")
    assert outcome.bucket.decode()
    assert clean_name(tags) == tags


@given(lines(samples()))
def test_a_line_stays_one_line(line: bytes) -> None:
    assert REFERENCE.split(line) == [line]


def test_disputed_lines_are_sometimes_read_and_sometimes_refused() -> None:
    find(disputed_lines(), lambda line: isinstance(REFERENCE.parse(line)[0], BadLine), settings=FIXED)
    find(disputed_lines(), lambda line: not isinstance(REFERENCE.parse(line)[0], BadLine), settings=FIXED)


def test_example_of_the_readme_can_be_copied_as_it_is() -> None:
    readme = (Path(__file__).parents[1] / "fuzz" / "README.md").read_text("utf-8")
    (example,) = (code for code in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "hypothesis" in code)
    names: dict[str, Any] = {}
    exec(example, names)
    names["test_reading_never_raises"].hypothesis.inner_test(b"a:1|c")
