"""What the plain part of some traffic came to, held against what the model makes of it."""

from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cache
from math import isclose, isfinite
from typing import Final

from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import GraphiteLine, Snapshot, read_line
from statsd_conformance.profile import Profile, load_profile
from statsd_conformance.traffic import Line
from statsd_fuzz.fault import Fault
from statsd_fuzz.plain import Plain, of_each_type
from statsd_reference import Options, Server, make_server

# Six digits are what some print.
TOLERANCE: Final = 1e-5
# What comes of writing three decimals.
_CUT: Final = 0.00051
# Of percentiles each aggregator has its own idea, and some of these, by the requirement.
_STATISTICS: Final = {
    "count": "",
    "lower": "",
    "upper": "",
    "mean": "",
    "sum": "",
    "median": "TIMER-03",
    "std": "TIMER-04",
}
_KINDS: Final = {"c": "counter", "g": "gauge", "ms": "timer", "s": "set"}


def compared(
    plain: Plain, seen: Sequence[Flushed], own: Set[bytes] = frozenset(), unmet: Set[str] = frozenset()
) -> Iterator[tuple[bytes, Fault]]:
    """Yield names, and what is wrong with what each came to.

    Args:
        plain: what was sent and is judged.
        seen: what was published, a flush an interval; all have the same token, which every name begins with: nothing
            where names have none in common.
        own: paths of the target's own.
        unmet: requirements that the target is known not to meet: statistics that they are about are not looked at.
    """
    if not seen:
        return
    profile, interval, token = seen[0].profile, seen[0].interval, seen[0].token
    expected = expected_of(interval, plain, token)
    for number, (lines, model, flushed) in enumerate(zip(plain.intervals, expected, seen, strict=True), start=1):
        where = f"interval {number}" if len(seen) > 1 else "the flush"
        for name, types in ((name, of_each_type(some)) for name, some in lines.items()):
            # The first of the two may stand for the other.
            if not profile.one_part and b"." not in name.partition(b"_")[0]:
                continue
            # What has the name of one of the target's own series adds to that.
            if not own.isdisjoint(path for _, _, path in profile.all_paths(name)):
                continue
            for type, some in types.items():
                # What a gauge holds may come of earlier intervals.
                before = [line for lines in plain.intervals[: number - 1] for line in lines.get(name, ())]
                told = _sent([*(line for line in before if line.type == type), *some] if type == "g" else some)
                for fault in _bucket(profile, name, type, model, flushed, where, told, unmet):
                    yield name, fault
        # To one that reads lines without a type they may say something.
        if "typeless" not in profile.extensions:
            yield from _refused(plain.refused, flushed, own, where)


def expected_of(interval: float, plain: Plain, token: bytes = b"") -> list[Flushed]:
    """Return what the model publishes of the plain lines, a flush an interval."""
    server, profile = _model(interval), _model_profile()
    window = server.first_window()
    flushes = []
    for number, lines in enumerate(plain.intervals, start=1):
        datagram = b"\n".join(line.written(b"")[1:] for some in lines.values() for line in some)
        flush, window = server.flush(server.accumulate(window, server.read(datagram)), number)
        points = [read_line(server.write(point)[:-1]) for point in server.points(flush)]
        flushes.append(Flushed(profile, interval, token, (snapshot(points),)))
    return flushes


def snapshot(lines: Sequence[GraphiteLine]) -> Snapshot:
    """Return the lines of a flush as observers give them; no time passes here."""
    return Snapshot(tuple(lines), 0.0, 0.0)


def shown(raw: bytes) -> str:
    """Return bytes as Python writes them, without the `b`, and only the beginning where they are many."""
    return repr(raw if len(raw) <= 80 else raw[:77] + b"...")[1:]


def _refused(names: Iterable[bytes], flushed: Flushed, own: Set[bytes], where: str) -> Iterator[tuple[bytes, Fault]]:
    for name in names:
        if found := next((one for one in _made(flushed, name) if one[1] not in own), None):
            kind, path = found
            told = f"{where} has {shown(path)}, of a line that nobody takes"
            yield name, Fault(f"refused-line-makes-a-{kind}", told)


def _made(flushed: Flushed, name: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield kind and path of what was published for a name."""
    for kind, statistic, _ in flushed.profile.all_paths(name):
        for line in flushed.lines_for(kind, name, statistic):
            # A timer of no time is none, though a target may have its name.
            if kind != "timer" or (line.number and isfinite(line.number)):
                yield "counter" if kind == "rate" else kind, line.path


def _bucket(
    profile: Profile, name: bytes, type: str, model: Flushed, seen: Flushed, where: str, sent: str, unmet: Set[str]
) -> Iterator[Fault]:
    kind = _KINDS[type]
    if not {kind, "rate" if kind == "counter" else kind} & set(profile.paths):
        return
    for statistic, id in _STATISTICS.items() if kind == "timer" else (("", ""),):
        if kind == "timer" and (statistic not in profile.statistics or id in unmet):
            continue
        about = f"{kind}-{statistic}" if statistic else kind
        wanted, got = _value(kind, name, statistic, model), _value(kind, name, statistic, seen)
        assert wanted is not None
        told = f"{about} of {shown(name)}, which was sent {sent}"
        if got is None:
            yield Fault(f"{about}-missing", f"{where} has no {told}")
        elif not isclose(got, wanted, rel_tol=TOLERANCE, abs_tol=1e-9) and abs(got - wanted) <= _CUT:
            yield Fault(f"{about}-rounded", f"{where} has {got:g}, required are six digits of {wanted:g} as the {told}")
        elif not isclose(got, wanted, rel_tol=TOLERANCE, abs_tol=1e-9):
            yield Fault(f"{about}-differs", f"{where} has {got:g}, required is {wanted:g} as the {told}")


def _value(kind: str, name: bytes, statistic: str, flushed: Flushed) -> float | None:
    published = "rate" if kind == "counter" and kind not in flushed.profile.paths else kind
    if not flushed.lines_for(published, name, statistic):
        # What it raises tells of everything published, which for each of thousands of names takes minutes.
        return None
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


@cache
def _model(interval: float) -> Server:
    return make_server(Options(flush_interval=max(1, round(1000 * interval))))


@cache
def _model_profile() -> Profile:
    return load_profile("reference")


def _sent(lines: Sequence[Line]) -> str:
    told = [line.written(b"")[1:].decode() for line in lines[:5]]
    return ", ".join(told) + (" …" if len(lines) > len(told) else "")
