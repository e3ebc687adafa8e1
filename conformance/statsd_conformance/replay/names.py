"""Which lines of a recording are sent again, and under which names."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from typing import Final

# DogStatsD: events and service checks, which are for no bucket.
_NAMELESS: Final = (b"_e{", b"_sc|")
_BREAKS_A_NAME: Final = re.compile(rb"[\s:|@\0]")


class PrefixError(ValueError):
    """A prefix that would end the name that it stands before; the message shows what does."""


@dataclass(frozen=True, slots=True)
class Names:
    r"""Lines whose name matches one of `wanted`, or all where there is none, with `prefix` before their names.

    >>> Names(b"run7.").rewritten(b"a:1|c\n\n_e{1,1}:t|x\n")
    b'run7.a:1|c\n\n_e{1,1}:t|x\n'
    >>> Names(wanted=wanted(["web.*"])).rewritten(b"web.hits:1|c\nload:2|g")
    b'web.hits:1|c'
    """

    prefix: bytes = b""
    wanted: "re.Pattern[bytes] | None" = None

    def rewritten(self, payload: bytes) -> bytes | None:
        """Return whole lines as they are to be sent; None where none of them is wanted."""
        if not self.prefix and self.wanted is None:
            return payload
        lines = payload.split(b"\n")
        if self.wanted is not None:
            end = [b""] if lines[-1] == b"" else []
            lines = [line for line in lines if self._is_wanted(line)]
            if not lines:
                return None
            lines += end
        return b"\n".join(map(self._prefixed, lines))

    def _is_wanted(self, line: bytes) -> bool:
        assert self.wanted is not None
        named = bool(line.strip()) and not line.startswith(_NAMELESS)
        return named and self.wanted.fullmatch(line.partition(b":")[0]) is not None

    def _prefixed(self, line: bytes) -> bytes:
        return line if not line.strip() or line.startswith(_NAMELESS) else self.prefix + line


def wanted(patterns: Iterable[str]) -> "re.Pattern[bytes] | None":
    """Return what names match that match one of the patterns, with `*`, `?` and `[…]` as in a shell; None for none.

    >>> wanted(["web.*", "load?"]).fullmatch(b"load7") is not None
    True
    """
    # Each byte as one character, so that names which are no UTF-8 match, too.
    parts = [translate(pattern.encode().decode("latin-1")).encode("latin-1") for pattern in patterns]
    return re.compile(b"|".join(parts)) if parts else None


def read_prefix(text: str) -> bytes:
    """Return the bytes to put before names: the text, and a dot where it does not end in one.

    Raises:
        PrefixError: it cannot stand in a name.

    >>> read_prefix("run7")
    b'run7.'
    """
    raw = text.encode("utf-8", "surrogateescape")
    if not raw or (found := _BREAKS_A_NAME.search(raw)):
        what = f"{found[0].decode('latin-1')!r} ends a name" if raw and found else "it is empty"
        raise PrefixError(f"{text!r} is no prefix: {what}; give letters, digits, dots, - and _")
    return raw if raw.endswith(b".") else raw + b"."
