"""The rules that look at more than a line: datagrams one behind the other, and streams."""

import pytest

from statsd_conformance.lint import Linter, Settings, SettingsError, lint
from statsd_conformance.recording import Datagram, Endpoint

_A, _B = Endpoint("192.0.2.1", 1), Endpoint("192.0.2.2", 2)


def found(
    *payloads: bytes, dialect: str = "etsy", size: int = 1432, stream: bool = False
) -> list[tuple[str, int, int]]:
    datagrams = [Datagram(payload, number, stream=stream) for number, payload in enumerate(payloads, 1)]
    return [(one.code, one.number, one.line) for one in lint(datagrams, Settings(dialect, size))]


# Datagrams; findings as code, datagram and line.
@pytest.mark.parametrize(
    ("payloads", "expected"),
    [
        ([b"a:1|c\nb:1", b"2|c\nd:1|c"], [("EFRAMING-05", 1, 2)]),
        ([b"a:1|c\nb", b":12|c"], [("EFRAMING-05", 1, 2)]),
        ([b"a:1|c", b"|@0.1\nb:1|c"], [("EFRAMING-05", 1, 1)]),
        ([b"a:1|", b"c", b"b:1|c"], [("EFRAMING-05", 1, 1)]),
        ([b"a:1", b"2", b"|c"], [("ELINE-02", 1, 1), ("ELINE-01", 2, 1), ("ELINE-01", 3, 1)]),
        ([b"a:1|c\nb:1\n", b"2|c"], [("ELINE-02", 1, 2), ("ELINE-01", 2, 1)]),
        ([b"a:1|c\njunk", b"b:1|c"], [("ELINE-01", 1, 2)]),
        ([b"a:1|c\n" * 90 + b"bb", b"b:1|c"], [("EFRAMING-05", 1, 91)]),
        ([b"a:1|c\njunk", b"b:x|c"], [("ELINE-01", 1, 2), ("ENUM-01", 2, 1)]),
        ([b"a:1|c\njunk"], [("ELINE-01", 1, 2)]),
        ([b"a:1|c\njunk", b""], [("ELINE-01", 1, 2), ("EFRAMING-01", 2, 0)]),
    ],
)
def test_metrics_that_are_cut_between_datagrams(payloads: list[bytes], expected: list[tuple[str, int, int]]) -> None:
    assert found(*payloads) == expected


@pytest.mark.parametrize(
    ("payloads", "expected"),
    [
        ([b"g:0|g\ng:-5|g"], []),
        ([b"g:0.0|g\ng:-5|g"], []),
        ([b"g:0|g\nh:1|g\ng:-5|g"], []),
        ([b"g:0|g\ng:-5|g\ng:-5|g"], [("EGAUGE-01", 1, 3)]),
        ([b"g:0|g\ng:7|g\ng:-5|g"], [("EGAUGE-01", 1, 3)]),
        ([b"h:0|g\ng:-5|g"], [("EGAUGE-01", 1, 2)]),
        ([b"g:-5|g\n"], [("EGAUGE-01", 1, 1)]),
        ([b"a:1|c\ng:0|g", b"g:-5|g\na:1|c"], [("EGAUGE-02", 2, 1)]),
        ([b"g:0|g\ng:7|g", b"g:-5|g\na:1|c"], [("EGAUGE-01", 2, 1)]),
        ([b"g:0|g", b"g:7|g\ng:-5|g\na:1|c"], [("EGAUGE-01", 2, 2)]),
        ([b"g:+1|g", b"g:-1|g"], []),
        ([b"g:+1|g", b"h:-1|g\na:1|c"], [("EGAUGE-01", 2, 1)]),
        ([b"g:5|g\ng:-0|g"], []),
    ],
)
def test_gauges_below_zero(payloads: list[bytes], expected: list[tuple[str, int, int]]) -> None:
    assert found(*payloads) == expected


def test_sources_do_not_meet() -> None:
    datagrams = [Datagram(b"a:1", 1, source=_A), Datagram(b"b:1|c", 2, source=_B), Datagram(b"2|c", 3, source=_A)]
    assert [(one.code, one.number) for one in lint(datagrams)] == [("EFRAMING-05", 1)]


def test_what_was_held_back_comes_with_the_next_datagram_or_the_end() -> None:
    linter = Linter(Settings())
    assert linter.feed(Datagram(b"b:1|c\na:x|c", 1)) == []
    assert [one.code for one in linter.feed(Datagram(b"b:1|c", 2))] == ["ENUM-01"]
    assert linter.feed(Datagram(b"a:x|c", 3)) == []
    assert [one.number for one in linter.finish()] == [3]


