from dataclasses import replace

from statsd_reference import REFERENCE, BadLine, Kind, Options, Reading, Sample, Window, make_server


def test_a_datagram_is_read_line_by_line() -> None:
    assert REFERENCE.read(b"a:1|c\n\nb:2|g:x|g") == Reading(
        2,
        (
            Sample(b"a", 1, Kind.COUNTER),
            Sample(b"b", 2, Kind.GAUGE),
            BadLine(b"b:2|g:x|g", "no valid number"),
        ),
    )


def test_a_server_starts_with_its_own_counters_at_zero() -> None:
    window = make_server(Options(prefix_stats="me")).first_window()
    own = (b"me.packets_received", b"me.metrics_received", b"me.bad_lines_seen")
    assert window == Window(counters=dict.fromkeys(own, 0.0))


def test_a_datagram_is_received_whole() -> None:
    assert list(REFERENCE.make_receive()(b"a:1|c")) == [b"a:1|c"]


def test_a_server_with_a_step_of_its_own_is_not_standard() -> None:
    assert REFERENCE.is_standard
    assert not replace(REFERENCE, split=lambda datagram: [datagram]).is_standard
    assert replace(REFERENCE, write=lambda point: point.path).is_standard
