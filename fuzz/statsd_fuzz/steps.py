"""How much work a call is, without a clock: the functions called, and the bytes that were made for them."""

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any


def steps(call: Callable[[], object]) -> int:
    """Return the work of a call: one for each call of a Python function, one for each byte of its arguments.

    An argument that is the very one of the call before costs nothing, because nobody had to make it. So what grows with
    the square of an input shows also where it is done in C, as long as its pieces go through a function of Python.
    """
    counted = 0
    last: dict[tuple[CodeType, str], bytes] = {}

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal counted
        if event != "call":
            return
        counted += 1
        code, values = frame.f_code, frame.f_locals
        for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
            value = values.get(name)
            if isinstance(value, bytes) and last.get((code, name)) is not value:
                last[code, name] = value
                counted += len(value)

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        call()
    finally:
        sys.setprofile(before)
    return counted