@pytest.mark.parametrize(
    ("size", "payload", "expected"),
    [
        (512, b"a:1|c\n" * 85 + b"a:", [("ELINE-02", 1, 86)]),
        (512, b"aa:1|c\n" * 73 + b"a\n", [("ESIZE-01", 1, 0), ("ELINE-01", 1, 74)]),
        (20, b"a:1|c\na:1|c\na:1|c\nb", [("ELINE-01", 1, 4)]),
        (20, b"a:1|c\na:1|c\na:1|c\n", []),
        (20, b"a:1|c\nabcdefghijklmnopq:1|c\na:1|c", [("ESIZE-02", 1, 2)]),
        (8932, b"a:1|c\n" * 1488, []),
        (8932, b"a:1|c\n" * 1489, [("ESIZE-01", 1, 0)]),
    ],
)
def test_sizes(size: int, payload: bytes, expected: list[tuple[str, int, int]]) -> None:
    assert found(payload, size=size) == expected


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([b"a:1|c\nb:1", b"2|c\n"], []),
        ([b"a:1|c\nb:x", b"|c\nd:y|c\n"], [("ENUM-01", 2, 1), ("ENUM-01", 2, 2)]),
        ([b"g:0|g\n", b"g:-5|g\n"], []),
        ([b"g:0.0|g\n", b"h:1|c\n", b"g:-5|g\n", b"g:-5|g\n"], [("EGAUGE-01", 4, 1)]),
        ([b"a:1|c\n", b""], []),
        ([b"a:1|c\nb:2|c", b""], [("EFRAMING-08", 2, 1)]),
        ([b"a:1|c\nb:2|c"], []),
        ([b"a" * 40_000, b"a" * 40_000, b"junk\n", b"b:1|c\n"], [("ESIZE-03", 2, 0)]),
        ([b"a" * 70_000, b"junk", b"more junk\na:x|c\nb:1|", b"c\n"], [("ESIZE-03", 1, 0), ("ENUM-01", 3, 1)]),
        ([b"a" * 70_000, b""], [("ESIZE-03", 1, 0)]),
        ([b"a:" + b"u" * 5000 + b"|s\n"], [("ESIZE-03", 1, 1)]),
        ([b"\n"], [("EFRAMING-02", 1, 1)]),
        ([b"a:1|c\n\n"], [("EFRAMING-02", 1, 2)]),
    ],
)
def test_streams(pieces: list[bytes], expected: list[tuple[str, int, int]]) -> None:
    assert found(*pieces, stream=True) == expected


def test_connections_do_not_meet() -> None:
    pieces = [(b"a:1", _A), (b"b:2|", _B), (b"|c\n", _A), (b"g\n", _B)]
    datagrams = [
        Datagram(payload, number, source=source, stream=True) for number, (payload, source) in enumerate(pieces)
    ]
    assert list(lint(datagrams)) == []


def test_rules_are_selected_and_ignored_by_the_beginning_of_their_codes() -> None:
    datagrams = [Datagram(b"a b:-1|c|@0\nc:1|x\n", 1)]

    def codes(select: list[str], ignore: list[str]) -> list[str]:
        chosen = Settings(select=frozenset(select), ignore=frozenset(ignore))
        return [one.code for one in lint(datagrams, chosen)]

    assert codes([], []) == ["ENAME-04", "ERATE-02", "ELINE-05"]
    assert codes(["ERATE", "ELINE-05"], []) == ["ERATE-02", "ELINE-05"]
    assert codes([], ["ENAME"]) == ["ERATE-02", "ELINE-05"]
    assert codes(["E"], ["ERATE-02"]) == ["ENAME-04", "ECOUNTER-01", "ELINE-05"]


@pytest.mark.parametrize("code", ["ECOUNTER-01", "ECOUNTER"])
def test_rules_that_are_off_are_found_where_they_are_selected(code: str) -> None:
    assert [one.code for one in lint([Datagram(b"a:-1|c\n", 1)], Settings(select=frozenset([code])))] == ["ECOUNTER-01"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dialect": "klingon"}, "dialect 'klingon' is none of etsy, dogstatsd"),
        ({"size": 0}, "size 0 holds no datagram"),
        ({"select": frozenset(["RATE"])}, "no rule's code begins with 'RATE'; the families are ECOUNTER, EEVENT"),
    ],
)
def test_settings_name_what_there_is(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings(**wrong)  # type: ignore[arg-type]  # a table of one wrong setting each


def test_no_more_than_so_many_findings_are_held_back() -> None:
    linter = Linter(Settings())
    sources = [Endpoint(_A.host, port) for port in range(4097)]
    told = [linter.feed(Datagram(b"a:x|c", 1, source=source)) for source in sources]
    assert told[:4096] == [[]] * 4096
    assert [one.code for one in told[4096]] == ["ENUM-01"]


def forgotten_after(number: int, *, stream: bool) -> list[tuple[str, int]]:
    """Return what is found where a metric is cut in two and `number` other sources send meanwhile."""
    first, second = Datagram(b"a:1", 1, source=_A, stream=stream), Datagram(b"2|c\n", 2, source=_A, stream=stream)
    others = [Datagram(b"b:1", 9, source=Endpoint(_B.host, port), stream=stream) for port in range(number)]
    found = lint([first, *others, second], Settings(ignore=frozenset(["ELINE-02"])))
    return [(one.code, one.number) for one in found]


def test_datagrams_of_the_latest_sources_are_remembered() -> None:
    assert forgotten_after(4000, stream=False) == [("EFRAMING-05", 1)]
    assert forgotten_after(4096, stream=False) == [("ELINE-01", 2)]


def test_lines_begun_in_the_latest_streams_are_remembered() -> None:
    assert forgotten_after(4000, stream=True) == []
    assert forgotten_after(4096, stream=True) == [("ELINE-01", 2)]


@pytest.mark.parametrize("stream", [False, True])
def test_names_that_count_up_are_remembered_up_to_a_number(stream: bool) -> None:
    counted_up = b"".join(b"n%d:+1|g\n" % number for number in range(16_385))
    payloads = [counted_up, b"n1:-1|g\nn0:-1|g\n"]
    datagrams = [Datagram(payload, number, stream=stream) for number, payload in enumerate(payloads, 1)]
    found = lint(datagrams, Settings(select=frozenset(["EGAUGE"])))
    assert [(one.number, one.line) for one in found] == [(2, 2)]
