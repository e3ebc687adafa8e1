"""The fast receive path gives the window of the plain one."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statsd_fuzz.strategies import datagrams
from statsd_reference import Options, Server, Window, make_server
from statsd_reference.options import EXTENSIONS
from statsd_reference.receive import PlainReceiver, Receiver

SERVERS = {
    "default": make_server(Options()),
    "extensions": make_server(Options(extensions=EXTENSIONS)),
    "few-names": make_server(Options(max_names=8)),
    "deleting": make_server(Options(delete_idle_stats=True)),
}
# Few buckets, so that lines meet: whole numbers and fractions, deltas on levels, rates that are no powers of two.
MEETING = st.lists(
    st.builds(
        lambda bucket, rest: bucket + rest,
        st.sampled_from([b"a", b"b", b"c"]),
        st.sampled_from(
            [
                *(
                    b":1|c",
                    b":0.1|c",
                    b":3|c|@0.1",
                    b":1|c|@0.3",
                    b":-2|c",
                    b":9007199254740991|c",
                    b":1e300|c",
                    b":1|",
                ),
                *(b":5|g", b":+2|g", b":-1|g", b":0.5|g", b":7|ms", b":7.25|ms", b":7|ms|@0.3", b":7|ms|@0.1"),
                *(
                    b":x|s",
                    b":y|s",
                    b":|s",
                    b":u:v|s",
                    b":1|c:2|g",
                    b"",
                    b":",
                    b":4|h",
                    b":5|C",
                    b":9|C",
                    b":6|kv",
                    b":1:2|c",
                ),
            ]
        ),
    ),
    max_size=30,
).map(b"\n".join)


def settled(window: Window) -> Window:
    """Return the window with what no step looks at out of the way: the order of times, the type of a sequence."""
    timers = {bucket: sorted(values) for bucket, values in window.timers.items()}
    return replace(window, timers=timers, pairs=list(window.pairs))


def both(server: Server, intervals: Sequence[Sequence[Sequence[bytes]]]) -> list[tuple[Window, Window]]:
    """Feed batches to both paths, with a flush behind every interval; return the windows before each flush."""
    fast, plain = Receiver(server), PlainReceiver(server)
    windows = []
    for number, batches in enumerate(intervals):
        for batch in batches:
            fast.add_batch(batch)
            plain.add_batch(batch)
        windows.append((settled(fast.window), settled(plain.window)))
        fast.take(server.flush(fast.window, number)[1])
        plain.take(server.flush(plain.window, number)[1])
    return windows


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
@given(data=st.data())
def test_fast_path_gives_the_window_of_the_plain_one(server: Server, data: st.DataObject) -> None:
    batches = st.lists(st.one_of(MEETING, datagrams()), min_size=1, max_size=6)
    intervals = data.draw(st.lists(st.lists(batches, max_size=4), min_size=1, max_size=3))
    for fast, plain in both(server, intervals):
        assert fast == plain


def test_fraction_spoils_no_sum_of_its_bucket() -> None:
    batch = [b"a:0.1|c\na:1|c\na:0.2|c", b"a:1|c\na:1|c"]
    [(fast, plain)] = both(SERVERS["default"], [[batch]])
    assert fast.counters[b"a"] == plain.counters[b"a"] == 0.1 + 1 + 0.2 + 1 + 1


def test_datagrams_are_not_joined() -> None:
    [(fast, _)] = both(SERVERS["default"], [[[b"a:1", b"|c\nb:2|c"]]])
    assert fast.counters[b"b"] == 2
    assert b"a" not in fast.counters


def test_counters_of_one_share_their_number() -> None:
    receiver = Receiver(SERVERS["default"])
    receiver.add_batch([b"a:1|c\nb:1|c"])
    receiver.add_batch([b"c:1|c\nd:2|c\nd:1|c|@0.5"])
    counters = receiver.window.counters
    assert counters[b"a"] is counters[b"b"] is counters[b"c"]
    assert counters[b"d"] == 4
