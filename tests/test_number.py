import json
import random
import struct
import subprocess
from collections.abc import Callable
from itertools import product
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statsd_fuzz.strategies import bad_numbers, bad_rates, disputed_numbers, numbers, rates
from statsd_reference.number import read_number, read_rate, strip, write_number

Program = Callable[[str], tuple[str, ...]]

NUMBERS = (
    (b"5", 5),
    (b"-5", -5),
    (b"+5", 5),
    (b"1.5", 1.5),
    (b".5", 0.5),
    (b"-.5", -0.5),
    (b"5.", 5),
    (b"00012", 12),
    (b"1e3", 1000),
    (b"1E2", 100),
    (b"1.5e+2", 150),
    (b"5.e1", 50),
    (b".5e1", 5),
    (b"1e-7", 1e-7),
    (b"1e-400", 0),
    (b"0x10", 16),
    (b"0XfF", 255),
    (b"0b11", 3),
    (b"0B1", 1),
    (b"0o17", 15),
    (b"0O7", 7),
    (b" 5", 5),
    (b"5\t", 5),
    (b"\x0b\x0c5 \r", 5),
    ("\u00a05\u2029\ufeff".encode(), 5),
    (b"9007199254740993", 9007199254740992),
    (b"18446744073709551616", 2**64),
    (b"1.7976931348623157e308", 1.7976931348623157e308),
    (b"0." + b"0" * 400 + b"1", 0),
    (b"1" + b"0" * 308, 1e308),
)
RATES = {b"1": 1, b"0.5": 0.5, b".5": 0.5, b"1.": 1, b"1e-1": 0.1, b"2": 2, b"0.5 ": 0.5, b"0.5\r": 0.5}
RATES |= {"0.5\u00a0".encode(): 0.5, b"1e-300": 1e-300}
NO_RATES = (
    b"",
    b"0",
    b"0.0",
    b"-0.5",
    b"+0.5",
    b" 0.5",
    b" ",
    b"abc",
    b"nan",
    b"inf",
    b"Infinity",
    b"0x1",
    b"0.5x",
    b"1e400",
)

TEXTS = (
    (0.0, b"0"),
    (-0.0, b"0"),
    (30.0, b"30"),
    (-7.0, b"-7"),
    (1.5, b"1.5"),
    (0.1 + 0.2, b"0.30000000000000004"),
    (500.00000000000006, b"500.00000000000006"),
    (1234567890123456.5, b"1234567890123456.5"),
    (123456789012345680.0, b"123456789012345680"),
    (1e15, b"1000000000000000"),
    (1e20, b"100000000000000000000"),
    (1e21, b"1e+21"),
    (-1.23e22, b"-1.23e+22"),
    (2.0**64, b"18446744073709552000"),
    (1.7976931348623157e308, b"1.7976931348623157e+308"),
    (0.0001, b"0.0001"),
    (0.00001, b"0.00001"),
    (0.0000015, b"0.0000015"),
    (1e-7, b"1e-7"),
    (-0.00000015, b"-1.5e-7"),
    (5e-324, b"5e-324"),
)


@pytest.mark.parametrize(("text", "number"), NUMBERS, ids=lambda part: repr(part)[:30])
def test_every_spelling_of_a_number_is_read(text: bytes, number: float) -> None:
    assert read_number(text) == number


@given(bad_numbers() | disputed_numbers())
def test_what_is_no_finite_number_is_refused(text: bytes) -> None:
    assert read_number(text) is None


@given(numbers())
def test_every_generated_number_is_finite(text: bytes) -> None:
    number = read_number(text)
    assert number is not None
    assert -inf < number < inf


@pytest.mark.parametrize(("text", "rate"), RATES.items(), ids=repr)
def test_every_spelling_of_a_rate_is_read(text: bytes, rate: float) -> None:
    assert read_rate(text) == rate


