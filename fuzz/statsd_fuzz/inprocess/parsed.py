"""Samples out of what a parser returned, whatever its author made of them: tuples, mappings or objects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

_NAMES: Final = ("name", "bucket", "metric", "key", "metric_name", "path")
_VALUES: Final = ("value", "val", "raw_value")
_KINDS: Final = ("type", "kind", "metric_type", "mtype", "type_", "stat_type")
_RATES: Final = ("rate", "sample_rate", "sampling_rate", "samplerate")
_KIND: Final = {
    **dict.fromkeys(("c", "counter", "count"), "c"),
    **dict.fromkeys(("g", "gauge"), "g"),
    **dict.fromkeys(("ms", "timer", "timing"), "ms"),
    **dict.fromkeys(("s", "set"), "s"),
}
_TUPLE: Final = 3


class Unread(ValueError):
    """A result that says no name, value and type; the message says what it is."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A sample as a parser gave it: the value as a number, or as bytes where it is none; the rate, if it says one."""

    name: bytes
    value: float | bytes
    kind: str
    rate: float | None = None


def samples_of(result: object) -> list[Parsed]:
    """Return the samples in a result: of one, of several, or of none where it is None.

    Raises:
        Unread: they cannot be told.

    >>> samples_of(("a", "1", "c"))
    [Parsed(name=b'a', value=1.0, kind='c', rate=None)]
    """
    if result is None:
        return []
    one = _sample(result)
    if one:
        return [one]
    if isinstance(result, bytes | str | Mapping) or not isinstance(result, Iterable):
        raise Unread(f"of type {type(result).__name__}")
    found = [(item, _sample(item)) for item in result]
    for item, sample in found:
        if sample is None:
            raise Unread(f"of type {type(result).__name__}, with items of type {type(item).__name__}")
    return [sample for _, sample in found if sample]


def _sample(item: object) -> Parsed | None:
    if isinstance(item, list | tuple) and not hasattr(item, "_fields"):
        if len(item) < _TUPLE or not isinstance(item[0], bytes | str):
            return None
        name, value, kind, *more = item
        rate = more[0] if more else None
    else:
        name, value, kind, rate = (_field(item, names) for names in (_NAMES, _VALUES, _KINDS, _RATES))
    word = _KIND.get(_text(kind.value if isinstance(kind, Enum) else kind).lower())
    if word is None and isinstance(kind, Enum):
        word = _KIND.get(kind.name.lower())
    if word is None or not isinstance(name, bytes | str) or value is None:
        return None
    number = None if rate is None else _number(rate)
    # A member of a set is a text, also where it is of digits.
    read = _bytes(_text(value)) if word == "s" else _value(value)
    return Parsed(_bytes(name), read, word, number)


def _field(item: object, names: Iterable[str]) -> object:
    for name in names:
        found = item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
        if found is not None and not callable(found):
            return found
    return None


def _value(value: object) -> float | bytes:
    number = _number(value)
    return number if number is not None else _bytes(_text(value))


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError):
        return None


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
