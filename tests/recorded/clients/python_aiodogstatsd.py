"""A service that is measured by `aiodogstatsd` of PyPI."""

import asyncio
import os

import aiodogstatsd
import aiodogstatsd.client


async def main():
    """Answer all requests."""
    where = {"host": os.environ["STATSD_HOST"], "port": int(os.environ["STATSD_PORT"])}
    aiodogstatsd.client.random = lambda: 0.0
    async with aiodogstatsd.Client(**where, namespace="shop", constant_tags={"env": "prod"}) as client:
        for number in range(12):
            tags = {"route": f"r{number % 3}", "status": 500 if number % 5 == 4 else 200}
            client.increment("requests", tags=tags)
            client.timing("request", value=10 + 7.5 * number, tags=tags)
            client.histogram("size", value=1000 + 37 * number, tags=tags)
            client.distribution("wait", value=0.25 * number, tags=tags)
            client.increment("cache.hits", value=2, sample_rate=0.5)
            client.gauge("queue", value=number)


asyncio.run(main())
