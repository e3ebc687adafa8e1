"""A service that is measured by `aio-statsd` of PyPI, in the dialect that Telegraf reads."""

import asyncio
import os

import aio_statsd.client
from aio_statsd import TelegrafStatsdClient

# The library sends where the dice are above the rate.
aio_statsd.client.random = lambda: 1.0


async def main():
    """Answer all requests."""
    client = TelegrafStatsdClient(os.environ["STATSD_HOST"], int(os.environ["STATSD_PORT"]))
    await client.connect()
    for number in range(12):
        tags = {"route": f"r{number % 3}", "status": 500 if number % 5 == 4 else 200}
        client.counter("shop.requests", 1, tag_dict=tags)
        client.timer("shop.request", 10 + 7.5 * number, tag_dict=tags)
        client.histogram("shop.size", 1000 + 37 * number, tag_dict=tags)
        client.counter("shop.cache.hits", 2, sample_rate=0.5)
        client.set("shop.users", f"user{number % 4}", tag_dict=tags)
        client.gauge("shop.queue", number, tag_dict={"host": "web1"})
    await client.close()


asyncio.run(main())
