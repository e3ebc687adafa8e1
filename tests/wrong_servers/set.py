"""Servers that break one requirement on sets each."""

from dataclasses import replace

from defects import sets as defects
from defects.steps import flushes, refusing, samples
from statsd_reference import Flush, Kind, Sample, Server

_FULL = 1000


def folded(server: Server) -> Server:
    """Fold the case of members."""
    return samples(server, lambda one: replace(one, member=one.member.lower()) if one.kind is Kind.SET else one)


def numeric(server: Server) -> Server:
    """Compare members that are numbers as numbers."""

    def change(one: Sample) -> Sample:
        if one.kind is Kind.SET and one.member.replace(b".", b"").isdigit():
            return replace(one, member=b"%g" % float(one.member))
        return one

    return samples(server, change)


def full(server: Server) -> Server:
    """Count no more than a thousand members."""
    return flushes(
        server,
        lambda flush: replace(flush, sets={name: min(members, _FULL) for name, members in flush.sets.items()}),
    )


def idle_sets_repeat(server: Server) -> Server:
    """Publish an idle set with as many members as it had."""
    last: dict[bytes, int] = {}

    def change(flush: Flush) -> Flush:
        last.update({name: members or last.get(name, 0) for name, members in flush.sets.items()})
        return replace(flush, sets=dict(last))

    return flushes(server, change)


def without(server: Server, unwanted: bytes) -> Server:
    """Drop one member without a word."""
    return samples(server, lambda one: None if one.kind is Kind.SET and one.member == unwanted else one)


WRONG = {
    "SET-01": defects.g03,
    "SET-02": folded,
    "SET-02/numbers": numeric,
    "SET-03": defects.g14,
    "SET-03/idle": idle_sets_repeat,
    "SET-04": full,
    "SET-04/everything is new": defects.g01,
    "SET-05": lambda server: refusing(server, rb":\|s"),
    "SET-06": lambda server: refusing(server, rb":[^|]*:.*\|s"),
    "SET-07": defects.g10,
    "SET-07/numbers only": defects.g04,
    "SET-08": lambda server: refusing(server, rb"\|s\|@"),
    "SET-09": lambda server: without(server, b"__proto__"),
}
