"""What `aiodogstatsd` of PyPI sends: everything in this folder's README, as far as it can do it."""

import asyncio
import os
from pathlib import Path

import aiodogstatsd
import aiodogstatsd.client

meant = []


def attempt(call, *arguments, **named):
    """Call, and pass over what the library refuses to send."""
    try:
        call(*arguments, **named)
    except Exception as error:
        print(f"refused: {arguments!r}: {error!r}")


async def main():
    where = {"host": os.environ["STATSD_HOST"], "port": int(os.environ["STATSD_PORT"])}
    aiodogstatsd.client.random = lambda: 0.0
    async with aiodogstatsd.Client(**where) as client:
        client.increment("rate", sample_rate=0.25)
        client.timing("time", value=1.5)
        client.timing("time.small", value=0.0000001)
        client.increment("counter.negative", value=-3)
        client.decrement("counter.falling")
        client.increment("counter.nan", value=float("nan"))
        client.gauge("gauge.negative", value=-5)
        client.histogram("histogram", value=1.5)
        client.distribution("distribution", value=1.5)
        client.increment("tagged", tags={"a": "b"})
        attempt(client.increment, "tags.comma", tags={"a": "b,c"})
        attempt(client.increment, "tags.bar", tags={"a": "b|c"})
        attempt(client.increment, "tags.feed", tags={"a": "b\nc"})
        attempt(client.increment, "tags.unicode", tags={"a": "\u00fc"})
        attempt(client.increment, "unicode.\u00fc")
        attempt(client.increment, "name:colon")
        attempt(client.increment, "name|bar")
        attempt(client.increment, "name\nfeed")
        attempt(client.increment, "name blank")
        client.increment("long." + "x" * 1500)
        for number in range(50):
            client.increment(f"many.{number}")
            meant.append(f"many.{number}:1|c")
    unclosed = aiodogstatsd.Client(**where)
    await unclosed.connect()
    unclosed.increment("unclosed")
    meant.append("unclosed:1|c")


asyncio.run(main())
Path(os.environ["STATSD_MEANT"]).write_text("\n".join(meant))
