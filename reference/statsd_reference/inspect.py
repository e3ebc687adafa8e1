"""Tables in the notation of Node's `util.inspect`, in which the original's console shows its state.

Source: Node.js 20, lib/internal/util/inspect.js, with the default options (breakLength 80, compact 3, maxArrayLength
100); each function below names the one it follows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from math import copysign, floor, inf, isnan, sqrt
from typing import Final

from statsd_reference.number import write_number

Value = float | Sequence[float]
Table = Mapping[bytes, Value] | Mapping[str, Value]

_BREAK_LENGTH: Final = 80
_COMPACT: Final = 3
_SHOWN: Final = 100
_COLUMNS: Final = 15
_LONGEST_PLAIN: Final = 6
_SEPARATOR: Final = len(", ")
# How deep the lists of a table stand.
_INDENTATION: Final = 2
_IDENTIFIER: Final = re.compile(r"[a-zA-Z_][a-zA-Z_0-9]*\Z")
_WHOLE: Final = re.compile(r"(?:0|[1-9][0-9]{0,9})\Z")
_LARGEST_INDEX: Final = 2**32 - 2
_CONTROLS: Final = {chr(code): f"\\x{code:02X}" for code in (*range(0x20), *range(0x7F, 0xA0))}
_ESCAPES: Final = str.maketrans(
    {**_CONTROLS, "\b": r"\b", "\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r", "\\": r"\\"}
)


def inspect(table: Table) -> str:
    """Return a table of numbers, or of lists of numbers, as Node prints an object with these properties.

    Keys of bytes are read as UTF-8; what is none becomes U+FFFD, as in the original. Keys that are array indices come
    first, in ascending order, as in every object of JavaScript (ECMA-262, OrdinaryOwnPropertyKeys).

    >>> inspect({b"a.b": 1.0, b"c": [1.0, 2.5]})
    "{ 'a.b': 1, c: [ 1, 2.5 ] }"
    """
    if not table:
        return "{}"
    return _joined([f"{_key(name)}: {_value(value)}" for name, value in _properties(table)], "{}", 0)


def _properties(table: Table) -> Iterator[tuple[str, Value]]:
    named = [(_text(key), value) for key, value in table.items()]
    indexed = [one for one in named if _is_index(one[0])]
    yield from sorted(indexed, key=lambda one: int(one[0]))
    yield from (one for one in named if not _is_index(one[0]))


def _text(key: bytes | str) -> str:
    return key if isinstance(key, str) else key.decode("utf-8", "replace")


def _is_index(name: str) -> bool:
    return _WHOLE.match(name) is not None and int(name) <= _LARGEST_INDEX


def _key(name: str) -> str:
    """Follow formatProperty and strEscape."""
    if name == "__proto__":
        return "['__proto__']"
    if _IDENTIFIER.match(name):
        return name
    escaped = name.translate(_ESCAPES)
    if "'" not in name:
        return f"'{escaped}'"
    if '"' not in name:
        return f'"{escaped}"'
    if "`" not in name and "${" not in name:
        return f"`{escaped}`"
    return "'" + escaped.replace("'", "\\'") + "'"


def _value(value: Value) -> str:
    return _list(value) if isinstance(value, Sequence) else _number(value)


def _number(number: float) -> str:
    """Follow formatNumber."""
    if isnan(number):
        return "NaN"
    if abs(number) == inf:
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0 and copysign(1, number) < 0:
        return "-0"
    return write_number(number).decode()


def _list(values: Sequence[float]) -> str:
    """Follow formatArray and, for what becomes of many entries, reduceToSingleString."""
    if not values:
        return "[]"
    entries = [_number(value) for value in values[:_SHOWN]]
    hidden = len(values) - len(entries)
    more = [f"... {hidden} more item{'s' if hidden > 1 else ''}"] if hidden else []
    if len(entries) > _LONGEST_PLAIN and (rows := _rows(entries, len(entries) + len(more))):
        return _broken(rows + more, "[]", _INDENTATION)
    return _joined(entries + more, "[]", _INDENTATION)


def _joined(entries: Sequence[str], braces: str, indentation: int) -> str:
    """Return the entries on one line where they fit, else one a line (reduceToSingleString, isBelowBreakLength)."""
    length = sum(map(_length, entries)) + 2 * len(entries) + indentation + len(braces[0]) + 10
    if length > _BREAK_LENGTH or any("\n" in entry for entry in entries):
        return _broken(entries, braces, indentation)
    return f"{braces[0]} {', '.join(entries)} {braces[1]}"


def _length(text: str) -> int:
    """Return the length as JavaScript counts it, in units of UTF-16."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _broken(entries: Sequence[str], braces: str, indentation: int) -> str:
    line = "\n" + " " * indentation
    return f"{braces[0]}{line}  " + f",{line}  ".join(entries) + f"{line}{braces[1]}"


def _rows(entries: Sequence[str], with_more: int) -> list[str]:
    """Return the entries in columns, a text a row; none where they stay as they are (groupArrayElements).

    `with_more` is their number with the line that tells of hidden ones.
    """
    columns = _columns([len(entry) for entry in entries], with_more)
    if columns <= 1:
        return []
    rows = [entries[start : start + columns] for start in range(0, len(entries), columns)]
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    return [", ".join(entry.rjust(width) for entry, width in zip(row, widths, strict=False)) for row in rows]


def _columns(lengths: Sequence[int], with_more: int) -> int:
    widest = max(lengths) + _SEPARATOR
    total = sum(lengths) + _SEPARATOR * len(lengths)
    three_fit = 3 * widest + _INDENTATION < _BREAK_LENGTH
    alike = total / widest > 5 or max(lengths) <= 6
    if not (three_fit and alike):
        return 1
    # The nearest to a square, a character being 2.5 times as high as wide.
    biased = max(widest - 3 - sqrt(widest - total / with_more), 1)
    square = floor(sqrt(2.5 * biased * len(lengths)) / biased + 0.5)
    return min(square, (_BREAK_LENGTH - _INDENTATION) // widest, 4 * _COMPACT, _COLUMNS)
