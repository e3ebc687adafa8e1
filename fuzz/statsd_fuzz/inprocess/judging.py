"""What is wrong with how a target took one input: each fault under a name of its own, and in a sentence."""

from collections.abc import Callable, Sequence

from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import GraphiteLine
from statsd_fuzz.comparing import compared, shown, snapshot
from statsd_fuzz.fault import Fault
from statsd_fuzz.inprocess.parsing import parsing_faults
from statsd_fuzz.inprocess.published import Unreadable, lines_of
from statsd_fuzz.inprocess.raised import Raised, raising, result_of
from statsd_fuzz.inprocess.subject import Subject
from statsd_fuzz.inprocess.target import Aggregator
from statsd_fuzz.inputs import intervals_of
from statsd_fuzz.plain import plain_part


def judge(subject: Subject, data: bytes) -> list[Fault]:
    """Return what is wrong with how a target takes an input; see `inputs` for what the bytes mean.

    What raises is not judged further.
    """
    intervals = intervals_of(data)
    if subject.make is None:
        assert subject.target.call is not None
        datagrams = [datagram for datagrams in intervals for datagram in datagrams]
        return list(parsing_faults(subject, subject.target.call, datagrams))
    if subject.one_shot:
        # Each call begins anew, so that none may spoil the judgement of another.
        alone = [[[datagram]] for datagrams in intervals for datagram in datagrams]
        return [fault for one in alone for fault in _aggregation_faults(subject, subject.make, one)]
    return _aggregation_faults(subject, subject.make, intervals)


def assert_sound(subject: Subject, data: bytes) -> None:
    """Raise AssertionError with the faults of a target under an input, if there are any."""
    faults = judge(subject, data)
    assert not faults, "; ".join(fault.sentence for fault in faults)


def _aggregation_faults(
    subject: Subject, make: Callable[[], Aggregator], intervals: Sequence[Sequence[bytes]]
) -> list[Fault]:
    aggregator = make()
    flushes: list[list[GraphiteLine]] = []
    unread: list[bytes] = []
    for datagrams in intervals:
        for datagram in datagrams:
            result = result_of(subject, aggregator.feed, datagram)
            if isinstance(result, Raised):
                if not (result.refused and plain_part([[datagram]]).odd[0][0]):
                    return [raising(result.error, f"feed({shown(datagram)})")]
                unread.append(datagram)
        try:
            flushed = result_of(subject, lambda _: lines_of(aggregator.flush()), b"")
        except Unreadable as error:
            return [Fault("flush-unreadable", f"the flush cannot be read: {error}")]
        if isinstance(flushed, Raised):
            return [raising(flushed.error, "flush()", "flush-")]
        assert isinstance(flushed, list)
        flushes.append(flushed)
    assert subject.profile is not None
    seen = [Flushed(subject.profile, subject.interval, b"", (snapshot(published),)) for published in flushes]
    return [fault for _, fault in compared(plain_part(intervals, unread), seen, subject.own)]
