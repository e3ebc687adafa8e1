"""A day in the life: from a seed, the same everywhere, and read by every aggregator."""

from collections import Counter
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner

from statsd_conformance.lint import Settings, lint
from statsd_conformance.recording import Datagram, read_recording
from statsd_fuzz.day import day, main, write_day
from statsd_reference import REFERENCE, BadLine, Kind, Sample

NUMBER = 2000
# Of the first seed: who changes it changes the file that people compare their results by.
DIGEST = "36ca0e4b1ba69ebe213e062f49ffd13fb9095fa12cf1cb6f8d7eb41fb80e9c6d"


@pytest.fixture(scope="module")
def first() -> list[Datagram]:
    """Give a short day."""
    return list(day(1, NUMBER))


def samples(datagrams: list[Datagram]) -> list[Sample | BadLine]:
    return [outcome for one in datagrams for outcome in REFERENCE.read(one.payload).outcomes]


def test_the_first_seed_gives_what_it_always_gave(first: list[Datagram]) -> None:
    digest = sha256()
    for one in first:
        digest.update(repr((one.payload, round(one.time * 1_000_000), one.source.port)).encode())
    assert digest.hexdigest() == DIGEST


def test_a_written_day_reads_as_it_was_made(first: list[Datagram], tmp_path: Path) -> None:
    size = write_day(tmp_path / "day.pcap", 1, NUMBER)
    assert (tmp_path / "day.pcap").stat().st_size == size
    read = list(read_recording(tmp_path / "day.pcap"))
    assert [(one.payload, one.source, one.number) for one in read] == [
        (one.payload, one.source, one.number) for one in first
    ]
    assert [one.time for one in read] == pytest.approx([one.time for one in first], abs=1e-6)


def test_another_seed_gives_another_day(first: list[Datagram]) -> None:
    assert [one.payload for one in day(2, NUMBER)] != [one.payload for one in first]


def test_nothing_of_a_day_is_refused_or_found_by_the_linter(first: list[Datagram]) -> None:
    assert not [outcome for outcome in samples(first) if isinstance(outcome, BadLine)]
    assert not list(lint(first, Settings()))


def test_a_day_has_every_type_and_sampled_counters_of_whole_numbers(first: list[Datagram]) -> None:
    said = [one for one in samples(first) if isinstance(one, Sample)]
    assert {one.kind for one in said} == {Kind.COUNTER, Kind.TIMER, Kind.GAUGE, Kind.SET}
    rated = [float(one.value) / one.rate for one in said if one.rate < 1]
    assert rated
    assert all(count == int(count) for count in rated)


def test_the_queue_of_a_day_is_never_below_nothing() -> None:
    length, lengths = 0, []
    for line in (line for one in day(3, NUMBER) for line in one.payload.split(b"\n")):
        if line.startswith(b"shop.queue.length:"):
            value = line[len(b"shop.queue.length:") : -len(b"|g")]
            length = length + int(value) if value[:1] in b"+-" else int(value)
            lengths.append(length)
    assert len(lengths) > 20
    assert min(lengths) >= 0


def test_a_day_is_in_order_busy_in_the_evening_and_counts_its_stock_at_night(first: list[Datagram]) -> None:
    times = [one.time for one in first]
    assert times == sorted(times)
    hours = Counter(int((one.time - 1_767_225_600) // 3600) for one in first)
    assert sorted(hours) == list(range(24))
    assert hours[19] > 5 * hours[4]
    stock = Counter(int((one.time - 1_767_225_600) // 3600) for one in first if one.payload.startswith(b"shop.stock"))
    assert list(stock) == [2]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [str(tmp_path / "nowhere" / "day.pcap")])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: cannot write {tmp_path}/nowhere/day.pcap: ")
    assert result.output.count("\n") == 1


def test_the_command_writes_a_day(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [str(tmp_path / "day.pcap"), "--datagrams", "3"])
    assert result.exit_code == 0
    assert len(list(read_recording(tmp_path / "day.pcap"))) == 3
