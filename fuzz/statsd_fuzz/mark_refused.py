"""Of each sample that the reference refuses the place is known: some bytes of its line, in order."""

from statsd_fuzz._driver import fuzz, instrumented

with instrumented(__name__):
    from statsd_conformance.refused import refused
    from statsd_reference import REFERENCE, BadLine

SEEDS = ("datagrams", "lines/bad")


def check(data: bytes) -> None:
    """Compare the places with the outcomes."""
    bad = [outcome for outcome in REFERENCE.read(data).outcomes if isinstance(outcome, BadLine)]
    places = list(refused(data))
    assert [place.reason for place in places] == [outcome.reason for outcome in bad]
    for place, outcome in zip(places, bad, strict=True):
        assert 0 <= place.start < place.stop <= len(data), place
        start = data.rfind(b"\n", 0, place.start) + 1
        assert data.startswith(outcome.line, start), place
        assert b"\n" not in data[start : place.stop], place


if __name__ == "__main__":
    fuzz(check, SEEDS)
