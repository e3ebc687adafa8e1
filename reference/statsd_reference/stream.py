"""Lines out of a stream: chunks cut anywhere to whole lines and a remainder. No socket."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stream:
    """What a stream has not ended yet: the bytes of the last, unfinished line.

    `overlong` says that the unfinished line has passed the limit and will be dropped up to its end.
    """

    rest: bytes = b""
    overlong: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """What a chunk completed: whole lines with their LF, as one block, and how many lines were too long."""

    lines: bytes
    too_long: int
    stream: Stream


def cut(stream: Stream, chunk: bytes, max_line: int) -> Cut:
    r"""Return the lines that `chunk` completes, and what stays unfinished.

    Never keeps more than `max_line` bytes, so that an endless line costs no memory (NET-05). A line over the limit that
    ends within the chunk is left for the parser to refuse.

    >>> cut(Stream(b"a:"), b"1|c\nb", 100)
    Cut(lines=b'a:1|c\n', too_long=0, stream=Stream(rest=b'b', overlong=False))
    """
    whole, newline, rest = chunk.rpartition(b"\n")
    if not newline:
        if stream.overlong:
            return Cut(b"", 0, stream)
        return _kept(b"", 0, stream.rest + chunk, max_line)
    if stream.overlong:
        # The end of the line that was too long is dropped with the rest of it.
        _, _, whole = whole.partition(b"\n")
        return _kept(whole + newline if whole else b"", 0, rest, max_line)
    return _kept(stream.rest + whole + newline, 0, rest, max_line)


def finish(stream: Stream) -> bytes:
    """Return the lines that are still to be read when a stream has ended: none.

    The original drops a line that is not ended when its connection closes, however that closes (NET-03).
    """
    return b""


def _kept(lines: bytes, too_long: int, rest: bytes, max_line: int) -> Cut:
    if len(rest) > max_line:
        return Cut(lines, too_long + 1, Stream(overlong=True))
    return Cut(lines, too_long, Stream(rest))
