"""The name of a bucket."""

import re
from collections.abc import Iterator
from typing import Final

from statsd_conformance.lint.finding import Fault
from statsd_conformance.printable import escaped

# collectd's DATA_MAX_NAME_LEN, less the NUL; and what a file of that name may be called on most file systems.
_SHORT, _LONG = 127, 255
# What an object has before anything is put into it, in the languages that servers are written in (LINE-17).
INTERNALS: Final = (b"constructor", b"hasOwnProperty", b"isPrototypeOf", b"propertyIsEnumerable", b"toLocaleString")
INTERNALS_TOO: Final = (b"toString", b"valueOf", b"__proto__", b"__defineGetter__", b"__defineSetter__")
_LANGUAGE: Final = frozenset(INTERNALS + INTERNALS_TOO)
_OTHER: Final = re.compile(rb"[^A-Za-z0-9_.\-]")


def name_faults(name: bytes) -> Iterator[Fault]:
    """Yield what is wrong with the name that a line begins with, one fault a cause."""
    if not name:
        yield Fault("ENAME-01", "the name is empty", 0)
        return
    yield from _characters(name)
    if len(name) > _LONG:
        yield Fault("ENAME-07", f"the name has {len(name)} bytes, more than {_LONG}", 0)
    elif len(name) > _SHORT:
        yield Fault("ENAME-06", f"the name has {len(name)} bytes, more than {_SHORT}", 0)
    if name.startswith(b".") or name.endswith(b".") or b".." in name:
        place = 0 if name.startswith(b".") else max(name.find(b".."), 0) or len(name) - 1
        yield Fault("ENAME-08", "the name has an empty part beside a dot", place)
    if name in _LANGUAGE:
        yield Fault("ENAME-10", f"the name {name.decode()!r} is one that every object of JavaScript has", 0)
    elif name.startswith(b"_"):
        yield Fault("ENAME-09", "the name begins with an underscore", 0)


def _characters(name: bytes) -> Iterator[Fault]:
    """Yield one fault for each sort of character that does not belong, at the first of its sort."""
    seen = set()
    for found in _OTHER.finditer(name):
        code, words = _sort(found[0])
        if code not in seen:
            seen.add(code)
            yield Fault(code, f"the name has {words}", found.start())


def _sort(character: bytes) -> tuple[str, str]:
    if character in b"|@#":
        return "ENAME-02", f"the separator {character.decode()!r} in it"
    if character in b" \t":
        return "ENAME-04", "a blank in it"
    if character[0] > 127:
        return "ENAME-05", "characters in it that are not ASCII"
    return "ENAME-03", f"{escaped(character)!r} in it, which aggregators change, each in its own way"
