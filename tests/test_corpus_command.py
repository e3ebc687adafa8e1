"""`statsd-conformance corpus`: nothing is lost on the way from one tool to another and back."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES
from hashlib import sha1
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from captured import SOURCE, TO, udp4
from statsd_conformance.__main__ import main
from statsd_conformance.recording import Endpoint
from statsd_conformance.report.pcapng import Packet, pcapng, stream
from statsd_corpora import seeds
from statsd_fuzz.corpus import CorpusError, Input
from statsd_fuzz.corpus.fewer import by_coverage
from statsd_fuzz.corpus.shape import shape
from statsd_fuzz.wire.scenario import STREAMED, from_file

OWN = ["lines/good", "lines/bad", "datagrams", "intervals"]
INPUTS = [
    b"a:1|c",
    b"a:1|c\n",
    b"",
    b"a:1|c\n--\nb:1|c",
    b"a:1|c\n==\n",
    b"\n==\n\n==\na:1|g",
    b"x\n==\n" + b"\n--\n".join(b"b:%d|c" % number for number in range(600)),
    bytes(range(256)),
]


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, ["corpus", *map(str, arguments)])
    assert "Traceback" not in result.output
    return result


def done(*arguments: str | Path) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def write(folder: Path, **inputs: bytes) -> Path:
    folder.mkdir()
    for name, data in inputs.items():
        (folder / name).write_bytes(data)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def contents(folder: Path) -> set[bytes]:
    return set(files(folder).values())


OWN_CONTENTS = {data for name in OWN for data in seeds(name).values()}
# How what was exported is read again without loss.
BACK: dict[str, list[str]] = {"folder": [], "libfuzzer": [], "afl": [], "pcap": ["--interval", "10"]}


@pytest.mark.parametrize("form", BACK)
def test_corpora_come_back_from_each_format_whole(form: str, tmp_path: Path) -> None:
    done("export", *OWN, tmp_path / "there", "--format", form)
    done("import", tmp_path / "there", tmp_path / "back", *BACK[form])
    assert contents(tmp_path / "back") == OWN_CONTENTS
    assert len(files(tmp_path / "back")) == len(OWN_CONTENTS)


@pytest.mark.parametrize("form", BACK)
@pytest.mark.parametrize("data", INPUTS, ids=range(len(INPUTS)))
def test_an_input_of_any_form_comes_back(form: str, data: bytes, tmp_path: Path) -> None:
    done("export", write(tmp_path / "from", one=data), tmp_path / "there", "--format", form)
    done("import", tmp_path / "there", tmp_path / "back", *BACK[form])
    assert contents(tmp_path / "back") == {data}


@pytest.mark.parametrize("form", ["folder", "afl"])
def test_names_that_say_what_an_input_shows_come_back(form: str, tmp_path: Path) -> None:
    done("export", "lines/good", tmp_path / "there", "--format", form)
    done("import", tmp_path / "there", tmp_path / "back")
    assert files(tmp_path / "back") == seeds("lines/good")


@pytest.mark.parametrize("form", ["folder", "afl"])
def test_input_that_goes_over_tcp_does_so_behind_every_command(form: str, tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "counter-differs.over-tcp").write_bytes(b"q000000000.a:1|c")
    done("export", tmp_path / "from", tmp_path / "there", "--format", form)
    done("import", tmp_path / "there", tmp_path / "back")
    done("merge", tmp_path / "back", write(tmp_path / "merged", other=b"b:1|g"))
    done("minimize", tmp_path / "merged", tmp_path / "fewer")
    left = [from_file(data, name) for name, data in files(tmp_path / "fewer").items()]
    assert [one.intervals[0] for one in left if STREAMED in one.features] == [(b"q000000000.a:1|c",)]


def test_files_are_named_as_each_tool_does(tmp_path: Path) -> None:
    write(tmp_path / "from", one=b"a:1|c", two=b"b:2|g")
    done("export", tmp_path / "from", tmp_path / "hashed", "--format", "libfuzzer")
    done("export", tmp_path / "from", tmp_path / "numbered", "--format", "afl")
    assert files(tmp_path / "hashed") == {sha1(data).hexdigest(): data for data in (b"a:1|c", b"b:2|g")}
    assert files(tmp_path / "numbered") == {
        "id:000000,time:0,execs:0,orig:one": b"a:1|c",
        "id:000001,time:0,execs:0,orig:two": b"b:2|g",
    }


def test_inputs_without_a_name_are_named_after_what_the_model_reads(tmp_path: Path) -> None:
    inputs = {
        "id:000007,src:000000,time:3,execs:9,op:havoc,rep:2": b"a:1|c",
        "0" * 40: b"a:x|ms",
        "crash-" + "1" * 40: b"b:2|c",
    }
    write(tmp_path / "from", **inputs)
    done("import", tmp_path / "from", tmp_path / "to")
    assert files(tmp_path / "to") == {"refused-no-valid-number": b"a:x|ms", "counter": b"b:2|c", "counter-2": b"a:1|c"}


def test_of_an_output_of_afl_the_inputs_are_read_and_not_its_figures(tmp_path: Path) -> None:
    for name in (
        "queue/id:000000,time:0,orig:a",
        "queue/.state/x",
        "crashes/README.txt",
        "fuzzer_stats",
        "crashes/id:000000,sig:11",
    ):
        path = tmp_path / "out/default" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    done("import", tmp_path / "out", tmp_path / "to")
    assert contents(tmp_path / "to") == {b"queue/id:000000,time:0,orig:a", b"crashes/id:000000,sig:11"}


def test_each_datagram_of_recorded_traffic_is_an_input(tmp_path: Path) -> None:
    write(tmp_path / "from", one=b"a:1|c\n--\nb:1|c\n==\nc:1|c", two=b"b:1|c")
    done("export", tmp_path / "from", tmp_path / "traffic", "--format", "pcap")
    said = done("import", tmp_path / "traffic", tmp_path / "to")
    assert contents(tmp_path / "to") == {b"a:1|c", b"b:1|c", b"c:1|c"}
    assert "traffic: 4 inputs\n1 duplicate left out\n" in said


def test_what_a_source_sent_is_divided_into_intervals_from_its_first_datagram_on(tmp_path: Path) -> None:
    times = {b"a": 1_600_000_000.1, b"b": 1_600_000_000.15, b"c": 1_600_000_000.4}
    (tmp_path / "traffic").write_bytes(pcapng([Packet(udp4(one), time) for one, time in times.items()]))
    done("import", tmp_path / "traffic", tmp_path / "to", "--interval", "0.1")
    assert contents(tmp_path / "to") == {b"a\n--\nb\n==\n\n==\n\n==\nc"}


def test_what_came_over_tcp_has_no_empty_datagram_at_its_end(tmp_path: Path) -> None:
    parts = stream(SOURCE, TO, [b"a:1|c\nb:", b"1|c\n"])
    # A SYN becomes the FIN: flags stand in byte 33, the number of the next byte in 24 to 27.
    fin = bytearray(parts[0][0])
    fin[24:28] = (13).to_bytes(4)
    fin[33] = 0x11
    packets = [*(raw for part in parts for raw in part), bytes(fin)]
    (tmp_path / "traffic").write_bytes(pcapng([Packet(raw, 0.0) for raw in packets]))
    done("import", tmp_path / "traffic", tmp_path / "to", "--interval", "1")
    assert contents(tmp_path / "to") == {b"a:1|c\n\n--\nb:1|c\n"}


@pytest.mark.parametrize("command", [["export", "--format", "folder"], ["import"], ["merge"], ["minimize"]])
def test_every_command_reads_a_capture_of_another_port(command: list[str], tmp_path: Path) -> None:
    raw = udp4(b"a:1|c", to=Endpoint("10.0.0.2", 9125))
    (tmp_path / "traffic").write_bytes(pcapng([Packet(raw, 0.0)]))
    assert "9125: --port 9125" in run(*command, tmp_path / "traffic", tmp_path / "to").output
    done(*command, tmp_path / "traffic", tmp_path / "to", "--port", "9125")
    assert contents(tmp_path / "to") == {b"a:1|c"}


def test_a_datagram_that_reads_as_several_is_told(tmp_path: Path) -> None:
    (tmp_path / "traffic").write_bytes(pcapng([Packet(udp4(one), 0.0) for one in (b"a:1|c\n--\nb:1|c", b"a:1|c--\n")]))
    said = done("import", tmp_path / "traffic", tmp_path / "to")
    assert "1 datagram with -- or == alone on a line, which divides an input" in said


def test_what_is_longer_than_a_datagram_is_left_out_of_a_capture_by_name(tmp_path: Path) -> None:
    inputs = {"one": b"a:1|c", "long": bytes(65508), "largest": bytes(65507), "later": b"\n==\n" + bytes(65508)}
    write(tmp_path / "from", **inputs)
    said = done("export", tmp_path / "from", tmp_path / "there", "--format", "pcap")
    assert "2 inputs left out, longer than a datagram of UDP can be: later, long\n" in said
    assert "there: 2 inputs written\n" in said
    done("import", tmp_path / "there", tmp_path / "back", *BACK["pcap"])
    assert contents(tmp_path / "back") == {inputs["one"], inputs["largest"]}


def test_a_merge_adds_what_is_new_and_touches_nothing(tmp_path: Path) -> None:
    write(tmp_path / "a", counter=b"a:1|c", other=b"x")
    write(tmp_path / "b", counter=b"b:1|c", same=b"a:1|c")
    write(tmp_path / "to", mine=b"x", counter=b"c:1|c")
    said = done("merge", tmp_path / "a", tmp_path / "b", tmp_path / "to")
    assert files(tmp_path / "to") == {"mine": b"x", "counter": b"c:1|c", "counter-2": b"a:1|c", "counter-3": b"b:1|c"}
    assert "1 duplicate left out" in said
    assert "2 inputs added, 1 there already" in said


def test_fewer_inputs_show_the_same_and_keep_their_names(tmp_path: Path) -> None:
    said = done("minimize", *OWN, tmp_path / "to")
    left = files(tmp_path / "to")
    assert frozenset().union(*map(shape, left.values())) == frozenset().union(*map(shape, OWN_CONTENTS))
    assert 0 < len(left) < len(OWN_CONTENTS) / 4
    assert {name: data for one in OWN for name, data in seeds(one).items()}.items() >= left.items()
    assert f"{len(OWN_CONTENTS)} inputs in, {len(left)} out, which show all that the model reads in them" in said


# Slow, because libFuzzer starts the target twice, and instruments it each time.
def test_fewer_inputs_cover_the_same_and_long_ones_are_not_cut(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="Atheris is not installed: pip install 'statsd-conformance[fuzz]'")
    longer = b"\n".join([b"a:1|c", b"b:1|g" * 60])
    write(tmp_path / "from", one=b"a:1|c", same=b"b:1|c", bad=b"x", long=longer)
    said = done("minimize", tmp_path / "from", tmp_path / "to", "--target", "parse_datagram")
    assert {b"x", longer} <= contents(tmp_path / "to") < contents(tmp_path / "from")
    assert "out, which show the coverage of parse_datagram" in said


def test_a_merge_that_libfuzzer_does_not_finish_leaves_nothing_out() -> None:
    with pytest.raises(CorpusError, match=r"no_such_target: libFuzzer could not merge: .*No module named"):
        by_coverage([Input("counter", b"a:1|c")], "no_such_target")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "nowhere", "to", "--format", "afl"], "nowhere: neither a folder or a capture, nor one of calls"),
        (["export", "lines/good", "full", "--format", "afl"], "full: is not empty; name a new folder, or add to it"),
        (["export", "lines/good", "full/file", "--format", "pcap"], "full/file: is there already; name a new file"),
        (["export", "full", "no/folder", "--format", "pcap"], "no/folder: cannot be written: No such file"),
        (["export", "long", "to", "--format", "pcap"], "all inputs are left out, longer than a datagram of UDP"),
        (["minimize", "lines/good", "full"], "full: is not empty"),
        (["minimize", "lines/good", "to", "--target", "none"], "--target 'none' is no fuzz target; there are ask_"),
        (["merge", "empty", "to"], "empty: no file in it; name a folder of inputs, one a file"),
        (["merge", "full", "full/file"], "full/file: cannot be written: File exists"),
        (["import", "full/file", "to", "--interval", "0"], "0 is not in the range"),
        (["import", "damaged", "to"], "damaged: "),
        (["merge", "full"], "Missing argument"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_on_a_line_and_nothing_is_lost(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "full", file=b"a:1|c")
    write(tmp_path / "long", file=bytes(65508))
    write(tmp_path / "empty")
    (tmp_path / "damaged").write_bytes(b"\xd4\xc3\xb2\xa1")
    before = files(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert words in result.output
    assert files(tmp_path) == before


def test_a_folder_that_cannot_be_read_is_told_and_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "from", one=b"a:1|c")
    locked = write(tmp_path / "from/locked", two=b"b:1|c")
    # As it is for anyone but root, who may read everything and often runs tests.
    scan = os.scandir

    def refuse(path: str) -> object:
        if Path(path) == locked:
            raise PermissionError(EACCES, os.strerror(EACCES), str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = run("merge", tmp_path / "from", tmp_path / "to")
    assert result.exit_code != 0
    assert f"{locked}: cannot be read: Permission denied" in result.output
    assert not (tmp_path / "to").exists()


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["export", "from", "to", "--format", "folder"], {"to/first": b"a:1|c"}),
        (["export", "from", "to", "--format", "pcap"], {}),
        (["merge", "from", "to"], {"to/first": b"a:1|c"}),
    ],
    ids=["export", "capture", "merge"],
)
def test_where_a_disk_is_full_no_half_of_an_input_is_left(
    arguments: list[str], left: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "from", first=b"a:1|c", second=bytes(5000))
    before = files(tmp_path)
    with files_of_at_most(1000):
        result = run(*arguments)
    assert result.exit_code != 0
    assert "cannot be written: File too large" in result.output
    assert files(tmp_path) == before | left


def test_without_atheris_coverage_is_refused_with_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("statsd_fuzz.corpus.fewer.is_guided", lambda: False)
    result = run("minimize", "lines/good", tmp_path / "to", "--target", "parse_datagram")
    assert result.exit_code == 2
    assert "--target needs coverage, and Atheris is not installed: pip install" in result.output
