"""What was sent comes out, once: counters are the sums of what they were sent, and no time, member or line is lost."""

from collections import defaultdict
from collections.abc import Iterable
from math import fsum, isclose

from statsd_fuzz._driver import fuzz, instrumented
from statsd_fuzz.inputs import intervals_of

with instrumented(__name__):
    from statsd_reference import REFERENCE, BadLine, Flush, Kind, Reading, Sample

SEEDS = ("datagrams", "lines/good", "lines/bad", "intervals")
SERVER = REFERENCE
# Sums beyond are no doubles any more, or lose what is small.
_LARGE = 1e200


def check(data: bytes) -> None:
    """Send intervals, and compare each flush with what its datagrams say."""
    window = SERVER.first_window()
    for number, datagrams in enumerate(intervals_of(data)):
        readings = [SERVER.read(datagram) for datagram in datagrams]
        for reading in readings:
            window = SERVER.accumulate(window, reading)
        flush, window = SERVER.flush(window, number)
        _compare(flush, readings)


def _compare(flush: Flush, readings: list[Reading]) -> None:
    outcomes = [outcome for reading in readings for outcome in reading.outcomes]
    samples = [outcome for outcome in outcomes if isinstance(outcome, Sample)]
    own = {
        b"packets_received": len(readings),
        b"metrics_received": sum(reading.lines for reading in readings),
        b"bad_lines_seen": sum(isinstance(outcome, BadLine) for outcome in outcomes),
    }
    sent = _by_bucket(samples, Kind.COUNTER)
    values = {bucket: [one.value * (1 / one.rate) for one in of_bucket] for bucket, of_bucket in sent.items()}
    if any(max(map(abs, one)) > _LARGE for one in values.values()):
        return
    for name, number in own.items():
        values.setdefault(b"statsd." + name, []).append(number)
    for bucket, total in flush.counters.items():
        assert _equal(total, values.pop(bucket, [])), f"{bucket!r} came out as {total}"
    assert not values, f"did not come out: {values}"
    for bucket, times in _by_bucket(samples, Kind.TIMER).items():
        assert sorted(flush.timers[bucket]) == sorted(one.value for one in times)
        assert _equal(flush.timer_counts[bucket], [1 / one.rate for one in times])
    for bucket, members in _by_bucket(samples, Kind.SET).items():
        assert flush.sets[bucket] == len({one.member for one in members})


def _by_bucket(samples: Iterable[Sample], kind: Kind) -> dict[bytes, list[Sample]]:
    found: dict[bytes, list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.kind is kind:
            found[sample.bucket].append(sample)
    return dict(found)


def _equal(total: float, values: list[float]) -> bool:
    return isclose(total, fsum(values), rel_tol=1e-9, abs_tol=1e-9 * fsum(map(abs, values)))


if __name__ == "__main__":
    fuzz(check, SEEDS)
