"""What is beyond doubt: one pattern that takes a whole datagram in which no rule can find anything.

It need not take all that is good, only nothing that is bad. What it leaves goes to the rules, which take some fifty
times as long. It takes no signed gauge and no half of a line, so that nothing has to be remembered of what it takes.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from statsd_conformance.lint.dialect import Dialect
from statsd_conformance.lint.name import INTERNALS, INTERNALS_TOO

_INTERNAL: Final = b"|".join(INTERNALS + INTERNALS_TOO)
# Dots that stand side by side are looked for in the whole datagram, which takes less time than in every name.
_NAME: Final = rb"(?!(?:%b):)[A-Za-z0-9\-][A-Za-z0-9_.\-]{0,126}+(?<!\.)" % _INTERNAL
_NUMBER: Final = rb"[0-9]{1,8}+(?:\.[0-9]{1,9}+|[0-9]{0,7}+)"
_RATE: Final = rb"(?:\|@(?:1|0?\.(?:[1-9][0-9]{0,7}+|0[1-9][0-9]{0,7}+|00[1-9][0-9]{0,7}+)))?+"
_TAG: Final = rb"[A-Za-z0-9_./\-]++(?::[A-Za-z0-9_./:\-]++)?+"
_SECTION: Final = re.compile(rb"\|#([^\n|]*)")


def fast_path(dialect: Dialect) -> Callable[[bytes], bool]:
    """Return the function that tells of a datagram that there is nothing to find; False says nothing."""
    whole = re.compile(rb"(?:%b(?:\n|\Z))++" % _line(dialect)).fullmatch
    if dialect.dogstatsd:
        return lambda payload: (
            b".." not in payload and whole(payload) is not None and all(map(_keys_differ, _SECTION.findall(payload)))
        )
    return lambda payload: b".." not in payload and whole(payload) is not None


def _line(dialect: Dialect) -> bytes:
    timed = b"|".join(type for type in dialect.types if type not in (b"c", b"g", b"s"))
    tags = rb"(?:\|#%b(?:,%b)*+)?+" % (_TAG, _TAG) if dialect.dogstatsd else b""
    sampled = rb"%b\|(?:(?:c|%b)%b|g)|-%b\|c%b" % (_NUMBER, timed, _RATE, _NUMBER, _RATE)
    members = rb"|[A-Za-z0-9_.\-]++\|s" if b"s" in dialect.types else b""
    return rb"%b:(?:%b%b)%b" % (_NAME, sampled, members, tags)


@lru_cache(maxsize=4096)
def _keys_differ(section: bytes) -> bool:
    keys = [tag.partition(b":")[0] for tag in section.split(b",")]
    return len(set(keys)) == len(keys)
