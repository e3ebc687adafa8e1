"""Tags that change a series, or the rate beside them."""

import re
from dataclasses import replace

from defects.steps import lines
from statsd_reference import Outcome, Reading, Sample, Server, Window


def h06(server: Server) -> Server:
    """The tags of a datagram's last line are those of all its lines; each line has its own."""

    def retagged(one: Outcome, tags: dict[bytes, bytes]) -> Outcome:
        if not isinstance(one, Sample):
            return one
        name = one.bucket.partition(b";")[0]
        return replace(one, bucket=name + tags[name])

    def accumulate(window: Window, reading: Reading) -> Window:
        parts = [one.bucket.partition(b";") for one in reading.outcomes if isinstance(one, Sample)]
        tags = {name: semicolon + tail for name, semicolon, tail in parts}
        changed = tuple(retagged(one, tags) for one in reading.outcomes)
        return server.accumulate(window, replace(reading, outcomes=changed))

    return replace(server, accumulate=accumulate)


def h16(server: Server) -> Server:
    """A rate behind the tags is glued to the last of them; it is applied, or the line refused."""
    return lines(server, lambda line: re.sub(rb"(\|#[^|]*)\|@", rb"\1", line))


def h25(server: Server) -> Server:
    """Tags in another order make another series; a series is the set of its tags."""

    def parse(line: bytes) -> tuple[Outcome, ...]:
        sent = [tag.replace(b":", b"=", 1) for tag in line.partition(b"|#")[2].partition(b"|")[0].split(b",")]
        return tuple(_reordered(one, sent) for one in server.parse(line))

    return replace(server, parse=parse)


def _reordered(one: Outcome, sent: list[bytes]) -> Outcome:
    if not isinstance(one, Sample):
        return one
    name, *tags = one.bucket.split(b";")
    tags.sort(key=lambda tag: sent.index(tag) if tag in sent else len(sent))
    return replace(one, bucket=b";".join([name, *tags]))
