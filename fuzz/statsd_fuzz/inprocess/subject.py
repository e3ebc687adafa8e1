"""A target with what has to be known to judge it: how it spells what it publishes, or what its results say."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TypeVar

from statsd_conformance.flushed import Flushed
from statsd_conformance.graphite import GraphiteLine
from statsd_conformance.habits import SINCE_START, again, running
from statsd_conformance.probe import canaries, read_canaries
from statsd_conformance.profile import Profile, ProfileError, load_profile
from statsd_fuzz.comparing import snapshot
from statsd_fuzz.inprocess.parsed import Unread, samples_of
from statsd_fuzz.inprocess.published import Unreadable, lines_of
from statsd_fuzz.inprocess.target import Aggregator, PythonTarget, TargetError

T = TypeVar("T")
_OWN = b"q0canaries"
_CANARY = b"canary:17|c"


@dataclass
class _OneShot:
    """A callable that returns what a datagram comes to, as an aggregator of one datagram."""

    call: Callable[[bytes], object]
    result: object = None

    def feed(self, datagram: bytes) -> None:
        self.result = self.call(datagram)

    def flush(self) -> object:
        result, self.result = self.result, None
        return result


@dataclass(frozen=True, slots=True)
class Subject:
    """A target, and how it is judged.

    Attributes:
        target: as it was loaded.
        make: gives a fresh aggregator; None for a parser.
        one_shot: whether that aggregates a single datagram.
        profile: how an aggregator spells what it publishes; None for a parser.
        interval: seconds that a flush stands for.
        own: paths of what an aggregator publishes about itself, as far as it showed.
        reads_samples: whether the results of a parser say name, value and type.
        refusals: names of the exceptions by which it refuses what is malformed.
        statement: in words, how it is judged.
    """

    target: PythonTarget
    statement: str
    make: Callable[[], Aggregator] | None = None
    one_shot: bool = False
    profile: Profile | None = None
    interval: float = 10.0
    own: frozenset[bytes] = frozenset()
    reads_samples: bool = False
    refusals: frozenset[str] = frozenset()


def subject_of(
    target: PythonTarget,
    *,
    profile: Profile | None = None,
    interval: float = 10.0,
    refusals: Sequence[str] = (),
) -> Subject:
    """Return how a target is judged, by what a few canaries come to.

    Raises:
        TargetError: it takes no good datagram, or what it publishes says nothing of what it was sent.
    """
    accepted = frozenset(refusals)
    if target.make:
        return _aggregator(target, target.make, profile, interval, accepted)
    assert target.call is not None
    result = _tried(target, "called with a counter", lambda: target.call(_CANARY))  # type: ignore[misc]  # see above
    if isinstance(result, Coroutine):
        result.close()
        raise TargetError(f"{target.spelling}: gives a coroutine, which nobody waits for; name a function that does")
    try:
        samples = samples_of(result)
    except Unread as reason:
        try:
            if any(b"canary" in line.path for line in lines_of(result)):
                call = target.call
                return _aggregator(target, lambda: _OneShot(call), profile, interval, accepted, one_shot=True)
        except Unreadable:
            pass
        statement = f"a parser whose results are not read ({reason}): only what it raises is judged"
        return Subject(target, statement, refusals=accepted)
    if [(one.name, one.value, one.kind) for one in samples] != [(b"canary", 17.0, "c")]:
        raise TargetError(
            f"{target.spelling}: reads {_CANARY.decode()!r} as {result!r:.80}, which is not one counter of 17"
        )
    return Subject(target, "a parser: names, values and types are compared", reads_samples=True, refusals=accepted)


def _aggregator(
    target: PythonTarget, make: Callable[[], Aggregator], profile: Profile | None, interval: float,
    refusals: frozenset[str], *, one_shot: bool = False,
) -> Subject:  # fmt: skip
    lines = [*canaries(_OWN), again(_OWN)]
    aggregator = _tried(target, "made", make)
    # A callable takes one datagram, an aggregator may take no more than a line of one.
    sent = [b"\n".join(lines)] if one_shot else lines
    first = _tried(target, "given one sample of each type", lambda: _flushed(aggregator, sent))
    second = _tried(target, "given a counter once more", lambda: _flushed(aggregator, [again(_OWN)]))
    profile = profile or read_canaries(_OWN, first, interval).profile
    if not profile.paths:
        raise TargetError(
            f"{target.spelling}: no canary came back; it published {_shown(first)}; --profile says how it spells names"
        )
    before, after = (Flushed(profile, interval, _OWN, (snapshot(lines),)) for lines in (first, second))
    if running(before, after).found == SINCE_START:
        raise TargetError(f"{target.spelling}: counts from its start on, where a flush is to tell of one interval")
    own = frozenset(line.path for line in (*first, *second) if _OWN not in line.path)
    what = "of one datagram" if one_shot else "of intervals"
    statement = f"an aggregator {what}: {', '.join(profile.paths)} are compared"
    return Subject(target, statement, make, one_shot, profile, interval, own, refusals=refusals)


def _flushed(aggregator: Aggregator, datagrams: Sequence[bytes]) -> list[GraphiteLine]:
    for datagram in datagrams:
        aggregator.feed(datagram)
    return lines_of(aggregator.flush())


def _tried(target: PythonTarget, what: str, call: Callable[[], T]) -> T:
    try:
        return call()
    except Unreadable as error:
        raise TargetError(f"{target.spelling}: {error}") from None
    except (Exception, SystemExit) as error:
        raise TargetError(f"{target.spelling}: raises {error!r} when it is {what}") from error


def _shown(lines: Sequence[GraphiteLine]) -> str:
    return ", ".join(map(str, lines[:3])) or "nothing"


def planned(target: PythonTarget, profile: str, interval: float, refusals: Sequence[str]) -> Subject:
    """Return `subject_of` a target under the profile of that name or file; without a name it is found by canaries.

    Raises:
        TargetError: as `subject_of`, or there is no such profile.
    """
    try:
        loaded = load_profile(profile) if profile else None
    except ProfileError as error:
        raise TargetError(str(error)) from None
    return subject_of(target, profile=loaded, interval=interval, refusals=refusals)
