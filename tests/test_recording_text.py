from io import BytesIO
from pathlib import Path

from statsd_conformance.recording import Datagram, read_recording


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
