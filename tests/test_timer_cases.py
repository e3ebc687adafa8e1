"""How the case of very many times judges what a flush cut in two."""

import pytest

from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import Snapshot, read_line
from statsd_conformance.profile import load_profile
from statsd_conformance.requirement import Inconclusive
from statsd_conformance.test_08_timer import _over_flushes

BUCKET = b"qlocal0001.a"


def halves(*statistics: str) -> Flushed:
    """Return two flushes of the times 1 and 2, then 3, 4 and 5, of which these statistics were published."""
    times = ({"count": 2, "sum": 3, "mean": 1.5, "upper": 2}, {"count": 3, "sum": 12, "mean": 4, "upper": 5})
    snapshots = (
        Snapshot(
            tuple(read_line(b"stats.timers.%b.%b %a 100" % (BUCKET, name.encode(), one[name])) for name in statistics),
            0.0,
            0.0,
        )
        for one in times
    )
    return Flushed(load_profile("reference"), 1.0, b"qlocal0001", tuple(snapshots))


@pytest.mark.parametrize("statistics", [("count", "mean", "upper"), ("sum", "mean", "upper")], ids=" ".join)
def test_mean_over_flushes_is_weighted_by_what_tells_of_how_many_times_each_is(statistics: tuple[str, ...]) -> None:
    assert _over_flushes(halves(*statistics), BUCKET, "mean") == pytest.approx(3)


def test_means_alone_do_not_tell_the_mean_over_flushes() -> None:
    with pytest.raises(Inconclusive, match="in the midst"):
        _over_flushes(halves("mean", "upper"), BUCKET, "mean")
