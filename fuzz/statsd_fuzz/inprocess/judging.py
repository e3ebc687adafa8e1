"""What is wrong with how a target took one input: each fault under a name of its own, and in a sentence."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from math import isclose
from typing import Final

from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import GraphiteLine, read_line
from statsd_conformance.profile import Profile, load_profile, same_path
from statsd_conformance.traffic import Line
from statsd_fuzz.fault import Fault
from statsd_fuzz.inprocess.parsing import parsing_faults
from statsd_fuzz.inprocess.plain import Plain, plain_part
from statsd_fuzz.inprocess.published import Unreadable, lines_of
from statsd_fuzz.inprocess.raised import Raised, raising, result_of, shown
from statsd_fuzz.inprocess.subject import Subject, snapshot
from statsd_fuzz.inprocess.target import Aggregator
from statsd_fuzz.inputs import intervals_of
from statsd_reference import Options, Server, make_server

# Six digits are what some print.
_TOLERANCE: Final = 1e-5
# Of percentiles and deviations each aggregator has its own idea.
_STATISTICS: Final = ("count", "lower", "upper", "mean", "sum")
_KINDS: Final = {"c": "counter", "g": "gauge", "ms": "timer", "s": "set"}


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
    return list(_compared(subject, subject.profile, plain_part(intervals, unread), flushes))


def _compared(
    subject: Subject, profile: Profile, plain: Plain, flushes: Sequence[Sequence[GraphiteLine]]
) -> Iterator[Fault]:
    interval = subject.interval
    expected = _expected(interval, plain)
    for number, (lines, model, published) in enumerate(zip(plain.intervals, expected, flushes, strict=True), start=1):
        seen = Flushed(profile, interval, b"", (snapshot(published),))
        where = f"interval {number}" if len(flushes) > 1 else "the flush"
        for name, some in lines.items():
            # What has the name of one of the target's own series adds to that.
            if subject.own.isdisjoint(path for _, _, path in profile.all_paths(name)):
                # What a gauge holds may come of earlier intervals.
                before = [line for lines in plain.intervals[: number - 1] for line in lines.get(name, ())]
                told = _sent([*before, *some] if some[0].type == "g" else some)
                yield from _bucket(profile, name, some[0].type, model, seen, where, told)
        for name in plain.refused:
            if paths := [one for one in _paths_of(profile, name, published) if one[1] not in subject.own]:
                kind, path = paths[0]
                yield Fault(f"refused-line-makes-a-{kind}", f"{where} has {shown(path)}, of a line that nobody takes")


def _bucket(
    profile: Profile, name: bytes, type: str, model: Flushed, seen: Flushed, where: str, sent: str
) -> Iterator[Fault]:
    kind = _KINDS[type]
    if not {kind, "rate" if kind == "counter" else kind} & set(profile.paths):
        return
    for statistic in _STATISTICS if kind == "timer" else ("",):
        if kind == "timer" and statistic not in profile.statistics:
            continue
        about = f"{kind}-{statistic}" if statistic else kind
        wanted, got = _value(kind, name, statistic, model), _value(kind, name, statistic, seen)
        assert wanted is not None
        told = f"{about} of {shown(name)}, which was sent {sent}"
        if got is None:
            yield Fault(f"{about}-missing", f"{where} has no {told}")
        elif not isclose(got, wanted, rel_tol=_TOLERANCE, abs_tol=1e-9):
            yield Fault(f"{about}-differs", f"{where} has {got:g}, required is {wanted:g} as the {told}")


def _value(kind: str, name: bytes, statistic: str, flushed: Flushed) -> float | None:
    try:
        match kind:
            case "counter":
                return flushed.count(name)
            case "gauge":
                return flushed.gauge(name)
            case "set":
                return flushed.members(name)
            case _:
                return flushed.timer(name, statistic)
    except AssertionError:
        return None


def _expected(interval: float, plain: Plain) -> list[Flushed]:
    """Return what the model publishes of the plain lines, a flush an interval."""
    server, profile = _model(interval), _model_profile()
    window = server.first_window()
    flushes = []
    for number, lines in enumerate(plain.intervals, start=1):
        datagram = b"\n".join(line.written(b"")[1:] for some in lines.values() for line in some)
        flush, window = server.flush(server.accumulate(window, server.read(datagram)), number)
        points = [read_line(server.write(point)[:-1]) for point in server.points(flush)]
        flushes.append(Flushed(profile, interval, b"", (snapshot(points),)))
    return flushes


@cache
def _model(interval: float) -> Server:
    return make_server(Options(flush_interval=max(1, round(1000 * interval))))


@cache
def _model_profile() -> Profile:
    return load_profile("reference")


def _paths_of(profile: Profile, name: bytes, published: Sequence[GraphiteLine]) -> list[tuple[str, bytes]]:
    wanted = [("counter" if kind == "rate" else kind, path) for kind, _, path in profile.all_paths(name)]
    return [(kind, line.path) for line in published for kind, path in wanted if same_path(path, line.path)]


def _sent(lines: Sequence[Line]) -> str:
    told = [line.written(b"")[1:].decode() for line in lines[:5]]
    return ", ".join(told) + (" …" if len(lines) > len(told) else "")
