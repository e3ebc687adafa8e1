"""Whatever a target publishes, a probe makes a profile of it, which can be written, read back, and gone by."""

from statsd_fuzz._driver import fuzz, instrumented

with instrumented(__name__):
    from statsd_conformance.flushed import Flushed
    from statsd_conformance.graphite import Snapshot, read_line
    from statsd_conformance.habits import again, cleaned, idle, largest, running
    from statsd_conformance.probe import LEAVES, read_canaries, write_profile
    from statsd_conformance.profile import read_profile

SEEDS = ("graphite",)
# Its canaries are in the seeds.
OWN = b"q0canaries"
_BUCKETS = {kind: b"%b.%b" % (OWN, leaf) for kind, leaf in LEAVES.items()}
# The lines of two flushes have something between them.
_BETWEEN_FLUSHES = b"\n==\n"


def check(data: bytes) -> None:
    """Read two flushes as a probe does, and look at them by the profile that came of the first."""
    flushes = [[read_line(raw) for raw in text.split(b"\n")] for text in data.split(_BETWEEN_FLUSHES)]
    probed = read_canaries(OWN, flushes[0], 10.0)
    profile = probed.profile
    assert read_profile(write_profile(profile), "fuzzed") == profile
    first, second = (
        Flushed(profile, 10.0, OWN, (Snapshot(tuple(lines), 0.0, 0.0),)) for lines in (flushes[0], flushes[-1])
    )
    for kind, bucket in _BUCKETS.items():
        idle(kind, bucket, first, second)
        first.kinds(bucket)
        first.tags(bucket, kind)
    for statement in (*probed.statements, running(first, second), *cleaned(second), largest(second)):
        assert statement.entry
        assert statement.why
    first.strays(again(OWN).partition(b":")[0])
    first.summary()


if __name__ == "__main__":
    fuzz(check, SEEDS, longest=2048)
