"""Every seed is what its folder says; names of files read as what they show."""

import re
from ast import literal_eval
from pathlib import Path

import pytest

from statsd_corpora import corpora, dictionary, recordings_of_traffic, seeds
from statsd_reference import REFERENCE, BadLine

GOOD = seeds("lines/good")
BAD = seeds("lines/bad")
DATAGRAMS = seeds("datagrams")
LARGEST_PAYLOAD = 65507
README = Path(__file__).resolve().parents[1] / "corpora" / "README.md"


def refused(line: bytes) -> bool:
    """Tell whether the reference refuses any sample of a line."""
    return any(isinstance(outcome, BadLine) for outcome in REFERENCE.parse(line))


@pytest.mark.parametrize("name", GOOD)
def test_a_good_line_is_read_whole(name: str) -> None:
    assert REFERENCE.parse(GOOD[name])
    assert not refused(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_refused(name: str) -> None:
    assert refused(BAD[name])


@pytest.mark.parametrize("name", GOOD | BAD)
def test_a_seed_of_lines_is_one_line(name: str) -> None:
    line = (GOOD | BAD)[name]
    assert REFERENCE.split(line) == [line]


@pytest.mark.parametrize("name", DATAGRAMS)
def test_a_datagram_says_what_its_lines_say(name: str) -> None:
    datagram = DATAGRAMS[name]
    assert len(datagram) <= LARGEST_PAYLOAD
    lines = [line for line in datagram.split(b"\n") if line]
    reading = REFERENCE.read(datagram)
    assert reading.lines == len(lines)
    assert list(reading.outcomes) == [outcome for line in lines for outcome in REFERENCE.parse(line)]


@pytest.mark.parametrize("name", [name for name in DATAGRAMS if name.startswith("size-")])
def test_a_datagram_named_after_a_size_has_it_and_ends_in_a_known_counter(name: str) -> None:
    assert len(DATAGRAMS[name]) == int(name.removeprefix("size-"))
    last = REFERENCE.read(DATAGRAMS[name]).outcomes[-1]
    assert not isinstance(last, BadLine)
    assert (last.bucket, last.value) == (b"last", 123456)


@pytest.mark.parametrize("corpus", corpora())
def test_files_are_named_after_what_they_show(corpus: str) -> None:
    assert [name for name in seeds(corpus) if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name)] == []


@pytest.mark.parametrize("corpus", corpora())
def test_no_seed_is_there_twice(corpus: str) -> None:
    contents = list(seeds(corpus).values())
    assert len(set(contents)) == len(contents)


@pytest.mark.parametrize("corpus", corpora())
def test_a_corpus_stays_below_one_megabyte(corpus: str) -> None:
    assert sum(map(len, seeds(corpus).values())) < 1_000_000


def test_the_corpora_are_the_folders_that_hold_seeds() -> None:
    names = ["calls", "console", "datagrams", "graphite", "intervals", "lines/bad", "lines/good", "recordings"]
    assert corpora() == [*names, "traffic"]


@pytest.mark.parametrize("corpus", corpora())
def test_each_corpus_has_its_row_in_the_readme(corpus: str) -> None:
    assert f"\n| `{corpus}` | " in README.read_text(encoding="utf-8")


def test_a_seed_is_named_without_the_ending_of_its_file() -> None:
    assert seeds("traffic")["framing"] == recordings_of_traffic()[0].path.read_bytes()


def test_each_recording_of_traffic_has_its_row_in_the_index() -> None:
    rows = recordings_of_traffic()
    assert sorted(row.file for row in rows) == sorted(f"{name}.pcap" for name in seeds("traffic"))


def test_an_unknown_corpus_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(KeyError, match=r"no corpus 'lines'; there are calls, console, .*traffic"):
        seeds("lines")


def test_the_dictionary_is_of_the_form_that_libfuzzer_reads() -> None:
    entries = [line for line in dictionary().decode().splitlines() if line and not line.startswith("#")]
    tokens = {}
    for entry in entries:
        found = re.fullmatch(r'([a-z0-9_]+)=("(?:[ !#-\[\]-~]|\\x[0-9a-f]{2})+")', entry)
        assert found, entry
        assert found[1] not in tokens, entry
        tokens[found[1]] = literal_eval("b" + found[2])
    assert len(set(tokens.values())) == len(tokens)
    assert {b"|c", b"|g", b"|ms", b"|s", b"|@0.1", b"\n"} <= set(tokens.values())