@pytest.mark.parametrize("text", NO_RATES, ids=repr)
def test_what_is_no_rate_above_zero_is_refused(text: bytes) -> None:
    assert read_rate(text) is None


@given(rates())
def test_every_generated_rate_is_read(text: bytes) -> None:
    assert read_rate(text)


@given(bad_rates())
def test_every_generated_fault_of_a_rate_is_refused(field: bytes) -> None:
    assert not field.startswith(b"@") or read_rate(field[1:]) is None


def test_a_rate_is_refused_when_its_inverse_is_no_double() -> None:
    assert read_rate(b"1e-309") is None
    assert read_rate(b"6e-309") == 6e-309


@pytest.mark.parametrize("blank", "\t\n\v\f\r \u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000\ufeff", ids=ascii)
def test_a_blank_of_javascript_is_stripped_on_both_sides(blank: str) -> None:
    assert strip(f"{blank}a{blank}b{blank}{blank}".encode()) == f"a{blank}b".encode()


def test_bytes_that_are_no_text_are_not_stripped() -> None:
    assert strip(b" \xffa\xa0 ") == b"\xffa\xa0"


@pytest.mark.parametrize(("number", "text"), TEXTS, ids=repr)
def test_a_number_is_written_as_javascript_writes_it(number: float, text: bytes) -> None:
    assert write_number(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_number_reads_back_the_same(number: float) -> None:
    assert float(write_number(number)) == number


def in_node(program: Program, script: str, given: object) -> list[str]:
    """Return what a script makes of a list, `given` there, as a list of texts."""
    command = program("statsd")
    node = command[0] if len(command) > 1 else "node"
    source = f"const given = JSON.parse(require('fs').readFileSync(0)); console.log(JSON.stringify({script}))"
    done = subprocess.run([node, "-e", source], input=json.dumps(given).encode(), stdout=subprocess.PIPE, check=True)
    return [str(text) for text in json.loads(done.stdout)]


def doubles() -> list[float]:
    """Return some thousand doubles: all bit patterns are as likely, then those near powers of ten and of two."""
    dice = random.Random(2011)
    patterns = (struct.unpack("d", dice.randbytes(8))[0] for _ in range(4000))
    powers = [base**exponent for base, reach in ((10.0, 30), (2.0, 100)) for exponent in range(-reach, reach)]
    near = [power * factor for power in powers for factor in (1, -1, 1.1, 0.9999999999999999, 123456789, 1 / 3)]
    return [number for number in (*patterns, *near) if abs(number) < inf]


def test_numbers_are_written_as_node_writes_them(program: Program) -> None:
    numbers = doubles()
    assert [write_number(number).decode() for number in numbers] == in_node(program, "given.map(String)", numbers)


def spellings() -> list[str]:
    """Return some thousand texts, numbers and near misses: every sign with every body, end and blank."""
    whole = (
        "",
        "0",
        "7",
        "007",
        "123456789012345678901234567890",
        "9007199254740993",
        "1_0",
        "Infinity",
        "nan",
        "0x1F",
        "0b2",
        "0o17",
    )
    fraction = ("", ".", ".5", ".50.", ".000000000000000000000000000000123456789")
    power = ("", "e3", "E+2", "e-5", "e", "e1.5", "e308", "e-330", "e400", "x")
    return [
        "".join(parts)
        for parts in product(("", "+", "-", "--"), ("", " ", "\u2003"), whole, fraction, power, ("", "\t "))
    ]


def test_numbers_are_read_as_node_reads_them(program: Program) -> None:
    texts = spellings()
    expected = [
        float(text.replace("Infinity", "inf"))
        for text in in_node(program, "given.map((text) => String(Number(text)))", texts)
    ]
    # Blanks alone are 0 in JavaScript, and no number here (NUM-08).
    expected = [number if text.strip(" \t\u2003") else nan for text, number in zip(texts, expected, strict=True)]
    read = [read_number(text.encode()) for text in texts]
    assert read == [number if abs(number) < inf else None for number in expected]
