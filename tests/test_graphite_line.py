import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statsd_conformance.graphite import _read_with_care, read_line, tag_faults


def test_line_has_path_value_and_timestamp() -> None:
    line = read_line(b"stats.a 1.5 1700000000")
    assert (line.path, line.value, line.timestamp) == (b"stats.a", b"1.5", b"1700000000")
    assert (line.number, line.faults) == (1.5, ())


# What is wrong with a line of Graphite, and what can be read of it all the same.
FAULTY = {
    b"a 1 100\r": (b"a", 1.0, "ends in CR LF"),
    b"a b 1 100": (b"a b", 1.0, "has a blank or a control character in its path"),
    b"a\x00b 1 100": (b"a\x00b", 1.0, "has a blank or a control character in its path"),
    b"a\x7f 1 100": (b"a\x7f", 1.0, "has a blank or a control character in its path"),
    b" 1 100": (b"", 1.0, "has an empty path"),
    b"": (b"", None, "has fewer than three fields"),
    b"a 1": (b"a 1", None, "has fewer than three fields"),
    b"a  100": (b"a", None, "has a value that is no number"),
    b"a x 100": (b"a", None, "has a value that is no number"),
    b"a 1_0 100": (b"a", None, "has a value that is no number"),
    b"a \t1 100": (b"a", None, "has a value that is no number"),
    b"a 1,5 100": (b"a", None, "has a value that is no number"),
    b"a inf 100": (b"a", math.inf, "has a value that is not finite"),
    b"a -Infinity 100": (b"a", -math.inf, "has a value that is not finite"),
    b"a 1e999 100": (b"a", math.inf, "has a value that is not finite"),
    b"a 1 ": (b"a", 1.0, "has a timestamp that is no whole number of seconds"),
    b"a 1 100.5": (b"a", 1.0, "has a timestamp that is no whole number of seconds"),
    b"a 1 -1": (b"a", 1.0, "has a timestamp that is no whole number of seconds"),
}


@pytest.mark.parametrize(("raw", "read"), FAULTY.items(), ids=[repr(raw)[2:-1] for raw in FAULTY])
def test_faulty_line_is_read_and_its_fault_named(raw: bytes, read: tuple[bytes, float | None, str]) -> None:
    line = read_line(raw)
    assert (line.path, line.number, line.faults) == (read[0], read[1], (read[2],))


def test_value_that_is_no_number_of_a_kind_is_a_finding() -> None:
    line = read_line(b"a nan 100")
    assert line.number is not None
    assert math.isnan(line.number)
    assert line.faults == ("has a value that is not finite",)


def test_every_fault_of_a_line_is_named() -> None:
    assert len(read_line(b"a b x y\r").faults) == 4


@pytest.mark.parametrize("number", [b"1e-7", b"1e+21", b".5", b"5.", b"-0", b"+1", b"0.30000000000000004"])
def test_numbers_of_every_printer_are_read(number: bytes) -> None:
    line = read_line(b"a " + number + b" 100")
    assert (line.number, line.faults) == (float(number), ())


def test_key_ignores_case_and_path_does_not() -> None:
    line = read_line(b"stats.Q1.A 1 100")
    assert (line.path, line.key) == (b"stats.Q1.A", b"stats.q1.a")


def test_line_is_shown_whatever_its_bytes() -> None:
    assert str(read_line(b"a\xff 1 100")) == "a\\xff 1 100"


@given(st.binary(max_size=60))
def test_garbage_is_read_without_raising_and_kept(raw: bytes) -> None:
    line = read_line(raw)
    assert line.raw == raw
    assert str(line) is not None
    if line.timestamp or line.value:
        assert b" ".join([line.path, line.value, line.timestamp]) == raw.removesuffix(b"\r")


# What the fields of a line are made of, right or nearly right.
FIELDS = (
    (b"a", b" ", b"\xff", b"\x7f"),
    (b"1", b"0.5", b".", b"-", b"e9", b"_0", b"9" * 400),
    (b"100", b"1.5", b"-", b"\r"),
)


@settings(max_examples=1000)
@given(st.tuples(*(st.lists(st.sampled_from(one), max_size=3).map(b"".join) for one in FIELDS)).map(b" ".join))
def test_a_right_line_is_read_as_with_care(raw: bytes) -> None:
    assert read_line(raw) == _read_with_care(raw)


@given(
    path=st.text("abc._-;=", min_size=1),
    value=st.floats(allow_nan=False, allow_infinity=False),
    timestamp=st.integers(0, 2**40),
)
def test_good_line_has_no_fault_and_keeps_every_digit(path: str, value: float, timestamp: int) -> None:
    line = read_line(f"{path} {value!r} {timestamp}".encode())
    assert (line.faults, line.number, line.path.decode()) == ((), value, path)


# Paths, and what carbon 1.1.10 says of the first tag that it refuses; nothing where it takes all of them.
TAGGED = {
    b"a": None,
    b"a;k=v;l=w": None,
    b"a;k=v=w~!": None,
    b"a;k=\xff": None,
    b"a;k": "'k', which is no key",
    b"a;k=": "'k=', which is no key",
    b"a;=v": "'=v', which is no key",
    b"a;": "'', which is no key",
    b"a;k=v;;l=w": "'', which is no key",
    b"a;k=v;l": "'l', which is no key",
    b"a;k!=v": "'k!=v', whose key holds",
    b"a;k^=v": "'k^=v', whose key holds",
    b"a;k=~v": "'k=~v', whose value begins with '~'",
}


@pytest.mark.parametrize(("path", "fault"), TAGGED.items(), ids=[repr(path)[2:-1] for path in TAGGED])
def test_tag_that_carbon_refuses_is_named(path: bytes, fault: str | None) -> None:
    faults = tag_faults(path)
    assert len(faults) == (0 if fault is None else 1)
    assert all(f"has the tag {fault}" in one for one in faults)
