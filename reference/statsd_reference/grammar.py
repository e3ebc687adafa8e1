"""The grammar of one line, each rule beside the code that takes it apart.

    line    = name ":" sample *( ":" sample ) [ tags ]          stats.js, handlePacket
    sample  = value "|" type [ "|" "@" rate *( "|" ignored ) ]
    tags    = "|#" tag *( "," tag ) *( "|" field )              stats.js, handlePacket

There is no escaping: the first ":" ends the name (NAME-14) and the first "|#" begins the tags.
"""

import re

from statsd_reference.number import BLANKS

# stats.js, sanitizeKeyName: blanks to one "_", "/" to "-", the rest outside this alphabet removed (NAME-01 to NAME-04).
_KEPT = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.;="
_REMOVED = bytes(set(range(256)) - set(_KEPT))
_ASCII_BLANKS = re.compile(rb"[\t\n\v\f\r ]+")
_ALL_BLANKS = re.compile(f"[{BLANKS}]+")


def clean_name(name: bytes) -> bytes:
    """Return `name` as it may stand in a Graphite path; may be empty.

    >>> clean_name(b"a b/c(d)")
    b'a_b-cd'
    """
    if name.isascii():
        spaced = _ASCII_BLANKS.sub(b"_", name)
    else:
        spaced = _ALL_BLANKS.sub("_", name.decode("utf-8", "replace")).encode()
    return spaced.replace(b"/", b"-").translate(None, _REMOVED)


def split(datagram: bytes) -> list[bytes]:
    """Return the non-empty lines of one datagram, in order. Only LF ends a line (FRAMING-01 to -04, -10, -14)."""
    return [line for line in datagram.split(b"\n") if line]
