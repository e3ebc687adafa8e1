"""Conservation: lines in are series out and counted errors, over generated traffic through the reference."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chain import BEGIN, Modelled, snapshot
from statsd_conformance.profile import load_profile
from statsd_conformance.recording import Datagram
from statsd_conformance.tracing.balance import Balance, balance
from statsd_conformance.tracing.cause import Traced
from statsd_conformance.tracing.output import OutputReader
from statsd_conformance.tracing.report import sums_in_words
from statsd_conformance.tracing.seen import Output, Seen
from statsd_conformance.tracing.wire import read_wire
from statsd_reference import REFERENCE

names = st.sampled_from(["a", "a.b", "a b", "a_b", "\ta", "é", "a/b", "a-b", "c d.e "])
values = st.sampled_from(["1", "-2", "3.5", "+4", "", "x", "1e3", "nan"])
types = st.sampled_from(["c", "g", "ms", "s", "h", "z", "c|@0.5", "c|@0", "g|#k:v", ""])
lines = st.builds("{}:{}|{}".format, names, values, types) | st.sampled_from(["", "junk", "a:1", ":1|c", "a:1|c\r"])
datagrams = st.lists(st.lists(lines, max_size=8).map("\n".join).map(str.encode), max_size=8)


def published(datagrams: Sequence[bytes]) -> Output:
    """Return what the reference publishes of datagrams in one flush."""
    window = REFERENCE.first_window()
    for datagram in datagrams:
        window = REFERENCE.accumulate(window, REFERENCE.read(datagram))
    flush, _ = REFERENCE.flush(window, BEGIN)
    reader = OutputReader()
    reader.take(1, b"".join(REFERENCE.write(point) for point in REFERENCE.points(flush)))
    reader.end(1)
    return reader.output()


def balanced(datagrams: Sequence[bytes], output: Output) -> Balance:
    wire = read_wire(Datagram(datagram, number) for number, datagram in enumerate(datagrams, 1))
    found = balance(Traced(Seen(load_profile("reference"), (), wire=wire, output=output)))
    assert found is not None
    return found


@given(datagrams)
def test_every_line_is_in_a_series_or_counted_as_refused(datagrams: list[bytes]) -> None:
    found = balanced(datagrams, published(datagrams))
    assert found.holds, found


@given(datagrams)
def test_series_that_vanish_uncounted_leave_lines_unaccounted_for(datagrams: list[bytes]) -> None:
    output = published(datagrams)
    whole = balanced(datagrams, output)
    gone = {path: one for path, one in output.flushed.items() if b".statsd." in path}
    found = balanced(datagrams, replace(output, flushed=gone))
    assert found.unaccounted == whole.in_series


def test_lines_that_only_the_reference_refuses_may_be_in_a_series() -> None:
    output = published([b"a:1|c"])
    found = balanced([b"a:1|c\na:x|c"], output)
    assert (found.in_series, found.doubtful, found.errors, found.holds) == (1, 1, 0, True)


def test_more_errors_than_lines_are_missing_are_no_balance() -> None:
    chain = Modelled().flush(snapshot())
    chain.aggregator.errors = 2
    traced = Traced(chain.flush().seen())
    assert next(sums_in_words(traced)) == "lines: 8 in, 8 in series; 2 counted as refused, more than are missing"


def test_lines_that_nobody_counted_are_told() -> None:
    chain = Modelled().flush(snapshot())
    chain.sent = Modelled().flush(snapshot(), b"other.name:1|g\nother.one:1|g").sent
    told = list(sums_in_words(Traced(chain.seen())))
    assert told[0] == "lines: 10 in = 8 in series + 0 counted as refused + 2 unaccounted for"
    assert told[1:] == ["names: 10 in, 8 with a series out", "series: 8 of 8 in the model"]
