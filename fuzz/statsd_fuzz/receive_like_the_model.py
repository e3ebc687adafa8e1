"""The receive path of the daemon, which reads each distinct line once, gives the windows of the plain model."""

from dataclasses import replace

from statsd_fuzz._driver import fuzz, instrumented
from statsd_fuzz.inputs import dice, intervals_of

with instrumented(__name__):
    from statsd_reference import Options, Window, make_server
    from statsd_reference.options import EXTENSIONS
    from statsd_reference.receive import PlainReceiver, Receiver

SEEDS = ("datagrams", "lines/good", "intervals")
SERVERS = (
    make_server(Options()),
    make_server(Options(extensions=EXTENSIONS)),
    make_server(Options(max_names=8)),
    make_server(Options(delete_idle_stats=True)),
)


def check(data: bytes) -> None:
    """Let both receive the same intervals, each in one batch or in two."""
    random = dice(data)
    server = random.choice(SERVERS)
    clever, plain = Receiver(server), PlainReceiver(server)
    for number, datagrams in enumerate(intervals_of(data)):
        place = random.randint(0, len(datagrams))
        for batch in (datagrams[:place], datagrams[place:]):
            clever.add_batch(batch)
            plain.add_batch(batch)
        assert settled(clever.window) == settled(plain.window)
        clever.take(server.flush(clever.window, number)[1])
        plain.take(server.flush(plain.window, number)[1])


def settled(window: Window) -> Window:
    """Return the window without what no step looks at: the order of times, the type of a sequence."""
    timers = {bucket: sorted(values) for bucket, values in window.timers.items()}
    return replace(window, timers=timers, pairs=list(window.pairs))


if __name__ == "__main__":
    fuzz(check, SEEDS)
