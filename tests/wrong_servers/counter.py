"""Servers that break one requirement on counters each."""

from dataclasses import replace

from statsd_reference import Reading, Server, Window


def last_increment_wins(server: Server) -> Server:
    """Keep of all increments of an interval the last."""

    def accumulate(window: Window, reading: Reading) -> Window:
        fresh = replace(window, counters=dict.fromkeys(window.counters, 0.0))
        return server.accumulate(fresh, reading)

    return replace(server, accumulate=accumulate)


WRONG = {
    "COUNTER-01": last_increment_wins,
}
