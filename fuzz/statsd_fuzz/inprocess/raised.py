"""What a target raised, and a name for it that says where."""

import re
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType

from statsd_fuzz.fault import Fault
from statsd_fuzz.inprocess.published import Unreadable
from statsd_fuzz.inprocess.subject import Subject


@dataclass(frozen=True, slots=True)
class Raised:
    """What a target raised; `refused` says that it is one of the exceptions by which it may refuse."""

    error: BaseException
    refused: bool


def result_of(subject: Subject, call: Callable[[bytes], object], datagram: bytes) -> object:
    """Return what a call gives, generators worked off, or what it `Raised`."""
    try:
        result = call(datagram)
        return list(result) if isinstance(result, Iterator) else result
    except (KeyboardInterrupt, Unreadable, MemoryError):
        raise
    except BaseException as error:
        # SystemExit, too: what reads a datagram must not end the program.
        return Raised(error, any(one.__name__ in subject.refusals for one in type(error).__mro__))


def raising(error: BaseException, what: str, before: str = "") -> Fault:
    """Return the fault of a call, `what`, that raised; `before` goes before its name."""
    place = _place(error.__traceback__)
    slug = re.sub(r"[^a-z0-9]+", "-", f"{before}raises-{type(error).__name__}-in-{place}".lower()).strip("-")
    return Fault(slug, f"{what} raises {type(error).__name__}: {error!s:.200} (in {place})")


def _place(trace: TracebackType | None) -> str:
    """Return the innermost function that is neither Python's nor ours."""
    frames = [frame for frame, _ in traceback.walk_tb(trace)]
    names = [(frame.f_globals.get("__name__", ""), frame.f_code.co_name) for frame in frames]
    foreign = [name for module, name in names if not _is_known(module)]
    return foreign[-1] if foreign else names[-1][1]


def _is_known(module: str) -> bool:
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top == "statsd_fuzz"
