import gzip
from io import BytesIO
from pathlib import Path

import pytest

from captured import read_as_far_as_it_goes
from statsd_conformance.recording import DamagedRecording, Datagram, NoDatagrams, read_recording


def test_text_is_read_a_line_at_a_time_from_a_file_and_a_path(tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_bytes(b"a:1|c\n\nb:2|g")
    expected = [
        Datagram(b"a:1|c\n", 1, stream=True),
        Datagram(b"\n", 2, stream=True),
        Datagram(b"b:2|g\n", 3, stream=True),
    ]
    assert list(read_recording(file)) == expected
    assert list(read_recording(BytesIO(file.read_bytes()))) == expected


@pytest.mark.parametrize("text", [b"a:1|c\nb:2|c", b"a:1|c\n" * 3 + b"b:2|c"])
def test_compressed_text_that_is_cut_is_read_up_to_there(text: bytes) -> None:
    got, why = read_as_far_as_it_goes(gzip.compress(text)[:-8])
    assert b"".join(one.payload for one in got) == text + b"\n"
    assert why.endswith("the gzip file ends too early")


def test_line_without_an_end_is_read_in_pieces() -> None:
    got = list(read_recording(BytesIO(b"x" * 600_000 + b"\nb:2|c")))
    assert b"".join(one.payload for one in got) == b"x" * 600_000 + b"\nb:2|c\n"
    assert max(len(one.payload) for one in got) < 400_000
    assert [one.number for one in got if one.payload.endswith(b"\n")] == [1, 2]


def test_what_is_neither_capture_nor_text_is_refused() -> None:
    with pytest.raises(DamagedRecording, match="byte 0: 73 6e 6f 6f begins no capture"):
        list(read_recording(BytesIO(b"snoop\0\0\0\0\0\0\2")))


def test_empty_file_has_nothing_to_judge() -> None:
    with pytest.raises(NoDatagrams, match="it is empty"):
        list(read_recording(BytesIO(b"")))
