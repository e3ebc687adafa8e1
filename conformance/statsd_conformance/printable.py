"""Bytes as text that a terminal shows as they are."""


def escaped(raw: bytes) -> str:
    r"""Return bytes as printable text: `\n`, `\x00` and the like for what a terminal would not show.

    >>> escaped(b"a:1|c\n")
    'a:1|c\\n'
    """
    return raw.decode("latin-1").encode("unicode_escape").decode()
