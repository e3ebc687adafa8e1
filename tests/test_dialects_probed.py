"""Dialects that a probe finds by their effect, habits that it tells of, and wrong servers that it does not excuse."""

import asyncio
from dataclasses import replace
from typing import Final

import pytest

from chapters import all_cases
from defects.gauges import e09
from defects.steps import Break, cut, samples
from statsd_conformance.dialects import EVENT, lines_of, with_dialects
from statsd_conformance.habits import SIZES, cleaned, filled, largest, odd_names
from statsd_conformance.probe import UNKNOWN, Probed, probe, use
from statsd_conformance.target import InProcess
from statsd_conformance.verdict import Verdict
from statsd_conformance.wave import run_all
from statsd_reference import Kind, Options, Server, make_server
from trials import PROFILE, right
from wire_trials import serving
from wrong_servers.counter import running_total

BARE: Final = replace(PROFILE, extensions=())
USUAL: Final = {"multi-sample", "graphite-tags"}
TAGS: Final = {"dogstatsd", "dogstatsd-1.2", "dogstatsd-1.3", "dogstatsd-1.4", "dogstatsd-1.5", "dogstatsd-1.6"}


def counted_twice(server: Server) -> Server:
    return samples(
        server, lambda one: replace(one, value=2 * one.value) if one.kind in (Kind.COUNTER, Kind.TOTAL) else one
    )


def claimed(plant: Break, *extensions: str) -> set[str]:
    """Return the dialects that are claimed for a server with these extensions, which has one bug."""
    target = InProcess(plant(make_server(Options(extensions=extensions))), BARE)
    target.send(EVENT)
    rejected = asyncio.run(target.flush()).errors()
    target.send(*lines_of(target.token))
    profile, _ = with_dialects(BARE, asyncio.run(target.flush()), rejected)
    return set(profile.extensions)


@pytest.mark.parametrize("plant", [right, counted_twice])
@pytest.mark.parametrize(
    ("extension", "more"),
    [
        ("packing", {"packing"}),
        ("C", {"C"}),
        ("d", {"d"}),
        ("dogstatsd", TAGS),
        ("influx", {"influx"}),
        ("signalfx", {"signalfx"}),
        ("librato", {"librato"}),
        ("h", set()),
    ],
)
def test_dialect_is_claimed_where_it_is_read_however_wrongly_it_is_counted(
    extension: str, more: set[str], plant: Break
) -> None:
    assert claimed(plant, extension) - USUAL == more


def test_samples_that_come_one_by_one_are_spelled_in_the_profile() -> None:
    target = InProcess(make_server(Options(extensions=("kv",))), BARE)
    target.send(*lines_of(target.token))
    profile, _ = with_dialects(BARE, asyncio.run(target.flush()))
    assert profile.paths["kv"] == "stats.kv.{bucket}"


def test_tags_that_were_dropped_are_not_claimed() -> None:
    def dropping(server: Server) -> Server:
        return replace(server, parse=lambda line: server.parse(line.partition(b"|#")[0]))

    assert "dogstatsd" not in claimed(dropping)


def test_datagram_that_is_cut_ends_the_sizes_that_are_read_whole() -> None:
    target = InProcess(cut(make_server(Options()), 8191), BARE)
    target.send(*(filled(target.token, size) for size in SIZES))
    statement = largest(asyncio.run(target.flush()))
    assert (statement.found, statement.sure) == ("8191 bytes", True)
    assert [len(filled(b"q", size)) for size in SIZES] == list(SIZES)


def test_names_are_told_as_they_came_back() -> None:
    target = InProcess(make_server(Options()), BARE)
    target.send(*odd_names(target.token))
    found = [one.found for one in cleaned(asyncio.run(target.flush()))]
    assert found == ["becomes _", "becomes -", "kept"]


async def probed_and_tried(plant: Break, *ids: str) -> tuple[Probed, set[Verdict]]:
    async with serving(plant, profile=UNKNOWN) as subject:
        found = await probe(subject.wire)
        use(subject.wire, found.profile)
        outcomes = await run_all(subject, [case for case in all_cases() if case.requirement.id in ids])
        return found, {outcome.verdict for outcome in outcomes.values()}


@pytest.mark.parametrize(
    ("plant", "id", "verdict"),
    [
        (counted_twice, "COUNTER-01", Verdict.FAIL),
        (e09, "GAUGE-01", Verdict.FAIL),
        (right, "COUNTER-01", Verdict.PASS),
        # Counts that go on are one fault, and hide nothing else.
        (running_total, "COUNTER-01", Verdict.PASS),
        (running_total, "COUNTER-02", Verdict.FAIL),
    ],
)
def test_probe_makes_no_wrong_server_pass(plant: Break, id: str, verdict: Verdict) -> None:
    found, verdicts = asyncio.run(probed_and_tried(plant, id))
    assert found.profile.paths == PROFILE.paths
    assert verdicts == {verdict}
    said = {one.entry: one.found for one in found.statements}
    goes_on = plant is running_total
    assert found.profile.counters == ("start" if goes_on else "flush")
    assert said["counters"] == ("since the start" if goes_on else "per interval")
    assert (said["idle counter"], said["idle gauge"]) == ("repeated" if goes_on else "zero", "repeated")
