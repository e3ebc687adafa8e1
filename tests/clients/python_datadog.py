"""What `datadog` of PyPI sends: everything in this folder's README, as far as it can do it."""

import os
import threading
from pathlib import Path

from datadog.dogstatsd import base
from datadog.dogstatsd.base import DogStatsd

LIMIT = 512
meant = []


def attempt(call, *arguments, **named):
    """Call, and pass over what the library refuses to send."""
    try:
        call(*arguments, **named)
    except Exception as error:
        print(f"refused: {arguments!r}: {error!r}")


def lines_of(size, name):
    """Return names of counters whose lines, with LF behind each, take `size` bytes."""
    line = f"{name}.00:1|c\n"
    number = size // len(line)
    over = size - number * len(line)
    return [f"{name}.{place:02}" + ("x" * over if place == 0 else "") for place in range(number)]


def count_all(batch, names):
    for name in names:
        batch.increment(name)
        meant.append(f"{name}:1|c")
    batch.flush()


def made(**options):
    return DogStatsd(
        host=os.environ["STATSD_HOST"],
        port=int(os.environ["STATSD_PORT"]),
        disable_telemetry=True,
        origin_detection_enabled=False,
        **options,
    )


base.random = lambda: 0.0
client = made(disable_buffering=True)
client.increment("rate", sample_rate=0.25)
client.timing("time", 1.5)
client.timing("time.small", 0.0000001)
client.increment("counter.negative", -3)
client.increment("counter.nan", float("nan"))
client.gauge("gauge.negative", -5)
client.histogram("histogram", 1.5)
client.distribution("distribution", 1.5)
client.increment("tagged", tags=["a:b", "c"])
attempt(client.increment, "tags.comma", tags=["a:b,c"])
attempt(client.increment, "tags.bar", tags=["a:b|c"])
attempt(client.increment, "tags.feed", tags=["a:b\nc"])
attempt(client.increment, "tags.unicode", tags=["a:\u00fc"])
attempt(client.increment, "unicode.\u00fc")
attempt(client.increment, "name:colon")
attempt(client.increment, "name|bar")
attempt(client.increment, "name\nfeed")
attempt(client.increment, "name blank")
attempt(client.set, "set", "member|s\ninjected:9|c")
attempt(client.set, "set.unicode", "\u00fc")
attempt(client.event, "title|bar", "a text\nof two lines")
attempt(client.service_check, "check", 0, message="a\nmessage")
batch = made(disable_buffering=False, max_buffer_len=LIMIT, flush_interval=60)
count_all(batch, lines_of(LIMIT + 1, "first"))
count_all(batch, lines_of(LIMIT, "full"))
count_all(batch, lines_of(LIMIT + 1, "over"))
count_all(batch, ["long." + "x" * LIMIT, "after.long"])
threads = [threading.Thread(target=lambda: [client.increment("threads") for _ in range(50)]) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
meant.append("threads:200|c")
unclosed = made(disable_buffering=False, flush_interval=60)
unclosed.increment("unclosed")
meant.append("unclosed:1|c")
Path(os.environ["STATSD_MEANT"]).write_text("\n".join(meant))
