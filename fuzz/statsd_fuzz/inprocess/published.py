"""What a Python aggregator returned at a flush, as Graphite lines, in whatever of the usual shapes it came."""

from collections.abc import Iterable, Iterator, Mapping

from statsd_conformance.graphite import GraphiteLine, read_line


class Unreadable(ValueError):
    """A flush in a shape that says no path and value; the message says which."""


def lines_of(result: object) -> list[GraphiteLine]:
    """Return the lines of a flush.

    It may be Graphite plaintext, as bytes, text or lines of it; a mapping of paths to numbers, where mappings in it
    stand for the parts of a path; or pairs of path and number, with a timestamp behind the number, or as pickled.

    Raises:
        Unreadable: it is nothing of these.

    >>> [str(line) for line in lines_of({"counters": {"a": 1}, "b": 2.5})]
    ['counters.a 1 0', 'b 2.5 0']
    """
    if result is None:
        return []
    if isinstance(result, bytes | str):
        return [read_line(raw) for raw in _bytes(result).split(b"\n") if raw]
    if isinstance(result, Mapping):
        return list(_entries(b"", result))
    if isinstance(result, Iterable):
        return [line for item in result for line in _item(item)]
    raise Unreadable(f"a flush of type {type(result).__name__} is neither Graphite text nor paths with numbers")


def _entries(before: bytes, table: Mapping[object, object]) -> Iterator[GraphiteLine]:
    for key, value in table.items():
        if not isinstance(key, bytes | str):
            raise Unreadable(f"{key!r:.60} is no path")
        path = before + _bytes(key)
        if isinstance(value, Mapping):
            yield from _entries(path + b".", value)
        else:
            yield _line(path, value)


def _item(item: object) -> Iterator[GraphiteLine]:
    match item:
        case bytes() | str():
            yield from lines_of(item)
        case (
            (bytes() | str() as path, (_, value))
            | (bytes() | str() as path, value)
            | (bytes() | str() as path, value, _)
        ):
            yield _line(_bytes(path), value)
        case _:
            raise Unreadable(f"{item!r:.60} in a flush is neither a Graphite line nor a path and a number")


def _line(path: bytes, value: object) -> GraphiteLine:
    if isinstance(value, bool) or not isinstance(value, int | float | str | bytes):
        raise Unreadable(f"{value!r:.60} at {path!r:.60} is no number")
    text = _bytes(value) if isinstance(value, str | bytes) else b"%r" % value
    return read_line(b"%b %b 0" % (path, text))


def _bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
