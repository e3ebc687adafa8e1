"""What `statsd` of PyPI sends: everything in this folder's README, as far as it can do it."""

import os
import threading
from pathlib import Path

import statsd.client.base
from statsd import StatsClient

LIMIT = 512
meant = []


def attempt(call, *arguments, **named):
    """Call, and pass over what the library refuses to send."""
    try:
        call(*arguments, **named)
    except Exception as error:
        print(f"refused: {arguments!r}: {error!r}")


def lines_of(size, name):
    """Return names of counters whose lines, with LF between them, take `size` bytes."""
    line = f"{name}.00:1|c"
    number = (size + 1) // (len(line) + 1)
    over = size - (number * (len(line) + 1) - 1)
    return [f"{name}.{place:02}" + ("x" * over if place == 0 else "") for place in range(number)]


def count_all(client, names):
    with client.pipeline() as pipe:
        for name in names:
            pipe.incr(name)
            meant.append(f"{name}:1|c")


client = StatsClient(os.environ["STATSD_HOST"], int(os.environ["STATSD_PORT"]), maxudpsize=LIMIT)
statsd.client.base.random.random = lambda: 0.0
client.incr("rate", rate=0.25)
client.timing("time", 1.5)
client.timing("time.small", 0.0000001)
client.incr("counter.negative", -3)
client.incr("counter.small", 0.0000001)
client.incr("counter.nan", float("nan"))
client.gauge("gauge.negative", -5)
client.gauge("gauge.change", 2, delta=True)
attempt(client.incr, "unicode.\u00fc")
attempt(client.incr, "name:colon")
attempt(client.incr, "name|bar")
attempt(client.incr, "name\nfeed")
attempt(client.incr, "name blank")
attempt(client.set, "set", "member|s\ninjected:9|c")
attempt(client.set, "set.unicode", "\u00fc")
count_all(client, lines_of(LIMIT, "full"))
count_all(client, lines_of(LIMIT + 1, "over"))
count_all(client, ["long." + "x" * LIMIT, "after.long"])
with client.pipeline() as pipe:
    pipe.incr("pad." + "x" * (LIMIT - len("pad.:1|c") - len("\npair:0|g")))
    pipe.gauge("pair", -5)
threads = [threading.Thread(target=lambda: [client.incr("threads") for _ in range(50)]) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
meant.append("threads:200|c")
unsent = client.pipeline()
unsent.incr("unclosed")
meant.append("unclosed:1|c")
Path(os.environ["STATSD_MEANT"]).write_text("\n".join(meant))
