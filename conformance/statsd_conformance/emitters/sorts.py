"""Which sort of thing an emitter has to have sent before a rule says anything of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from statsd_conformance.emitters.emission import Emission
from statsd_conformance.lint import Rule
from statsd_reference import Kind

Sort = tuple[Callable[[Emission], bool], str]


def _kind(kind: Kind) -> Callable[[Emission], bool]:
    return lambda emission: any(one.kind is kind for one in emission.samples)


def _has(*marks: bytes) -> Callable[[Emission], bool]:
    return lambda emission: any(mark in line for line in emission.lines for mark in marks)


def _begins(*starts: bytes) -> Callable[[Emission], bool]:
    return lambda emission: any(line.startswith(starts) for line in emission.lines)


def _streams(emission: Emission) -> bool:
    return any(datagram.stream for datagram in emission.datagrams)


# By the family of the rule; what is in no family here says something of every line.
_SORTS: Final[Mapping[str, Sort]] = {
    "EGAUGE": (_kind(Kind.GAUGE), "gauge"),
    "ESET": (_kind(Kind.SET), "set"),
    "ETIMER": (_kind(Kind.TIMER), "timer"),
    "ECOUNTER": (_kind(Kind.COUNTER), "counter"),
    "ERATE": (_has(b"|@"), "sample rate"),
    "ETAG": (_has(b"|#"), "tag"),
    "EEVENT": (_begins(b"_e{", b"_sc|"), "event or service check"),
}
_STREAM: Final[Sort] = (_streams, "stream")
_ANY: Final[Sort] = (lambda emission: bool(emission.lines), "line")


def needed_by(rule: Rule) -> Iterator[Sort]:
    """Yield what has to have been sent: each is a test, and its word."""
    if rule.stream:
        yield _STREAM
    family = rule.code.partition("-")[0]
    if family not in ("EFRAMING", "ESIZE"):
        yield _SORTS.get(family, _ANY)
