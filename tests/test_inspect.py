import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statsd_reference.inspect import inspect

Value = float | Sequence[float]
Table = Mapping[str, Value]

ROW_OF_ONES = "    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,\n"
HUNDRED_ONES = "{\n  t: [\n" + 8 * ROW_OF_ONES + "    1, 1, 1, 1,\n"
ELEVEN_TENS = "       10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,\n"
WIDE = -1.2345678901234567e-100

# As Node.js 20 prints them; a test below asks it.
VECTORS: list[tuple[Mapping[bytes, Value], str]] = [
    ({}, "{}"),
    ({b"c": 1.0}, "{ c: 1 }"),
    ({b"a.b": 1.0, b"c": [1.0, 2.0]}, "{ 'a.b': 1, c: [ 1, 2 ] }"),
    ({b"a": -0.0, b"b": 1e21, b"c": 1e-7, b"d": 1.5}, "{ a: -0, b: 1e+21, c: 1e-7, d: 1.5 }"),
    ({b"a": inf, b"b": -inf, b"c": nan}, "{ a: Infinity, b: -Infinity, c: NaN }"),
    ({b"a": []}, "{ a: [] }"),
    ({b"b": 1.0, b"10": 2.0, b"9": 3.0, b"09": 4.0}, "{ '9': 3, '10': 2, b: 1, '09': 4 }"),
    ({b"__proto__": 1.0, b"_": 2.0, b"9a": 3.0, b"a9": 4.0}, "{ ['__proto__']: 1, _: 2, '9a': 3, a9: 4 }"),
    ({b"it's": 1.0, b'"': 2.0}, """{ "it's": 1, '"': 2 }"""),
    ({b"'\"": 1.0, b"'\"`": 2.0, b"'\"${": 3.0}, r"""{ `'"`: 1, '\'"`': 2, '\'"${': 3 }"""),
    ({b"\\\n\0\x7f": 1.0, b"\xff\xc3\xa9": 2.0}, "{ '\\\\\\n\\x00\\x7F': 1, '\ufffd\u00e9': 2 }"),
    ({b"a" * 58: 1.0, b"b": 2.0}, "{ " + "a" * 58 + ": 1, b: 2 }"),
    ({b"a" * 59: 1.0, b"b": 2.0}, "{\n  " + "a" * 59 + ": 1,\n  b: 2\n}"),
    ({b"t": [1.0] * 6}, "{ t: [ 1, 1, 1, 1, 1, 1 ] }"),
    ({b"t": [1.0] * 7}, "{\n  t: [\n    1, 1, 1, 1,\n    1, 1, 1\n  ]\n}"),
    ({b"t": [1.0, 20.0, 300.0] * 3}, "{\n  t: [\n      1, 20, 300,   1, 20,\n    300,  1,  20, 300\n  ]\n}"),
    ({b"t": [1.0] * 100}, HUNDRED_ONES.removesuffix(",\n") + "\n  ]\n}"),
    ({b"t": [1.0] * 101}, HUNDRED_ONES + "    ... 1 more item\n  ]\n}"),
    ({b"t": [1.0] * 102}, HUNDRED_ONES + "    ... 2 more items\n  ]\n}"),
    # Ten columns, but for the line that tells of a hidden value.
    (
        {b"t": [*[10.0] * 99, 12345.0, 10.0]},
        "{\n  t: [\n" + 9 * ELEVEN_TENS + "    12345,\n    ... 1 more item\n  ]\n}",
    ),
    # Three beside one another would just not fit.
    ({b"t": [WIDE] * 30}, "{\n  t: [\n" + ",\n".join([f"    {WIDE}"] * 30) + "\n  ]\n}"),
]

