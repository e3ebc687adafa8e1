"""Servers that break one requirement on gauges each."""

import re
from dataclasses import replace
from math import isnan, nan

from defects import gauges as defects
from defects import output
from defects.steps import carries, flushes, refused, samples, steadily
from statsd_reference import Kind, Outcome, Sample, Server, Window


def never_negative(server: Server) -> Server:
    """Publish a negative gauge as 0."""
    return flushes(
        server,
        lambda flush: replace(flush, gauges={name: max(value, 0.0) for name, value in flush.gauges.items()}),
    )


def one_delta_a_datagram(server: Server) -> Server:
    """Apply of the deltas of one datagram the first."""
    changed: set[bytes] = set()

    def split(datagram: bytes) -> list[bytes]:
        changed.clear()
        return server.split(datagram)

    def change(one: Sample) -> Outcome | None:
        if one.kind is not Kind.GAUGE or not one.signed:
            return one
        again = one.bucket in changed
        changed.add(one.bucket)
        return None if again else one

    return replace(samples(server, change), split=split)


def delta_on_nothing_is_lost(server: Server) -> Server:
    """Apply a delta only to a gauge that there is."""

    def change(window: Window, one: Sample) -> Outcome | None:
        return None if one.kind is Kind.GAUGE and one.signed and one.bucket not in window.gauges else one

    return steadily(server, change)


def same_value_is_a_change(server: Server) -> Server:
    """Take a value that a gauge already has for the end of it, and set it to 0."""

    def change(window: Window, one: Sample) -> Sample:
        same = one.kind is Kind.GAUGE and not one.signed and window.gauges.get(one.bucket) == one.value
        return replace(one, value=0.0) if same else one

    return steadily(server, change)


def deltas_start_anew(server: Server) -> Server:
    """Apply a delta to 0 when the gauge was last set in an earlier interval."""
    fresh: set[bytes] = set()

    def change(one: Sample) -> Sample:
        if one.kind is not Kind.GAUGE:
            return one
        stale = one.signed and one.bucket not in fresh
        fresh.add(one.bucket)
        return replace(one, signed=False) if stale else one

    def forgotten(closed: Window, following: Window) -> Window:
        fresh.clear()
        return following

    return carries(samples(server, change), forgotten)


def gauges_outlive_their_end(server: Server) -> Server:
    """Carry every gauge over a flush, whatever the options say."""
    return carries(server, lambda closed, following: replace(following, gauges=closed.gauges))


def nan_stays(server: Server) -> Server:
    """Accept `nan` as the value of a gauge, and add to it what comes later."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        if refused(server, line) and re.search(rb":[a-zA-Z]+\|g", line):
            return (Sample(line.partition(b":")[0], nan, Kind.GAUGE),)
        return server.parse(line)

    def change(window: Window, one: Sample) -> Outcome:
        spoilt = one.kind is Kind.GAUGE and isnan(window.gauges.get(one.bucket, 0.0))
        return replace(one, signed=True) if spoilt else one

    return steadily(replace(server, parse=parse), change)


def negative_zero_is_refused(server: Server) -> Server:
    """Drop signed zeros."""
    return samples(server, lambda one: None if one.kind is Kind.GAUGE and one.signed and not one.value else one)


WRONG = {
    "GAUGE-01": defects.e07,
    "GAUGE-01/sum": defects.e09,
    "GAUGE-02": defects.e06,
    "GAUGE-03": delta_on_nothing_is_lost,
    "GAUGE-04": never_negative,
    "GAUGE-05": defects.e06,
    "GAUGE-06": one_delta_a_datagram,
    "GAUGE-07": defects.e13,
    "GAUGE-07/decimals": output.c42,
    "GAUGE-08": output.c51,
    "GAUGE-08/zero": output.c59,
    "GAUGE-09": deltas_start_anew,
    "GAUGE-10": gauges_outlive_their_end,
    "GAUGE-11": same_value_is_a_change,
    "GAUGE-12": negative_zero_is_refused,
    "GAUGE-13": nan_stays,
}
