"""What files of inputs are called: after what they show, by libFuzzer after a hash, by AFL++ after a number."""

import re
from collections.abc import Callable, Collection, Iterable
from hashlib import sha1
from typing import Final

from statsd_fuzz.corpus.entry import Input
from statsd_fuzz.corpus.shape import title

# libFuzzer: a corpus file is a SHA-1; before that of a finding stands what kind it is.
_HASHED: Final = re.compile(r"(?:(?:crash|leak|oom|timeout|slow-unit)-)?[0-9a-f]{40}")
# AFL++: id:000123,src:000007,time:81,execs:612,op:havoc,rep:4,+cov; what came from a seed ends in its name.
_NUMBERED: Final = re.compile(r"id[:_][0-9]{6,}(?:,.*)?", re.DOTALL)
_ORIGIN: Final = re.compile(r",orig:(.*)", re.DOTALL)
_OTHER: Final = re.compile(r"[^0-9A-Za-z._+-]+")
# Longer ones do not fit into a name of 255 bytes with what tools put around them.
_LONGEST: Final = 150


def spoken(name: str) -> str:
    """Return what a file's name says of its content, without what a tool put around it; empty where it says nothing.

    >>> spoken("id:000007,time:0,execs:0,orig:rate-zero"), spoken("id:000008,src:000007,op:havoc"), spoken("0" * 40)
    ('rate-zero', '', '')
    """
    if _NUMBERED.fullmatch(name):
        origin = _ORIGIN.search(name)
        return spoken(origin[1]) if origin else ""
    return "" if _HASHED.fullmatch(name) else name


def named(inputs: Iterable[Input], taken: Collection[str] = ()) -> list[Input]:
    """Return inputs with a name each that no other has, and none of `taken`: its own, or one after what it shows."""
    used = set(taken)
    result = []
    for one in inputs:
        name = _free(_OTHER.sub("-", one.name or title(one.data))[:_LONGEST].lstrip(".-") or "input", used)
        used.add(name)
        result.append(Input(name, one.data))
    return result


def _free(name: str, used: Collection[str]) -> str:
    number = 1
    free = name
    while free in used:
        number += 1
        free = f"{name}-{number}"
    return free


def by_hash(inputs: Iterable[Input]) -> list[Input]:
    """Return inputs under the names that libFuzzer gives them."""
    return [Input(sha1(one.data, usedforsecurity=False).hexdigest(), one.data) for one in inputs]


def by_number(inputs: Iterable[Input]) -> list[Input]:
    """Return inputs under the names that AFL++ gives to seeds, with their own at the end."""
    return [
        Input(f"id:{number:06},time:0,execs:0,orig:{one.name}", one.data) for number, one in enumerate(named(inputs))
    ]


# How an exported folder names its files.
CONVENTIONS: Final[dict[str, Callable[[Iterable[Input]], list[Input]]]] = {
    "folder": named,
    "libfuzzer": by_hash,
    "afl": by_number,
}
