"""Sets that do not count distinct members."""

from collections.abc import Callable, Set
from dataclasses import replace
from itertools import count

from defects.steps import carries, samples
from statsd_reference import BadLine, Kind, Outcome, Reading, Sample, Server, Window

SMALL = 16


def _adding(server: Server, added: Callable[[Set[bytes], bytes], Set[bytes]]) -> Server:
    """Return the server that puts a member into a set by `added`."""

    def accumulate(window: Window, reading: Reading) -> Window:
        members = [one for one in reading.outcomes if isinstance(one, Sample) and one.kind is Kind.SET]
        gathered = server.accumulate(window, reading)
        sets = dict(window.sets)
        for one in members:
            sets[one.bucket] = added(sets.get(one.bucket, frozenset()), one.member)
        return replace(gathered, sets=sets)

    return replace(server, accumulate=accumulate)


def g01(server: Server) -> Server:
    """Beyond some members a set takes everything for new; it counts distinct members, however many."""
    numbers = count()

    def added(members: Set[bytes], member: bytes) -> Set[bytes]:
        return members | {member if len(members) < SMALL else b"%b %d" % (member, next(numbers))}

    return _adding(server, added)


def g03(server: Server) -> Server:
    """Every member counts, seen before or not; only distinct ones do."""
    numbers = count()
    return _adding(server, lambda members, member: members | {b"%b %d" % (member, next(numbers))})


def g04(server: Server) -> Server:
    """A member has to be a number; it is any text."""

    def change(one: Sample) -> Outcome:
        good = one.kind is not Kind.SET or one.member.isdigit()
        return one if good else BadLine(one.member, "no valid number")

    return samples(server, change)


def g10(server: Server) -> Server:
    """A `#` in a member begins tags; it is part of the member."""

    def change(one: Sample) -> Sample:
        return replace(one, member=one.member.partition(b"#")[0]) if one.kind is Kind.SET else one

    return samples(server, change)


def g14(server: Server) -> Server:
    """Members outlive the flush; each interval begins with an empty set."""
    return carries(server, lambda closed, following: replace(following, sets=closed.sets))