# One table a line of JSON in, its notation as a line of JSON out. Numbers come as text, because JSON has no Infinity.
_NODE = r"""
const read = value => Array.isArray(value) ? value.map(Number) : Number(value);
const show = line => {
  const object = {};
  for (const [name, value] of JSON.parse(line))
    Object.defineProperty(object, name, {value: read(value), enumerable: true, configurable: true, writable: true});
  return JSON.stringify(require('util').inspect(object));
};
require('readline').createInterface({input: process.stdin}).on('line', line => console.log(show(line)));
"""


@pytest.fixture(scope="module")
def node() -> Iterator[Callable[[Table], str]]:
    """Give the notation of a real Node; skip where there is none, or none of the 20s."""
    program = shutil.which("node")
    if not program:
        pytest.skip("node is not installed: install Node.js 20 and put `node` on PATH")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if not version.startswith("v20."):
        pytest.skip(f"node is {version}; the notation is that of Node.js 20")
    pipe = subprocess.PIPE
    with subprocess.Popen([program, "-e", _NODE], stdin=pipe, stdout=pipe, text=True, encoding="utf-8") as process:
        assert process.stdin
        assert process.stdout

        def ask(table: Table) -> str:
            assert process.stdin
            assert process.stdout
            properties = [(name, _spelled(value)) for name, value in table.items()]
            process.stdin.write(json.dumps(properties) + "\n")
            process.stdin.flush()
            return str(json.loads(process.stdout.readline()))

        yield ask


def _spelled(value: Value) -> object:
    if isinstance(value, Sequence):
        return [_spelled(one) for one in value]
    return repr(value).replace("inf", "Infinity").replace("nan", "NaN")


def _values(lists: bool) -> st.SearchStrategy[Value]:
    whole = st.integers(0, 10**6).map(float)
    number = st.one_of(whole, st.floats(), st.sampled_from([-0.0, 1e21, 1e-7, 0.1]))
    many = st.sampled_from([whole, number, st.integers(0, 99).map(float)]).flatmap(
        lambda one: st.lists(one, max_size=120)
    )
    return st.one_of(many, st.lists(number, max_size=12)) if lists else number


_NAMES = st.one_of(
    st.from_regex(r"[a-z_.\-0-9]{1,30}", fullmatch=True),
    st.text(alphabet="'\"`${}\\\n\x00\x7fé\N{GRINNING FACE}a", max_size=8),
    st.sampled_from(["0", "1", "10", "01", "4294967294", "4294967295", "__proto__", "constructor", ""]),
    st.text(max_size=40),
)


@pytest.mark.parametrize(("table", "shown"), VECTORS)
def test_a_table_is_shown_in_the_notation_of_node(table: Mapping[bytes, Value], shown: str) -> None:
    assert inspect(table) == shown


@pytest.mark.parametrize(("table", "shown"), VECTORS)
def test_node_shows_the_tables_above_so(node: Callable[[Table], str], table: Mapping[bytes, Value], shown: str) -> None:
    assert node({name.decode("utf-8", "replace"): value for name, value in table.items()}) == shown


@given(table=st.booleans().flatmap(lambda lists: st.dictionaries(_NAMES, _values(lists), max_size=12)))
def test_any_table_is_shown_as_node_shows_it(node: Callable[[Table], str], table: Table) -> None:
    assert inspect(table) == node(table)


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 8, 16, 17, 26, 27, 99, 100, 101, 102, 250])
@pytest.mark.parametrize("step", [1.0, 0.1, 1234.5, 1e15, 1e300])
def test_a_list_of_any_length_is_shown_as_node_shows_it(node: Callable[[Table], str], size: int, step: float) -> None:
    table = {"a.timer": [number * step for number in range(size)]}
    assert inspect(table) == node(table)


@pytest.mark.parametrize("width", range(50, 75))
def test_a_table_breaks_at_the_width_at_which_node_breaks_it(node: Callable[[Table], str], width: int) -> None:
    for table in ({"a" * width: 1.0, "b": 2.0}, {"a" * width: [1.0, 2.0]}, {"\N{GRINNING FACE}" * (width // 2): 1.0}):
        assert inspect(table) == node(table)
