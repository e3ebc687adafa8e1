"""The linter judges any bytes in every dialect: its findings lie within the datagram, and its fast path misses none."""

from statsd_fuzz._driver import fuzz, instrumented
from statsd_fuzz.inputs import dice, intervals_of

with instrumented(__name__):
    from statsd_conformance.lint import DIALECTS, RULES, Finding, Settings, lint
    from statsd_conformance.recording import Datagram
    from statsd_reference import REFERENCE, BadLine

SEEDS = ("datagrams", "lines/good", "lines/bad", "intervals")
# Rules that are off by default make it look at each line.
_ALL = frozenset({"E"})
_BY_DEFAULT = Settings().codes


def check(data: bytes) -> None:
    """Judge datagrams with the rules that hold by default, which has a fast path, and with all of them."""
    random = dice(data)
    dialect, stream = random.choice(sorted(DIALECTS)), random.random() < 0.3
    payloads = [datagram for datagrams in intervals_of(data) for datagram in datagrams]
    datagrams = [Datagram(payload, number, stream=stream) for number, payload in enumerate(payloads, start=1)]
    everything = list(lint(datagrams, Settings(dialect, 100, _ALL)))
    for finding in everything:
        _assert_place(finding, payloads)
    fast = list(lint(datagrams, Settings(dialect, 100)))
    assert fast == [finding for finding in everything if finding.code in _BY_DEFAULT]
    if dialect == "etsy" and not stream and not fast:
        _assert_read_whole(payloads)


def _assert_place(finding: Finding, payloads: list[bytes]) -> None:
    assert finding.code in RULES
    assert finding.message.isprintable(), finding
    assert 1 <= finding.number <= len(payloads), finding
    assert 0 <= finding.line <= payloads[finding.number - 1].count(b"\n") + 1, finding
    assert 0 <= finding.column <= len(finding.text) + 1, finding


def _assert_read_whole(payloads: list[bytes]) -> None:
    """Assert that the reference refuses nothing of what the linter has nothing against."""
    for payload in payloads:
        refused = [outcome for outcome in REFERENCE.read(payload).outcomes if isinstance(outcome, BadLine)]
        assert not refused, f"the linter lets pass what is refused: {refused}"


if __name__ == "__main__":
    fuzz(check, SEEDS)
