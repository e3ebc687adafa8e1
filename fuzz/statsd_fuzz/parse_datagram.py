"""Any datagram is read: each non-empty line gives sound outcomes, nothing is raised, in steps as many as its bytes."""

from math import inf, isfinite

from statsd_fuzz._driver import fuzz, instrumented
from statsd_fuzz.steps import steps

with instrumented(__name__):
    from statsd_reference import REFERENCE, BadLine, Options, Outcome, Sample, Server, make_server
    from statsd_reference.options import EXTENSIONS

SEEDS = ("datagrams", "lines/good", "lines/bad")
# The last one reads every dialect as well; which is tried depends on the length alone.
SERVERS = (REFERENCE, REFERENCE, REFERENCE, make_server(Options(extensions=EXTENSIONS)))
_KEPT = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.;="
_WITHOUT_SAMPLE = (b"_e{", b"_sc|")
_LARGE = 1000
_STEPS_A_BYTE = 40


def check(data: bytes) -> None:
    """Read a datagram line by line, and look at what each line says."""
    server = SERVERS[len(data) % len(SERVERS)]
    lines = server.split(data)
    assert lines == [line for line in data.split(b"\n") if line]
    for line in lines:
        outcomes = server.parse(line)
        assert outcomes or line.startswith(_WITHOUT_SAMPLE), f"{line!r} says nothing"
        for outcome in outcomes:
            assert _is_sound(outcome, line), f"{line!r} says {outcome}"
    if len(data) >= _LARGE:
        _assert_linear(server, data)


def _is_sound(outcome: Outcome, line: bytes) -> bool:
    if isinstance(outcome, BadLine):
        return bool(outcome.reason) and line.startswith(outcome.line)
    return _has_clean_name(outcome) and isfinite(outcome.value) and 0 < outcome.rate < inf


def _has_clean_name(sample: Sample) -> bool:
    return bool(sample.bucket.partition(b";")[0]) and not sample.bucket.translate(None, _KEPT)


def _assert_linear(server: Server, data: bytes) -> None:
    counted = steps(lambda: server.read(data))
    assert counted <= _STEPS_A_BYTE * len(data), f"{counted} steps for {len(data)} bytes"


if __name__ == "__main__":
    # No line depends on another: two or three are enough.
    fuzz(check, SEEDS, longest=64)
